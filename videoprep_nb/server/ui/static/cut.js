// Which part of each video is taken: thumbnails with two handles, and the frames at both ends.

import { ask, present, texts } from "./page.js";
import { readyVideos, showAgain } from "./videos.js";

const THUMBNAILS = 12;

let cut = null; // the video whose part is chosen
const dialog = () => document.getElementById("vp-cut");
const part = (id) => document.getElementById(`vp-cut-${id}`);

// --- for the form ---

// the parameters with the parts of the videos, by their numbers
export function withParts(chosen) {
  const ranges = readyVideos().flatMap(({ part: taken }, place) => (taken ? [`${place + 1}:${taken.start_s}-${taken.end_s}`] : []));
  if (!ranges.length) return chosen;
  const [stage, name] = dialog().dataset.field.split(".");
  return { ...chosen, [stage]: { ...chosen[stage], [name]: ranges } };
}

// gives the parts of another job to its videos; the other parameters
export function takeParts(videos, params) {
  const [stage, name] = dialog().dataset.field.split(".");
  const { [name]: ranges = [], ...others } = params[stage] ?? {};
  for (const text of ranges) {
    const [, number, start, end] = text.match(/^(\d+):([\d.]*)-([\d.]*)$/);
    if (videos[number - 1]) videos[number - 1].part = { start_s: Number(start), end_s: Number(end) || "" };
  }
  return { ...params, [stage]: others };
}

// --- the dialog ---

export function chosenPart() {
  return { video: cut, start: cut.part?.start_s || 0, end: cut.part?.end_s || cut.found.duration_s };
}

export function addressOf({ source }, what) {
  return source.upload_id ? `api/uploads/${source.upload_id}/${what}?` : `api/imports/${what}?path=${encodeURIComponent(source.server_path)}&`;
}

function open(video) {
  cut = video;
  const { duration_s, rate } = video.found;
  part("title").textContent = video.name;
  for (const handle of [part("from"), part("to")]) {
    handle.max = duration_s;
    handle.step = (1 / rate).toFixed(6);
  }
  part("start").max = part("end").max = duration_s;
  fill(video.part?.start_s || 0, video.part?.end_s || duration_s);
  dialog().showModal();
  showStrip(video);
  showFrames(["start", "end"]);
}

function fill(start, end) {
  part("start").value = rounded(start);
  part("end").value = rounded(end);
  check();
}

const rounded = (seconds) => Math.round(seconds * 1000) / 1000;

// a value that makes no sense is marked, and not taken
function check() {
  const { duration_s } = cut.found;
  const [start, end] = [part("start"), part("end")].map((input) => (input.value === "" ? NaN : Number(input.value)));
  const isStart = start >= 0 && start < duration_s;
  mark("start", isStart ? "" : texts.bad_start.replace("{end}", rounded(duration_s)));
  mark("end", !isStart || (end > start && end <= rounded(duration_s)) ? "" : texts.bad_end.replace("{start}", start).replace("{end}", rounded(duration_s)));
  const isValid = !dialog().querySelector("[aria-invalid]");
  part("done").disabled = !isValid;
  if (!isValid) return false;
  part("from").value = start;
  part("to").value = end;
  dialog().style.setProperty("--start", start / duration_s);
  dialog().style.setProperty("--end", end / duration_s);
  cut.part = start > 0 || end < rounded(duration_s) ? { start_s: start, end_s: end < rounded(duration_s) ? end : "" } : null;
  showAgain(cut);
  return true;
}

function mark(id, problem) {
  const words = part(`${id}-problem`);
  words.textContent = problem;
  words.hidden = !problem;
  if (problem) part(id).setAttribute("aria-invalid", "true");
  else part(id).removeAttribute("aria-invalid");
}

function move(handle) {
  const step = Number(handle.step);
  const [from, to] = [Number(part("from").value), Number(part("to").value)];
  if (handle.id === "vp-cut-from") fill(Math.min(from, to - step), to);
  else fill(from, Math.max(to, from + step));
}

// --- what is seen at these times ---

async function frames(video, times, isExact) {
  const query = new URLSearchParams([...times.map((time) => ["at_s", time]), ["is_exact", isExact]]);
  const found = await ask(addressOf(video, "frames") + query);
  if (found.problem) throw new Error(found.problem);
  return found.frames;
}

async function showStrip(video) {
  const strip = dialog().querySelector(".vp-cut-strip");
  strip.replaceChildren();
  part("status").textContent = texts.reading_frames;
  try {
    const { duration_s } = video.found;
    video.strip ??= await frames(video, [...Array(THUMBNAILS).keys()].map((place) => ((place + 0.5) * duration_s) / THUMBNAILS), false);
    if (video !== cut) return;
    strip.replaceChildren(...video.strip.map(({ image }) => Object.assign(new Image(), { src: image, alt: "" })));
    part("status").textContent = "";
  } catch (error) {
    part("status").textContent = error.message;
  }
}

async function showFrames(ids) {
  const video = cut;
  const lastFrame = Math.max(0, Number(part("end").value) - 1 / video.found.rate);
  const times = ids.map((id) => rounded(id === "start" ? Number(part("start").value) : lastFrame));
  ids.forEach((id) => part(`${id}-frame`).classList.add("vp-old"));
  try {
    const found = await frames(video, times, true);
    ids.forEach((id, place) => {
      const now = rounded(id === "start" ? Number(part("start").value) : Math.max(0, Number(part("end").value) - 1 / video.found.rate));
      if (video !== cut || now !== times[place]) return; // the handle was moved on meanwhile
      part(`${id}-frame`).src = found[place].image;
      part(`${id}-frame`).classList.remove("vp-old");
    });
  } catch (error) {
    part("status").textContent = error.message;
  }
}

window.addEventListener("vp-cut", ({ detail }) => open(detail));
document.addEventListener("input", ({ target }) => {
  if (["vp-cut-from", "vp-cut-to"].includes(target.id)) move(target);
});
document.addEventListener("change", ({ target }) => {
  if (["vp-cut-start", "vp-cut-end"].includes(target.id)) {
    if (check()) showFrames([target.id.slice("vp-cut-".length)]);
  } else if (target.id === "vp-cut-from") showFrames(["start"]);
  else if (target.id === "vp-cut-to") showFrames(["end"]);
});
document.addEventListener("click", ({ target }) => {
  if (target.id !== "vp-cut-whole") return;
  fill(0, cut.found.duration_s);
  showFrames(["start", "end"]);
});
await present("#vp-cut");
