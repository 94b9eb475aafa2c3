// The picture as large as the photo: to look at closely, and to save. Drawn once for both, as a job of the server's.

import { asJson, later, Problem, save, stylize } from "./api.js";
import { fields, keyOf } from "./drawing.js";
import { $, say, tell } from "./elements.js";
import { finish } from "./following.js";
import { title } from "./gallery.js";
import { withPhoto } from "./photos.js";
import * as stage from "./stage.js";
import { keepPhotos, photo, remember, state, when } from "./state.js";

const SHOWN = ["image/jpeg", "image/png", "image/webp", "image/avif"]; // by every browser
let closer = new AbortController();

/** The job that has drawn a photo whole, as the dials are. Throws Problem. */
async function whole(entry, format, signal) {
  const key = `${format} ${keyOf(entry)}`;
  if (entry.whole?.key === key) {
    const job = await asJson(`jobs/${entry.whole.id}`, { signal }).catch(() => null);
    if (job && !["failed", "stopped"].includes(job.state)) return finish(job, { signal });
  }
  const asked = () => stylize({ ...fields(entry), format }, { headers: later, signal });
  const job = await (await withPhoto(entry, asked)).json();
  entry.whole = { key, id: job.id };
  keepPhotos();
  return finish(job, { signal });
}

async function download() {
  const button = $("#download"), entry = photo();
  button.disabled = true;
  button.textContent = "Drawing full size…";
  try {
    const job = await whole(entry, state.look.format);
    save(job.links.result, job.result.name);
    say(`Saved ${job.result.name}, ${job.result.width} by ${job.result.height} pixels`);
    tell($("#problem"), null);
  } catch (error) {
    if (error instanceof Problem) tell($("#problem"), error);
    else if (error.name !== "AbortError") throw error;
  } finally {
    button.textContent = "Download";
    offer();
  }
}

/** At 100 % a reduced picture would be blurred: show it whole. */
async function lookCloser() {
  const entry = photo();
  closer.abort();
  if (!entry?.id || !stage.isClose() || stage.isWatching() || Math.max(entry.width, entry.height) <= 1600) return;
  const { signal } = closer = new AbortController(), name = title();
  stage.busy(true);
  try {
    let job = await whole(entry, state.look.format, signal);
    if (!SHOWN.includes(job.result.type)) job = await whole(entry, "jpg", signal);
    if (!signal.aborted && entry === photo()) await stage.paint(job.links.result, name);
  } catch (error) {
    if (error instanceof Problem) tell($("#problem"), error);
    else if (error.name !== "AbortError") throw error;
  } finally {
    stage.busy(false);
  }
}

function offer() {
  const isPossible = Boolean(photo()?.id) && state.look.styles.length > 0;
  $("#download").disabled = $("#refine").disabled = $("#mask").disabled = !isPossible;
}

export function begin() {
  $("#format").value = state.look.format;
  $("#format").addEventListener("change", ({ target }) => { remember({ format: target.value }); });
  $("#download").addEventListener("click", download);
  for (const name of ["look", "photo", "photos", "styles"]) when(name, offer);
  when("look", () => closer.abort());
  for (const name of ["close", "rested"]) when(name, lookCloser);
  offer();
}
