// The connection to the messenger: changes come by a WebSocket that reconnects, actions go by POST.

import { toast } from "./dialogs.js";
import { apply, emit, me, state } from "./state.js";
import { known, t } from "./i18n.js";

const MAX_PAUSE_MS = 5000;
let pause = 300;

export function connect() {
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.addEventListener("message", ({ data }) => {
    pause = 300;
    if (!state.online) setOnline(true);
    apply(JSON.parse(data));
  });
  socket.addEventListener("close", () => {
    setOnline(false);
    setTimeout(connect, pause);
    pause = Math.min(MAX_PAUSE_MS, pause * 2);
  });
}

// Performs an action of the open chat's person. Undefined if it failed, after a note about the error.
export const act = (kind, details = {}) =>
  post("/act", JSON.stringify({ act: kind, user: me()?.id, chat: state.chat, ...details }), "application/json");

export function send(file, as) {
  const query = new URLSearchParams({ user: me().id, chat: state.chat, name: file.name, as });
  return post(`/send?${query}`, file, file.type || "application/octet-stream");
}

async function post(address, body, type) {
  try {
    const response = await fetch(address, { method: "POST", body, headers: { "Content-Type": type } });
    const result = await response.json();
    if (response.ok) return result;
    const key = `error.${result.error}`;
    toast(t(known(key) ? key : "error.unknown"));
  } catch {
    toast(t("error.offline"));
  }
  return undefined;
}

function setOnline(online) {
  state.online = online;
  emit("online");
}
