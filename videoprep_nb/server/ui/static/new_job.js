// A new job: what it will cost, and its start through the API, as any other program would do it.

import { ask, duration, go, notice, present, size, texts } from "./page.js";
import { emptyInputs, params, showProblems } from "./settings.js";
import { clearVideos, pendingCount, readyVideos } from "./videos.js";

const RETRY_MS = 5000;

let asked = ""; // what the estimate that is shown, or under way, was asked for
let estimate = null;
let isOffline = false;
let isStarting = false;

function update() {
  const problems = emptyInputs();
  const body = JSON.stringify({
    videos: readyVideos().map(({ found }) => ({ duration_s: found.duration_s, rate: found.rate })),
    params: params(),
  });
  if (problems.length) {
    asked = "";
    estimate = { problems };
    showProblems(problems);
  } else if (body !== asked) {
    asked = body;
    askEstimate(body);
  }
  show();
}

async function askEstimate(body) {
  try {
    const answer = await post("api/estimate", body);
    if (body !== asked) return; // something was changed meanwhile, and asked for again
    estimate = answer;
    isOffline = false;
    showProblems(answer.problems);
  } catch (error) {
    if (body !== asked) return;
    isOffline = error.isOffline;
    if (isOffline) setTimeout(askAgain, RETRY_MS, body);
    else showProblems([{ detail: error.message }]);
  }
  show();
}

function askAgain(body) {
  if (body === asked) askEstimate(body);
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
    const { job_id } = await post("api/jobs", JSON.stringify({ videos, params: params() }));
    clearVideos();
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
