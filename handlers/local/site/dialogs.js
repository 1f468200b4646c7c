// Dialogs, short notes and small menus.

import { el, fill, find, icon } from "./dom.js";
import { t } from "./i18n.js";

const TOAST_MS = 4000;
const MAX_NOTES = 2;

export function toast(text) {
  post("toasts", el("div", { class: "toast" }, text), TOAST_MS);
}

function post(where, note, time) {
  const place = find(where);
  place.append(note);
  while (place.children.length > MAX_NOTES) place.firstChild.remove();
  setTimeout(() => note.remove(), time);
}

export function clearNotes() {
  fill(find("toasts"));
  fill(find("arrivals"));
}

// A note that an SMS or a mail arrived. It opens the phone or the mailbox.
export function announce(name, title, text, open) {
  const go = () => {
    note.remove();
    open();
  };
  const note = el("button", { type: "button", class: "arrival", on: { click: go } }, icon(name), el("b", {}, title), el("span", {}, text));
  post("arrivals", note, 2 * TOAST_MS);
}

// True if the person agreed. Without `yes` there is one button.
export function ask(title, text, yes) {
  const dialog = find("dialog");
  const answer = (value) => ({ click: () => dialog.close(value) });
  const actions = yes
    ? [
        el("button", { type: "button", class: "button", on: answer("no") }, t("no")),
        el("button", { type: "button", class: "button main", autofocus: true, on: answer("yes") }, yes),
      ]
    : [el("button", { type: "button", class: "button main", autofocus: true, on: answer("yes") }, t("ok"))];
  fill(
    dialog,
    title && el("h2", { id: "dialog-title" }, title),
    el("p", title ? {} : { id: "dialog-title" }, text),
    el("div", { class: "actions" }, actions),
  );
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

export async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(t("copied"));
}

// A menu at its button: items are [icon, label, action, class].
export function openMenu(anchor, items) {
  const menu = find("menu");
  fill(menu, items.map((item) => menuItem(menu, ...item)));
  menu.ontoggle = ({ newState }) => anchor.setAttribute("aria-expanded", String(newState === "open"));
  menu.showPopover();
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const under = at.bottom + height + 8 < innerHeight;
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  menu.style.top = `${under ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
  menu.firstElementChild?.focus();
}

function menuItem(menu, name, label, act, kind = "") {
  const choose = () => {
    menu.hidePopover();
    act();
  };
  return el("button", { type: "button", role: "menuitem", class: kind, on: { click: choose } }, name && icon(name), label);
}

export function moveInMenu(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (!(event.key in steps)) return;
  const items = [...event.currentTarget.children];
  const next = items.indexOf(document.activeElement) + steps[event.key];
  items.at(next % items.length)?.focus();
  event.preventDefault();
}

