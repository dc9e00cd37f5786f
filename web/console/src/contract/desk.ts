/** What the desk's agent API answers (`contracts/desk_http.md`), beyond the shapes shared with the widget. */

import type { ChatEvent, ConversationState, Presence } from "@baton/shared";
import type { AgentHandoffRow as HandoffRow } from "./handoff";
import type { Changes, History } from "./history";
import type { EscalationSummary } from "./summary";

export interface Agent {
  agent_id: string;
  username: string;
  display_name: string;
  role: "agent" | "supervisor" | "administrator" | string;
  groups: string[];
  capacity: number;
  tags?: string[];
  /** nothing else works before they have chosen a password */
  must_change_password?: boolean;
  presence?: Presence;
}

export interface LoginAnswer {
  token: string;
  agent: Agent;
}

export interface Colleague {
  agent_id: string;
  display_name: string;
  presence: Presence;
  groups: string[];
  /** conversations they hold now */
  load: number;
  capacity: number;
}

export interface HandoffDetail extends HandoffRow {
  summary: EscalationSummary | null;
  summary_valid: boolean;
  /** what the customer added while waiting, at most the last six */
  since_queued?: { messages_while_waiting: number; last: { message_id: string; text: string; at: string }[] };
  history?: History | null;
  changes_since_last?: Changes | null;
}

export interface ConversationRow {
  conversation_id: string;
  state: ConversationState;
  seq: number;
  updated_at?: string;
  handoff?: HandoffRow | null;
  customer_name?: string | null;
}

export interface EventsAnswer {
  events: ChatEvent[];
  state: ConversationState;
}

export type Outcome = "solved" | "follow_up" | "unsolved" | "no_reply";
export const OUTCOMES: readonly Outcome[] = ["solved", "follow_up", "unsolved", "no_reply"];
export const SKILL_GROUPS = ["orders", "logistics", "after_sales", "technical", "complaints"] as const;

export interface Transfer {
  group?: string;
  agent_id?: string;
  note: string;
}

export interface Handback {
  note?: string;
  settled?: string[];
}
