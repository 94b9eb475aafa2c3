// Finding and making elements, and speaking to screen readers.

export const $ = (selector, root = document) => root.querySelector(selector);

/** An element with properties, data and attributes set, and children put into it. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replace a list's items by those of these keys, keeping elements that stay, so that focus and pictures stay too. */
export function arrange(list, items, keyOf, build, update) {
  const there = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = there.get(key);
    if (!element) {
      element = build(item);
      element.dataset.key = key;
    }
    there.delete(key);
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  for (const gone of there.values()) gone.remove();
}

/** Set what changes only where it does: a screen reader speaks, and a picture loads, once. */
export function put(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

let speaking;

/** Tell a screen reader, once things have settled. */
export function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => { $("#said").textContent = text; }, 400);
}

/** Seconds as people say them. */
export function spoken(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 1) return "less than a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

/** A problem in words, where it belongs; without one, nothing. */
export function tell(element, problem) {
  element.hidden = !problem;
  put(element, "textContent", problem ? problem.words : "");
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
