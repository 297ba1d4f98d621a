// A new job: what it will cost, and its start through the API, as any other program would do it.

import { aboutOfNewJob, clearAbout } from "./about.js";
import { withParts } from "./cut.js";
import { ask, duration, go, notice, present, size, texts } from "./page.js";
import { params, paramsWith, presets, showProblems, unfinished } from "./settings.js";
import { clearVideos, pendingCount, readyVideos } from "./videos.js";

const RETRY_MS = 5000;

let asked = ""; // what the estimate that is shown, or under way, was asked for
let estimate = null;
let isOffline = false;
let isStarting = false;

function update() {
  const bodies = [params(), ...presets().map(paramsWith)].map(bodyOf);
  const problems = unfinished();
  const all = JSON.stringify([bodies, problems]);
  if (all !== asked) {
    asked = all;
    askEstimates(all, bodies, problems);
  }
  show();
}

function bodyOf(chosen) {
  const videos = readyVideos().map(({ found }) => ({ duration_s: found.duration_s, rate: found.rate }));
  return JSON.stringify({ videos, params: withParts(chosen) });
}

// one for the job, and one for each preset that could be chosen instead
async function askEstimates(all, bodies, problems) {
  try {
    const answers = new Map([...new Set(bodies)].map((body) => [body, post("api/estimate", body)]));
    const [ofJob, ...ofPresets] = await Promise.all(bodies.map((body) => answers.get(body)));
    if (all !== asked) return; // something was changed meanwhile, and asked for again
    estimate = { ...ofJob, problems: [...problems, ...ofJob.problems] };
    isOffline = false;
    showProblems(estimate.problems);
    presets().forEach((radio, place) => showTime(radio, ofPresets[place]));
  } catch (error) {
    if (all !== asked) return;
    isOffline = error.isOffline;
    if (isOffline) setTimeout(() => all === asked && askEstimates(all, bodies, problems), RETRY_MS);
    else showProblems([{ detail: error.message }]);
  }
  show();
}

function showTime(radio, { time_s, problems }) {
  const isKnown = readyVideos().length && !problems.length;
  const words = isKnown ? texts.preset_time.replace("{time}", duration(time_s)) : "";
  radio.closest("label").querySelector(".vp-preset-time").textContent = words;
}

function show() {
  const isValid = !estimate?.problems.length;
  document.getElementById("vp-start").disabled = isStarting || !isValid || !readyVideos().length || pendingCount() > 0;
  document.getElementById("vp-cost").textContent = isOffline ? texts.offline : isValid ? cost() : "";
}

function cost() {
  const sentences = [];
  if (readyVideos().length && estimate) {
    sentences.push(texts.cost.replace("{time}", duration(estimate.time_s)).replace("{disk}", size(estimate.disk_bytes)));
  }
  if (pendingCount()) sentences.push(texts.pending.replace("{count}", pendingCount()));
  return sentences.join(" ") || texts.no_videos;
}

async function start() {
  isStarting = true;
  show();
  try {
    const videos = readyVideos().map(({ source }) => source);
    const { job_id } = await post("api/jobs", JSON.stringify({ videos, params: withParts(params()), ...aboutOfNewJob() }));
    clearVideos();
    clearAbout();
    go(`?job=${job_id}`);
    notice(texts.started);
  } catch (error) {
    showProblems([{ field: error.field, detail: error.message }]);
  }
  isStarting = false;
  show();
}

function post(address, body) {
  return ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body });
}

window.addEventListener("vp-videos-changed", update);
window.addEventListener("vp-settings-changed", update);
document.addEventListener("click", (event) => {
  if (event.target.id === "vp-start") start();
});

await present("#vp-settings");
update(); // a browser may have kept what was filled in before
