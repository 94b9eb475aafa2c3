// The brush: where the photo is to be stylized, and where it stays as it is.

import { $, say } from "./elements.js";
import * as stage from "./stage.js";
import { emit, keepPhotos, photo, when } from "./state.js";

const SIDE = 1024; // px: of the mask's longest side
const SOFT = 4; // px by which its edges are softened
const TINT = "rgb(20 60 160 / .5)"; // over what stays

const pictures = new Map(); // of masks, by their addresses
let isOpen = false, plane = null, last = null, cursor = null, isDown = false;

/** A photo's mask as a file, white where it is stylized; null where all of it is. */
export function maskOf(entry) {
  if (!entry.mask) return null;
  if (!pictures.has(entry.mask)) {
    const bytes = Uint8Array.from(atob(entry.mask.split(",")[1]), (letter) => letter.charCodeAt(0));
    pictures.set(entry.mask, new Blob([bytes], { type: "image/png" }));
  }
  return pictures.get(entry.mask);
}

function canvas(width, height) {
  const made = document.createElement("canvas");
  made.width = width;
  made.height = height;
  return made;
}

/** A plane of the photo's shape: white is stylized. */
async function begun(entry) {
  const ratio = Math.min(1, SIDE / Math.max(entry.width, entry.height));
  const made = canvas(Math.max(1, Math.round(entry.width * ratio)), Math.max(1, Math.round(entry.height * ratio)));
  const pen = made.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, made.width, made.height);
  if (entry.mask) {
    const image = new Image();
    image.src = entry.mask;
    await image.decode().catch(() => {});
    pen.drawImage(image, 0, 0, made.width, made.height);
  }
  return made;
}

const value = () => ($('#mask-tools [name="brush"]:checked').value === "paint" ? "#fff" : "#000");
const ratio = () => plane.width / photo().width;
const radius = () => ($("#brush-size").value / 200) * Math.max(plane.width, plane.height);

function stroke(from, to) {
  const pen = plane.getContext("2d");
  if (!photo().mask && !last && value() === "#fff") { // "here" on a photo without a mask means: here alone
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, plane.width, plane.height);
  }
  pen.strokeStyle = value();
  pen.lineWidth = 2 * radius();
  pen.lineCap = "round";
  pen.beginPath();
  pen.moveTo(from.x * ratio(), from.y * ratio());
  pen.lineTo(to.x * ratio() + 0.01, to.y * ratio());
  pen.stroke();
  last = to;
  show();
}

/** Tint what stays as it is, and show the brush. */
function show() {
  const sheet = $("#brush");
  sheet.hidden = !isOpen;
  if (!isOpen || !plane) return;
  const { left, top, width, height, scale } = stage.place(), frame = sheet.getBoundingClientRect();
  sheet.width = Math.round(frame.width);
  sheet.height = Math.round(frame.height);
  const pen = sheet.getContext("2d");
  pen.drawImage(tinted(), left, top, width, height);
  if (!cursor) return;
  pen.strokeStyle = "#fff";
  pen.lineWidth = 1.5;
  pen.shadowColor = "#000";
  pen.shadowBlur = 2;
  pen.beginPath();
  pen.arc(left + cursor.x * scale, top + cursor.y * scale, radius() / ratio() * scale, 0, 7);
  pen.stroke();
}

function tinted() {
  const made = canvas(plane.width, plane.height), pen = made.getContext("2d");
  pen.drawImage(plane, 0, 0);
  const pixels = pen.getImageData(0, 0, made.width, made.height);
  for (let at = 0; at < pixels.data.length; at += 4) pixels.data[at + 3] = 255 - pixels.data[at];
  pen.putImageData(pixels, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = TINT;
  pen.fillRect(0, 0, made.width, made.height);
  return made;
}

/** Draw with the mask as it is now. */
function settle() {
  const soft = canvas(plane.width, plane.height), pen = soft.getContext("2d");
  pen.filter = `blur(${SOFT}px)`;
  pen.drawImage(plane, 0, 0);
  pen.filter = "none";
  const data = pen.getImageData(0, 0, soft.width, soft.height).data;
  let isPlain = true;
  for (let at = 0; at < data.length && isPlain; at += 4) isPlain = data[at] === 255 || data[at + 3] < 255;
  keep(isPlain ? null : sharpEdged(soft));
}

/** The blur fades out at the border: lay it over the plane itself. */
function sharpEdged(soft) {
  const whole = canvas(plane.width, plane.height), pen = whole.getContext("2d");
  pen.drawImage(plane, 0, 0);
  pen.drawImage(soft, 0, 0);
  return whole.toDataURL("image/png");
}

function keep(mask) {
  pictures.clear();
  photo().mask = mask;
  keepPhotos();
  emit("look", {});
}

async function open(is) {
  isOpen = is && Boolean(photo()?.id);
  $("#mask").setAttribute("aria-pressed", String(isOpen));
  $("#mask").setAttribute("aria-expanded", String(isOpen));
  $("#mask-tools").hidden = !isOpen;
  cursor = last = null;
  plane = isOpen ? await begun(photo()) : null;
  show();
}

function repaint(change) {
  if (!plane) return;
  change(plane.getContext("2d"));
  last = { x: 0, y: 0 };
  show();
  settle();
}

function listen(sheet) {
  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    sheet.setPointerCapture(event.pointerId);
    isDown = true;
    cursor = stage.inPhoto(event);
    stroke(cursor, cursor);
  });
  sheet.addEventListener("pointermove", (event) => {
    cursor = stage.inPhoto(event);
    if (isDown) stroke(last ?? cursor, cursor);
    else show();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    sheet.addEventListener(end, () => {
      if (isDown) settle();
      isDown = false;
    });
  }
  sheet.addEventListener("pointerleave", () => { if (!isDown) { cursor = null; show(); } });
  sheet.addEventListener("keydown", byKey);
  sheet.addEventListener("keyup", (event) => { if (event.key === " " && isDown) { isDown = false; settle(); } });
}

function byKey(event) {
  const step = radius() / ratio() / 2;
  const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  const { width, height } = photo(), from = cursor ?? { x: width / 2, y: height / 2 };
  if (move) {
    cursor = { x: Math.min(width, Math.max(0, from.x + move[0])), y: Math.min(height, Math.max(0, from.y + move[1])) };
    if (isDown) stroke(from, cursor);
    else show();
  } else if (event.key === " ") {
    cursor = from;
    if (!isDown) stroke(cursor, cursor);
    isDown = true;
  } else if (event.key === "[" || event.key === "]") {
    $("#brush-size").value = Number($("#brush-size").value) + (event.key === "]" ? 2 : -2);
    show();
  } else if (event.key === "Escape") {
    open(false);
    $("#mask").focus();
  } else return;
  event.preventDefault();
}

export function begin() {
  $("#mask").addEventListener("click", () => open(!isOpen));
  $("#mask-done").addEventListener("click", () => { open(false); $("#mask").focus(); });
  $("#mask-invert").addEventListener("click", () => repaint((pen) => {
    pen.globalCompositeOperation = "difference";
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, plane.width, plane.height);
    pen.globalCompositeOperation = "source-over";
  }));
  $("#mask-clear").addEventListener("click", () => {
    repaint((pen) => { pen.fillStyle = "#fff"; pen.fillRect(0, 0, plane.width, plane.height); });
    last = null;
    say("Mask cleared");
  });
  when("photo", () => open(false));
  when("laid", show);
  $("#brush-size").addEventListener("input", show);
  listen($("#brush"));
}
