// Pictures that are dropped or pasted: on the styles they are styles, anywhere else photos.

import * as adding from "./adding.js";
import * as photos from "./photos.js";
import { $ } from "./elements.js";

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const isStyle = (event) => event.target instanceof Element && Boolean(event.target.closest("#panel"));

function mark(event) {
  document.body.classList.toggle("dropping-style", Boolean(event) && isStyle(event));
  document.body.classList.toggle("dropping-photo", Boolean(event) && !isStyle(event));
}

export function begin() {
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(event);
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(null); });
  addEventListener("drop", (event) => {
    mark(null);
    if (!hasFiles(event)) return;
    event.preventDefault();
    const files = event.dataTransfer.files;
    if (isStyle(event)) adding.atOnce(files[0]);
    else photos.add(files);
  });
  addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    if (files.length && !$("dialog[open]")) photos.add(files);
  });
}
