// The page, put together.

import { asJson, on } from "./api.js";
import * as adding from "./adding.js";
import * as batch from "./batch.js";
import * as dials from "./dials.js";
import * as drawing from "./drawing.js";
import * as dropping from "./dropping.js";
import { $, pause, tell } from "./elements.js";
import * as gallery from "./gallery.js";
import * as jobs from "./jobs.js";
import * as mask from "./mask.js";
import * as photos from "./photos.js";
import * as refining from "./refining.js";
import * as row from "./row.js";
import * as saving from "./saving.js";
import * as signIn from "./sign_in.js";
import * as stage from "./stage.js";
import { state } from "./state.js";

const minutes = (seconds) => (seconds >= 90 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds)} seconds`);

/** Until the model is loaded: say so. */
async function ready() {
  for (;;) {
    const answer = await fetch("/readyz").catch(() => null);
    if (answer?.ok) break;
    const told = await answer?.json().catch(() => null);
    if (told && told.kind !== "loading") tell($("#problem"), { words: `${told.detail}.` });
    $("#server").textContent = told?.kind === "loading" || !answer ? "The model is being loaded…" : "Not ready";
    await pause(700);
  }
  tell($("#problem"), null);
  state.about = await asJson("options");
  dials.offer(state.about.presets ?? []);
  $("#server").textContent = `model ${state.about.model}`;
  $("#kept").textContent = `Photos and results are kept for ${minutes(state.about.limits.keep_seconds)} after their last use, `
    + "in memory only; positions are left out of results.";
}

async function begin() {
  on.loading = () => { $("#server").textContent = "The model is being loaded…"; };
  if (/^(localhost|127\.|\[::1\])/.test(location.hostname)) $("#where").textContent = "Nothing leaves this machine.";
  stage.begin();
  mask.begin();
  dials.begin();
  await signIn.begin();
  jobs.begin();
  batch.begin();
  photos.begin();
  dropping.begin();
  adding.begin();
  saving.begin();
  refining.begin();
  await gallery.begin();
  drawing.begin();
  row.begin();
  await ready();
  document.body.dataset.ready = "";
}

begin().catch((error) => tell($("#problem"), { words: error.words ?? `The page failed: ${error.message}.` }));
