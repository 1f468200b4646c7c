// Switches for bad weather. Each takes effect at once, for everybody.

import { el, icon } from "./dom.js";
import { act } from "./link.js";
import { state } from "./state.js";
import { t } from "./words.js";

const RATE = { min: 0, max: 100, step: 5, read: (value) => Math.round(value * 100), write: (value) => value / 100, unit: "percent" };
const same = { read: Number, write: Number };
const DIALS = {
  duplicate: RATE,
  reorder: RATE,
  refuse: RATE,
  lose: RATE,
  reset: RATE,
  storm: RATE,
  storm_seconds: { min: 1, max: 30, step: 1, unit: "s", ...same },
  slow_ms: { min: 0, max: 3000, step: 100, unit: "ms", ...same },
};
const GROUPS = [
  ["faults.updates", ["duplicate", "reorder"]],
  ["faults.calls", ["slow_ms", "refuse", "lose", "reset", "storm", "storm_seconds"]],
];
const LINES = ["well", "down", "error", "lost", "reject"];

const isOn = (name) => (name === "storm_seconds" ? false : typeof state.faults[name] === "string" ? state.faults[name] !== "well" : state.faults[name] > 0);

export function weather() {
  const lines = el("fieldset", {}, el("legend", {}, t("faults.lines")), ["sms", "mail"].map(line));
  const groups = GROUPS.map(([key, names]) => el("fieldset", {}, el("legend", {}, t(key)), names.map(dial)));
  return [el("h2", {}, t("faults.title")), el("p", { class: "quiet" }, t("faults.about")), el("div", { id: "weather" }, sky()), ...groups, lines];
}

function sky() {
  const count = Object.keys(state.faults).filter(isOn).length;
  const calm = el("button", { type: "button", class: "button small", on: { click: () => act("faults", { calm: true }) } }, t("faults.calm"));
  const words = el("span", { role: "status" }, count ? t("faults.on", { count }) : t("faults.off"));
  return el("div", { class: `weather${count ? " bad" : ""}` }, icon(count ? "cloud" : "check"), words, count ? calm : null);
}

function dial(name) {
  const { min, max, step, read, write, unit } = DIALS[name];
  const value = read(state.faults[name]);
  const said = (number) => t(`unit.${unit}`, { value: number });
  const output = el("output", { id: `o-${name}` }, said(value));
  const input = el("input", { type: "range", id: `f-${name}`, min, max, step, "aria-valuetext": said(value) });
  input.value = value;
  input.addEventListener("input", () => {
    output.textContent = said(input.value);
    input.setAttribute("aria-valuetext", said(input.value));
  });
  input.addEventListener("change", () => act("faults", { name, value: write(input.value) }));
  return el("div", { class: `dial${isOn(name) ? " on" : ""}`, data: { name } }, el("label", { for: `f-${name}` }, t(`fault.${name}`)), output, input);
}

function line(name) {
  const options = LINES.map((each) => el("option", { value: each, selected: state.faults[name] === each }, t(`line.${each}`)));
  const change = ({ target }) => act("faults", { name, value: target.value });
  return el("div", { class: "dial", data: { name } }, el("label", { for: `f-${name}` }, t(`fault.${name}`)), el("select", { id: `f-${name}`, on: { change } }, options));
}

// Another page may have turned a switch: show it without taking the focus away.
export function turned() {
  const place = document.getElementById("weather");
  if (!place) return;
  place.replaceChildren(sky());
  for (const shown of document.querySelectorAll(".dial")) {
    const { name } = shown.dataset;
    shown.classList.toggle("on", isOn(name));
    const control = shown.querySelector("input, select");
    control.value = DIALS[name] ? DIALS[name].read(state.faults[name]) : state.faults[name];
    const output = shown.querySelector("output");
    if (output) output.textContent = t(`unit.${DIALS[name].unit}`, { value: control.value });
  }
}
