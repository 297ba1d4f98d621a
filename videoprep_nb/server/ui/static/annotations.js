// Exports of CVAT for a finished job: uploaded one after the other, then imported.

import { ask, notice, texts } from "./page.js";
import { newUpload, resume } from "./uploads.js";

const RETRY_MS = 5000;
let busy = false;

function show(name, percent, trouble) {
  const line = document.getElementById("vp-annotation-upload");
  if (!line) return; // another page is shown; the upload goes on
  line.hidden = name === null;
  if (name === null) return;
  const [bar, text] = line.children;
  bar.value = percent;
  bar.setAttribute("aria-label", texts.uploading.replace("{name}", name));
  text.textContent = trouble || `${name}: ${percent} %`;
}

function upload(file) {
  let percent = 0;
  return new Promise((resolve, reject) => {
    const sending = newUpload(file, {
      onProgress: (sent) => {
        percent = file.size ? Math.floor((100 * sent) / file.size) : 100;
        show(file.name, percent, "");
      },
      onSuccess: resolve,
      onError: (problem) => {
        if (problem !== null) return reject(new Error(problem));
        show(file.name, percent, texts.interrupted);
        setTimeout(() => sending.start(), RETRY_MS);
      },
    });
    resume(sending);
  });
}

async function importAll(files, address) {
  busy = true;
  try {
    const uploads = [];
    for (const file of files) uploads.push(await upload(file));
    await ask(address, {
      method: "POST",
      body: JSON.stringify({ uploads }),
      headers: { "Content-Type": "application/json" },
    });
    notice("");
  } catch (error) {
    notice(error.message, true);
  }
  busy = false;
  show(null);
}

document.addEventListener("change", (event) => {
  if (event.target.id !== "vp-annotation-files") return;
  const input = event.target;
  const files = [...input.files];
  input.value = ""; // the same file may be chosen again
  if (busy) notice(texts.upload_busy, true);
  else if (files.length) importAll(files, input.dataset.address);
});

window.addEventListener("beforeunload", (event) => {
  if (busy) event.preventDefault();
});
