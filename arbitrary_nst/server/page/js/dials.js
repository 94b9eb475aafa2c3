// The dials: how far, how broad, in whose colours.

import { $, put } from "./elements.js";
import { change, PLAIN, state, when } from "./state.js";

// From broad to fine: the longest side, in px, as which the network sees the photo.
const STROKES = [256, 384, 512, 768, "auto", 1536, "fine"];
const STROKES_TEXT = ["broadest", "broader", "broad", "rather broad", "automatic", "small", "finest"];
const NUMBERS = ["strength", "keep_plain"];

const percent = (value) => `${Math.round(100 * value)} %`;

function render() {
  const { look } = state, form = $("#dials");
  for (const name of NUMBERS) {
    put(form[name], "value", String(look[name]));
    put($(`#${name}-text`), "textContent", percent(look[name]));
    form[name].setAttribute("aria-valuetext", percent(look[name]));
  }
  const place = Math.max(0, STROKES.indexOf(look.strokes));
  put(form.strokes, "value", String(place));
  put($("#strokes-text"), "textContent", STROKES_TEXT[place]);
  form.strokes.setAttribute("aria-valuetext", STROKES_TEXT[place]);
  form.elements.colors.value = look.colors;
  $("#reset").hidden = Object.entries(PLAIN).every(([name, value]) => look[name] === value);
}

export function begin() {
  const form = $("#dials");
  when("look", render);
  form.addEventListener("input", ({ target }) => {
    if (NUMBERS.includes(target.id)) change({ [target.id]: Number(target.value) });
    else if (target.id === "strokes") change({ strokes: STROKES[Number(target.value)] });
    else change({ colors: target.value });
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    change({ ...PLAIN });
    form.strength.focus();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  render();
}
