// The page's own messages. The bot's messages come in the customer's language.

const KEY = "messenger.language";
let messages = {};
export let language = "ko";

export async function loadLanguage(wanted) {
  const chosen = wanted ?? remembered() ?? "ko";
  messages = await (await fetch(`/messages/${chosen}.json`)).json();
  language = chosen;
  document.documentElement.lang = chosen;
  document.title = t("title");
  if (wanted) remember(wanted);
}

export function t(key, params = {}) {
  const text = messages[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? params[name] : whole));
}

export const known = (key) => key in messages;

export function clock(seconds) {
  return new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" }).format(seconds * 1000);
}

export function day(seconds) {
  const date = new Date(seconds * 1000);
  if (date.toDateString() === new Date().toDateString()) return t("chat.today");
  return new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(date);
}

export function bytes(size) {
  const [value, unit] = size < 1000 ? [size, "byte"] : size < 1e6 ? [size / 1e3, "kilobyte"] : [size / 1e6, "megabyte"];
  const options = { style: "unit", unit, unitDisplay: size < 1000 ? "long" : "short", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language, options).format(value);
}

export function fullName(person) {
  const { first_name: first, last_name: last } = person;
  if (!last) return first;
  return /[\uac00-\ud7a3]/.test(last + first) ? last + first : `${first} ${last}`;
}

// +821012345678 in the Korean national form.
export const local = (number) => number.replace(/^\+82(\d{2})(\d{3,4})(\d{4})$/, "0$1-$2-$3");

function remembered() {
  const value = localStorage.getItem(KEY);
  return value === "ko" || value === "en" ? value : null;
}

function remember(value) {
  localStorage.setItem(KEY, value);
}
