// Links to a job for people without an account: created here, and shown once.

import { ask, notice, poll } from "./page.js";

async function create(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const { address } = await ask(form.dataset.share, {
      method: "POST",
      body: JSON.stringify({ days: form.elements.days.valueAsNumber }),
      headers: { "Content-Type": "application/json" },
    });
    show(address);
    poll();
  } catch (error) {
    notice(error.message, true);
  }
  button.disabled = false;
}

function show(address) {
  const field = document.getElementById("vp-link-field");
  field.value = address;
  document.getElementById("vp-link").showModal();
  field.select();
}

// browsers offer the clipboard only over https and on the own machine; everywhere else they copy what is selected
async function copyLink() {
  const field = document.getElementById("vp-link-field");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.share) return;
  event.preventDefault();
  create(event.target);
});
document.addEventListener("click", (event) => {
  if (event.target.closest("#vp-link button[type=button]")) copyLink();
});
