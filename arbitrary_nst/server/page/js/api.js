// Requests to the server. What it refuses is thrown as a Problem, in its own words.

import { pause } from "./elements.js";

const API = "/api/v1";
const PATIENCE = 120; // tries while the model is being loaded

/** What the server said was wrong (RFC 9457), and what to do about it. */
export class Problem extends Error {
  constructor(told, retryAfter = null) {
    super(told.detail);
    this.kind = told.kind;
    this.status = told.status;
    this.retryAfter = retryAfter;
    const detail = told.detail.charAt(0).toUpperCase() + told.detail.slice(1);
    this.words = told.hint ? `${detail}. Try: ${told.hint}.` : `${detail}.`;
  }
}

const NO_ANSWER = { kind: "away", status: 0, detail: "the server does not answer; the page tries again by itself",
  hint: "starting arbstyle again, or asking whoever runs it, if it stays so" };

/** Who shows the token when it is asked for, and who is told that the model is being loaded. */
export const on = { token: async () => {}, loading: () => {} };

// Tells this tab from others, so that each has its turn.
const TAB = Math.random().toString(36).slice(2, 10);

async function problemOf(response) {
  const retry = Number(response.headers.get("Retry-After")) || null;
  try {
    const told = await response.json();
    if (told.detail) return new Problem(told, retry);
  } catch { /* no JSON: told by its status below */ }
  return new Problem({ kind: "internal", status: response.status, detail: `the server answered ${response.status}` }, retry);
}

/** The answer to a request. ``lane`` names work that is to take turns with the rest. Throws Problem. */
export async function ask(path, { method = "GET", body, headers = {}, signal, lane = "" } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch(path.startsWith("/") ? path : `${API}/${path}`, {
        method, body, signal, headers: { "Arbstyle-Client": `${TAB}${lane}`, ...headers },
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(NO_ANSWER);
    }
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.kind === "token" && path !== "session") await on.token();
    else if (problem.kind === "loading" && attempt < PATIENCE) {
      on.loading();
      await pause(1000);
      signal?.throwIfAborted();
    } else throw problem;
  }
}

export const asJson = async (path, options) => (await ask(path, options)).json();

/** A form of fields; arrays are repeated, null and undefined left out. */
export function form(fields) {
  const filled = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === null || each === undefined) continue;
      if (each instanceof File) filled.append(name, each, each.name);
      else if (each instanceof Blob) filled.append(name, each, `${name}.png`);
      else filled.append(name, String(each));
    }
  }
  return filled;
}

export const later = { Prefer: "respond-async" };
export const isOver = (job) => ["done", "failed", "stopped"].includes(job.state);

/** The picture that a photo gives: a response. */
export const stylize = (fields, options) => ask("stylize", { method: "POST", body: form(fields), ...options });

/** Have the browser save what lies at an address of this server. */
export function save(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
