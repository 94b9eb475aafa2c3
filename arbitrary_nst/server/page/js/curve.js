// The loss of a search, as a small curve on a logarithmic scale.

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 200, HEIGHT = 40;

function drawn(name, attributes) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** An empty curve. */
export function curve() {
  const picture = drawn("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  picture.append(drawn("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 1, y2: HEIGHT - 1 }), drawn("path", { d: "" }));
  return picture;
}

/** Draw it through pairs of a step and a loss; ``last`` is the step at which it ends. */
export function trace(picture, history, last) {
  const points = history.filter(([, loss]) => loss > 0);
  if (points.length < 2) return;
  const logs = points.map(([, loss]) => Math.log(loss)), least = Math.min(...logs), most = Math.max(...logs);
  const end = Math.max(last ?? 0, points.at(-1)[0], 1);
  const at = ([step], number) => {
    const x = WIDTH * step / end, y = 3 + (HEIGHT - 7) * (1 - (logs[number] - least) / (most - least || 1));
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  picture.lastChild.setAttribute("d", `M${points.map(at).join("L")}`);
  const fallen = 100 * (1 - points.at(-1)[1] / points[0][1]);
  picture.setAttribute("aria-label", `Loss over ${points.at(-1)[0]} steps, fallen by ${fallen.toFixed(0)} %`);
}
