// What takes minutes, in the background: followed until it is over, also after a reload and in another tab.

import { ask, asJson, isOver, save } from "./api.js";
import { curve, trace } from "./curve.js";
import { $, arrange, make, pause, put, say, spoken } from "./elements.js";
import { followed } from "./following.js";
import * as gallery from "./gallery.js";
import * as stage from "./stage.js";
import { keepJobs, show, state, when } from "./state.js";

const EVERY = 700, SELDOM = 3000; // ms between looks at a job that is not streamed
const WORDS = { queued: "waiting", running: "", done: "done", failed: "failed", stopped: "stopped" };
let isFollowing = false;

/** Follow a job from now on; a refinement is watched at once. */
export function add(job) {
  state.jobs.push({ ...job, isWatched: job.kind === "refine" });
  keepJobs();
  follow();
}

const unfinished = () => state.jobs.filter((job) => !job.told || !isOver(job.told));

async function follow() {
  if (isFollowing) return;
  isFollowing = true;
  while (unfinished().length) {
    for (const job of unfinished()) await look(job);
    const running = unfinished().find(({ told }) => told?.state === "running");
    if (running && !document.hidden) await stream(running);
    else await pause(document.hidden ? SELDOM : EVERY);
  }
  isFollowing = false;
}

/** Follow one by its events, as long as the page is seen: a browser keeps few lines to a server, for all its tabs. */
async function stream(job) {
  const abort = new AbortController(), leave = () => abort.abort();
  document.addEventListener("visibilitychange", leave, { once: true });
  const others = setInterval(() => unfinished().filter((each) => each !== job).forEach(look), SELDOM);
  try {
    await followed(job.told, { signal: abort.signal, seen: (told) => take(job, told) });
  } catch {
    await pause(EVERY); // the next look tells why
  } finally {
    clearInterval(others);
    document.removeEventListener("visibilitychange", leave);
  }
}

async function take(job, told) {
  job.told = told;
  if (told.links.preview || told.links.result) await watch(job);
  if (isOver(told)) await ended(job);
  render();
}

async function look(job) {
  try {
    await take(job, await asJson(`jobs/${job.id}`));
  } catch (error) {
    if (error.kind === "unknown") {
      state.jobs = state.jobs.filter((each) => each.id !== job.id); // its time is over
      keepJobs();
    }
  }
}

/** Keep the stage at what the job makes, if that is what is looked at. */
async function watch(job) {
  const source = job.told.links.result ?? job.told.links.preview;
  if (job.isWatched && !stage.isWatched(job.id) && job.wasWatched) job.isWatched = false; // a dial was turned
  if (!job.isWatched || job.photo !== state.shown || job.seen === source) return;
  job.seen = source;
  job.wasWatched = true;
  await stage.watch(job.id, source, `${job.title}, refined`);
}

async function ended(job) {
  const { state: how, style, error } = job.told;
  say(`${job.kind === "learn" ? "Learning" : "Refining"} ${job.title}: ${error ? error.detail : WORDS[how]}`);
  if (job.kind !== "learn" || !style) return;
  await gallery.refresh();
  gallery.pick(style.id);
}

async function stop(job) {
  job.isStopping = true;
  render();
  await ask(`jobs/${job.id}`, { method: "DELETE" }).catch(() => {});
  follow();
}

async function discard(job) {
  state.jobs = state.jobs.filter((each) => each.id !== job.id);
  keepJobs();
  if (job.told && isOver(job.told)) ask(`jobs/${job.id}`, { method: "DELETE" }).catch(() => {});
  $("#refine").focus();
}

async function see(job) {
  if (!job.told) return;
  show(job.photo);
  job.isWatched = true;
  job.seen = null;
  job.wasWatched = false;
  await watch(job);
}

/** Save what came of it: a picture, or a style's file. */
function keep({ told, title }) {
  if (told.links.result) save(told.links.result, told.result.name);
  else save(told.style.file, `${title}.style`);
}

function built({ id, kind, title }) {
  const button = (name, act) => {
    const made = make("button", { type: "button", className: name }, act[0]);
    made.addEventListener("click", () => act[1](state.jobs.find((each) => each.id === id)));
    return made;
  };
  const picture = button("picture", ["", see]);
  picture.append(make("img", { alt: "", hidden: true }));
  picture.setAttribute("aria-label", "Look at the picture so far");
  const card = make("article", { className: "card", ariaLabel: title }, picture,
    make("h3", {}, make("span", {}, `${kind === "learn" ? "Learning" : "Refining"} ${title}`), make("span", { className: "quiet" })),
    curve(),
    make("div", { className: "buttons" }, button("stop", [kind === "learn" ? "Stop" : "Stop and keep", stop]),
      button("keep", ["Download", keep]),
      button("discard", ["Dismiss", discard])),
    make("p", { className: "problem", role: "alert", hidden: true }));
  return card;
}

function update(card, job) {
  const told = job.told ?? { state: "queued", history: [], links: {} }, { progress, error } = told, over = isOver(told);
  const left = progress && !over && progress.left !== null ? `${spoken(progress.left)} left` : "";
  const begins = told.state === "running" && !progress ? "beginning" : "", stops = job.isStopping && !over ? "stopping" : "";
  const step = progress && !over ? `step ${progress.step}${progress.last ? ` of ${progress.last}` : ""}` : "";
  put($("h3 .quiet", card), "textContent", [stops || begins || WORDS[told.state], step, left].filter(Boolean).join(" · "));
  const image = $("img", card), source = told.links.preview;
  image.hidden = !source;
  if (source && image.dataset.source !== source) {
    image.dataset.source = source;
    image.src = source;
  }
  $(".picture", card).disabled = job.kind === "learn" || !source;
  trace($(".curve", card), told.history, progress?.last);
  card.classList.toggle("nothing", Boolean(error) && !source);
  $(".stop", card).hidden = over;
  $(".keep", card).hidden = !told.links.result && !told.style?.file;
  $(".discard", card).hidden = !over;
  const problem = $(".problem", card), note = told.style?.note ? `Learnt, and ${told.style.note}.` : "";
  problem.hidden = !error && !note;
  put(problem, "textContent", error ? `${error.detail}.${error.hint ? ` Try: ${error.hint}.` : ""}` : note);
}

function render() {
  arrange($("#job-cards"), state.jobs, ({ id }) => id, built, update);
  emptied();
}

/** Hide the tray where nothing is in it. */
export const emptied = () => {
  $("#tray").hidden = !$("#tray .card:not([hidden])");
};

export function begin() {
  $("#tray").append(make("div", { id: "job-cards" }));
  when("jobs", () => {
    render();
    follow();
  });
  render();
  follow();
}
