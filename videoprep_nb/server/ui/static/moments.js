// Moments are played in the preview videos, with a second before each: those of hints on the page of a job and in its
// reports, and those of changes between two jobs.

const LEAD_S = 1;
const MOMENT_IN_REPORT = /\/preview\/([0-9]+)\.mp4#t=([0-9.]+)$/;

function play(player, at) {
  player.currentTime = Math.max(0, at - LEAD_S);
  player.play().catch(() => {}); // a browser may want another click; the moment is shown all the same
}

function playInResult(video, at) {
  const result = document.getElementById(`result-${video}`);
  const player = result?.querySelector("video");
  if (!player) return;
  result.open = true;
  player.scrollIntoView({ block: "center" });
  player.focus();
  play(player, at);
}

function playInBoth({ video, moments }) {
  const players = document.querySelectorAll(`#compared-${video} video`);
  const of = JSON.parse(moments);
  players[0]?.parentElement.scrollIntoView({ block: "nearest" });
  for (const player of players) {
    const at = of[player.dataset.side];
    if (at === null) player.pause();
    else play(player, at);
  }
}

document.addEventListener("click", (event) => {
  const hint = event.target.closest("[data-play]");
  if (hint) {
    event.preventDefault();
    playInResult(hint.dataset.play, Number(hint.dataset.at));
  }
  const change = event.target.closest("[data-moments]");
  if (change) playInBoth(change.dataset);
  if (event.target.closest("[data-in-report]")) document.querySelector(".vp-report").scrollIntoView();
});

// a report runs no scripts; without this, its links lead to the preview video alone
function playFromReport(event) {
  const found = event.target.closest("a")?.href.match(MOMENT_IN_REPORT);
  if (!found) return;
  event.preventDefault();
  playInResult(found[1], Number(found[2]));
}

document.addEventListener(
  "load",
  (event) => {
    if (event.target.matches?.("iframe.vp-report")) event.target.contentDocument?.addEventListener("click", playFromReport);
  },
  true, // loading does not bubble
);
