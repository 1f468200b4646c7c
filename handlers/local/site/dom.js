// Builds the page from nodes only, so that text never becomes markup.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  shield: "M12 3l7 2.6v5.6c0 4.5-2.9 7.7-7 9.8-4.1-2.1-7-5.3-7-9.8V5.6zM8.8 11.8l2.3 2.3 4.2-4.6",
  send: "M4 12l16-8-5.5 16-3-6.5zM11.5 13.5L20 4",
  clip: "M20 11.5l-8.3 8.2a5.2 5.2 0 0 1-7.4-7.3l8.6-8.6a3.5 3.5 0 0 1 5 5l-8.5 8.5a1.8 1.8 0 0 1-2.5-2.5l7.6-7.6",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  info: "M4 5h16v14H4zM14.5 5v14M17 9h.01M17 12.5h.01",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M12 10.5v6M9.5 14.5L12 17l2.5-2.5",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  phone: "M8 2.5h8v19H8zM11 18.5h2",
  mail: "M3.5 5.5h17v13h-17zM4 6.5l8 6.5 8-6.5",
  card: "M3.5 5h17v14h-17zM7 10h5M7 14h3M15 9.5h2.5v4H15z",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M15.5 4.5a3.3 3.3 0 0 1 0 6.2M17.5 14.5c2.3.7 3.6 2.5 4 5.5",
  share: "M12 3.5v11M8 7.5l4-4 4 4M5 13v7h14v-7",
  link: "M8 16L16 8M9.5 8H16v6.5",
  menu: "M4 7h16M4 12h16M4 17h16",
  keys: "M3.5 6h17v12h-17zM7 10h.01M10.5 10h.01M14 10h.01M17.5 10h.01M8.5 14h7",
  reply: "M10 6L4 12l6 6M4.5 12H14c4 0 6 2 6 6",
  edit: "M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19z",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13",
  down: "M12 5v14M6 13l6 6 6-6",
  cloud: "M7 18.5a4.5 4.5 0 0 1-.5-9A6 6 0 0 1 18 10.5a4 4 0 0 1-.5 8zM12 11l-2 4h4l-2 4",
  steps: "M4 6h.01M8.5 6H20M4 12h.01M8.5 12H20M4 18h.01M8.5 18H20",
  check: "M5 12.5l4.5 4.5L19 7.5",
};

export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "data") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function button(label, options, ...children) {
  return el("button", { type: "button", "aria-label": label, title: label, ...options }, ...children);
}

export function fill(place, ...children) {
  place.replaceChildren(...children.flat().filter(Boolean));
}

export const find = (id) => document.getElementById(id);

export function avatar(person) {
  if (!person) return el("span", { class: "avatar bot", "aria-hidden": "true" }, icon("shield"));
  const name = person.first_name;
  const initials = /^[ -~]+$/.test(name) ? name.slice(0, 1).toUpperCase() : name.slice(-2);
  return el("span", { class: `avatar tone-${person.id % 6}`, "aria-hidden": "true" }, initials);
}
