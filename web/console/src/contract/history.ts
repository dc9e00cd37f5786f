/** Earlier contacts about the same matter, and what changed since the last handoff (`contracts/desk_http.md`). */

export type PromiseState = "kept" | "broken" | "open" | "unknown";

export interface PastPromise {
  text: string;
  due_at: string | null;
  state: PromiseState;
  /** the agent's message that kept it */
  evidence?: string;
}

export interface PastContact {
  conversation_id: string;
  handoff_id?: string;
  kind?: "person" | "bot";
  at: string;
  ended_at?: string;
  agent?: string;
  topic?: string;
  /** in words */
  outcome: string;
  order_ids?: string[];
  promises?: PastPromise[];
  promise_kept?: boolean | null;
}

export interface History {
  contacts: PastContact[];
  /** until when the present agent should have read the story; null while nobody has claimed it */
  confirm_until: string | null;
  confirmed_at: string | null;
}

export interface Change {
  before?: unknown;
  after?: unknown;
  added?: unknown[];
  removed?: unknown[];
  changed?: { before: unknown; after: unknown }[];
}

/** By field of the summary; {} when there is no news. */
export type Changes = Record<string, Change>;
