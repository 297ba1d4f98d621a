// The videos of a new job: uploads that survive a cut connection, their properties, and their order.

import { digestOf } from "./contents.js";
import { chosen, dropped, onServer } from "./folders.js";
import { ask, duration, present, size, texts } from "./page.js";
import { newUpload, resume } from "./uploads.js";

const PARALLEL_UPLOADS = 2;
const RETRY_MS = 5000;
const MAX_SHOWN = 10;

const videos = []; // in their order; each is {name, size, row, state, …}

// --- taking files ---

function take({ taken, leftOut }) {
  const known = taken.filter((one) => videos.some((video) => video.state !== "refused" && isSame(video, one)));
  for (const one of taken) {
    // two rows of one file would share its upload
    if (!known.includes(one)) add({ ...one, name: one.file.name, size: one.file.size, state: "waiting" });
  }
  say(known.map(({ file }) => texts.already.replace("{name}", file.name)).join(" "));
  if (leftOut.length && !taken.length) say(texts.no_video_inside);
  showLeftOut(leftOut);
  uploadNext();
  show();
}

// recorders write files of one name, size and time into the folders of their cameras
function isSame(video, { file, folder }) {
  const isAlike = ["name", "size", "lastModified"].every((property) => video.file?.[property] === file[property]);
  return isAlike && (!folder || !video.folder || folder === video.folder);
}

function showLeftOut(paths) {
  const list = document.getElementById("vp-left-out");
  list.hidden = !paths.length;
  list.open = paths.length <= MAX_SHOWN;
  const [one, many] = [texts.file_left_out, texts.files_left_out];
  list.querySelector("summary").textContent = paths.length === 1 ? one : many.replace("{count}", paths.length);
  list.querySelector("ul").replaceChildren(...paths.map((path) => newElement("li", "", path)));
}

function add(fields) {
  const video = { sent: 0, trouble: "", source: null, found: null, ...fields };
  video.row = newRow(video);
  videos.push(video);
  if (video.file) compare(video);
  return video;
}

// a second copy is no mistake that must be undone, but often not intended
async function compare(video) {
  video.digest = await digestOf(video.file);
  const same = video.digest && videos.find((other) => other !== video && other.digest === video.digest);
  if (!same) return;
  video.twin = same.name;
  video.shown = null;
  show();
}

function uploadNext() {
  const busy = videos.filter((video) => video.state === "uploading").length;
  for (const video of videos.filter((video) => video.state === "waiting").slice(0, PARALLEL_UPLOADS - busy)) {
    video.state = "uploading";
    upload(video);
  }
}

function upload(video) {
  video.upload = newUpload(video.file, {
    folder: video.folder,
    onProgress: (sent) => {
      video.sent = sent;
      video.trouble = "";
      show();
    },
    onSuccess: (id) => {
      video.source = { upload_id: id };
      uploadNext();
      inspect(video, `api/uploads/${id}/probe`);
    },
    onError: (problem) => uploadFailed(video, problem),
  });
  resume(video.upload, () => videos.includes(video));
}

function uploadFailed(video, problem) {
  if (!videos.includes(video)) return;
  if (problem !== null) {
    video.state = "refused";
    video.trouble = problem;
    uploadNext();
  } else {
    video.trouble = texts.interrupted;
    setTimeout(() => videos.includes(video) && video.upload.start(), RETRY_MS);
  }
  show();
}

async function inspect(video, address) {
  video.state = "inspecting";
  video.inspection = new AbortController();
  show();
  try {
    video.found = await ask(address, { signal: video.inspection.signal });
    video.trouble = video.found.problem;
  } catch (error) {
    video.trouble = error.message;
  }
  video.state = video.trouble ? "refused" : "ready";
  show();
}

function remove(video) {
  videos.splice(videos.indexOf(video), 1);
  video.inspection?.abort();
  if (video.upload) video.upload.abort(video.state !== "refused").catch(() => {}); // what is gone needs no removal
  uploadNext();
  show();
}

function move(video, step, button) {
  const place = videos.indexOf(video);
  videos.splice(place, 1);
  videos.splice(place + step, 0, video);
  show();
  (button.disabled ? button.parentElement.querySelector("button:enabled") : button).focus();
  say(texts.moved.replace("{name}", video.name).replace("{number}", place + step + 1));
}

function sortByName() {
  const inOrder = new Intl.Collator(undefined, { numeric: true });
  const key = (video) => `${video.folder ?? ""}/${video.name}`;
  videos.sort((one, other) => inOrder.compare(key(one), key(other)));
  show();
}

function removeAll() {
  for (const video of [...videos]) remove(video);
}

// --- dragging a row to another place ---

let dragged = null;

function makeDraggable(row, video) {
  row.draggable = true;
  row.addEventListener("dragstart", (event) => {
    dragged = video;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", video.name); // else nothing can be dragged in Firefox
  });
  row.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    if (dragged === video) return;
    const place = videos.indexOf(video);
    videos.splice(videos.indexOf(dragged), 1);
    videos.splice(place, 0, dragged);
    show();
  });
  row.addEventListener("dragend", () => { dragged = null; });
}

// --- taking files that are on the server already ---

const listed = (path) => ask(path === null ? "api/imports" : `api/imports?path=${encodeURIComponent(path)}`);

async function browse(path = null) {
  const dialog = document.getElementById("vp-folders");
  const list = dialog.querySelector("ul");
  try {
    const entries = await listed(path);
    list.replaceChildren(...entries.map(newEntry));
    if (!entries.length) list.append(newElement("li", "vp-muted", texts.empty_folder));
    const all = dialog.querySelector("[value=all]");
    all.disabled = path === null || !entries.length;
    all.onclick = () => takeAllFromServer(path);
    dialog.querySelector("p").textContent = path ?? texts.folders;
    const up = dialog.querySelector("[value=up]");
    up.disabled = path === null;
    up.onclick = () => browse();
  } catch (error) {
    dialog.querySelector("p").textContent = error.message;
  }
  if (!dialog.open) dialog.showModal();
}

function newEntry(entry) {
  const item = newElement("li");
  const button = newElement("button", "vp-button", entry.is_folder ? `${entry.name}/` : entry.name);
  button.type = "button";
  button.addEventListener("click", () => {
    if (entry.is_folder) return browse(entry.path);
    takeFromServer(entry);
    button.disabled = true;
  });
  item.append(button, newElement("span", "vp-muted", entry.is_folder ? "" : ` ${size(entry.size_bytes)}`));
  return item;
}

async function takeAllFromServer(folder) {
  try {
    const { taken, leftOut } = await onServer(folder, listed);
    for (const one of taken) takeFromServer(one.file, one.folder);
    if (!taken.length) say(texts.no_video_inside);
    showLeftOut(leftOut);
  } catch (error) {
    say(error.message);
  }
}

// a video of another job: an upload that has arrived, or a file on the server
export function takeSource({ name, size_bytes, upload_id, server_path }) {
  if (server_path) return takeFromServer({ name, path: server_path, size_bytes });
  const video = add({ name, size: size_bytes, source: { upload_id } });
  inspect(video, `api/uploads/${upload_id}/probe`);
  return video;
}

function takeFromServer({ name, path, size_bytes }, folder = "") {
  if (videos.some((video) => video.source?.server_path === path)) return null;
  const video = add({ name, folder, size: size_bytes, source: { server_path: path } });
  inspect(video, `api/imports/probe?path=${encodeURIComponent(path)}`);
  return video;
}

// --- showing them; names of files are only ever set as text ---

function newElement(tag, className = "", text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function newButton(label, video, text, action) {
  const button = newElement("button", "vp-button", text);
  button.type = "button";
  button.setAttribute("aria-label", label.replace("{name}", video.name));
  button.addEventListener("click", () => action(button));
  return button;
}

function newRow(video) {
  const row = newElement("tr");
  const parts = {
    number: newElement("td", "vp-number"),
    thumbnail: newElement("td", "vp-thumbnail"),
    name: newElement("th"),
    found: newElement("td"),
    order: newElement("td", "vp-order"),
  };
  parts.name.scope = "row";
  parts.number.title = texts.drag;
  makeDraggable(row, video);
  parts.name.append(newElement("span", "", video.name), newElement("span", "vp-muted", ` ${size(video.size)}`));
  if (video.folder) parts.name.append(newElement("p", "vp-muted", video.folder));
  parts.up = newButton(texts.up, video, "↑", (button) => move(video, -1, button));
  parts.down = newButton(texts.down, video, "↓", (button) => move(video, 1, button));
  parts.order.append(parts.up, parts.down, newButton(texts.remove, video, "✕", () => remove(video)));
  row.append(parts.number, parts.thumbnail, parts.name, parts.found, parts.order);
  row.parts = parts;
  return row;
}

function show() {
  const table = document.getElementById("vp-videos");
  table.hidden = !videos.length;
  const body = table.tBodies[0];
  let number = 0;
  videos.forEach((video, place) => {
    if (body.rows[place] !== video.row) body.insertBefore(video.row, body.rows[place] ?? null);
    const { parts } = video.row;
    parts.number.textContent = video.state === "refused" ? "–" : ++number;
    parts.up.disabled = place === 0;
    parts.down.disabled = place === videos.length - 1;
    showFound(video, parts);
  });
  while (body.rows.length > videos.length) body.lastChild.remove();
  showTotals();
  window.dispatchEvent(new Event("vp-videos-changed"));
}

function showTotals() {
  document.getElementById("vp-many").hidden = videos.length < 2;
  const ready = readyVideos();
  const bytes = ready.reduce((sum, video) => sum + video.size, 0);
  const seconds = ready.reduce((sum, video) => sum + (video.found.duration_s ?? 0), 0);
  const words = texts.totals.replace("{count}", ready.length).replace("{size}", size(bytes)).replace("{time}", duration(seconds));
  document.getElementById("vp-totals").textContent = words;
}

function showFound(video, { found, thumbnail }) {
  if (video.state === "waiting" || video.state === "uploading") {
    const percent = video.size ? Math.floor((100 * video.sent) / video.size) : 100;
    if (!found.querySelector("progress")) found.replaceChildren(newElement("progress"), newElement("span", "vp-muted"));
    const [bar, text] = found.children;
    bar.max = 100;
    bar.value = percent;
    bar.setAttribute("aria-label", texts.uploading.replace("{name}", video.name));
    text.textContent = video.trouble || ` ${percent} %`;
  } else if (video.state === "inspecting") {
    found.replaceChildren(newElement("span", "vp-muted", texts.inspecting));
  } else if (video.shown !== video.state) {
    video.shown = video.state;
    found.replaceChildren(...facts(video));
    if (video.found?.thumbnail) {
      const image = newElement("img");
      image.src = video.found.thumbnail;
      image.alt = "";
      thumbnail.replaceChildren(image);
    }
  }
}

function facts(video) {
  if (video.state === "refused") return [newElement("p", "vp-bad", video.trouble), newElement("p", "vp-muted", texts.left_out)];
  const { width, height, rate, duration, findings } = video.found;
  return [
    newElement("p", "", `${width}×${height}, ${texts.rate.replace("{rate}", Number(rate.toFixed(2)))}, ${duration}`),
    ...(video.twin ? [newElement("p", "vp-fair", texts.same_content.replace("{name}", video.twin))] : []),
    ...findings.map((finding) => newElement("p", "vp-muted", finding)),
    ...(video.part ? [newElement("p", "vp-part", texts.part.replace("{start}", video.part.start_s).replace("{end}", video.part.end_s || Number(video.found.duration_s.toFixed(3))))] : []),
    newButton(texts.cut_of, video, texts.cut, () => window.dispatchEvent(new CustomEvent("vp-cut", { detail: video }))),
  ];
}

export function showAgain(video) {
  video.shown = null;
  show();
}

function say(text) {
  document.getElementById("vp-upload-status").textContent = text;
}

// --- for the form, which estimates and starts ---

export function readyVideos() {
  return videos.filter((video) => video.state === "ready");
}

export function pendingCount() {
  return videos.filter((video) => !["ready", "refused"].includes(video.state)).length;
}

export function clearVideos() {
  videos.length = 0;
  show();
}

window.addEventListener("beforeunload", (event) => {
  if (videos.some((video) => ["waiting", "uploading"].includes(video.state))) event.preventDefault();
});

function takeChosen(input) {
  if (input.files.length) take(chosen(input));
  input.value = ""; // the same file may be chosen again
}

document.addEventListener("click", ({ target }) => {
  if (target.id === "vp-sort") sortByName();
  else if (target.id === "vp-remove-all") removeAll();
});

document.addEventListener("change", (event) => {
  if (["vp-files", "vp-folder"].includes(event.target.id)) takeChosen(event.target);
});

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const zone = document.getElementById("vp-drop");
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // a file dropped beside the zone must not replace the page
    zone.classList.toggle("vp-over", kind === "dragover" && zone.contains(event.target));
    if (kind === "drop") dropped(event.dataTransfer).then(take);
  });
}

document.addEventListener("click", (event) => {
  if (event.target.id === "vp-browse") browse();
});

await present(".vp-header nav");
takeChosen(document.getElementById("vp-files")); // before this script was there
const button = document.getElementById("vp-browse");
button.hidden = !(await ask("api/imports").catch(() => [])).length; // whoever runs the service names the folders, if there are any
show();
