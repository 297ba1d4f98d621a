// What a job with the chosen settings would find: people in three frames of the part, with boxes.

import { addressOf, chosenPart } from "./cut.js";
import { ask, present, texts } from "./page.js";
import { params } from "./settings.js";

const PLACES = [1 / 6, 1 / 2, 5 / 6]; // of the part

let running = null;
const words = () => document.getElementById("vp-cut-detecting");

async function detect() {
  running?.abort();
  const own = (running = new AbortController());
  const { video, start, end } = chosenPart();
  words().textContent = texts.detecting;
  show([]);
  try {
    const at_s = PLACES.map((place) => Math.round((start + place * (end - start)) * 1000) / 1000);
    const found = await ask(addressOf(video, "detections"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ at_s, params: params() }),
      signal: own.signal,
    });
    if (own !== running) return;
    words().textContent = found.problem;
    show(found.frames);
  } catch (error) {
    if (own === running) words().textContent = error.message;
  }
}

function show(frames) {
  const figures = frames.map(({ at_s, image, person_count: count }) => {
    const caption = (count === 1 ? texts.one_person_at : texts.people_at).replace("{count}", count ?? 0).replace("{time}", at_s);
    const figure = document.createElement("figure");
    const words = document.createElement("figcaption");
    words.textContent = caption;
    figure.append(Object.assign(new Image(), { src: image, alt: caption }), words);
    return figure;
  });
  document.getElementById("vp-cut-people").replaceChildren(...figures);
}

function clear() {
  running?.abort();
  running = null;
  words().textContent = advice;
  show([]);
}

await present("#vp-cut");
const advice = words().textContent;
window.addEventListener("vp-cut", clear);
document.addEventListener("click", ({ target }) => {
  if (target.id === "vp-cut-detect") detect();
});
