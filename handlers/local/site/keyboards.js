// Inline keyboards under messages, and the reply keyboard above the composer.

import { ask, copy, toast } from "./dialogs.js";
import { el, icon } from "./dom.js";
import { act } from "./connection.js";
import { apply, current, emit, me, state } from "./state.js";
import { fullName, local, t } from "./i18n.js";

const ANSWER_MS = 15000;
const STYLES = new Set(["danger", "success", "primary"]);

export function inline(message) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  if (!rows.length) return null;
  return el("div", { class: "keys" }, rows.map((row) => el("div", { class: "line" }, row.map((each) => key(each, message)))));
}

function key(raw, message) {
  const style = STYLES.has(raw.style) ? ` ${raw.style}` : "";
  if (raw.url) return link(raw, style);
  const click = (event) => press(raw, message, event.currentTarget);
  const extra = raw.web_app ? icon("link") : raw.copy_text ? icon("copy") : null;
  return el("button", { type: "button", class: `key${style}`, on: { click } }, el("span", {}, raw.text), extra);
}

function link(raw, style) {
  if (!/^https?:/i.test(raw.url)) return el("span", { class: `key${style}` }, raw.text);
  const place = { class: `key${style}`, href: raw.url, target: "_blank", rel: "noopener noreferrer" };
  return el("a", place, el("span", {}, raw.text), icon("link"));
}

async function press(raw, message, pressed) {
  if (raw.copy_text) return copy(raw.copy_text.text);
  if (raw.web_app) return openApp(raw.web_app.url);
  const query = raw.switch_inline_query_current_chat;
  if (query !== undefined) return emit("write", `@${state.bot.username} ${query}`);
  if (raw.callback_data === undefined || pressed.getAttribute("aria-busy") === "true") return undefined;
  pressed.setAttribute("aria-busy", "true");
  const result = await act("tap", { data: raw.callback_data, message: message.message_id });
  if (!result) return pressed.removeAttribute("aria-busy");
  waiting.set(result.tap, pressed);
  if (early.has(result.tap)) return answer(early.get(result.tap));
  return setTimeout(() => settle(result.tap), ANSWER_MS);
}

const waiting = new Map(); // callback query id -> the busy button
const early = new Map(); // answers that came before the reply to the tap, or for another page

function settle(tap) {
  waiting.get(tap)?.removeAttribute("aria-busy");
  return waiting.delete(tap);
}

export function answer(change) {
  const { chat, tap, text, alert, url } = change;
  if (!settle(tap)) return early.set(tap, change);
  early.delete(tap);
  if (chat !== state.chat) return;
  if (url && /^https?:/i.test(url)) window.open(url, "_blank", "noopener,noreferrer");
  if (text && alert) ask("", text);
  else if (text) toast(text);
}

export async function openApp(url) {
  const opened = await act("app", { url });
  if (opened) window.open(opened.url, "_blank", "noopener,noreferrer");
}

// The reply keyboard, or null if there is none or it is folded.
export function replyKeyboard() {
  const { keyboard, folded } = current() ?? {};
  if (!keyboard?.keyboard || folded) return null;
  const rows = keyboard.keyboard.map((row) => el("div", { class: "line" }, row.map(replyKey)));
  return el("div", { class: "board", role: "group", "aria-label": t("compose.keys") }, rows);
}

function replyKey(raw) {
  const share = raw.request_contact ? icon("share") : null;
  const click = () => (raw.request_contact ? contact() : say(raw.text));
  return el("button", { type: "button", class: "key", on: { click } }, share, el("span", {}, raw.text));
}

async function say(text) {
  await act("say", { text });
  fold();
}

async function contact() {
  const phone = local(me().phone);
  const name = fullName(me());
  if (await ask(t("contact.title"), t("contact.text", { name, phone }), t("contact.yes"))) await act("contact");
}

function fold() {
  const chat = current();
  if (chat.keyboard?.one_time_keyboard) apply({ type: "keyboard", chat: chat.id, keyboard: null });
}
