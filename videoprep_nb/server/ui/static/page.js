// Which page is shown, what is live on it, and the buttons that change something.
// Everything listens at the document: what is on the page may be replaced at any time.

const POLL_MS = 1000;
const NOTICE_MS = 15000;
export const texts = JSON.parse(document.getElementById("vp-texts").textContent);

let noticeTimer = 0;
const live = { query: "", since: 0, timer: 0, failures: 0 };

export async function present(selector) {
  // the elements appear when Gradio has built the page
  for (;;) {
    const element = document.querySelector(selector);
    if (element) return element;
    await new Promise(requestAnimationFrame);
  }
}

export function notice(text, isBad = false) {
  const element = document.getElementById("vp-notice");
  element.textContent = text;
  element.classList.toggle("vp-bad", isBad);
  clearTimeout(noticeTimer);
  if (!isBad) noticeTimer = setTimeout(() => element.replaceChildren(), NOTICE_MS);
}

// Whoever finds that the session has ended, it goes on at the login page.
const fetchAnything = window.fetch;
window.fetch = async (target, options) => {
  const answer = await fetchAnything(target, options);
  if (answer.status === 401) location.reload();
  return answer;
};

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw Object.assign(new Error(texts.unsent), { isOffline: true });
  }
  const content = await answer.json().catch(() => null); // 204, or a proxy's own page
  if (!answer.ok) throw problemOf(content, answer);
  return content;
}

// the detail of a problem that is about a parameter begins with its name
function problemOf(content, answer) {
  const field = content?.field ?? "";
  const detail = content?.detail ?? `${answer.status} ${answer.statusText}`;
  return Object.assign(new Error(field ? detail.replace(`${field}: `, "") : detail), { field });
}

export function duration(seconds) {
  if (seconds < 60) return `${Math.max(Math.round(seconds), 1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function size(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} KB`;
}

// --- which page ---

export function go(address) {
  history.pushState(null, "", address);
  show();
}

function show() {
  const query = new URLSearchParams(location.search);
  const isComparison = query.get("view") === "compare";
  const view = query.has("job") && !isComparison ? "job" : query.get("view");
  const page = ["job", "jobs", "health", "compare"].includes(view) ? view : "new";
  document.body.dataset.page = page;
  for (const link of document.querySelectorAll("nav [data-nav]")) {
    if (link.dataset.nav === (["job", "compare"].includes(page) ? "jobs" : page)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const form = document.getElementById("vp-filter");
  form.hidden = page !== "jobs";
  notice("");
  if (page === "job") watch({ view: "job", job: query.get("job") });
  else if (page === "jobs") {
    for (const field of [form.elements.search, form.elements.state]) {
      const expected = query.get(field.name) ?? "";
      if (field.value !== expected) field.value = expected; // else the cursor would jump
    }
    watch({ view: "jobs", ...filter(), page: Number(query.get("page")) || 0 });
  }
  else if (page === "compare") watch({ view: "compare", job: query.get("job") ?? "", with: query.get("with") ?? "" });
  else if (page === "health") watch({ view: "health" });
  else watch(null);
  window.dispatchEvent(new Event("vp-page-shown"));
}

function filter() {
  return Object.fromEntries(new FormData(document.getElementById("vp-filter")));
}

// its place in the list is in the address, for whoever comes back from a job or loads the page again
function addressOfList(page) {
  const chosen = Object.entries({ ...filter(), page }).filter(([, value]) => value && value !== "0");
  return `?${new URLSearchParams([["view", "jobs"], ...chosen])}`;
}

// --- what is live ---

function watch(view) {
  const query = view ? new URLSearchParams(view).toString() : "";
  if (query !== live.query) document.getElementById("vp-live").replaceChildren();
  live.query = query;
  live.since = 0;
  poll();
}

export async function poll() {
  clearTimeout(live.timer);
  const { query, since } = live;
  if (!query) return;
  try {
    const answer = await fetch(`page/live?${query}&since=${since}`, { signal: AbortSignal.timeout(10 * POLL_MS) });
    if (query !== live.query) return;
    if (answer.status === 200) update(await answer.json());
    else if (answer.status !== 204) throw new Error(answer.statusText);
    live.failures = 0;
  } catch {
    live.failures += 1;
  }
  document.getElementById("vp-offline").hidden = live.failures < 2;
  clearTimeout(live.timer);
  live.timer = setTimeout(poll, POLL_MS);
}

function update({ version, names, pieces }) {
  const view = document.getElementById("vp-live");
  const sections = new Map([...view.children].map((section) => [section.dataset.name, section]));
  names.forEach((name, place) => {
    let section = sections.get(name);
    if (!section) {
      section = document.createElement("section");
      section.dataset.name = name;
    }
    if (view.children[place] !== section) view.insertBefore(section, view.children[place] ?? null);
    if (name in pieces) fill(section, pieces[name]);
  });
  while (view.children.length > names.length) view.lastChild.remove();
  view.setAttribute("aria-busy", "false");
  live.since = version;
}

function fill(section, html) {
  const content = document.createElement("template");
  content.innerHTML = html;
  for (const time of content.content.querySelectorAll("time")) {
    time.textContent = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
  // only what differs is touched: focus, what was opened or chosen, the report that somebody chose and the video that plays stay
  Idiomorph.morph(section, content.content, {
    morphStyle: "innerHTML",
    callbacks: {
      beforeAttributeUpdated: (name, element) => !isOfTheReader(name, element),
    },
  });
}

function isOfTheReader(name, element) {
  if (name === "checked") return "job" in element.dataset;
  return name === "open" || (name === "src" && isChosen(element));
}

// whether somebody went to another report than the page had shown
function isChosen(frame) {
  // before it has come into sight, it shows nothing
  return frame.tagName === "IFRAME" && !["about:blank", frame.src].includes(frame.contentWindow.location.href);
}

// --- buttons ---

export async function confirmed(question, yes, no) {
  const dialog = document.getElementById("vp-question");
  dialog.querySelector("p").textContent = question;
  dialog.querySelector("[value=yes]").textContent = yes;
  dialog.querySelector("[value=no]").textContent = no;
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "yes";
}

async function act(button) {
  // as it was pressed: while the question is open the job may end, and the button become another
  const { ask: question, no, post, body, delete: deleted, freed } = button.dataset;
  if (question && !(await confirmed(question, button.textContent, no))) return;
  button.disabled = true;
  try {
    const content = await ask(post ?? deleted, {
      method: post ? "POST" : "DELETE",
      ...(body && { body, headers: { "Content-Type": "application/json" } }),
    });
    if (deleted && !("stay" in button.dataset)) go("?view=jobs");
    notice(freed?.replace("{size}", size(content.freed_bytes)) ?? "");
    poll();
  } catch (error) {
    notice(error.message, true);
  }
  button.disabled = false;
}

// Browsers offer the clipboard only over https and on the own machine; everywhere else they copy what is selected.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notice(texts.copied);
  } catch {
    if (copySelected(text)) notice(texts.copied);
    else window.prompt(texts.copy_yourself, text);
  }
}

function copySelected(text) {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "vp-hidden";
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  before?.focus();
  return isCopied;
}

function skipToContent() {
  const content = document.getElementById(document.body.dataset.page === "new" ? "vp-new" : "vp-content");
  content.tabIndex = -1;
  content.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest(".vp-skip")) {
    event.preventDefault(); // from the base of the document, the link would lead to the first page
    skipToContent();
    return;
  }
  const link = event.target.closest("a[data-nav]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    go(link.getAttribute("href"));
    return;
  }
  const button = event.target.closest("button");
  if (button?.dataset.post || button?.dataset.delete) act(button);
  else if (button?.dataset.page) go(addressOfList(button.dataset.page));
  else if (button && "copyAddress" in button.dataset) copy(location.href);
});
document.addEventListener("input", (event) => {
  if (!event.target.closest("#vp-filter")) return;
  history.replaceState(null, "", addressOfList(0));
  show();
});
document.addEventListener("submit", (event) => {
  if (event.target.id === "vp-filter") event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) poll();
});
window.addEventListener("popstate", show);

async function showHeader() {
  const top = await present("#vp-top");
  for (;;) {
    try {
      const answer = await fetch("page/header");
      if (!answer.ok) throw new Error(answer.statusText);
      top.innerHTML = await answer.text();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS)); // the service restarts, or the network is away
    }
  }
}

await present("#vp-live");
await showHeader();
show();
