// What the page knows: the photos, how they are drawn, and what runs. Kept in the browser, so that a reload or a
// second tab finds it; the pictures themselves are the server's.

const PREFIX = "arbstyle.";
const channel = new EventTarget();

/** Be told of a change: ``look``, ``photos``, ``photo`` (another one is shown), ``styles``, ``jobs``, ``batch``. */
export const when = (name, heard) => channel.addEventListener(name, (event) => heard(event.detail));
export const emit = (name, detail) => channel.dispatchEvent(new CustomEvent(name, { detail }));

function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise; // not ours, or no storage: the page works without
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch { /* full or forbidden: the page works without */ }
}

export const PLAIN = { strength: 1, strokes: "auto", colors: "style", keep_plain: 0 };

export const state = {
  look: { styles: [], share: 0.5, format: "auto", ...PLAIN, ...read("look", {}) },
  photos: read("photos", []).map((each) => ({ ...each, isComing: false })),
  shown: read("shown", null), // the key of the photo that is looked at
  jobs: read("jobs", []),
  batch: read("batch", null),
  styles: [], // the server's
  about: null, // its options and limits
};

/** The photo that is looked at. */
export const photo = () => state.photos.find((each) => each.key === state.shown) ?? null;

/** Keep what changes no picture. */
export function remember(look) {
  Object.assign(state.look, look);
  keep("look", state.look);
}

/** Draw otherwise from now on. ``fresh``: what is being drawn is of no use any more. */
export function change(look, fresh = false) {
  remember(look);
  emit("look", { fresh });
}

export function keepPhotos() {
  // What is still on its way is this tab's alone; a photo that failed is worth no memory beyond the page's.
  keep("photos", state.photos.filter((each) => each.id));
  emit("photos");
}

export function show(key) {
  if (state.shown === key) return;
  state.shown = key;
  keep("shown", key);
  emit("photo");
}

export function keepJobs() {
  keep("jobs", state.jobs.map(({ id, kind, title, photo: of }) => ({ id, kind, title, photo: of })));
  emit("jobs");
}

export function keepBatch() {
  keep("batch", state.batch);
  emit("batch");
}

// Another tab of this browser has changed something.
addEventListener("storage", ({ key }) => {
  if (key === PREFIX + "photos") {
    const own = state.photos.filter((each) => !each.id);
    state.photos = [...read("photos", []), ...own];
    emit("photos");
    if (!photo() && state.photos.length) show(state.photos[0].key);
  } else if (key === PREFIX + "jobs") {
    const known = new Map(state.jobs.map((job) => [job.id, job]));
    state.jobs = read("jobs", []).map((job) => known.get(job.id) ?? job);
    emit("jobs");
  } else if (key === PREFIX + "batch") {
    state.batch = read("batch", null);
    emit("batch");
  }
});
