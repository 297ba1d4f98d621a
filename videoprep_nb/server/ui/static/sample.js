// The sample for a first visit: one button while there are no jobs; its video is made on the server.

import { ask, notice, present, texts } from "./page.js";
import { readyVideos, takeSource } from "./videos.js";

const offer = () => document.getElementById("vp-sample");

async function offerSample() {
  if (document.body.dataset.page !== "new") return;
  const isFirstVisit = !readyVideos().length && (await ask("api/jobs?limit=1").catch(() => null))?.total === 0;
  offer().hidden = !isFirstVisit;
}

async function takeSample(button) {
  button.disabled = true;
  notice(texts.making_sample);
  try {
    takeSource(await ask("api/sample", { method: "POST" }));
    offer().hidden = true;
    notice(texts.sample_ready);
  } catch (error) {
    notice(error.message, true);
  }
  button.disabled = false;
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("#vp-sample button")) takeSample(target.closest("button"));
});
await present("#vp-settings");
window.addEventListener("vp-page-shown", offerSample);
offerSample();
