// A style of one's own: of a picture that is dropped or chosen, read at once or learnt in the background.

import { asJson, form, later, Problem } from "./api.js";
import * as gallery from "./gallery.js";
import * as jobs from "./jobs.js";
import { $, say, tell } from "./elements.js";
import { state } from "./state.js";

const MOST_PHOTOS = 8; // that a style is learnt on
let file = null;

/** Add a picture as a style and draw in it. */
export async function atOnce(picture, name) {
  try {
    const told = await asJson("styles", { method: "POST", body: form({ picture, name: name || nameOf(picture) }) });
    await gallery.refresh();
    gallery.pick(told.id);
    if (told.note) tell($("#problem"), { words: `${told.name}: ${told.note}.` });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    choose(picture);
    tell($("#style-problem"), error);
  }
}

const nameOf = (picture) => picture.name.replace(/\.[^.]*$/, "").slice(0, 60) || "style";

function choose(picture) {
  if (picture.name.endsWith(".style") && file !== picture) return void atOnce(file = picture); // learnt already
  file = picture;
  URL.revokeObjectURL($("#style-preview").src);
  $("#style-preview").src = URL.createObjectURL(picture);
  $("#style-name").value = nameOf(picture);
  tell($("#style-problem"), null);
  $("#learn-choice").hidden = !state.about?.can_learn;
  if (!$("#style-dialog").open) $("#style-dialog").showModal();
}

/** Begin to learn a style; its job tells the rest. Throws Problem. */
async function learn(picture, name, minutes) {
  const photos = state.photos.filter((each) => each.id).slice(0, MOST_PHOTOS).map((each) => each.id);
  const body = form({ picture, name, learn: true, minutes, photo_id: photos });
  const job = await asJson("styles", { method: "POST", body, headers: later });
  jobs.add({ id: job.id, kind: "learn", title: name });
  say(`Learning ${name} in the background`);
}

const how = () => $('#style-dialog [name="how"]:checked').value;

async function accept() {
  const name = $("#style-name").value.trim();
  try {
    if (how() === "learn") await learn(file, name, Number($("#minutes").value));
    else await atOnce(file, name);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    choose(file);
    tell($("#style-problem"), error);
  }
}

export function begin() {
  $("#add-style").addEventListener("click", () => $("#style-file").click());
  $("#style-file").addEventListener("change", ({ target }) => {
    if (target.files[0]) choose(target.files[0]);
    target.value = "";
  });
  $("#style-dialog").addEventListener("change", () => {
    $("#minutes-field").hidden = how() !== "learn";
    $("#style-ok").textContent = how() === "learn" ? "Begin to learn" : "Add style";
  });
  $("#style-dialog").addEventListener("close", () => { if ($("#style-dialog").returnValue === "ok") accept(); });
}
