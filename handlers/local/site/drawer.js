// The drawer next to the chat: the customer's data, phone and mailbox, and the faults.

import { copy } from "./dialogs.js";
import { button, el, fill, find, icon } from "./dom.js";
import { faultSwitches } from "./faults.js";
import { mailbox, phone } from "./phone.js";
import { guide } from "./people.js";
import { emit, isGroup, mailsOf, me, personOf, state, textsOf } from "./state.js";
import { fullName, known, local, t } from "./i18n.js";

const seen = new Map(); // "tab:person" -> number of items already seen

// `looked`: whether the drawer is visible, so that the items of the open tab count as seen.
export function show(looked = find("drawer").checkVisibility({ visibilityProperty: true })) {
  if (isGroup() && (state.tab === "texts" || state.tab === "mails")) state.tab = "card";
  const pane = { card, texts: phone, mails: mailbox, faults: faultSwitches }[state.tab];
  const body = el("div", { class: "scroll pane", role: "tabpanel", id: "pane", "aria-labelledby": `tab-${state.tab}`, tabindex: "0" }, pane(me()));
  const close = () => emit("drawer", false);
  if (looked) look();
  fill(
    find("drawer"),
    el("div", { class: "tabs" }, tabs(), button(t("chat.close"), { class: "round only-middle", on: { click: close } }, icon("close"))),
    body,
  );
}

const countOf = (name, person) => (name === "texts" ? textsOf(person).length : name === "mails" ? mailsOf(person).length : 0);

function look() {
  const person = personOf();
  if (person) seen.set(`${state.tab}:${person.id}`, countOf(state.tab, person));
}

function tabs() {
  const names = isGroup() ? ["card", "faults"] : ["card", "texts", "mails", "faults"];
  return el("div", { role: "tablist", on: { keydown: moveFocus } }, names.map(tab));
}

const unseenIn = (name, person) => (person ? countOf(name, person) - (seen.get(`${name}:${person.id}`) ?? 0) : 0);

export const unseen = () => unseenIn("texts", personOf()) + unseenIn("mails", personOf());

function tab(name) {
  const selected = name === state.tab;
  const count = unseenIn(name, personOf());
  const choose = () => emit("tab", name);
  return el(
    "button",
    { type: "button", role: "tab", id: `tab-${name}`, class: "tab", "aria-selected": String(selected), "aria-controls": "pane", tabindex: selected ? "0" : "-1", on: { click: choose } },
    t(`tab.${name}`),
    count > 0 && !selected ? el("span", { class: "badge", "aria-label": t("unread", { count }) }, String(count)) : null,
  );
}

function moveFocus(event) {
  const steps = { ArrowRight: 1, ArrowLeft: -1 };
  if (!(event.key in steps)) return;
  const all = [...event.currentTarget.children];
  const next = all.at((all.indexOf(document.activeElement) + steps[event.key]) % all.length);
  next.click();
  find(next.id)?.focus();
}

function card(person) {
  if (!person) return [];
  const facts = [["phone", local(person.phone)], ["email", person.email], ...person.card];
  return [
    el("h2", {}, t("card.title", { name: fullName(person) })),
    guide(person),
    el("p", { class: "quiet" }, t("card.about")),
    el("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([key, value]) => fact(key, value))),
  ];
}

function fact(key, value) {
  const label = known(`card.${key}`) ? t(`card.${key}`) : key;
  const use = button(t("fill", { label }), { class: "button small use", on: { click: () => emit("write", value) } }, t("fill.short"));
  const take = button(t("copy", { label }), { class: "round", on: { click: () => copy(value) } }, icon("copy"));
  return el("div", { class: "fact" }, el("dt", {}, label), el("dd", {}, value), use, take);
}

