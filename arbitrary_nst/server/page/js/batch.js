// Several photos, all as the dials are: a queue that one tab feeds and every tab shows, and a ZIP at the end.

import { ask, asJson, form, isOver, later } from "./api.js";
import { fields } from "./drawing.js";
import { $, make, pause, put, say, tell } from "./elements.js";
import { title } from "./gallery.js";
import { emptied } from "./jobs.js";
import { blame, withPhoto } from "./photos.js";
import { emit, keepBatch, state, when } from "./state.js";

const AHEAD = 4; // photos that wait at the server: other people wait there too
const EVERY = 500; // ms

const waiting = (item) => item.state === "new";
const underWay = (item) => item.id && !item.isOver;

function begun() {
  const photos = state.photos.filter((each) => each.id);
  for (const entry of photos) entry.problem = null;
  state.batch = {
    id: crypto.getRandomValues(new Uint32Array(3)).join("-"),
    look: { ...state.look },
    title: title(),
    items: photos.map(({ key }) => ({ photo: key, state: "new" })),
  };
  keepBatch();
  feed();
}

/** Feed the queue, in one tab of all. */
function feed() {
  const locks = navigator.locks;
  if (!locks) return run();
  return locks.request("arbstyle-batch", run);
}

async function run() {
  const { batch } = state;
  if (!batch) return;
  const own = () => state.batch?.id === batch.id;
  while (own() && state.batch.items.some((item) => waiting(item) || underWay(item))) {
    const { items } = state.batch;
    let room = AHEAD - items.filter(underWay).length;
    for (const item of items.filter(waiting)) {
      if (room <= 0 || !own()) break;
      room = await submit(item, state.batch) ? room - 1 : 0;
    }
    for (const item of items.filter(underWay)) await look(item);
    if (!own()) return;
    keepBatch();
    await pause(EVERY);
  }
  if (own()) say(summary());
}

/** Send one photo; whether there may be room for more. */
async function submit(item, batch) {
  const entry = state.photos.find((each) => each.key === item.photo);
  if (!entry?.id) {
    Object.assign(item, { state: "failed", isOver: true });
    return true;
  }
  const headers = { ...later, "Idempotency-Key": `${batch.id} ${item.photo}` };
  const asked = () => ask("stylize", { method: "POST", body: form({ ...fields(entry, batch.look), format: batch.look.format }),
    headers, lane: "-batch" });
  try {
    const job = await (await withPhoto(entry, asked)).json();
    Object.assign(item, { id: job.id, state: job.state });
    return true;
  } catch (error) {
    if (error.kind === "busy") await pause(1000 * (error.retryAfter ?? 2));
    else if (error.kind === "away") await pause(3000);
    else fail(item, error.words);
    return false;
  }
}

async function look(item) {
  try {
    const job = await asJson(`jobs/${item.id}`);
    Object.assign(item, { state: job.state, isOver: isOver(job) });
    if (job.error) fail(item, `${job.error.detail}.${job.error.hint ? ` Try: ${job.error.hint}.` : ""}`);
  } catch (error) {
    if (error.kind !== "away") fail(item, error.words);
  }
}

function fail(item, words) {
  Object.assign(item, { state: "failed", isOver: true });
  const entry = state.photos.find((each) => each.key === item.photo);
  if (entry && words) blame(entry, words);
}

function summary() {
  const { items } = state.batch, done = items.filter((item) => item.state === "done").length;
  const failed = items.filter((item) => item.state === "failed").length;
  return `${done} of ${items.length} drawn${failed ? `, ${failed} failed` : ""}`;
}

async function stop() {
  const { items } = state.batch;
  for (const item of items.filter((each) => !each.isOver)) {
    if (item.id) ask(`jobs/${item.id}`, { method: "DELETE" }).catch(() => {});
    Object.assign(item, { state: "stopped", isOver: true });
  }
  keepBatch();
}

function dismiss() {
  for (const item of state.batch.items) if (item.id) ask(`jobs/${item.id}`, { method: "DELETE" }).catch(() => {});
  state.batch = null;
  keepBatch();
  $("#draw-all").focus();
}

async function zip() {
  const ids = state.batch.items.filter((item) => item.state === "done").map((item) => item.id);
  location.assign(`/api/v1/zip?jobs=${ids.join(",")}`);
}

function built() {
  const button = (id, text, act) => {
    const made = make("button", { type: "button", id }, text);
    made.addEventListener("click", act);
    return made;
  };
  return make("article", { id: "batch", className: "card batch", ariaLabel: "All photos", hidden: true },
    make("h3", {}, make("span"), make("span", { className: "quiet" })),
    make("progress", { ariaLabel: "Photos drawn" }),
    make("div", { className: "buttons" }, button("batch-zip", "Download ZIP", zip), button("batch-stop", "Stop", stop),
      button("batch-dismiss", "Dismiss", dismiss)),
    make("p", { className: "problem", role: "alert", hidden: true }));
}

function render() {
  const card = $("#batch"), { batch } = state, photos = state.photos.filter((each) => each.id);
  const isRunning = Boolean(batch) && batch.items.some((item) => !item.isOver);
  $("#draw-all").hidden = photos.length < 2;
  $("#draw-all").disabled = isRunning;
  const words = `Draw all ${photos.length} photos like this`;
  if ($("#draw-all").getAttribute("aria-label") !== words) {
    $("#draw-all").setAttribute("aria-label", words);
    $("#draw-all").replaceChildren(make("span", { className: "long" }, words),
      make("span", { className: "short" }, `All ${photos.length}`));
  }
  card.hidden = !batch;
  if (batch) {
    put($("h3 span", card), "textContent", `All photos in ${batch.title}`);
    put($("h3 .quiet", card), "textContent", summary());
    $("progress", card).max = batch.items.length;
    $("progress", card).value = batch.items.filter((item) => item.isOver).length;
    $("#batch-zip").hidden = isRunning || !batch.items.some((item) => item.state === "done");
    $("#batch-stop").hidden = !isRunning;
    $("#batch-dismiss").hidden = isRunning;
  }
  emptied();
}

export function begin() {
  $("#tray").prepend(built());
  $("#draw-all").addEventListener("click", begun);
  for (const name of ["photos", "batch"]) when(name, render);
  render();
  if (state.batch) feed();
  emit("batch");
}
