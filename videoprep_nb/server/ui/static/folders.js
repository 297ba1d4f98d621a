// What was dropped or chosen on the own machine: files as they are, and of a folder all videos in it, however deep.
// Each file comes with the folder that it lies in, such as "camera/monday/"; one that was taken by itself has none.

const byPath = (one, other) => pathOf(one).localeCompare(pathOf(other), undefined, { numeric: true });

function pathOf({ folder, file }) {
  return folder + file.name;
}

export function chosen(input) {
  const files = [...input.files].map((file) => {
    const path = file.webkitRelativePath;
    return { file, folder: path.slice(0, path.lastIndexOf("/") + 1) };
  });
  return sorted(files.some(({ folder }) => folder) ? files.sort(byPath) : files, []);
}

export async function dropped(dataTransfer) {
  // the entries must be asked for before anything is waited for
  const entries = [...dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const unreadable = [];
  const found = [];
  for (const entry of entries) found.push(...(await filesIn(entry, "", unreadable)).sort(byPath));
  return sorted(found, unreadable);
}

// of a folder on the server likewise; list gives what lies in a path
export async function onServer(path, list) {
  const found = await serverFilesIn(path, `${path.split("/").pop()}/`, list);
  return sorted(found.sort(byPath), []);
}

async function serverFilesIn(path, folder, list) {
  const found = [];
  for (const entry of await list(path)) {
    if (entry.is_folder) found.push(...(await serverFilesIn(entry.path, `${folder}${entry.name}/`, list)));
    else found.push({ file: entry, folder });
  }
  return found;
}

// of a folder only what has the name of a video; hidden files, which systems put into every folder, are not mentioned
function sorted(found, unreadable) {
  const suffixes = new Set(document.getElementById("vp-drop").dataset.suffixes.split(" "));
  const isVideo = ({ folder, file }) => !folder || suffixes.has(`.${file.name.split(".").pop().toLowerCase()}`);
  const isVisible = (one) => !pathOf(one).split("/").some((part) => part.startsWith("."));
  const files = found.filter((one) => !one.folder || isVisible(one));
  const leftOut = files.filter((one) => !isVideo(one)).map(pathOf);
  return { taken: files.filter(isVideo), leftOut: [...leftOut, ...unreadable] };
}

async function filesIn(entry, folder, unreadable) {
  try {
    if (!entry.isDirectory) return [{ file: await new Promise((take, fail) => entry.file(take, fail)), folder }];
    const found = [];
    for (const inner of await entriesOf(entry)) {
      found.push(...(await filesIn(inner, `${entry.fullPath.slice(1)}/`, unreadable)));
    }
    return found;
  } catch {
    unreadable.push(entry.fullPath.slice(1));
    return [];
  }
}

async function entriesOf(directory) {
  const reader = directory.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((take, fail) => reader.readEntries(take, fail));
    if (!some.length) return entries;
    entries.push(...some); // a browser gives a hundred at a time
  }
}
