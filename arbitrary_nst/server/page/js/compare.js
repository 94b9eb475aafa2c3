// The slider between the photo, at its left, and the picture, at its right.

import { $ } from "./elements.js";

const KEY_STEP = 0.02;

let share = 0.5; // of what is seen of the photo that is shown as it was
let isOn = false, isPossible = false, edges = { from: 0, to: 1 };
let relay = () => {};

/** Put divider and layers where the photo lies: ``photo`` its place in the view, ``frame`` the view's size. */
export function lay(photo, frame) {
  edges = { from: Math.max(0, photo.left), to: Math.min(frame.width, photo.left + photo.width) };
  const line = isOn ? edges.from + share * (edges.to - edges.from) : 0;
  $("#after-layer").style.clipPath = isOn ? `inset(0 0 0 ${line}px)` : "none";
  const divider = $("#divider"), percent = Math.round(100 * share);
  divider.hidden = $("#before-tag").hidden = !isOn;
  $("#after-tag").hidden = !isOn;
  divider.style.left = `${line}px`;
  divider.setAttribute("aria-valuenow", String(percent));
  divider.setAttribute("aria-valuetext", `${percent} % photo, ${100 - percent} % picture`);
  const top = Math.max(0, photo.top), bottom = Math.max(0, frame.height - photo.top - photo.height);
  divider.style.top = `${top}px`;
  for (const each of [divider, $("#before-tag"), $("#after-tag")]) each.style.bottom = `${bottom + (each === divider ? 0 : 12)}px`;
  $("#before-tag").style.left = `${edges.from + 12}px`;
  $("#after-tag").style.right = `${frame.width - edges.to + 12}px`;
}

/** Whether there is anything to compare. */
export function available(is) {
  isPossible = is;
  $("#compare").disabled = !is;
  if (!is) set(false);
  else relay();
}

function set(is) {
  isOn = is && isPossible;
  $("#compare").setAttribute("aria-pressed", String(isOn));
  relay();
}

export const toggle = () => set(!isOn);

function move(to) {
  share = Math.min(1, Math.max(0, to));
  relay();
}

/** ``onChange`` lays everything out. */
export function begin(onChange) {
  relay = onChange;
  const divider = $("#divider");
  $("#compare").addEventListener("click", toggle);
  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    event.preventDefault();
    divider.focus();
  });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    move((event.clientX - $("#view").getBoundingClientRect().left - edges.from) / (edges.to - edges.from));
  });
  divider.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 5 * KEY_STEP : KEY_STEP;
    const to = { ArrowLeft: share - step, ArrowDown: share - step, ArrowRight: share + step, ArrowUp: share + step,
      PageDown: share - 0.2, PageUp: share + 0.2, Home: 0, End: 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  });
}
