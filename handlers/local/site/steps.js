// The panel "what just happened": what the bot decided, wrote, ordered and sent for each update. Names and counts only.

import { button, el, fill, find, icon } from "./dom.js";
import { emit, state } from "./state.js";
import { t } from "./i18n.js";

const MAX_UPDATES = 50;
const narrow = matchMedia("(max-width: 1119px)");
const roomy = matchMedia("(min-width: 1560px)"); // a column of its own fits next to the chat
const ORDER = ["steps.event", "steps.phase", "steps.ordered", "steps.outbox", "steps.delivery", "steps.rows", "steps.done"];
const KEY = { true: "messenger.steps.narrow", false: "messenger.steps" };
let list, empty;

export const isOpen = () => document.body.dataset.steps === "open";
export const covers = () => isOpen() && narrow.matches;

// Open or closed as remembered for this layout, which a resize may change.
export function restore() {
  const remembered = localStorage.getItem(KEY[narrow.matches]);
  setOpen(remembered ? remembered === "open" : roomy.matches);
}

narrow.addEventListener("change", () => emit("layout"));

export function remember(open) {
  setOpen(open);
  localStorage.setItem(KEY[narrow.matches], open ? "open" : "closed");
}

export function setOpen(open) {
  document.body.dataset.steps = open ? "open" : "closed";
}

export function toggle() {
  const click = () => emit("steps", !isOpen());
  const pressed = { "aria-expanded": String(isOpen()), "aria-controls": "steps", id: "steps-toggle" };
  return button(t(isOpen() ? "steps.hide" : "steps.show"), { class: "round", ...pressed, on: { click } }, icon("steps"));
}

export function show() {
  list = el("ol", { id: "steps-list", "aria-live": "polite", "aria-relevant": "additions", "aria-label": t("steps.title") });
  empty = el("p", { class: "quiet" }, t("steps.empty"));
  const close = () => emit("steps", false);
  fill(
    find("steps"),
    el(
      "header",
      {},
      el("h2", { id: "steps-title", tabindex: "-1" }, t("steps.title")),
      button(t("chat.close"), { class: "round", on: { click: close } }, icon("close")),
    ),
    el("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "steps-title" }, el("p", { class: "quiet" }, t("steps.about")), empty, list),
  );
  state.steps.forEach(add);
}

// Adds one step: under its update, newest update first, and there under the work that it belongs to.
export function add(step) {
  const work = step.work.startsWith("send ") ? "send" : step.work;
  const update = child(list, "reference", step.reference) ?? addUpdate(step.reference);
  const section = child(update, "work", work) ?? addSection(update, work);
  for (const [key, names] of lines(step)) addLine(section, key, names);
  empty.hidden = true;
}

const child = (parent, name, value) => [...parent.children].find((each) => each.dataset[name] === value);

function addUpdate(reference) {
  const update = el("li", { data: { reference } }, el("h3", {}, reference));
  list.prepend(update);
  if (list.children.length > MAX_UPDATES) list.lastElementChild.remove();
  return update;
}

function addSection(update, work) {
  const section = el("ul", { data: { work } });
  update.append(section);
  return section;
}

// A line is a list of names, each with a count where it is more than one. Equal names of a line are added up, but not
// those of the outbox, which stay in order.
function addLine(section, key, names) {
  const line = (child(section, "key", key) ?? insertLine(section, key)).lastElementChild;
  for (const [name, count] of names) {
    const same = key === "steps.outbox" ? null : child(line, "name", name);
    if (same) showCount(same, Number(same.dataset.count) + count);
    else showCount(line.appendChild(el("li", { data: { name } }, el("code", {}, name))), count);
  }
}

function insertLine(section, key) {
  const line = el("li", { class: "step", data: { key } }, el("span", { class: "quiet" }, t(key)), el("ul", {}));
  const next = [...section.children].find((each) => ORDER.indexOf(each.dataset.key) > ORDER.indexOf(key));
  section.insertBefore(line, next ?? null);
  return line;
}

function showCount(item, count) {
  item.dataset.count = count;
  fill(item, item.firstElementChild, count > 1 ? el("span", {}, ` × ${count}`) : null);
}

const one = (name) => [[name, 1]];
const all = (names) => names.map((name) => [name, 1]);

// The kinds of steps, as `bot/app/demo_steps.py` names them.
const LINES = {
  decided: ({ event, phase_before: before, phase_after: after, jobs }) => [
    ["steps.event", one(event)],
    ["steps.phase", one(before === after ? before : `${before} → ${after}`)],
    ["steps.ordered", all(jobs)],
  ],
  queued: ({ kind }) => [["steps.outbox", one(kind)]],
  "unit committed": ({ writes }) => [["steps.rows", Object.entries(writes)]],
  "job done": ({ kind }) => [["steps.done", one(kind)]],
  delivery: ({ kind }) => [["steps.delivery", one(kind)]],
};

const lines = ({ step, ...fields }) => (LINES[step]?.(fields) ?? []).filter(([, names]) => names.length);
