// A job followed to its end: by its stream of events, and where that breaks off or is held back, by looking again.

import { ask, asJson, isOver, Problem } from "./api.js";
import { pause } from "./elements.js";

const EVERY = 700; // ms between looks
const QUIET = 20_000; // ms: the server sends a sign of life more often than that
const FIRST = 4_000; // ms: it tells at once how a job is, unless something between holds it back

let isHeldBack = false;

/** What comes of a promise, or null where it takes longer. */
function within(milliseconds, promise) {
  let timer;
  const late = new Promise((done) => { timer = setTimeout(done, milliseconds, null); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The data of each server-sent event, for as long as they come. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", isFirst = true;
  try {
    for (;;) {
      const piece = await within(isFirst ? FIRST : QUIET, reader.read());
      if (!piece && isFirst) isHeldBack = true;
      if (!piece || piece.done) return;
      isFirst = false;
      const parts = (text + piece.value).split("\n\n");
      text = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").find((line) => line.startsWith("data: "));
        if (data) yield JSON.parse(data.slice(6));
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The job once it is over; ``seen`` is told each time that it changes. Throws Problem where it cannot be asked for. */
export async function followed(job, { signal, seen } = {}) {
  while (!isOver(job)) {
    if (!isHeldBack) {
      const response = await ask(`jobs/${job.id}/events`, { signal });
      try {
        for await (job of events(response)) await seen?.(job);
      } catch (error) {
        if (error.name === "AbortError" || error instanceof Problem) throw error; // else the line broke
      }
    }
    if (isOver(job)) break;
    await pause(EVERY);
    signal?.throwIfAborted();
    job = await asJson(`jobs/${job.id}`, { signal });
    await seen?.(job);
  }
  return job;
}

/** A job, once it is over. Throws Problem where it failed. */
export async function finish(job, { signal } = {}) {
  job = await followed(job, { signal });
  if (job.error) throw new Problem(job.error);
  return job;
}
