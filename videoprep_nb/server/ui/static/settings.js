// The settings of a new job: presets, inputs, pasted YAML, and what is wrong with them.
// The inputs hold the defaults of the server; whatever differs from them is sent.

import { ask, texts } from "./page.js";

const form = () => document.getElementById("vp-settings");
const inputs = () => [...form().querySelectorAll("[data-kind]")];
const inputOf = (field) => inputs().find((input) => input.name === field);

export function params() {
  return byStage(inputs().filter((input) => isChanged(input) && !isUnfinished(input)).map((input) => [input.name, valueOf(input)]));
}

// what the settings would be with another preset; with the chosen one they are what the inputs hold
export function paramsWith(radio) {
  if (radio.checked) return params();
  const set = new Map(fieldsOf(radio));
  const ofPresets = new Set(presets().flatMap((preset) => fieldsOf(preset).map(([field]) => field)));
  const others = inputs().filter((input) => !ofPresets.has(input.name) && isChanged(input) && !isUnfinished(input));
  return byStage([...others.map((input) => [input.name, valueOf(input)]), ...set]);
}

function byStage(fields) {
  const chosen = {};
  for (const [field, value] of fields) {
    const [stage, name] = field.split(".");
    (chosen[stage] ??= {})[name] = value;
  }
  return chosen;
}

// nothing at all where a number is needed, or something like "1e" that the browser cannot read as one
function isUnfinished(input) {
  return input.validity.badInput || (input.required && valueOf(input) === null);
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

export function presets() {
  return [...form().querySelectorAll("[name=preset]")];
}

function applyPreset(chosen) {
  for (const radio of presets()) fieldsOf(radio).forEach(([field]) => reset(inputOf(field)));
  fieldsOf(chosen).forEach(([field, value]) => fill(inputOf(field), value));
}

function fieldsOf(radio) {
  return fields(JSON.parse(radio.dataset.params));
}

// parameters by stage and name as pairs of "stage.name" and value
function fields(chosen) {
  return Object.entries(chosen).flatMap(([stage, values]) =>
    Object.entries(values).map(([name, value]) => [`${stage}.${name}`, value]));
}

// the settings of another job; names of those that have no input here
export function applyParams(chosen) {
  inputs().forEach(reset);
  presets()[0].checked = true;
  const given = fields(chosen);
  const fitting = given.filter(([field, value]) => canHold(inputOf(field), value));
  for (const [field, value] of fitting) {
    fill(inputOf(field), value);
    reveal(inputOf(field));
  }
  changed();
  return given.filter((one) => !fitting.includes(one)).map(([field]) => field);
}

// --- pasted YAML ---

async function applyPasted() {
  const text = document.getElementById("vp-pasted");
  try {
    const found = await ask("api/params", { method: "POST", headers: { "Content-Type": "application/yaml" }, body: text.value });
    const problems = [...found.problems];
    for (const [field, value] of fields(found.params)) {
      if (!canHold(inputOf(field), value)) problems.push({ field, detail: texts.not_on_page });
    }
    alertIn("vp-pasted-problem", problems.map(({ field, detail }) => newSentence(`${field}: ${detail}`)));
    if (problems.length) return;
    fields(found.params).forEach(([field, value]) => fill(inputOf(field), value));
    text.value = "";
    changed();
  } catch (error) {
    alertIn("vp-pasted-problem", [newSentence(error.message)]);
  }
}

// --- what is wrong: beside each input, and in one list at the button that it keeps from working ---

export function unfinished() {
  return inputs().filter(isUnfinished).map((input) => ({ field: input.name, detail: texts.empty_input }));
}

export function showProblems(problems) {
  const others = problems.filter(({ field }) => !inputOf(field));
  const sentences = others.map(({ field, detail }) => newSentence(field ? `${field}: ${detail}` : detail));
  for (const input of inputs()) {
    const problem = problems.find(({ field }) => field === input.name);
    const words = document.getElementById(`${input.name}.problem`);
    words.textContent = problem ? withoutHelp(problem.detail, input) : "";
    words.hidden = !problem;
    if (problem) {
      input.setAttribute("aria-invalid", "true");
      sentences.push(newSentence(`: ${words.textContent}`));
      sentences.at(-1).prepend(newLink(input));
    } else {
      input.removeAttribute("aria-invalid");
    }
  }
  alertIn("vp-problem", sentences);
}

// the help of the input stands right below
function withoutHelp(detail, input) {
  return detail.replace(` (${document.getElementById(`${input.name}.help`).textContent})`, "");
}

function newLink(input) {
  const group = input.closest("[data-group]").querySelector("legend");
  const link = document.createElement("a");
  link.href = `#${input.name}`;
  link.textContent = `${group.textContent} – ${document.getElementById(`${input.name}.label`).textContent}`;
  link.addEventListener("click", (event) => {
    event.preventDefault(); // from the base of the document, the link would lead to the first page
    reveal(input);
    (boxesOf(input)[0] ?? input).focus();
  });
  return link;
}

function reveal(input) {
  const level = input.closest("details");
  if (level) level.open = true;
}

function newSentence(text) {
  const sentence = document.createElement("p");
  sentence.textContent = text;
  return sentence;
}

// an alert is read out when it changes
function alertIn(id, sentences) {
  const place = document.getElementById(id);
  if (place.textContent === sentences.map((sentence) => sentence.textContent).join("")) return;
  const alert = document.createElement("div");
  alert.className = "vp-alert";
  alert.setAttribute("role", "alert");
  alert.append(...sentences);
  place.replaceChildren(...(sentences.length ? [alert] : []));
}

function changed() {
  window.dispatchEvent(new Event("vp-settings-changed"));
}

document.addEventListener("change", ({ target }) => {
  if (target.form?.id !== "vp-settings" || target.id === "vp-pasted") return;
  if (target.name === "preset") applyPreset(target);
  changed();
});
// what a browser cannot read as a number need not change the value of its input
document.addEventListener("focusout", ({ target }) => {
  if (target.form?.id === "vp-settings" && target.dataset.kind) changed();
});
document.addEventListener("click", ({ target }) => {
  if (target.id === "vp-apply-pasted") applyPasted();
});
document.addEventListener("submit", (event) => {
  if (event.target.id === "vp-settings") event.preventDefault(); // Enter in an input starts nothing
});
