// The sheet of styles: built-in and own ones, one picked or two blended.

import { asJson, ask } from "./api.js";
import { $, arrange, make, put, say } from "./elements.js";
import { rove } from "./roving.js";
import { change, emit, state, when } from "./state.js";

const FIRST = "watercolour"; // of somebody who has picked none

let isBlending = false, settleStops = () => {};

/** A style of the server's by its id. */
export const style = (id) => state.styles.find((each) => each.id === id);

/** A style's name as people write it. */
export const named = (id) => {
  const name = style(id)?.name ?? id;
  return name === id ? name.replaceAll("-", " ") : name;
};

/** What the styles in use are called together. */
export const title = (ids = state.look.styles) => ids.map(named).join(" + ");

/** Scroll a list, and nothing around it, so that a style in it is seen. */
function reveal(list, id) {
  const item = list.querySelector(`[data-key="${CSS.escape(id)}"]`);
  if (!item) return;
  const own = item.getBoundingClientRect(), room = list.getBoundingClientRect();
  if (own.left >= room.left && own.right <= room.right && own.top >= room.top && own.bottom <= room.bottom) return;
  list.scrollBy(own.left - room.left - (room.width - own.width) / 2, own.top - room.top - (room.height - own.height) / 2);
}

/** Draw in a style; while blending, beside the first one. */
export function pick(id) {
  const [first] = state.look.styles;
  const styles = isBlending && first && id !== first ? [first, id] : [id];
  change({ styles }, true);
  for (const list of [$("#styles"), $("#row-list")]) reveal(list, id);
  say(`Style ${title()}`);
}

/** Ask the server which styles there are. */
export const refresh = async () => settle((await asJson("styles")).styles);

/** Have these styles, and draw in one of them. */
function settle(styles) {
  state.styles = styles;
  const there = state.look.styles.filter((id) => style(id));
  if (there.length !== state.look.styles.length || !there.length) {
    const first = style(FIRST) ?? state.styles.find((each) => each.kind === "built-in");
    change({ styles: there.length ? there : [first.id] }, true);
  }
  emit("styles");
}

async function remove(id) {
  settle(state.styles.filter((each) => each.id !== id)); // first, so that nothing is drawn in it any more
  await ask(`styles/${id}`, { method: "DELETE" }).catch((error) => { if (error.kind !== "unknown") throw error; });
  say("Style removed");
  $("#add-style").focus();
}

/** A button that picks a style, for the sheet and for the row. */
export function swatch(id) {
  const button = make("button", { type: "button", className: "swatch", title: style(id)?.description ?? "" },
    make("img", { alt: "", loading: "lazy", draggable: false }), make("span", {}, named(id)));
  button.addEventListener("click", () => pick(id));
  return button;
}

/** Show whether a button's style is in use. */
export function press(button, id) {
  const { styles } = state.look, place = styles.indexOf(id);
  button.setAttribute("aria-pressed", String(place >= 0));
  if (place >= 0 && styles.length > 1) button.dataset.part = place + 1;
  else delete button.dataset.part;
}

function built({ id, kind, thumbnail }) {
  const button = swatch(id), item = make("li", {}, button);
  $("img", button).src = thumbnail;
  if (kind !== "built-in") {
    const away = make("button", { type: "button", className: "remove", ariaLabel: `Remove the style ${named(id)}` }, "×");
    away.addEventListener("click", () => remove(id));
    item.append(away);
  }
  return item;
}

function render() {
  arrange($("#styles"), state.styles, ({ id }) => id, built, (item, { id }) => press($(".swatch", item), id));
  settleStops();
  const { styles, share } = state.look, isPair = styles.length > 1;
  $("#blend").setAttribute("aria-pressed", String(isBlending));
  $("#blending").hidden = !isBlending;
  $("#blend-hint").hidden = isPair;
  $("#share-dial").hidden = !isPair;
  if (!isPair) return;
  const percent = Math.round(100 * share), [first, second] = styles.map(named);
  $("#share").value = percent;
  $("#share").setAttribute("aria-valuetext", `${second} ${percent} %`);
  const [left, right] = [`${first} ${100 - percent} %`, `${second} ${percent} %`];
  if ($("#share-text").dataset.is === left + right) return;
  $("#share-text").dataset.is = left + right;
  $("#share-text").replaceChildren(make("span", {}, left), make("span", {}, right));
}

export function begin() {
  settleStops = rove($("#styles"), ".swatch");
  isBlending = state.look.styles.length > 1;
  for (const name of ["look", "styles"]) when(name, render);
  $("#blend").addEventListener("click", () => {
    isBlending = !isBlending;
    if (!isBlending && state.look.styles.length > 1) change({ styles: state.look.styles.slice(0, 1) }, true);
    put($("#blend-hint"), "textContent", "Now pick the second style.");
    render();
    if (isBlending) say("Pick the second style");
  });
  $("#share").addEventListener("input", ({ target }) => change({ share: target.value / 100 }));
  return refresh();
}
