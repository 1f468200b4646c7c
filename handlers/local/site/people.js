// The list of customers, and the operators' chat below it.

import { summary } from "./bubble.js";
import { avatar, el, fill, find, icon } from "./dom.js";
import { emit, lastOf, state, unread } from "./state.js";
import { clock, fullName, language, t } from "./i18n.js";

export function show() {
  const group = state.chats.get(state.group);
  fill(
    find("people"),
    brand(),
    el(
      "div",
      { class: "scroll" },
      el("h2", {}, t("people")),
      el("ul", {}, state.people.map((person) => item(state.chats.get(person.id), avatar(person), fullName(person), person.language, person.guide && t(`guide.${person.guide}.name`)))),
      group && el("h2", {}, t("operators")),
      group && el("ul", {}, item(group, room(), t("operators"), null, t("operators.about"))),
    ),
  );
}

// What a customer demonstrates; null if there is no text for them.
export function guide(person) {
  if (!person?.guide) return null;
  return el("div", { class: "guide" }, el("b", {}, t(`guide.${person.guide}.name`)), el("p", {}, t(`guide.${person.guide}`)));
}

const room = () => el("span", { class: "avatar tone-4", "aria-hidden": "true" }, icon("people"));

function brand() {
  const choices = ["ko", "en"].map((each) => choice(each, t(`language.${each}`)));
  return el(
    "header",
    { class: "brand" },
    el("h1", {}, t("title")),
    el("div", { class: "switch", role: "group", "aria-label": t("language") }, choices),
    el("p", { class: "quiet" }, t("subtitle")),
  );
}

function choice(wanted, label) {
  const pressed = String(language === wanted);
  return el("button", { type: "button", lang: wanted, "aria-pressed": pressed, on: { click: () => emit("language", wanted) } }, label);
}

function item(chat, face, name, spoken, about) {
  const last = lastOf(chat);
  const count = unread(chat);
  const open = () => emit("open", chat.id);
  const badge = count ? el("span", { class: "badge", "aria-label": t("unread", { count }) }, String(count)) : null;
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: "person", "aria-current": String(chat.id === state.chat), on: { click: open } },
      face,
      el(
        "span",
        { class: "words" },
        el("span", { class: "name" }, name, spoken && el("span", { class: "tag" }, spoken.toUpperCase()), last && el("span", { class: "when" }, clock(last.date))),
        el("span", { class: "preview" }, el("span", {}, last ? summary(last) : about || t("chat.empty")), badge),
      ),
    ),
  );
}
