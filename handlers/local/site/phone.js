// The customer's phone and mailbox.

import { el, icon, button } from "./dom.js";
import { emit, mailsOf, textsOf } from "./state.js";
import { bytes, clock, fullName, t } from "./i18n.js";

const CODE = /(?<!\d)\d{6}(?!\d)/;

export function phone(person) {
  const texts = textsOf(person);
  const head = [el("h2", {}, t("texts.title", { name: fullName(person) })), el("p", { class: "quiet" }, t("texts.about"))];
  return [...head, texts.length ? el("div", { role: "log" }, texts.map(sms)) : none("phone", t("texts.empty"))];
}

function sms(message) {
  const code = CODE.exec(message.text)?.[0];
  return el("div", { class: "sms" }, el("p", {}, message.text), code ? useCode(code) : null, el("time", { class: "quiet" }, clock(message.at)));
}

function useCode(code) {
  const label = t("texts.code", { code });
  return button(label, { class: "button small main", on: { click: () => emit("write", code) } }, `${code} ${t("fill.short")}`);
}

export function mailbox(person) {
  const mails = mailsOf(person);
  const head = [el("h2", {}, t("mails.title", { name: fullName(person) })), el("p", { class: "quiet" }, t("mails.about"))];
  return [...head, mails.length ? [...mails].reverse().map(mail) : none("mail", t("mails.empty"))].flat();
}

function mail(message, index) {
  return el(
    "details",
    { class: "mail", open: index === 0 },
    el("summary", {}, el("b", {}, message.subject), el("span", { class: "quiet" }, `${t("mails.from")}: ${message.from} · ${clock(message.at)}`)),
    el("div", { class: "body" }, message.text),
    message.files.map((file, number) => attachment(message.order, number, file)),
  );
}

function attachment(order, number, { name, size }) {
  return el(
    "a",
    { class: "file", href: `/attachment/${order}/${number}`, download: name, "aria-label": t("chat.download", { name }) },
    el("span", { class: "mark" }, icon("file")),
    el("span", {}, el("b", {}, name), el("span", { class: "quiet" }, bytes(size))),
  );
}

const none = (name, text) => el("div", { class: "none" }, icon(name), el("p", {}, text));
