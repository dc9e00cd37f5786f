/** The wall and the reports (`contracts/desk_http.md`). */

import type { EmotionFamily, Presence, Priority } from "@baton/shared";
import type { Emotion } from "./summary";

export type ClockName = "first_response" | "reply" | "solution";
export type ClockState = "running" | "soon" | "late";

export interface Wall {
  at: string;
  queue: { group: string; waiting: number; active: number; longest_wait_seconds: number | null }[];
  agents: {
    by_state: Record<Presence, number>;
    load: number;
    capacity: number;
    list: { agent_id: string; display_name: string; presence: Presence; load: number; capacity: number; groups: string[] }[];
  };
  clocks: { clock: ClockName; soon: number; late: number }[];
  emotions: { family: EmotionFamily; by_intensity: number[] }[];
}

export interface WallCase {
  handoff_id: string;
  conversation_id: string;
  customer_name: string;
  headline: string;
  skill_group: string;
  state: "queued" | "active";
  priority: Priority;
  emotion: Emotion;
  waited_since: string;
  agent: { agent_id: string; display_name: string } | null;
  clocks: { clock: ClockName; due_at: string; state: ClockState }[];
}

export interface PlaybookFile {
  name: string;
  text: string;
  /** the desk reads it and has looked at what it says, or only at its form */
  checked: "content" | "syntax";
  problem: string | null;
}

export interface Report {
  from: string;
  to: string;
  totals: { sessions: number; messages: number; bot_only: number; handed_over: number; containment: number | null; handoffs: number };
  by_day: { day: string; bot_only: number; handed_over: number }[];
  by_hour: { hour: number; bot_only: number; handed_over: number }[];
  reasons: { code: string; count: number; share: number | null }[];
  groups: { group: string; count: number; share: number | null }[];
  first_response: {
    count: number;
    unanswered: number;
    p50: number | null;
    p90: number | null;
    distribution: { up_to_seconds: number | null; count: number }[];
  };
  resolution: {
    outcomes: { outcome: string; count: number; share: number | null }[];
    solved_share: number | null;
    handling_p50: number | null;
    handling_p90: number | null;
  };
  satisfaction: {
    count: number;
    average: number | null;
    satisfied_share: number | null;
    answered_share: number | null;
    scores: { score: number; count: number }[];
  };
}
