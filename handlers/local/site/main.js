// Connects the parts: which change redraws what.

import * as chat from "./chat.js";
import * as composer from "./composer.js";
import { announce, moveInMenu, clearNotes } from "./dialogs.js";
import { find } from "./dom.js";
import * as drawer from "./drawer.js";
import { refresh } from "./faults.js";
import { answer } from "./keyboards.js";
import { connect } from "./connection.js";
import * as people from "./people.js";
import * as steps from "./steps.js";
import { emit, mailsOf, on, personOf, state, textsOf } from "./state.js";
import { loadLanguage, t } from "./i18n.js";

function everything() {
  if (!state.ready) return;
  find("skip").textContent = t("skip");
  chat.show();
  people.show();
  composer.show();
  chat.toEnd();
  drawer.show();
  steps.show();
  chat.head();
}

function open(chatId) {
  state.chat = chatId;
  clearNotes();
  document.body.dataset.view = "chat";
  everything();
  if (matchMedia("(hover: hover)").matches) find("compose").focus();
}

// true opens the drawer, false closes it, a tab's name opens it at that tab.
function slide(where) {
  if (typeof where === "string") state.tab = where;
  document.body.dataset.drawer = where ? "open" : "closed";
  if (where && steps.covers()) steps.setOpen(false);
  clearNotes();
  veil();
  drawer.show(Boolean(where));
  chat.head();
  if (where) find(`tab-${state.tab}`).focus({ preventScroll: true });
}

function veil() {
  const isDrawerOver = document.body.dataset.drawer === "open" && matchMedia("(max-width: 1119px)").matches;
  find("veil").hidden = !isDrawerOver && !steps.covers();
}

// Opens or closes the panel "what just happened".
function showSteps(open) {
  steps.remember(open);
  if (steps.covers()) document.body.dataset.drawer = "closed";
  veil();
  chat.head();
  (find(open ? "steps-title" : "steps-toggle") ?? find("log")).focus({ preventScroll: true });
}

function closeOverlays() {
  if (find("veil").hidden) return;
  if (steps.covers()) showSteps(false);
  else slide(false);
}

function write(text) {
  closeOverlays();
  composer.write(text);
}

// An SMS or a mail: shown if its tab is open, otherwise announced by a note.
function arrived(change) {
  const [tab, item] = change.sms ? ["texts", change.sms] : ["mails", change.mail];
  const person = personOf();
  if (!person || !(change.sms ? textsOf : mailsOf)(person).includes(item)) return;
  const open = state.tab === tab && find("drawer").checkVisibility({ visibilityProperty: true });
  if (!open) announce(change.sms ? "phone" : "mail", t(`tab.${tab}`), item.subject ?? item.text, () => slide(tab));
  if (open || state.tab !== "faults") drawer.show(open);
  chat.head();
}

on("snapshot", everything);
on("message gone", people.show);
on("message", chat.put);
on("gone", chat.drop);
on("keyboard", ({ chat: id }) => id === state.chat && keepAtEnd(composer.refresh));
on("action", chat.typing);
on("blocked", () => (chat.head(), chat.notices()));
on("online", chat.notices);
on("answer", answer);
on("sms mail", arrived);
on("faults", refresh);
on("step", ({ step }) => steps.add(step));
on("steps", showSteps);
on("layout", () => (steps.restore(), veil(), chat.head()));
on("commands", composer.show);
on("about", chat.head);
on("open", open);
on("drawer", slide);
on("tab", (name) => (clearNotes(), (state.tab = name), drawer.show(true), chat.head(), find(`tab-${name}`).focus()));
on("write", write);
on("compose", composer.compose);
on("scrolled", composer.scrolled);
on("language", async (wanted) => (await loadLanguage(wanted), everything()));

function keepAtEnd(change) {
  const end = chat.atEnd();
  change();
  if (end) chat.toEnd();
}

addEventListener("speaker", everything);
addEventListener("keydown", ({ key }) => key === "Escape" && closeOverlays());
document.addEventListener("visibilitychange", () => document.hidden || everything());
find("veil").addEventListener("click", closeOverlays);
find("menu").addEventListener("keydown", moveInMenu);

await loadLanguage();
steps.restore();
veil();
chat.build();
composer.acceptDrops();
connect();
emit("built");
