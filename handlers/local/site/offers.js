// The bot's offers while somebody types `@bot …`: requested while typing, sent only when picked by key or tap.

import { el, fill } from "./dom.js";
import { openApp } from "./keyboards.js";
import { act } from "./connection.js";
import { current, me, state } from "./state.js";
import { t } from "./i18n.js";

const PAUSE_MS = 300; // without typing, before the bot is asked
const NEAR_END_PX = 60; // distance from the list's end within which the next results are fetched
let entry, deliver, panel, above, list, status;
let asked, shown, timer;

// Creates the list of offers for that entry. `sent` clears the composer and restores it if sending fails.
export function attach(textarea, sent) {
  [entry, deliver, asked] = [textarea, sent, null];
  above = el("div");
  list = el("ul", { id: "offers", role: "listbox", "aria-label": t("inline.title"), on: { scroll: scrolled } });
  status = el("p", { class: "quiet", role: "status" });
  panel = el("div", { class: "offers" }, above, list, status);
  close();
  return panel;
}

// Called after every change of the entry. Asks the bot only if the question changed.
export function look() {
  const text = question();
  if (text === asked) return;
  asked = text;
  clearTimeout(timer);
  if (text === null) return close();
  wait();
  timer = setTimeout(() => ask(text), PAUSE_MS);
}

function question() {
  const address = `@${state.bot.username} `;
  const typed = entry.value.replace(/^\s+/, "");
  if (current().edit || typed.slice(0, address.length).toLowerCase() !== address.toLowerCase()) return null;
  return typed.slice(address.length);
}

async function ask(text) {
  const round = shown;
  const answer = await act("inline", { text });
  if (round !== shown) return;
  if (!answer) return close();
  draw(answer.offer);
}

// Earlier results stay visible while the next are loading, so that nothing flickers. They cannot be picked.
function wait() {
  shown = { busy: true, results: [] };
  panel.classList.add("open");
  list.setAttribute("aria-busy", "true");
  fill(above);
  clearActive();
  say(t("inline.searching"));
}

function close() {
  clearTimeout(timer);
  shown = null;
  panel.classList.remove("open");
  fill(above);
  clearActive();
  fill(list);
  list.hidden = true;
  say("");
}

function draw(offer) {
  shown = { busy: false, results: [], chosen: 0, next: "", text: asked };
  list.removeAttribute("aria-busy");
  fill(list);
  list.scrollTop = 0;
  if (offer?.button) fill(above, topButton(offer.button));
  add(offer);
  list.hidden = !shown.results.length;
  if (!shown.results.length) return say(t(offer ? "inline.none" : "inline.silent"));
  entry.setAttribute("aria-controls", "offers");
  entry.setAttribute("aria-autocomplete", "list");
  return choose(0);
}

function add(offer) {
  const before = shown.results.length;
  const results = (offer?.results ?? []).map((each) => ({ ...each, query: offer.query }));
  shown.results.push(...results);
  shown.next = offer?.next_offset ?? "";
  list.append(...results.map((each, index) => option(each, before + index)));
  say(t("inline.count", { count: shown.results.length }), "hidden-text");
}

function option(result, index) {
  const listeners = { pointerdown: (event) => event.preventDefault(), click: () => pick(result) };
  const words = [el("b", {}, result.title), result.description ? el("span", { class: "quiet" }, result.description) : null];
  return el("li", { id: `offer-${index}`, role: "option", "aria-selected": "false", on: listeners }, words);
}

function say(words, kind = "quiet") {
  status.className = kind;
  if (status.textContent !== words) status.textContent = words;
}

function choose(index) {
  shown.chosen = index;
  [...list.children].forEach((each, at) => each.setAttribute("aria-selected", String(at === index)));
  entry.setAttribute("aria-activedescendant", `offer-${index}`);
  list.children[index].scrollIntoView({ block: "nearest" });
  if (index === shown.results.length - 1) more();
}

function clearActive() {
  for (const name of ["aria-controls", "aria-autocomplete", "aria-activedescendant"]) entry.removeAttribute(name);
}

// True if the key was handled here.
export function key(event) {
  if (!shown || event.isComposing) return false;
  if (event.key === "Escape") return handled(event, close);
  const enter = event.key === "Enter" && !event.shiftKey;
  if (shown.busy) return enter && handled(event, () => {});
  const { results, chosen } = shown;
  if (!results.length) return false;
  if (enter) return handled(event, () => pick(results[chosen]));
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  return Boolean(step) && handled(event, () => choose((chosen + step + results.length) % results.length));
}

function handled(event, doing) {
  event.preventDefault();
  doing();
  return true;
}

function pick({ query, id }) {
  if (shown && !shown.busy) deliver((reply) => act("pick", { query, result: id, reply_to: reply?.message_id }));
}

function topButton({ text, start_parameter: start, web_app: app }) {
  // The id of the private chat is the person's id.
  const go = () => deliver(() => act("say", { text: `/start ${start}`, chat: me().id }));
  const click = () => (app ? openApp(app.url) : go());
  return el("button", { type: "button", class: "lead", on: { click } }, text);
}

function scrolled() {
  if (list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX) more();
}

async function more() {
  const round = shown;
  if (!round?.next || round.fetching) return;
  round.fetching = true;
  const answer = await act("inline", { text: round.text, offset: round.next });
  if (round !== shown) return;
  round.fetching = false;
  add(answer?.offer);
}
