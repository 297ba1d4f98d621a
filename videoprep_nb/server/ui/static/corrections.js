// Corrections of tracks by hand: every button adds or removes one line and sends all of them.

import { ask, notice, poll } from "./page.js";

let saving = Promise.resolve(); // one after the other: each change begins with the lines that the last one left

function change(section, changed) {
  saving = saving.then(() => save(section, changed(JSON.parse(section.dataset.lines))));
  return saving;
}

async function save(section, lines) {
  const text = JSON.stringify(lines);
  try {
    await ask(section.dataset.address, {
      method: "PUT",
      body: JSON.stringify({ text }),
      headers: { "Content-Type": "application/json" },
    });
    section.dataset.lines = text;
    notice("");
    poll();
  } catch (error) {
    notice(error.message, true);
  }
}

const withLines = (video, added) => (lines) => ({ ...lines, [video]: [...(lines[video] ?? []), ...added] });

function withoutLine(video, removed) {
  return (lines) => {
    const place = lines[video].findIndex((line) => JSON.stringify(line) === removed);
    return { ...lines, [video]: lines[video].filter((_, index) => index !== place) };
  };
}

function chosenIn(tracks) {
  return [...tracks.querySelectorAll("input:checked")].map((box) => box.value);
}

async function correct(button, section) {
  const tracks = button.closest(".vp-tracks");
  const { key } = tracks.dataset;
  const names = chosenIn(tracks);
  if (button.dataset.split) {
    const line = { split: Number(button.dataset.split), at_s: Number(button.dataset.at) };
    return change(section, withLines(key, [line]));
  }
  const isMerge = button.dataset.correct === "merge";
  if (names.length < (isMerge ? 2 : 1)) return notice(isMerge ? button.dataset.few : button.dataset.none, true);
  const added = isMerge ? [{ merge: names }] : names.map((name) => ({ delete: name }));
  await change(section, withLines(key, added));
  for (const box of tracks.querySelectorAll("input:checked")) box.checked = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#vp-corrections button");
  if (!button) return;
  const section = button.closest("#vp-corrections");
  const { undo, video, split, correct: kind } = button.dataset;
  if (undo) change(section, withoutLine(video, JSON.stringify(JSON.parse(undo))));
  else if (split || kind) correct(button, section);
});
