// The picture on its wall: before and after lie exactly on each other, fitted or as large as they are, and can be moved.

import * as compare from "./compare.js";
import { $, put } from "./elements.js";
import { emit, photo, when } from "./state.js";

const STEP = 1.25; // of one zoom
const SEEN = 1600; // px: of the copy that is shown until somebody looks closer

// Where the photo lies in the view: a pixel of it at (x, y) is seen at (left + scale * x, top + scale * y).
const view = { scale: 1, left: 0, top: 0, isFitted: true };
let watched = null, address = null;

const box = () => $("#view").getBoundingClientRect();
const size = () => { const { width = 1, height = 1 } = photo() ?? {}; return { width, height }; };

/** Where the photo lies, in CSS px of the view. */
export const place = () => ({ ...view, width: size().width * view.scale, height: size().height * view.scale });

/** Where a pointer is in the photo, in its px. */
export function inPhoto(event) {
  const { left, top } = box();
  return { x: (event.clientX - left - view.left) / view.scale, y: (event.clientY - top - view.top) / view.scale };
}

const actualScale = () => 1 / devicePixelRatio;
export const isClose = () => !view.isFitted && view.scale >= 0.5 * actualScale();

function fitted() {
  const { width, height } = size(), frame = box();
  return Math.min(frame.width / width, frame.height / height);
}

/** Lay everything out anew. */
export function lay() {
  const { width, height } = size(), frame = box();
  if (view.isFitted) view.scale = fitted();
  const held = (offset, whole, room) => (whole <= room ? (room - whole) / 2 : Math.min(0, Math.max(room - whole, offset)));
  view.left = held(view.left, width * view.scale, frame.width);
  view.top = held(view.top, height * view.scale, frame.height);
  for (const image of [$("#before"), $("#after")]) {
    image.style.width = `${width}px`;
    image.style.height = `${height}px`;
    image.style.transform = `translate(${view.left}px, ${view.top}px) scale(${view.scale})`;
  }
  $("#view").classList.toggle("fitted", view.isFitted);
  $("#view").classList.toggle("close", view.scale > 2 * actualScale());
  $("#fit").setAttribute("aria-pressed", String(view.isFitted));
  $("#actual").setAttribute("aria-pressed", String(Math.abs(view.scale - actualScale()) < 1e-6 && !view.isFitted));
  compare.lay(place(), frame);
  emit("laid");
}

/** Zoom so that the point of the view stays where it is. */
function zoom(scale, at = { x: box().width / 2, y: box().height / 2 }) {
  const bounded = Math.min(8 * actualScale(), Math.max(fitted(), scale));
  const ratio = bounded / view.scale;
  view.left = at.x - (at.x - view.left) * ratio;
  view.top = at.y - (at.y - view.top) * ratio;
  view.scale = bounded;
  view.isFitted = bounded <= fitted() * 1.0001;
  lay();
  showBefore();
  if (isClose()) emit("close");
}

/** Show all of it. */
export function fit() {
  view.isFitted = true;
  lay();
}

/** One pixel of the photo on one of the screen. */
export const actual = (at) => zoom(actualScale(), at);

async function load(image, source) {
  const next = new Image();
  next.src = source;
  await next.decode().catch(() => {}); // what cannot be shown shows as nothing
  image.src = source;
}

async function showBefore() {
  const entry = photo(), image = $("#before");
  if (!entry?.id) {
    image.removeAttribute("src");
    delete image.dataset.source;
    return;
  }
  const source = isClose() ? entry.picture : `${entry.picture}?max_size=${SEEN}`;
  if (image.dataset.source === source || image.dataset.source === entry.picture) return;
  image.dataset.source = source;
  await load(image, source);
  image.alt = `The photo ${entry.name}`;
}

/** Show a picture: a Blob, or an address of the server's. */
export async function paint(picture, name) {
  const source = picture instanceof Blob ? URL.createObjectURL(picture) : picture, image = $("#after");
  await load(image, source);
  if (address && address !== source) URL.revokeObjectURL(address);
  address = picture instanceof Blob ? source : null;
  image.alt = `The photo drawn in ${name}`;
  put($("#after-tag"), "textContent", name);
  compare.available(true);
}

/** Look at what a job makes, until a dial is turned. */
export async function watch(id, source, name) {
  watched = id;
  await paint(source, name);
}

/** Show what the dials make again. */
export const follow = () => { watched = null; };

export const isWatched = (id) => watched === id;
export const isWatching = () => watched !== null;

let busyTimer;

/** Show that the picture is being drawn, where that takes long enough to wonder. */
export function busy(is) {
  clearTimeout(busyTimer);
  if (is) busyTimer = setTimeout(() => { $("#busy").hidden = false; }, 250);
  else $("#busy").hidden = true;
}

function another() {
  follow();
  view.isFitted = true;
  $("#after").removeAttribute("src");
  $("#before").removeAttribute("src");
  delete $("#before").dataset.source;
  const { width, height } = size();
  $("#view").style.setProperty("--ratio", width / height);
  compare.available(false);
  lay();
  showBefore();
}

function listen() {
  const wall = $("#view"), fingers = new Map();
  wall.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("#divider, #brush, #welcome") || !photo()) return;
    wall.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    wall.classList.add("panning");
  });
  wall.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const others = [...fingers.values()].filter((each) => each.pointerId !== event.pointerId);
    fingers.set(event.pointerId, event);
    if (others.length) return pinch(last, event, others[0]);
    view.left += event.clientX - last.clientX;
    view.top += event.clientY - last.clientY;
    lay();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    wall.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      wall.classList.toggle("panning", fingers.size > 0);
    });
  }
  wall.addEventListener("dblclick", (event) => {
    if (event.target.closest("#divider, #brush") || !photo()) return;
    if (view.isFitted) actual(at(event));
    else fit();
  });
  wall.addEventListener("wheel", (event) => {
    if (!photo() || !(event.ctrlKey || event.metaKey || !view.isFitted)) return; // else the page is scrolled
    event.preventDefault();
    zoom(view.scale * STEP ** (-event.deltaY / 100), at(event));
  }, { passive: false });
  addEventListener("keydown", byKey);
}

const at = (event) => ({ x: event.clientX - box().left, y: event.clientY - box().top });

function pinch(last, now, other) {
  const distance = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  zoom(view.scale * distance(now) / Math.max(1, distance(last)), at(other));
}

function byKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !photo() || $("dialog[open]")) return;
  if (!event.target.closest(".stage") || event.target.closest("input, #brush, #divider")) return;
  const move = 60, moves = { ArrowLeft: [move, 0], ArrowRight: [-move, 0], ArrowUp: [0, move], ArrowDown: [0, -move] };
  if (event.key === "+" || event.key === "=") zoom(view.scale * STEP);
  else if (event.key === "-") zoom(view.scale / STEP);
  else if (event.key === "0") fit();
  else if (event.key === "1") actual();
  else if (event.key === "c") compare.toggle();
  else if (moves[event.key] && !view.isFitted) {
    view.left += moves[event.key][0];
    view.top += moves[event.key][1];
    lay();
  } else return;
  event.preventDefault();
}

export function begin() {
  $("#fit").addEventListener("click", fit);
  $("#actual").addEventListener("click", () => actual());
  new ResizeObserver(lay).observe($("#view"));
  when("photo", another);
  listen();
  compare.begin(lay);
  another();
}
