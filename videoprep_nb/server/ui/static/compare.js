// A moment of a change is played in the preview videos of both jobs, with a second before it.

const LEAD_S = 1;

function play(player, at) {
  player.currentTime = Math.max(0, at - LEAD_S);
  player.play().catch(() => {}); // a browser may want another click; the moment is shown all the same
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-moments]");
  if (!button) return;
  const players = document.querySelectorAll(`#compared-${button.dataset.video} video`);
  const moments = JSON.parse(button.dataset.moments);
  players[0]?.parentElement.scrollIntoView({ block: "nearest" });
  for (const player of players) {
    const at = moments[player.dataset.side];
    if (at === null) player.pause();
    else play(player, at);
  }
});
