// The message entry: text, replies, edits, files, commands and the reply keyboard.

import { summary } from "./bubble.js";
import { atEnd, toEnd } from "./chat.js";
import { openMenu } from "./dialogs.js";
import { button, el, fill, find, icon } from "./dom.js";
import { replyKeyboard } from "./keyboards.js";
import { act, send } from "./connection.js";
import * as offers from "./offers.js";
import { current, isGroup, personOf, state } from "./state.js";
import { fullName, t } from "./i18n.js";

const MAX_LENGTH = 4096;
const MAX_HEIGHT_PX = 180;
let entry, sendButton, above, optional;

// Builds the composer, for a chat that was just opened or for another language.
export function show() {
  const place = find("composer");
  above = el("div");
  const written = form();
  fill(place, jump(), offers.attach(entry, deliver), above, written);
  place.dataset.drop = t("compose.drop");
  refresh();
}

// Rebuilds what surrounds the entry. The entry itself stays: an input method may be composing a syllable.
export function refresh() {
  fill(above, about(), isGroup() ? speakers() : null, replyKeyboard());
  fill(optional, keysButton());
  entry.placeholder = current().keyboard?.input_field_placeholder ?? t("compose.placeholder");
  if (entry.value !== current().draft) entry.value = current().draft;
  grow();
}

// Puts text into the entry, for the person to send.
export function write(text) {
  entry.value = text;
  current().draft = text;
  grow();
  entry.focus();
}

function about() {
  const { reply, edit } = current();
  const target = edit ?? reply;
  if (!target) return null;
  const label = t(edit ? "compose.editing" : "compose.replying");
  const cancel = () => compose({});
  return el(
    "div",
    { class: "about" },
    el("div", { class: "quote" }, `${label}: ${summary(target)}`),
    button(t("compose.cancel"), { class: "round", on: { click: cancel } }, icon("close")),
  );
}

export function compose({ reply = null, edit = null }) {
  const chat = current();
  Object.assign(chat, { reply, edit });
  if (edit) chat.draft = edit.text;
  refresh();
  entry.focus();
}

function form() {
  const label = t("compose.label");
  const listeners = { input: typed, keydown: onKey, paste: pasted };
  entry = el("textarea", { id: "compose", rows: 1, "aria-label": label, maxlength: MAX_LENGTH, enterkeyhint: "send", on: listeners });
  optional = el("span", { class: "optional" });
  sendButton = button(t("compose.send"), { class: "round send", on: { click: submit } }, icon("send"));
  return el("div", { class: "entry" }, attach(), commands(), entry, optional, sendButton);
}

function attach() {
  const picker = el("input", { type: "file", hidden: true, multiple: true, on: { change: ({ target }) => upload(target) } });
  return el("span", {}, picker, button(t("compose.attach"), { class: "round", on: { click: () => picker.click() } }, icon("clip")));
}

async function upload(picker) {
  await sendAll(picker.files);
  picker.value = "";
}

async function sendAll(files) {
  for (const file of files) await send(file, file.type.startsWith("image/") ? "photo" : "document");
}

function commands() {
  const list = state.commands[personOf()?.language] ?? state.commands[""] ?? [];
  if (isGroup() || !list.length) return null;
  const items = list.map(({ command, description }) => [null, labelled(command, description), () => act("say", { text: `/${command}` })]);
  const open = ({ currentTarget }) => openMenu(currentTarget, items);
  return button(t("compose.menu"), { class: "round", "aria-haspopup": "menu", on: { click: open } }, icon("menu"));
}

const labelled = (command, description) => el("span", {}, el("strong", {}, `/${command}`), " ", el("span", { class: "quiet" }, description));

function keysButton() {
  const chat = current();
  if (!chat.keyboard?.keyboard) return null;
  const toggle = () => {
    chat.folded = !chat.folded;
    refresh();
  };
  return button(t("compose.keys"), { class: "round", "aria-pressed": String(!chat.folded), on: { click: toggle } }, icon("keys"));
}

function speakers() {
  const options = state.operators.map((each) => el("option", { value: each.id, selected: each.id === state.speaker }, fullName(each)));
  const choose = ({ target }) => {
    state.speaker = Number(target.value);
    dispatchEvent(new Event("speaker"));
  };
  return el("label", { class: "speakers" }, t("speaker"), el("select", { id: "speaker", on: { change: choose } }, options));
}

function jump() {
  return button(t("chat.newest"), { class: "round jump", id: "jump", hidden: atEnd(), on: { click: toEnd } }, icon("down"));
}

export function scrolled(end) {
  const shown = find("jump");
  if (shown) shown.hidden = end;
}

function typed() {
  current().draft = entry.value;
  grow();
}

function grow() {
  offers.look();
  sendButton.disabled = !entry.value.trim();
  entry.style.height = "auto";
  entry.style.height = `${Math.min(entry.scrollHeight + 2, MAX_HEIGHT_PX)}px`;
}

function onKey(event) {
  if (offers.key(event)) return;
  if (event.key === "Escape" && (current().reply || current().edit)) compose({});
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
}

function pasted(event) {
  if (!event.clipboardData.files.length) return;
  event.preventDefault();
  sendAll(event.clipboardData.files);
}

async function submit() {
  const text = entry.value.trim();
  if (!text) return;
  await deliver((reply, edit) =>
    edit ? act("edit", { message: edit.message_id, text }) : act("say", { text, reply_to: reply?.message_id }),
  );
}

// `dispatch` gets the message that is replied to or edited. If it returns nothing, it failed, and the draft is restored.
async function deliver(dispatch) {
  const chat = current();
  const { draft, edit, reply } = chat;
  // Cleared before it is sent: text that is typed meanwhile belongs to the next message.
  Object.assign(chat, { draft: "", reply: null, edit: null });
  refresh();
  entry.focus();
  if ((await dispatch(reply, edit)) || chat.draft) return;
  Object.assign(chat, { draft, reply, edit });
  refresh();
}

export function acceptDrops() {
  const place = find("chat");
  const mark = (over) => find("composer").classList.toggle("drop", over);
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  place.addEventListener("dragleave", (event) => place.contains(event.relatedTarget) || mark(false));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    sendAll(event.dataTransfer.files);
  });
}
