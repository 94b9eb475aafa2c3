// The photo in every style, small: drawn one after the other, while nobody waits for anything else.

import { stylize } from "./api.js";
import { isIdle } from "./drawing.js";
import { $, arrange, pause } from "./elements.js";
import { press, swatch } from "./gallery.js";
import { withPhoto } from "./photos.js";
import { rove } from "./roving.js";
import { photo, state, when } from "./state.js";

const SIDE = 224, QUALITY = 80; // px
const PAUSE = 60; // ms between looks whether somebody waits
const MOST_KEPT = 400;

const drawn = new Map(); // addresses of pictures, by photo and style
let abort = new AbortController(), settleStops = () => {};

const keyOf = (entry, id) => `${entry.key} ${entry.id} ${id}`;

function render() {
  const entry = photo();
  $("#row").hidden = !entry?.id;
  if (!entry?.id) return;
  arrange($("#row-list"), state.styles, ({ id }) => id, built, (item, { id, thumbnail }) => {
    const button = $(".swatch", item), made = drawn.get(keyOf(entry, id)), source = made ?? thumbnail;
    press(button, id);
    button.classList.toggle("drawn", Boolean(made));
    if (button.dataset.source === source) return;
    button.dataset.source = source;
    $("img", button).src = source;
  });
  settleStops();
}

function built({ id }) {
  const item = document.createElement("li");
  item.append(swatch(id));
  return item;
}

async function draw() {
  abort.abort();
  const own = abort = new AbortController();
  render();
  const entry = photo();
  if (!entry?.id) return;
  for (const { id } of state.styles) {
    if (drawn.has(keyOf(entry, id))) continue;
    do await pause(PAUSE); while ((!isIdle() || document.hidden) && !own.signal.aborted);
    if (own.signal.aborted) return;
    const asked = () => stylize({ photo_id: entry.id, style: id, max_size: SIDE, format: "jpg", quality: QUALITY },
      { signal: own.signal, lane: "-row" });
    try {
      keep(keyOf(entry, id), await (await withPhoto(entry, asked)).blob());
    } catch (error) {
      if (own.signal.aborted || error.kind === "away" || error.kind === "unknown") return;
      if (error.kind === "busy") await pause(1000 * (error.retryAfter ?? 2)); // this one keeps its style's picture
    }
    if (!own.signal.aborted) render();
  }
}

function keep(key, blob) {
  drawn.set(key, URL.createObjectURL(blob));
  if (drawn.size <= MOST_KEPT) return;
  const [oldest] = drawn.keys();
  URL.revokeObjectURL(drawn.get(oldest));
  drawn.delete(oldest);
}

export function begin() {
  settleStops = rove($("#row-list"), ".swatch");
  for (const name of ["photo", "styles"]) when(name, draw);
  when("look", render);
  draw();
}
