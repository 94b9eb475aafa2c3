// The server's token, asked for once where there is one.

import { ask, asJson, form, on, Problem } from "./api.js";
import { $, tell } from "./elements.js";

let asking = null;

/** Ask for the token until it is the right one. */
function token() {
  asking ??= new Promise((done) => {
    const dialog = $("#token-dialog");
    dialog.addEventListener("cancel", (event) => event.preventDefault()); // nothing works without it
    $("#token-form").addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await ask("session", { method: "POST", body: form({ token: $("#token").value }) });
        $("#token").value = "";
        dialog.close();
        asking = null;
        done();
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        tell($("#token-problem"), error);
      }
    });
    dialog.showModal();
  });
  return asking;
}

export async function begin() {
  on.token = token;
  const { token_needed: isNeeded, let_in: isIn } = await asJson("session");
  if (isNeeded && !isIn) await token();
}
