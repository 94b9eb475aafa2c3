// A list of many buttons is one stop of the Tab key; arrows move within it.

const middle = (element) => { const { left, width, top } = element.getBoundingClientRect(); return { x: left + width / 2, y: top }; };

/** The button above or below another, as near as can be; itself where there is none. */
function beside(buttons, from, sign) {
  const { x, y } = middle(from);
  const others = buttons.map((button) => ({ button, ...middle(button) })).filter((each) => sign * (each.y - y) > 1);
  const row = Math.min(...others.map((each) => sign * (each.y - y)));
  const near = others.filter((each) => sign * (each.y - y) < row + 2);
  return near.sort((one, other) => Math.abs(one.x - x) - Math.abs(other.x - x))[0]?.button ?? from;
}

/** Make a list so; the function that is returned is to be called when its buttons have changed. */
export function rove(list, selector) {
  const buttons = () => [...list.querySelectorAll(selector)];
  const settle = (current) => { for (const each of buttons()) each.tabIndex = each === current ? 0 : -1; };
  list.addEventListener("focusin", ({ target }) => { if (target.matches(selector)) settle(target); });
  list.addEventListener("keydown", (event) => {
    if (!event.target.matches(selector) || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = buttons(), place = all.indexOf(event.target);
    const to = { ArrowRight: () => all[place + 1], ArrowLeft: () => all[place - 1], Home: () => all[0], End: () => all.at(-1),
      ArrowDown: () => beside(all, event.target, 1), ArrowUp: () => beside(all, event.target, -1) }[event.key];
    if (!to) return;
    event.preventDefault();
    to()?.focus();
  });
  return () => {
    const all = buttons(), held = all.find((each) => each === document.activeElement);
    settle(held ?? all.find((each) => each.getAttribute("aria-pressed") === "true") ?? all[0]);
  };
}
