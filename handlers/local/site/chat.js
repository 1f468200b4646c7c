// The open chat: its head, its log, and a welcome text while it is empty.

import { isMine, row } from "./bubble.js";
import { openMenu } from "./dialogs.js";
import { avatar, button, el, fill, find, icon } from "./dom.js";
import { act } from "./connection.js";
import { unseen } from "./drawer.js";
import { guide } from "./people.js";
import { toggle } from "./steps.js";
import { current, emit, isGroup, me, personOf, state, unread } from "./state.js";
import { day, fullName, t } from "./i18n.js";

const NEAR_END_PX = 120; // distance from the end within which a new message scrolls the log
const TYPING_MS = 5000;
const toggleFits = matchMedia("(min-width: 760px)"); // in the head; otherwise its menu has it
let log, lane, typingEnds;

export function build() {
  lane = el("div", { class: "lane" });
  log = el("div", { class: "log", id: "log", role: "log", "aria-live": "polite", tabindex: "0" }, lane);
  log.addEventListener("scroll", () => emit("scrolled", atEnd()));
  fill(find("chat"), el("header", { class: "head", id: "head" }), el("div", { id: "notices" }), log, el("footer", { class: "composer", id: "composer" }));
}

export function show() {
  head();
  notices();
  const messages = [...current().messages.values()];
  log.setAttribute("aria-label", isGroup() ? t("chat.group_log") : t("chat.log", { name: fullName(personOf()) }));
  fill(lane, messages.length ? rows(messages) : welcome());
  current().seen = Math.max(current().seen, messages.at(-1)?.message_id ?? 0);
  toEnd();
}

export const language = () => (isGroup() ? "ko" : personOf()?.language);

function rows(messages) {
  return messages.flatMap((message, index) => [dayBefore(message, messages[index - 1]), place(message, messages[index - 1], true)]).filter(Boolean);
}

function dayBefore(message, previous) {
  if (previous && day(previous.date) === day(message.date)) return null;
  return el("div", { class: "day" }, day(message.date));
}

function place(message, previous, still) {
  return row(message, { turn: previous?.from.id !== message.from.id, still, lang: language() });
}

// Adds a new message or replaces an edited one. A focused button of an edited message keeps the focus.
export function put({ chat, message }) {
  if (chat !== state.chat) return;
  const following = atEnd() || isMine(message);
  const there = document.getElementById(`m${message.message_id}`);
  if (there) replace(there, message);
  else append(message);
  if (following) toEnd();
  head();
}

function replace(there, message) {
  const focused = there.contains(document.activeElement);
  const next = row(message, { turn: there.classList.contains("turn"), still: true, lang: language() });
  there.replaceWith(next);
  if (focused) (next.querySelector(".key") ?? log).focus({ preventScroll: true });
}

function append(message) {
  const messages = [...current().messages.values()];
  const previous = messages.at(-2);
  if (messages.length === 1) fill(lane);
  lane.append(...[dayBefore(message, previous), place(message, previous, false)].filter(Boolean));
}

export function drop({ chat, ids }) {
  if (chat !== state.chat) return;
  for (const id of ids) document.getElementById(`m${id}`)?.remove();
  if (!current().messages.size) fill(lane, welcome());
}

export const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;

export function toEnd() {
  log.scrollTop = log.scrollHeight;
}

export function head() {
  if (!state.ready) return;
  const focused = find("head").contains(document.activeElement) ? document.activeElement.id : "";
  const elsewhere = [...state.chats.values()].filter((chat) => chat.id !== state.chat).reduce((sum, chat) => sum + unread(chat), 0);
  const back = () => (document.body.dataset.view = "list");
  const details = () => emit("drawer", true);
  fill(
    find("head"),
    button(t("chat.back"), { class: "round only-narrow", on: { click: back } }, icon("back")),
    elsewhere > 0 && el("span", { class: "only-narrow" }, mark(elsewhere)),
    isGroup() ? el("span", { class: "avatar tone-4", "aria-hidden": "true" }, icon("people")) : avatar(null),
    el("div", { class: "words" }, el("h2", {}, isGroup() ? t("operators") : state.bot.name || t("bot.name")), status()),
    isGroup() ? null : more(),
    isGroup() || toggleFits.matches ? toggle() : null,
    el("span", { class: "marked only-middle" }, button(t("chat.drawer"), { class: "round", id: "drawer-toggle", on: { click: details } }, icon("info")), mark(unseen())),
  );
  find(focused)?.focus({ preventScroll: true }); // the buttons are new
}

const mark = (count) => (count ? el("span", { class: "badge", "aria-label": t("unread", { count }) }, String(count)) : null);

function status() {
  const { action } = current();
  if (action) return el("span", { class: "status busy" }, t(action.startsWith("upload") ? "chat.uploading" : "chat.typing"));
  return el("span", { class: "status" }, me() ? t("chat.as", { name: fullName(me()) }) : t("operators.about"));
}

function more() {
  const { blocked } = current();
  const change = () => act("block", { blocked: !blocked });
  const items = [["close", t(blocked ? "chat.unblock" : "chat.block"), change, blocked ? "" : "danger"]];
  if (!toggleFits.matches) items.unshift(["steps", t("steps.show"), () => emit("steps", true)]);
  const open = ({ currentTarget }) => openMenu(currentTarget, items);
  return button(t("action.more"), { class: "round", "aria-haspopup": "menu", on: { click: open } }, icon("more"));
}

export function typing({ chat }) {
  if (chat !== state.chat) return;
  head();
  clearTimeout(typingEnds);
  typingEnds = setTimeout(() => {
    current().action = "";
    head();
  }, TYPING_MS);
}

export function notices() {
  const unblock = () => act("block", { blocked: false });
  const offline = el("div", { class: "notice", role: "status" }, t("chat.offline"));
  const blocked = () =>
    el("div", { class: "notice", role: "status" }, t("chat.blocked"), el("button", { type: "button", class: "button small", on: { click: unblock } }, t("chat.unblock")));
  fill(find("notices"), state.online ? null : offline, current()?.blocked ? blocked() : null);
}

function welcome() {
  if (isGroup()) return panel(t("group.title"), t("group.text"), null, [], []);
  const start = () => act("say", { text: "/start" });
  const card = () => emit("drawer", "card");
  const hints = [["card", "welcome.card"], ["phone", "welcome.code"], state.group !== null && ["people", "welcome.staff"]];
  return panel(t("welcome.title"), t("welcome.text", { name: fullName(personOf()) }), guide(personOf()), hints.filter(Boolean), [
    el("button", { type: "button", class: "button main", id: "start", on: { click: start } }, t("welcome.start")),
    el("button", { type: "button", class: "button only-middle", on: { click: card } }, t("welcome.show_card")),
  ]);
}

function panel(title, text, about, hints, actions) {
  return el(
    "section",
    { class: "welcome" },
    isGroup() ? el("span", { class: "avatar tone-4", "aria-hidden": "true" }, icon("people")) : avatar(null),
    el("h3", {}, title),
    el("p", {}, text),
    about,
    hints.length ? el("ul", {}, hints.map(([name, key]) => el("li", {}, icon(name), el("span", {}, t(key))))) : null,
    actions.length ? el("div", { class: "actions" }, actions) : null,
  );
}
