/** The escalation summary, as `contracts/escalation_summary.schema.json` writes it down. */

import type { EmotionFamily, Priority } from "@baton/shared";
import type { PastContact } from "./history";

export type FactSource = "customer" | "order_api" | "logistics_api" | "member_api" | "nlu";

/** A feeling without the confidence that a live reading carries. */
export interface Emotion {
  family: EmotionFamily;
  /** 0..3 */
  intensity: number;
  /** what the course of the conversation makes of it, with the reasons; null when nothing was raised */
  adjusted?: AdjustedEmotion | null;
}

export interface AdjustedEmotion {
  family: EmotionFamily;
  intensity: number;
  /** in the summary with code and evidence, in a row of the list as words */
  reasons: (string | { code: string; text: string; evidence?: string[] })[];
}

export interface EmotionPoint extends Emotion {
  message_id: string;
}

export interface Trigger {
  code: string;
  rule_version: string;
  score: number;
  /** message ids */
  evidence: string[];
  /** the customer's words that fired it */
  words: string[];
}

export interface Issue {
  intent: string;
  title: string;
  state: "open" | "answered" | "failed";
  order_id?: string;
  paraphrase: string;
  message_id?: string;
}

export interface Fact {
  name: string;
  label: string;
  value: string;
  source: FactSource;
  message_id?: string;
  fetched_at?: string;
  verified: boolean;
}

export interface OrderSnapshot {
  order_id: string;
  status: string;
  status_text: string;
  amount_fen: number;
  items: { title: string; sku_text?: string; quantity: number }[];
  placed_at?: string;
  delivered_at?: string;
  days_late?: number;
  fetched_at: string;
}

export interface LogisticsSnapshot {
  tracking_number: string;
  carrier: string;
  status: string;
  last_event?: string;
  last_event_at?: string;
  days_without_movement?: number;
  days_late?: number;
  anomaly_code?: string;
  anomaly_reason?: string;
  eta?: string;
  fetched_at: string;
}

export interface Diagnosis {
  account?: string;
  platform?: string;
  system_version?: string;
  app_version?: string;
  steps?: string;
  symptom?: string;
  since?: string;
  tried?: string[];
}

export interface EscalationSummary {
  schema_version: string;
  handoff_id: string;
  conversation_id: string;
  created_at: string;
  channel: {
    kind: string;
    page_url?: string;
    page_title?: string;
    system?: string;
    browser?: string;
    locale?: string;
  };
  triggers: Trigger[];
  priority: Priority;
  priority_reasons: string[];
  route: { skill_group: string; level: 1 | 2 | 3; tags: string[]; preferred_agent?: string };
  customer?: {
    customer_id?: string;
    display_name?: string;
    tier?: string;
    verified: boolean;
    verified_by?: string;
    masked_phone?: string;
    risk_tags?: string[];
    contacts_last_30_days?: number;
    open_tickets?: number;
  };
  headline: string;
  one_sentence: string;
  issues: Issue[];
  desired_outcome: string;
  emotion: Emotion & {
    trend?: "rising" | "steady" | "falling";
    course: EmotionPoint[];
    peak_message_id?: string;
    first_action: string;
    words?: string[];
  };
  facts: Fact[];
  order?: OrderSnapshot;
  logistics?: LogisticsSnapshot;
  diagnosis?: Diagnosis;
  attempts: { what: string; result: string; helped?: boolean | null; message_id?: string; at?: string }[];
  promises: { text: string; due_at: string | null; made_by: string; message_id?: string }[];
  missing: string[];
  suggested: { steps: string[]; canned_responses: string[] };
  compliance: { words: string[]; reason: string }[];
  deadlines: { clock: "first_response" | "next_update" | "solution"; due_at: string }[];
  previous_contacts: PastContact[];
  transcript_ref: string;
  last_messages: { sender: string; text: string; message_id?: string; at?: string }[];
  producer: { engine: string; version: string; model?: string };
}
