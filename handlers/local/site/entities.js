// A text and its entities as nodes. Offsets are UTF-16 code units, as in JavaScript strings.

import { act } from "./connection.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";

const PLAIN = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre" };
const LINKS = /^(https?|mailto|tel):/i;

export function rich(text, entities = []) {
  const ordered = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return nest(text, ordered, 0, text.length);
}

// The nodes between two offsets. The content of an outer entity is built by recursion.
function nest(text, entities, from, to) {
  const nodes = [];
  let at = from;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    if (entity.offset < at || entity.offset >= to) continue;
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset > at) nodes.push(text.slice(at, entity.offset));
    nodes.push(wrap(entity, text.slice(entity.offset, end), nest(text, entities.slice(index + 1), entity.offset, end)));
    at = end;
  }
  if (at < to) nodes.push(text.slice(at, to));
  return nodes;
}

function wrap(entity, covered, inner) {
  const { type } = entity;
  if (type in PLAIN) return el(PLAIN[type], {}, inner);
  if (type === "spoiler") return spoiler(inner);
  if (type === "bot_command") return command(covered);
  if (type === "blockquote" || type === "expandable_blockquote") return el("blockquote", {}, inner);
  const address = type === "text_link" ? entity.url : type === "url" ? covered : "";
  if (LINKS.test(address)) return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, inner);
  return el("span", {}, inner);
}

function command(text) {
  return el("button", { type: "button", class: "command", on: { click: () => act("say", { text }) } }, text);
}

function spoiler(inner) {
  const cover = el("button", { type: "button", class: "spoiler", "aria-label": t("chat.spoiler") }, el("span", {}, inner));
  cover.addEventListener("click", () => cover.replaceWith(...cover.firstChild.childNodes), { once: true });
  return cover;
}
