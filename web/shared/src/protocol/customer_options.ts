/** What a customer's connection is given, and whom it tells. */

import type { Credentials } from "./http";
import type { OutboxItem, SimpleStorage } from "./outbox";
import type { SocketTimings } from "./reconnecting";
import type { ChatEvent, ConversationStatus, ErrorBody, Limits, Sender } from "./types";

export type Connectivity = "connecting" | "online" | "offline";

export interface CustomerHandlers {
  /** Each event exactly once, in order. `live` is false for what had happened before this connection was made. */
  onEvent: (event: ChatEvent, live: boolean) => void;
  onOutbox?: (items: readonly OutboxItem[]) => void;
  onStatus?: (status: ConversationStatus) => void;
  onConnectivity?: (connectivity: Connectivity) => void;
  onTyping?: (sender: Sender) => void;
  /** An error that belongs to no message. */
  onError?: (error: ErrorBody) => void;
  /** What the desk takes, told on every connection. */
  onLimits?: (limits: Limits) => void;
  /** Too fast: what is unsent goes by itself after so many seconds. */
  onThrottled?: (seconds: number) => void;
  /** The token is no longer good: start another conversation. */
  onRefused?: () => void;
}

export interface CustomerTimings extends SocketTimings {
  /** an unacknowledged message makes us doubt the connection */
  doubtMs: number;
  /** an unacknowledged message is shown as failed */
  overdueMs: number;
  /** a hole in the sequence is asked for again */
  gapMs: number;
  typingMs: number;
  /** what was read meanwhile is told in one word */
  readMs: number;
}

export interface CustomerOptions extends Credentials {
  /** What is known already: the answer to opening a conversation brings its greeting. */
  events?: readonly ChatEvent[];
  /** Origin of the desk, such as https://desk.example; "" for the page's own (needs `socketUrl`). */
  baseUrl: string;
  socketUrl?: string;
  handlers: CustomerHandlers;
  storage?: SimpleStorage | null;
  timings?: Partial<CustomerTimings>;
  random?: () => number;
  createSocket?: (url: string) => WebSocket;
  fetcher?: typeof fetch;
}

export const TIMINGS = { doubtMs: 6_000, overdueMs: 15_000, gapMs: 1_000, typingMs: 2_000, readMs: 500 };

/** The desk stumbled over a message (`internal`): so often it gets another try by itself before the customer is asked. */
export const MOST_STUMBLES = 5;

/** Sockets that failed so often in a row are taken to be blocked: HTTP carries on while they are tried further. */
export const FAILURES_BEFORE_HTTP = 2;
