// The settings of a new job: presets, inputs, pasted YAML, and what is wrong with them.
// The inputs hold the defaults of the server; whatever differs from them is sent.

import { ask, texts } from "./page.js";

const form = () => document.getElementById("vp-settings");
const inputs = () => [...form().querySelectorAll("[data-kind]")];
const inputOf = (field) => inputs().find((input) => input.name === field);

export function params() {
  const chosen = {};
  for (const input of inputs().filter(isChanged)) {
    const [stage, name] = input.name.split(".");
    (chosen[stage] ??= {})[name] = valueOf(input);
  }
  return chosen;
}

// the boxes of a list of which every part is offered
function boxesOf(input) {
  return [...input.querySelectorAll("[type=checkbox]")];
}

function valueOf(input) {
  const text = input.value?.trim();
  switch (input.dataset.kind) {
    case "boolean": return input.checked;
    case "number": return text === "" ? null : Number(text);
    case "choices": return boxesOf(input).filter((box) => box.checked).map((box) => box.value);
    case "lines": return input.value.trimEnd();
    case "list": return text.split(",").map((item) => item.trim()).filter(Boolean);
    default: return text;
  }
}

function canHold(input, value) {
  if (input?.dataset.kind !== "choices") return Boolean(input);
  const offered = boxesOf(input).map((box) => box.value);
  return value.every((item) => offered.includes(item));
}

function isChanged(input) {
  switch (input.dataset.kind) {
    case "boolean": return input.checked !== input.defaultChecked;
    case "choices": return boxesOf(input).some((box) => box.checked !== box.defaultChecked);
    case "choice": return !input.selectedOptions[0].defaultSelected;
    case "number": return valueOf(input) !== (input.defaultValue === "" ? null : Number(input.defaultValue));
    default: return input.value.trim() !== input.defaultValue;
  }
}

function fill(input, value) {
  if (input.dataset.kind === "boolean") input.checked = value;
  else if (input.dataset.kind === "choices") boxesOf(input).forEach((box) => { box.checked = value.includes(box.value); });
  else input.value = Array.isArray(value) ? value.join(", ") : (value ?? "");
}

function reset(input) {
  if (input.dataset.kind === "boolean") input.checked = input.defaultChecked;
  else if (input.dataset.kind === "choices") boxesOf(input).forEach((box) => { box.checked = box.defaultChecked; });
  else if (input.dataset.kind === "choice") input.value = [...input.options].find((option) => option.defaultSelected).value;
  else input.value = input.defaultValue;
}

// --- presets: what none of them sets stays as it is ---

function applyPreset(chosen) {
  for (const radio of form().elements.preset) eachParam(paramsOf(radio), (field) => reset(inputOf(field)));
  eachParam(paramsOf(chosen), (field, value) => fill(inputOf(field), value));
}

function paramsOf(radio) {
  return JSON.parse(radio.dataset.params);
}

function eachParam(chosen, action) {
  for (const [stage, values] of Object.entries(chosen)) {
    for (const [name, value] of Object.entries(values)) action(`${stage}.${name}`, value);
  }
}

// --- pasted YAML ---

async function applyPasted() {
  const text = document.getElementById("vp-pasted");
  try {
    const found = await ask("api/params", { method: "POST", headers: { "Content-Type": "application/yaml" }, body: text.value });
    const problems = [...found.problems];
    eachParam(found.params, (field, value) => {
      if (!canHold(inputOf(field), value)) problems.push({ field, detail: texts.not_on_page });
    });
    alertIn("vp-pasted-problem", problems.map(({ field, detail }) => `${field}: ${detail}`));
    if (problems.length) return;
    eachParam(found.params, (field, value) => fill(inputOf(field), value));
    text.value = "";
    changed();
  } catch (error) {
    alertIn("vp-pasted-problem", [error.message]);
  }
}

// --- what is wrong: beside the input, and in one place that is always seen ---

export function emptyInputs() {
  const empty = inputs().filter((input) => input.required && valueOf(input) === null);
  return empty.map((input) => ({ field: input.name, detail: texts.empty_input }));
}

export function showProblems(problems) {
  for (const input of inputs()) {
    const problem = problems.find(({ field }) => field === input.name);
    const words = document.getElementById(`${input.name}.problem`);
    words.textContent = problem?.detail ?? "";
    words.hidden = !problem;
    if (problem) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  alertIn("vp-problem", problems.map(({ field, detail }) => (field ? `${fullLabel(field)}: ${detail}` : detail)));
}

function fullLabel(field) {
  const input = inputOf(field);
  if (!input) return field;
  const stage = input.closest("fieldset[data-stage]").querySelector("legend");
  return `${stage.textContent} – ${document.getElementById(`${field}.label`).textContent}`;
}

function alertIn(id, sentences) {
  const alerts = sentences.map((sentence) => {
    const alert = document.createElement("p");
    alert.className = "vp-alert";
    alert.setAttribute("role", "alert");
    alert.textContent = sentence;
    return alert;
  });
  document.getElementById(id).replaceChildren(...alerts);
}

function changed() {
  window.dispatchEvent(new Event("vp-settings-changed"));
}

document.addEventListener("change", ({ target }) => {
  if (target.form?.id !== "vp-settings" || target.id === "vp-pasted") return;
  if (target.name === "preset") applyPreset(target);
  changed();
});
document.addEventListener("click", ({ target }) => {
  if (target.id === "vp-apply-pasted") applyPasted();
});
document.addEventListener("submit", (event) => {
  if (event.target.id === "vp-settings") event.preventDefault(); // Enter in an input starts nothing
});
