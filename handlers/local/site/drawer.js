// Beside the chat: what this customer knows, what reached their phone and mailbox, and the weather.

import { copy } from "./dialogs.js";
import { button, el, fill, find, icon } from "./dom.js";
import { weather } from "./faults.js";
import { mailbox, phone } from "./lines.js";
import { emit, isGroup, mailsOf, me, personOf, state, textsOf } from "./state.js";
import { fullName, known, local, t } from "./words.js";

const seen = new Map(); // "tab:person" -> how many were looked at

// `looked`: the person sees it now, so what is in the open tab is no longer new.
export function show(looked = find("drawer").checkVisibility({ visibilityProperty: true })) {
  if (isGroup() && (state.tab === "texts" || state.tab === "mails")) state.tab = "card";
  const pane = { card, texts: phone, mails: mailbox, faults: weather }[state.tab];
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
  return el("div", { role: "tablist", on: { keydown: walk } }, names.map(tab));
}

const freshIn = (name, person) => (person ? countOf(name, person) - (seen.get(`${name}:${person.id}`) ?? 0) : 0);

export const fresh = () => freshIn("texts", personOf()) + freshIn("mails", personOf());

function tab(name) {
  const selected = name === state.tab;
  const count = freshIn(name, personOf());
  const choose = () => emit("tab", name);
  return el(
    "button",
    { type: "button", role: "tab", id: `tab-${name}`, class: "tab", "aria-selected": String(selected), "aria-controls": "pane", tabindex: selected ? "0" : "-1", on: { click: choose } },
    t(`tab.${name}`),
    count > 0 && !selected ? el("span", { class: "badge", "aria-label": t("unread", { count }) }, String(count)) : null,
  );
}

function walk(event) {
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
    el("p", { class: "quiet" }, t("card.about")),
    el("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([key, value]) => fact(key, value))),
  ];
}

function fact(key, value) {
  const label = known(`card.${key}`) ? t(`card.${key}`) : key;
  if (key === "note") return el("div", { class: "fact note" }, el("dt", {}, label), el("dd", {}, value));
  const use = button(t("fill", { label }), { class: "button small use", on: { click: () => emit("write", value) } }, t("fill.short"));
  const take = button(t("copy", { label }), { class: "round", on: { click: () => copy(value) } }, icon("copy"));
  return el("div", { class: "fact" }, el("dt", {}, label), el("dd", {}, value), use, take);
}

