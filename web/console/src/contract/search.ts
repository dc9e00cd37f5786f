/** Answers of the search over conversations. */

import type { ConversationState } from "@baton/shared";

export interface SnippetPiece {
  text: string;
  hit?: boolean;
}

export interface SearchHit {
  seq: number;
  message_id: string;
  sender: string;
  at: string;
  snippet: SnippetPiece[];
}

export interface SearchResult {
  conversation_id: string;
  state: ConversationState;
  customer_name: string | null;
  customer_id: string | null;
  created_at: string;
  updated_at: string;
  agent: string | null;
  headline: string | null;
  skill_group: string | null;
  /** any of message, note, name, customer, conversation, order, phone, headline */
  matched: string[];
  hit_count: number;
  hits: SearchHit[];
  /** private notes that answer; an older desk does not look there */
  notes?: { note_id: string; after_seq: number; agent: string; at: string; snippet: SnippetPiece[] }[];
}

export interface SearchAnswer {
  results: SearchResult[];
  by_name: boolean;
  next: string | null;
}

/** What is looked for; what is empty is left out. */
export interface SearchQuery {
  q: string;
  from: string;
  to: string;
  state: string;
  group: string;
}

export const SEARCH_STATES = ["bot", "queued", "active", "wrap_up", "closed"] as const;
