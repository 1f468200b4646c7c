// One message as a bubble with its buttons.

import { ask, copy, openMenu } from "./dialogs.js";
import { button, el, icon } from "./dom.js";
import { rich } from "./entities.js";
import { inline } from "./keyboards.js";
import { act } from "./connection.js";
import { personById, emit, isGroup, me } from "./state.js";
import { bytes, clock, fullName, local, t } from "./i18n.js";

export const isMine = (message) => message.from.id === me()?.id;

export function row(message, { turn, still, lang }) {
  const kind = `row${isMine(message) ? " mine" : ""}${turn ? " turn" : ""}`;
  const stack = el("div", { class: "stack" }, bubble(message, still, lang), inline(message));
  return el("div", { class: kind, id: `m${message.message_id}`, data: { id: message.message_id } }, stack, more(message));
}

function bubble(message, still, lang) {
  return el(
    "div",
    { class: `bubble${still ? " still" : ""}` },
    sender(message),
    quote(message.reply_to_message),
    ...content(message, lang),
    meta(message),
  );
}

export function nameOf(user) {
  if (user.is_bot) return t("bot.name");
  const person = personById(user.id);
  return person ? fullName(person) : user.first_name;
}

function sender(message) {
  if (isGroup() && !isMine(message)) return el("span", { class: "sender" }, nameOf(message.from));
  return el("span", { class: "hidden-text" }, isMine(message) ? t("chat.you") : nameOf(message.from));
}

function quote(target) {
  if (!target) return null;
  const show = () => document.getElementById(`m${target.message_id}`)?.scrollIntoView({ block: "center" });
  return button(t("chat.reply_to"), { class: "quote", on: { click: show } }, `${nameOf(target.from)}: ${summary(target)}`);
}

function content(message, lang) {
  const parts = [];
  if (message.photo) parts.push(photo(message.photo.at(-1)));
  if (message.document) parts.push(file(message.document));
  if (message.contact) parts.push(contact(message.contact));
  const text = message.text ?? message.caption;
  const entities = message.entities ?? message.caption_entities;
  if (text) parts.push(el("div", { class: "text", lang: message.from.is_bot ? lang : undefined }, rich(text, entities)));
  return parts.length ? parts : [el("div", { class: "text quiet" }, t("chat.unsupported"))];
}

function photo(size) {
  const source = `/take/${encodeURIComponent(size.file_id)}`;
  return el("img", { class: "photo", src: source, alt: t("chat.photo"), width: size.width, height: size.height });
}

function file(document_) {
  const { file_id: id, file_name: name, file_size: size } = document_;
  const place = { class: "file", href: `/take/${encodeURIComponent(id)}`, download: name };
  return el(
    "a",
    { ...place, "aria-label": t("chat.download", { name }) },
    el("span", { class: "mark" }, icon("file")),
    el("span", {}, el("b", {}, name), el("span", { class: "quiet" }, bytes(size))),
  );
}

function contact(shared) {
  return el(
    "div",
    { class: "file" },
    el("span", { class: "mark" }, icon("phone")),
    el("span", {}, el("b", {}, local(shared.phone_number)), el("span", { class: "quiet" }, t("chat.contact"))),
  );
}

function meta(message) {
  const time = el("time", { datetime: new Date(message.date * 1000).toISOString() }, clock(message.date));
  return el("div", { class: "meta" }, via(message), message.edit_date ? el("span", {}, t("chat.edited")) : null, time);
}

const via = ({ via_bot: bot }) => (bot ? el("span", {}, t("inline.via", { name: bot.username })) : null);

export function summary(message) {
  if (!message) return "";
  if (message.text ?? message.caption) return (message.text ?? message.caption).replace(/\s+/g, " ");
  if (message.document) return `${t("chat.document")}: ${message.document.file_name}`;
  if (message.photo) return t("chat.photo");
  return message.contact ? `${t("chat.contact")}: ${local(message.contact.phone_number)}` : t("chat.unsupported");
}

function more(message) {
  const open = ({ currentTarget }) => openMenu(currentTarget, items(message));
  return button(
    t("action.more"),
    { class: "round more", "aria-haspopup": "menu", "aria-expanded": "false", on: { click: open } },
    icon("more"),
  );
}

function items(message) {
  const id = message.message_id;
  const text = message.text ?? message.caption;
  const own = isMine(message);
  const remove = async () => (await ask("", `${t("action.delete")}: ${summary(message)}`, t("action.delete"))) && act("delete", { message: id });
  return [
    ["reply", t("action.reply"), () => emit("compose", { reply: message })],
    text ? ["copy", t("action.copy"), () => copy(text)] : null,
    own && message.text && !message.via_bot ? ["edit", t("action.edit"), () => emit("compose", { edit: message })] : null,
    own ? ["trash", t("action.delete"), remove, "danger"] : null,
  ].filter(Boolean);
}
