/** One way to call the desk: time-out, cookie session, and errors in the shape every part of Baton uses. */

import { clockSkewMs } from "../rules/clock";

const TIME_OUT_MS = 15_000;

/** The desk refused (`status` 4xx/5xx with its own code) or could not be reached (`status` 0, `code` `unreachable`). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** seconds the desk asks us to wait, from Retry-After */
    readonly retryAfterSeconds: number | null = null,
    /** facts for programs, where the contract names some */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface HttpOptions {
  fetch?: typeof fetch;
  nowMs?: () => number;
  /** called when the desk says that the session is over */
  onUnauthorized?: () => void;
  /** called with the difference between the desk's clock and ours */
  onSkew?: (skewMs: number) => void;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type Call = <Answer>(method: Method, path: string, body?: unknown) => Promise<Answer>;

/** A function that calls `path` below /api/v1 and gives the parsed answer. Throws ApiError and nothing else. */
export function createHttp(options: HttpOptions = {}): Call {
  const send = options.fetch ?? fetch.bind(globalThis);
  const now = options.nowMs ?? Date.now;
  return async <Answer>(method: Method, path: string, body?: unknown): Promise<Answer> => {
    const startedMs = now();
    const response = await reach(send, method, path, body);
    const skew = clockSkewMs(response.headers.get("Date"), now(), now() - startedMs);
    if (skew !== null) options.onSkew?.(skew);
    if (response.status === 204) return undefined as Answer;
    const answer = await readJson(response);
    if (response.ok) return answer as Answer;
    if (response.status === 401) options.onUnauthorized?.();
    throw errorFrom(response, answer);
  };
}

async function reach(send: typeof fetch, method: Method, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Baton-Console"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await send(`/api/v1${path}`, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      keepalive: method !== "GET", // what was decided is done, also when the page is left at that moment
      signal: AbortSignal.timeout(TIME_OUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(0, timedOut ? "timed_out" : "unreachable", error instanceof Error ? error.message : "");
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    // An error page of a proxy is no JSON; the status alone then says what happened.
    if (!response.ok) return null;
    throw new ApiError(response.status, "unreadable_answer", "");
  }
}

function errorFrom(response: Response, answer: unknown): ApiError {
  const body = (answer as { error?: { code?: unknown; message?: unknown; details?: unknown } } | null)?.error;
  const code = typeof body?.code === "string" ? body.code : `http_${response.status}`;
  const message = typeof body?.message === "string" ? body.message : "";
  const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new ApiError(response.status, code, message, Number.isNaN(retryAfter) ? null : retryAfter, (body?.details ?? {}) as Record<string, unknown>);
}
