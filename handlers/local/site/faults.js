// The switches of injected faults. Each takes effect at once, for all pages.

import { el, icon } from "./dom.js";
import { act } from "./connection.js";
import { state } from "./state.js";
import { t } from "./i18n.js";

const RATE = { min: 0, max: 100, step: 5, read: (value) => Math.round(value * 100), write: (value) => value / 100, unit: "percent" };
const same = { read: Number, write: Number };
const SLIDERS = {
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
const GATEWAY_STATES = ["up", "down", "error", "lost", "reject"];

const isOn = (name) => (name === "storm_seconds" ? false : typeof state.faults[name] === "string" ? state.faults[name] !== "up" : state.faults[name] > 0);

export function faultSwitches() {
  const gateways = el("fieldset", {}, el("legend", {}, t("faults.gateways")), ["sms", "mail"].map(gateway));
  const groups = GROUPS.map(([key, names]) => el("fieldset", {}, el("legend", {}, t(key)), names.map(faultSlider)));
  return [el("h2", {}, t("faults.title")), el("p", { class: "quiet" }, t("faults.about")), el("div", { id: "faults-summary" }, summaryLine()), ...groups, gateways];
}

function summaryLine() {
  const count = Object.keys(state.faults).filter(isOn).length;
  const clear = el("button", { type: "button", class: "button small", on: { click: () => act("faults", { clear: true }) } }, t("faults.clear"));
  const words = el("span", { role: "status" }, count ? t("faults.on", { count }) : t("faults.off"));
  return el("div", { class: `faults-summary${count ? " bad" : ""}` }, icon(count ? "cloud" : "check"), words, count ? clear : null);
}

function faultSlider(name) {
  const { min, max, step, read, write, unit } = SLIDERS[name];
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
  return el("div", { class: `fault${isOn(name) ? " on" : ""}`, data: { name } }, el("label", { for: `f-${name}` }, t(`fault.${name}`)), output, input);
}

function gateway(name) {
  const options = GATEWAY_STATES.map((each) => el("option", { value: each, selected: state.faults[name] === each }, t(`gateway.${each}`)));
  const change = ({ target }) => act("faults", { name, value: target.value });
  return el("div", { class: "fault", data: { name } }, el("label", { for: `f-${name}` }, t(`fault.${name}`)), el("select", { id: `f-${name}`, on: { change } }, options));
}

// Shows a switch that another page changed, without moving the focus.
export function refresh() {
  const place = document.getElementById("faults-summary");
  if (!place) return;
  place.replaceChildren(summaryLine());
  for (const shown of document.querySelectorAll(".fault")) {
    const { name } = shown.dataset;
    shown.classList.toggle("on", isOn(name));
    const control = shown.querySelector("input, select");
    control.value = SLIDERS[name] ? SLIDERS[name].read(state.faults[name]) : state.faults[name];
    const output = shown.querySelector("output");
    if (output) output.textContent = t(`unit.${SLIDERS[name].unit}`, { value: control.value });
  }
}
