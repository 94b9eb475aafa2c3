// The photos in hand: uploaded once, shown in a strip, each with what went wrong with it.

import { asJson, ask, form, Problem } from "./api.js";
import { $, arrange, make, put, say } from "./elements.js";
import { emit, keepPhotos, photo, show, state, when } from "./state.js";

const KEEP_ALIVE = 4 * 60_000; // ms: less than the server keeps what nobody uses
const AGAIN = 3000; // ms until a server that does not answer is sent it again
const files = new Map(); // by key: as long as the tab lives a photo can be uploaded again

/** Take in files, and look at the first of them. */
export async function add(list) {
  const added = [...list].map((file) => ({ key: crypto.getRandomValues(new Uint32Array(2)).join("-"), name: file.name, file }));
  for (const { key, name, file } of added) {
    files.set(key, file);
    state.photos.push({ key, name, isComing: true });
  }
  if (!added.length) return;
  show(added[0].key);
  keepPhotos();
  for (const { key } of added) await upload(state.photos.find((each) => each.key === key));
}

/** Say at once what the server would only say in the middle of an upload, which a browser does not show. */
function refuseLarger({ size }) {
  const most = state.about?.limits.body_bytes ?? Infinity;
  if (size < most) return;
  throw new Problem({ kind: "too-large", status: 413, detail: `${Math.round(size / 1e6)} MB, and this server takes ${Math.round(most / 1e6)} MB`,
    hint: "a smaller file" });
}

async function upload(entry) {
  if (!entry) return; // removed meanwhile
  const isNew = !entry.id;
  Object.assign(entry, { isComing: true, problem: null });
  emit("photos");
  try {
    refuseLarger(files.get(entry.key));
    const told = await asJson("photos", { method: "POST", body: form({ photo: files.get(entry.key) }) });
    Object.assign(entry, { id: told.id, width: told.width, height: told.height, picture: told.picture, whole: null });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    entry.problem = about(entry, error.words);
    if (error.kind === "away") setTimeout(() => { if (state.photos.includes(entry) && !entry.id) upload(entry); }, AGAIN);
  }
  entry.isComing = false;
  keepPhotos();
  if (photo()?.problem) lookAtAnother();
  if (isNew && entry.key === state.shown) emit("photo");
}

/** Where there is nothing to see of the photo that is looked at: look at one that there is, the newest. */
function lookAtAnother() {
  const other = state.photos.findLast((each) => each.id && !each.problem);
  if (other && !photo().id) show(other.key);
}

/** Do something with a photo; where the server has let it go, upload it again if this tab has the file, and once more. */
export async function withPhoto(entry, work) {
  try {
    return await work(entry);
  } catch (error) {
    if (error.kind !== "unknown" || !error.message.includes("photo")) throw error;
    if (files.has(entry.key)) {
      await upload(entry);
      if (entry.problem) throw error;
      return work(entry);
    }
    entry.problem = "Its time on the server is over. Add the photo again.";
    entry.id = null;
    keepPhotos();
    if (entry.key === state.shown) emit("photo");
    throw new DOMException("the photo is gone", "AbortError");
  }
}

/** Words that stand under a photo need not name it. */
function about({ name }, words) {
  const rest = words.toLowerCase().startsWith(`${name.toLowerCase()}: `) ? words.slice(name.length + 2) : words;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** Say what went wrong with a photo. */
export function blame(entry, words) {
  entry.problem = about(entry, words);
  keepPhotos();
}

function remove(entry) {
  const place = state.photos.indexOf(entry);
  state.photos.splice(place, 1);
  files.delete(entry.key);
  if (entry.id) ask(`photos/${entry.id}`, { method: "DELETE" }).catch(() => {});
  keepPhotos();
  if (state.shown === entry.key) show((state.photos[place] ?? state.photos[place - 1] ?? { key: null }).key);
  say(`${entry.name} removed`);
  ($('#photos [aria-pressed="true"]') ?? $("#photo-files")).focus();
}

function built(entry) {
  const button = make("button", { type: "button", className: "photo" },
    make("span", { className: "blank" }), make("img", { alt: "", hidden: true }), make("span", { className: "name" }),
    make("span", { className: "why" }));
  const away = make("button", { type: "button", className: "remove", ariaLabel: `Remove ${entry.name}` }, "×");
  const item = make("li", {}, button, away, make("span", { className: "state", hidden: true }));
  const now = () => state.photos.find((each) => each.key === item.dataset.key);
  button.addEventListener("click", () => show(item.dataset.key));
  away.addEventListener("click", () => remove(now()));
  $("img", button).addEventListener("error", () => { $("img", button).hidden = true; $(".blank", button).hidden = false; });
  return item;
}

function update(item, entry) {
  const isBad = Boolean(entry.problem), drawn = state.batch?.items.find((each) => each.photo === entry.key);
  item.className = [isBad && "bad", entry.isComing && "waiting"].filter(Boolean).join(" ");
  put($(".name", item), "textContent", entry.isComing ? "Uploading…" : entry.name);
  $(".photo", item).title = entry.name;
  put($(".why", item), "textContent", entry.problem ?? "");
  $(".photo", item).setAttribute("aria-pressed", String(entry.key === state.shown));
  const image = $("img", item), source = entry.id && !isBad ? `${entry.picture}?max_size=192` : "";
  if (source && image.dataset.source !== source) {
    image.dataset.source = source;
    image.src = source;
  }
  image.hidden = !source;
  $(".blank", item).hidden = Boolean(source);
  const word = { done: "✓", running: "…", queued: "…" }[drawn?.state];
  $(".state", item).hidden = !word || isBad;
  put($(".state", item), "textContent", word ?? "");
}

function render() {
  arrange($("#photos"), state.photos, (entry) => entry.key, built, update);
  $("#photos").hidden = state.photos.length < 2 && !state.photos.some((entry) => entry.problem);
  document.body.toggleAttribute("data-empty", !state.photos.some((entry) => entry.id || entry.isComing));
}

/** Look whether the server still has what was here before a reload, and tell it that all is in use. */
async function keepAlive() {
  for (const entry of state.photos.filter((each) => each.id)) {
    await withPhoto(entry, () => asJson(`photos/${entry.id}`)).catch(() => {});
  }
}

export function begin() {
  for (const name of ["photos", "photo", "batch"]) when(name, render);
  $("#photo-files").addEventListener("change", ({ target }) => {
    add(target.files);
    target.value = "";
  });
  if (!photo() && state.photos.length) show(state.photos[0].key);
  render();
  keepAlive();
  setInterval(keepAlive, KEEP_ALIVE);
}
