// The dials: how far, how broad, in whose colours.

import { $, make, put, say } from "./elements.js";
import { change, PLAIN, state, when } from "./state.js";

// From broad to fine: the longest side, in px, as which the network sees the photo.
const STROKES = [256, 384, 512, 768, "auto", 1536, "fine"];
const STROKES_TEXT = ["broadest", "broader", "broad", "rather broad", "automatic", "small", "finest"];
const NUMBERS = ["strength", "keep_plain"];

const percent = (value) => `${Math.round(100 * value)} %`;

/** The place on the dial that is nearest to a number of px, as a preset has it. */
function placeOf(strokes) {
  const exact = STROKES.indexOf(strokes);
  if (exact >= 0) return exact;
  const distance = (stop) => (typeof stop === "number" ? Math.abs(Math.log(stop / strokes)) : Infinity);
  return STROKES.reduce((best, stop, place) => (distance(stop) < distance(STROKES[best]) ? place : best), 0);
}

/** Offer the server's presets. */
export function offer(presets) {
  const list = $("#preset");
  list.length = 1;
  for (const { name, about } of presets) list.append(make("option", { value: name, textContent: name, title: about }));
  list.addEventListener("change", () => {
    const chosen = presets.find((each) => each.name === list.value);
    list.value = "";
    if (!chosen) return;
    change({ ...PLAIN, ...chosen.options });
    say(`${chosen.name}: ${chosen.about}`);
  });
}

function render() {
  const { look } = state, form = $("#dials");
  for (const name of NUMBERS) {
    put(form[name], "value", String(look[name]));
    put($(`#${name}-text`), "textContent", percent(look[name]));
    form[name].setAttribute("aria-valuetext", percent(look[name]));
  }
  const place = placeOf(look.strokes);
  put(form.strokes, "value", String(place));
  const text = STROKES[place] === look.strokes ? STROKES_TEXT[place] : `${look.strokes} px`;
  put($("#strokes-text"), "textContent", text);
  form.strokes.setAttribute("aria-valuetext", text);
  form.elements.colors.value = look.colors;
  $("#reset").hidden = Object.entries(PLAIN).every(([name, value]) => look[name] === value);
}

export function begin() {
  const form = $("#dials");
  when("look", render);
  form.addEventListener("input", ({ target }) => {
    if (NUMBERS.includes(target.id)) change({ [target.id]: Number(target.value) });
    else if (target.id === "strokes") change({ strokes: STROKES[Number(target.value)] });
    else if (target.name === "colors") change({ colors: target.value });
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    change({ ...PLAIN });
    form.strength.focus();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  render();
}
