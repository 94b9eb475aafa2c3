// A refinement of the picture that is looked at, begun.

import { later, Problem, stylize } from "./api.js";
import { fields } from "./drawing.js";
import { $, tell } from "./elements.js";
import { title } from "./gallery.js";
import * as jobs from "./jobs.js";
import { withPhoto } from "./photos.js";
import { photo } from "./state.js";

async function refine(entry) {
  const wish = { ...fields(entry), refine: true, time_limit: Number($("#refine-time").value),
    max_size: Number($("#refine-size").value), format: "png" };
  try {
    const job = await (await withPhoto(entry, () => stylize({ ...wish, photo_id: entry.id }, { headers: later }))).json();
    jobs.add({ id: job.id, kind: "refine", title: title(), photo: entry.key });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell($("#problem"), error);
  }
}

export function begin() {
  const dialog = $("#refine-dialog");
  $("#refine").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("close", () => { if (dialog.returnValue === "ok" && photo()?.id) refine(photo()); });
}
