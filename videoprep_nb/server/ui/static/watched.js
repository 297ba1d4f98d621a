// The job that is being watched: its progress in the title of the tab, and a notification at its end, on request.

import { notice, texts } from "./page.js";

const requested = new Set(); // jobs whose end somebody wants to be notified of

// browsers have notifications only over https and on the own machine
const isPossible = "Notification" in window && window.isSecureContext;

function follow() {
  const watched = document.getElementById("vp-watched");
  const title = watched ? `${watched.dataset.title} · ${texts.page_title}` : texts.page_title;
  if (document.title !== title) document.title = title;
  for (const button of document.querySelectorAll("[data-notify]")) {
    const isShown = isPossible && !requested.has(watched?.dataset.job);
    if (button.hidden === isShown) button.hidden = !isShown;
  }
  if (watched?.dataset.ended !== undefined && requested.delete(watched.dataset.job)) {
    const told = new Notification(watched.dataset.title, { body: watched.dataset.ended, tag: watched.dataset.job });
    told.addEventListener("click", () => window.focus());
  }
}

async function request() {
  const { job } = document.getElementById("vp-watched").dataset;
  if ((await Notification.requestPermission()) !== "granted") return notice(texts.no_notifications, true);
  requested.add(job);
  notice(texts.will_notify);
  follow();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-notify]")) request();
});

new MutationObserver(follow).observe(document.getElementById("vp-live"), {
  attributes: true,
  attributeFilter: ["data-title", "data-ended", "id"],
  childList: true,
  subtree: true,
});
follow();
