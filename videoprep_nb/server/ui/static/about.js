// Name and note of a job: given to a new one, changed later on its page.

import { ask, poll } from "./page.js";

const fields = () => document.querySelectorAll("#vp-about [name]");

export function aboutOfNewJob() {
  return Object.fromEntries([...fields()].map(({ name, value }) => [name, value]));
}

export function clearAbout() {
  for (const field of fields()) field.value = "";
}

function open({ rename, name, note }) {
  const dialog = document.getElementById("vp-rename");
  const form = dialog.querySelector("form");
  form.dataset.address = rename;
  form.elements.name.value = name;
  form.elements.note.value = note;
  document.getElementById("vp-rename-problem").textContent = "";
  dialog.showModal();
}

async function save(form) {
  const about = Object.fromEntries(new FormData(form));
  try {
    await ask(form.dataset.address, {
      method: "PATCH",
      body: JSON.stringify(about),
      headers: { "Content-Type": "application/json" },
    });
    form.closest("dialog").close();
    poll();
  } catch (error) {
    document.getElementById("vp-rename-problem").textContent = error.message; // what was written stays
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && "rename" in button.dataset) open(button.dataset);
  else if (button?.matches("#vp-rename [value=no]")) button.closest("dialog").close();
});
document.addEventListener("submit", (event) => {
  if (!event.target.closest("#vp-rename")) return;
  event.preventDefault();
  save(event.target);
});
