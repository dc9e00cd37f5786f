/** The HTTP mirror of the chat socket, and the calls that need a definite answer. Every call has a time-out. */

import type { ChatEvent, ConversationStatus, Page, ReadMarks } from "./types";

const CALL_TIMEOUT_MS = 10_000;
export const LONG_POLL_SECONDS = 25;

/** The desk said no, or could not be reached (`network`); the words for it are in the locales, by code. */
export class DeskError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    message?: string,
    /** with 429: when trying again can succeed */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message ?? code);
    this.name = "DeskError";
  }
}

export interface NewConversation {
  identity?: string;
  page?: Page;
  locale?: string;
  device?: { system: string; browser: string };
  visitor?: string;
}

export interface StartedConversation {
  conversation_id: string;
  token: string;
  seq: number;
  events?: ChatEvent[];
}

export interface EventsAnswer {
  events: ChatEvent[];
  state: ConversationStatus["state"];
  queue?: ConversationStatus["queue"];
  agent?: ConversationStatus["agent"];
  read?: ReadMarks;
}

export interface Credentials {
  conversation: string;
  token: string;
}

export class DeskHttp {
  constructor(
    private readonly baseUrl: string,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
  ) {}

  start(request: NewConversation): Promise<StartedConversation> {
    return this.call("POST", "/api/v1/conversations", request);
  }

  send(who: Credentials, message: { client_id: string; text: string; payload?: string; page?: Page; attachments?: string[] }) {
    return this.call<{ client_id: string; message_id: string; seq: number }>(
      "POST", `/api/v1/conversations/${who.conversation}/messages`, message, who.token,
    );
  }

  events(who: Credentials, after: number, waitSeconds: number, signal?: AbortSignal): Promise<EventsAnswer> {
    const path = `/api/v1/conversations/${who.conversation}/events?after=${after}&wait=${waitSeconds}`;
    return this.call("GET", path, undefined, who.token, CALL_TIMEOUT_MS + waitSeconds * 1000, signal);
  }

  cancelHandoff(who: Credentials): Promise<void> {
    return this.call("POST", `/api/v1/conversations/${who.conversation}/handoff-cancellation`, {}, who.token);
  }

  rate(who: Credentials, rating: { score: number; reasons?: string[]; comment?: string }): Promise<void> {
    return this.call("POST", `/api/v1/conversations/${who.conversation}/rating`, rating, who.token);
  }

  markRead(who: Credentials, seq: number): Promise<void> {
    return this.call("PUT", `/api/v1/conversations/${who.conversation}/read-mark`, { seq }, who.token);
  }

  /** One call with a time-out. Throws DeskError. */
  async call<T>(
    method: string,
    path: string,
    body?: object,
    token?: string,
    timeoutMs = CALL_TIMEOUT_MS,
    signal?: AbortSignal,
  ): Promise<T> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    const cancel = () => controller.abort();
    signal?.addEventListener("abort", cancel);
    try {
      const response = await this.fetcher(this.baseUrl + path, {
        method,
        headers: headersOf(body, token),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        credentials: "omit",
        signal: controller.signal,
      });
      if (!response.ok) throw await refusal(response);
      return (response.status === 204 ? undefined : await response.json()) as T;
    } catch (error) {
      if (error instanceof DeskError) throw error;
      throw new DeskError("network", 0, String(error));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    }
  }
}

function headersOf(body: object | undefined, token: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
  return headers;
}

async function refusal(response: Response): Promise<DeskError> {
  const { status, headers } = response;
  const wait = status === 429 ? Math.max(1, Number(headers.get("Retry-After")) || 5) : null;
  const unknown = wait === null ? "unknown" : "busy";
  try {
    const body = (await response.json()) as { error?: { code?: string; message?: string } };
    return new DeskError(body.error?.code ?? unknown, status, body.error?.message, wait);
  } catch {
    return new DeskError(unknown, status, "", wait); // a proxy's error page, not the desk's
  }
}
