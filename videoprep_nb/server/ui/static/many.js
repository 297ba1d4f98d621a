// Several jobs of the list at once: chosen, cancelled or deleted after one question, with what became of each.

import { ask, confirmed, poll, texts } from "./page.js";

const SHOWN_TITLES = 10;
const bar = document.getElementById("vp-chosen");
const done = document.getElementById("vp-many-done");
const all = bar.querySelector("input");
let isWorking = false;

const boxes = () => [...document.querySelectorAll("#vp-live [data-job][type=checkbox]")];
const chosen = () => boxes().filter((box) => box.checked);
const jobs = (count) => (count === 1 ? texts.one_job : texts.jobs.replace("{count}", count));

function show() {
  const [total, count] = [boxes().length, chosen().length];
  if (bar.hidden !== !total) bar.hidden = !total;
  all.checked = total > 0 && count === total;
  all.indeterminate = count > 0 && count < total;
  const words = count ? texts.chosen.replace("{count}", count) : "";
  const status = bar.querySelector("[role=status]");
  if (status.textContent !== words) status.textContent = words;
  for (const button of bar.querySelectorAll("button")) button.disabled = !count || isWorking;
}

async function act(button) {
  const found = chosen().map(({ dataset: { job, title } }) => ({ job, title })); // as they were when it was pressed
  const titles = found.slice(0, SHOWN_TITLES).map(({ title }) => title);
  const more = found.length - titles.length;
  if (more) titles.push(texts.and_more.replace("{count}", more));
  const question = button.dataset.ask.replace("{count}", jobs(found.length)).replace("{titles}", () => titles.join(", "));
  if (!(await confirmed(question, button.textContent, button.dataset.no))) return;
  isWorking = true;
  show();
  const refused = [];
  for (const { job, title } of found) {
    try {
      await change(job, button.dataset.many);
      for (const box of boxes()) if (box.dataset.job === job) box.checked = false;
    } catch (error) {
      refused.push(error.message.includes(title) ? error.message : `${title}: ${error.message}`);
    }
  }
  isWorking = false;
  report(button.dataset.many, found.length - refused.length, refused);
  show();
  poll();
}

function change(job, action) {
  const address = `api/jobs/${job}`;
  return action === "delete" ? ask(address, { method: "DELETE" }) : ask(`${address}/cancel`, { method: "POST" });
}

// one job refused keeps no other from being changed, and stays chosen
function report(action, count, refused) {
  const sentences = [count && texts[`many_${action}`].replace("{count}", jobs(count))];
  sentences.push(refused.length && texts.many_refused.replace("{count}", jobs(refused.length)));
  const list = document.createElement("ul");
  for (const sentence of refused) list.append(Object.assign(document.createElement("li"), { textContent: sentence }));
  const words = Object.assign(document.createElement("p"), { textContent: sentences.filter(Boolean).join(" ") });
  done.replaceChildren(words, ...(refused.length ? [list] : []));
  done.classList.toggle("vp-bad", refused.length > 0);
}

document.addEventListener("change", (event) => {
  if (event.target === all) for (const box of boxes()) box.checked = all.checked;
  if (event.target.type === "checkbox") show();
});
bar.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) act(button);
});
window.addEventListener("vp-page-shown", () => done.replaceChildren());
new MutationObserver(show).observe(document.getElementById("vp-live"), { childList: true, subtree: true });
show();
