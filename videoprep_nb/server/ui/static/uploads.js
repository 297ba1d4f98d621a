// Uploads that survive a cut connection: they go on where they were cut, even after the page was closed.

import { texts } from "./page.js";

const CHUNK_BYTES = 64 * 1024 * 1024;

// onSuccess gets the id of the upload; onError why it is refused, null if the connection was lost
export function newUpload(file, { folder = "", onProgress, onSuccess, onError }) {
  const upload = new tus.Upload(file, {
    endpoint: "api/uploads/",
    fingerprint: async () => ["videoprep", folder, file.name, file.type, file.size, file.lastModified].join("-"),
    metadata: { filename: file.name },
    chunkSize: CHUNK_BYTES,
    retryDelays: [0, 1000, 3000],
    removeFingerprintOnSuccess: true,
    onProgress,
    onSuccess: () => onSuccess(new URL(upload.url, location.href).pathname.split("/").pop()),
    onError: async ({ originalResponse: answer }) => {
      if (answer?.getStatus() === 401) return location.reload(); // the session has ended: to the login page
      const isRefused = answer && answer.getStatus() >= 400 && answer.getStatus() < 500;
      if (isRefused) onError(detailOf(answer.getBody()) ?? texts.refused);
      else onError((await canBeRead(file)) ? null : texts.unreadable);
    },
  });
  return upload;
}

export async function resume(upload, isWanted = () => true) {
  const [previous] = await upload.findPreviousUploads();
  if (previous) upload.resumeFromPreviousUpload(previous);
  if (isWanted()) upload.start();
}

// a folder, or a file that has been changed or deleted since it was chosen, never can be: no retry helps
async function canBeRead(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function detailOf(body) {
  try {
    return JSON.parse(body).detail;
  } catch {
    return null;
  }
}
