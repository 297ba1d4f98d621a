// A new job from another one: its address names the job; its videos and settings are filled in, once.

import { takeParts } from "./cut.js";
import { ask, notice, present, texts } from "./page.js";
import { applyParams } from "./settings.js";
import { clearVideos, takeSource } from "./videos.js";

async function takeAgain() {
  const job = new URLSearchParams(location.search).get("from");
  if (!job) return;
  history.replaceState(null, "", "?"); // to load the page again must not take the videos twice
  try {
    const again = await ask(`api/jobs/${encodeURIComponent(job)}/again`, { method: "POST" });
    clearVideos();
    const taken = again.videos.map(takeSource);
    const leftOut = applyParams(takeParts(taken, again.params));
    const sentences = [texts.again];
    if (again.missing.length) sentences.push(texts.missing.replace("{names}", again.missing.join(", ")));
    if (leftOut.length) sentences.push(texts.not_kept.replace("{names}", leftOut.join(", ")));
    notice(sentences.join(" "), again.missing.length + leftOut.length > 0);
  } catch (error) {
    notice(error.message, true);
  }
}

await present("#vp-settings");
window.addEventListener("vp-page-shown", takeAgain);
takeAgain();
