// The picture that follows the dials: a draft at once, then a sharper one when the hand rests. The newest wish wins.

import { Problem, stylize } from "./api.js";
import { $, say, tell } from "./elements.js";
import { title } from "./gallery.js";
import { maskOf } from "./mask.js";
import { withPhoto } from "./photos.js";
import * as stage from "./stage.js";
import { emit, photo, state, when } from "./state.js";

const DRAFT = 512, SHARP = 1600; // px; the server keeps what it has decoded up to the latter
const REST = 350; // ms without a change before the sharper picture
const AGAIN = 3000; // ms until a server that does not answer is asked again
const MOST_KEPT = 40; // drafts, so that going back to a style shows it at once

const kept = new Map();
let running = null, isWanted = false, resting = null;

/** The fields that draw a photo as the dials are. */
export function fields(entry, look = state.look) {
  const { styles, share, strength, strokes, colors, keep_plain } = look;
  const shares = styles.length > 1 ? [1 - share, share] : null;
  return { photo_id: entry.id, style: styles, share: shares, strength, strokes, colors, keep_plain, mask: maskOf(entry) };
}

/** What tells one picture of a photo from another. */
export const keyOf = (entry, look = state.look) =>
  JSON.stringify({ ...fields(entry, look), photo_id: entry.key, mask: entry.mask ?? null });

/** Whether nothing that a person waits for is being drawn. */
export const isIdle = () => running === null && !isWanted;

/** Draw anew. ``fresh``: whatever is being drawn is of no use any more. */
export function redraw({ fresh = false } = {}) {
  clearTimeout(resting);
  stage.follow();
  if (running && (fresh || running.size === SHARP)) running.abort.abort();
  isWanted = true;
  if (!running) work();
}

async function work() {
  while (isWanted) {
    isWanted = false;
    const entry = photo();
    if (!entry?.id || !state.look.styles.length) continue;
    if (await drawn(entry, DRAFT) && !isWanted) resting = setTimeout(sharpen, REST);
  }
}

async function sharpen() {
  const entry = photo();
  if (running || !entry?.id) return;
  if (Math.max(entry.width, entry.height) <= DRAFT || await drawn(entry, SHARP)) emit("rested");
  if (isWanted) work();
}

async function drawn(entry, size) {
  const key = `${size} ${keyOf(entry)}`, abort = new AbortController(), began = performance.now();
  const name = title();
  running = { abort, size };
  stage.busy(true);
  try {
    let blob = kept.get(key);
    const isNew = !blob;
    if (!blob) {
      const options = { signal: abort.signal, lane: "" };
      const asked = () => stylize({ ...fields(entry), max_size: size, format: "jpg", quality: size > DRAFT ? 92 : 85 }, options);
      blob = await (await withPhoto(entry, asked)).blob();
      keep(key, blob);
    }
    if (entry !== photo() || stage.isWatching()) return false; // what a search makes was asked for since
    await stage.paint(blob, name);
    if (size === DRAFT) note(performance.now() - began, name, isNew);
    tell($("#problem"), null);
    return true;
  } catch (error) {
    if (error instanceof Problem) {
      if (entry === photo()) tell($("#problem"), error);
      if (error.kind === "away") resting = setTimeout(redraw, AGAIN); // drawn once the server is back
    } else if (error.name !== "AbortError") throw error;
    return false;
  } finally {
    running = null;
    stage.busy(false);
  }
}

function keep(key, blob) {
  kept.set(key, blob);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
}

function note(milliseconds, name, isNew) {
  if (isNew) $("#timing").textContent = `${(milliseconds / 1000).toFixed(2)} s`;
  $("#timing").dataset.ms = Math.round(milliseconds);
  say(`Drawn in ${name}`);
}

export function begin() {
  when("look", redraw);
  when("photo", () => {
    tell($("#problem"), null);
    redraw({ fresh: true });
  });
  redraw({ fresh: true });
}
