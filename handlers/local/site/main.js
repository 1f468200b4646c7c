// Puts the parts together: which change redraws what.

import * as chat from "./chat.js";
import * as composer from "./composer.js";
import { announce, arrows, hush } from "./dialogs.js";
import { find } from "./dom.js";
import * as drawer from "./drawer.js";
import { turned } from "./faults.js";
import { answer } from "./keyboards.js";
import { connect } from "./link.js";
import * as people from "./people.js";
import { emit, mailsOf, on, personOf, state, textsOf } from "./state.js";
import { speak, t } from "./words.js";

function everything() {
  if (!state.ready) return;
  find("skip").textContent = t("skip");
  chat.show();
  people.show();
  composer.show();
  chat.toEnd();
  drawer.show();
  chat.head();
}

function open(chatId) {
  state.chat = chatId;
  hush();
  document.body.dataset.view = "chat";
  everything();
  if (matchMedia("(hover: hover)").matches) find("compose").focus();
}

// true opens, false closes, a tab's name opens it there.
function slide(where) {
  if (typeof where === "string") state.tab = where;
  document.body.dataset.drawer = where ? "open" : "closed";
  hush();
  find("veil").hidden = !where || !matchMedia("(max-width: 1119px)").matches;
  drawer.show(Boolean(where));
  chat.head();
  if (where) find(`tab-${state.tab}`).focus({ preventScroll: true });
}

function write(text) {
  if (!find("veil").hidden) slide(false);
  composer.write(text);
}

// A text or a mail: seen at once if its tab is open, announced as a phone does if not.
function arrived(change) {
  const [tab, item] = change.sms ? ["texts", change.sms] : ["mails", change.mail];
  const person = personOf();
  if (!person || !(change.sms ? textsOf : mailsOf)(person).includes(item)) return;
  const open = state.tab === tab && find("drawer").checkVisibility({ visibilityProperty: true });
  if (!open) announce(change.sms ? "phone" : "mail", t(`tab.${tab}`), item.subject ?? item.text, () => slide(tab));
  if (open || state.tab !== "faults") drawer.show(open);
  chat.head();
}

on("hello", everything);
on("message gone", people.show);
on("message", chat.put);
on("gone", chat.drop);
on("keyboard", ({ chat: id }) => id === state.chat && keepAtEnd(composer.refresh));
on("action", chat.typing);
on("blocked", () => (chat.head(), chat.notices()));
on("online", chat.notices);
on("answer", answer);
on("sms mail", arrived);
on("faults", turned);
on("commands", composer.show);
on("about", chat.head);
on("open", open);
on("drawer", slide);
on("tab", (name) => (hush(), (state.tab = name), drawer.show(true), chat.head(), find(`tab-${name}`).focus()));
on("write", write);
on("compose", composer.compose);
on("scrolled", composer.scrolled);
on("language", async (wanted) => (await speak(wanted), everything()));

function keepAtEnd(change) {
  const end = chat.atEnd();
  change();
  if (end) chat.toEnd();
}

addEventListener("speaker", everything);
addEventListener("keydown", ({ key }) => key === "Escape" && !find("veil").hidden && slide(false));
document.addEventListener("visibilitychange", () => document.hidden || everything());
find("veil").addEventListener("click", () => slide(false));
find("menu").addEventListener("keydown", arrows);

await speak();
chat.build();
composer.acceptDrops();
connect();
emit("built");
