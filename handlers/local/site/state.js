// The page's state, changed only by what the messenger sends, and its listeners.

export const state = {
  ready: false,
  online: true,
  bot: {},
  commands: {},
  people: [],
  operators: [],
  group: null,
  chats: new Map(),
  texts: [],
  mails: [],
  faults: {},
  steps: [], // of the bot's work, oldest first
  chat: null, // the open chat's id
  speaker: null, // which operator speaks
  tab: "card",
};

const listeners = new Map();

export function on(kinds, listener) {
  for (const kind of kinds.split(" ")) listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
}

export function emit(kind, detail) {
  for (const listener of listeners.get(kind) ?? []) listener(detail);
}

export const current = () => state.chats.get(state.chat);

export const isGroup = (chatId = state.chat) => chatId === state.group;

export const personOf = (chatId = state.chat) => state.people.find((each) => each.id === chatId);

// The person who acts in the open chat: the customer or the chosen operator.
export function me() {
  return isGroup() ? state.operators.find((each) => each.id === state.speaker) : personOf();
}

export const personById = (userId) => [...state.people, ...state.operators].find((each) => each.id === userId);

export const digits = (phone) => phone.replace(/\D/g, "").replace(/^0/, "82");

export const textsOf = (person) => state.texts.filter((each) => each.to === digits(person.phone));

export const mailsOf = (person) => state.mails.filter((each) => each.to === person.email.toLowerCase());

export function unread(chat) {
  let count = 0;
  for (const message of chat.messages.values()) if (message.from.is_bot && message.message_id > chat.seen) count += 1;
  return count;
}

export const lastOf = (chat) => [...chat.messages.values()].at(-1);

const APPLY = {
  snapshot(change) {
    const before = state.chats;
    Object.assign(state, {
      ready: true,
      bot: change.bot,
      commands: change.commands,
      people: change.people,
      operators: change.operators,
      group: change.group,
      texts: change.texts,
      mails: change.mails,
      faults: change.faults,
      steps: change.steps,
      chats: new Map(change.chats.map((each) => [each.id, chatState(each, before.get(each.id))])),
    });
    state.speaker ??= state.operators[0]?.id ?? null;
    if (!state.chats.has(state.chat)) state.chat = state.people[0]?.id ?? state.group;
  },
  message({ chat, message }) {
    const place = state.chats.get(chat);
    place.messages.set(message.message_id, message);
    if (message.from.is_bot) place.action = "";
    if (chat === state.chat && !document.hidden) place.seen = Math.max(place.seen, message.message_id);
  },
  gone({ chat, ids }) {
    for (const id of ids) state.chats.get(chat).messages.delete(id);
  },
  keyboard({ chat, keyboard }) {
    Object.assign(state.chats.get(chat), { keyboard, folded: false });
  },
  action({ chat, action }) {
    state.chats.get(chat).action = action;
  },
  blocked({ chat, blocked }) {
    state.chats.get(chat).blocked = blocked;
  },
  sms: ({ sms }) => state.texts.push(sms),
  mail: ({ mail }) => state.mails.push(mail),
  faults: ({ faults }) => (state.faults = faults),
  step: ({ step }) => state.steps.push(step),
  commands: ({ commands }) => (state.commands = commands),
  about: ({ field, value }) => field === "name" && (state.bot.name = value),
};

export function apply(change) {
  APPLY[change.type]?.(change);
  emit(change.type, change);
}

function chatState(chat, before) {
  const messages = new Map(chat.messages.map((each) => [each.message_id, each]));
  const newest = chat.messages.at(-1)?.message_id ?? 0;
  return { ...chat, messages, seen: before?.seen ?? newest, draft: before?.draft ?? "", action: "" };
}
