/** A handoff row as the desk sends it to agents: the contract's row and what only agents get. */

import type { HandoffRow } from "@baton/shared";
import type { Emotion } from "./summary";

export interface AgentHandoffRow extends Omit<HandoffRow, "emotion"> {
  emotion: Emotion | null;
  /** who was with an agent already comes first: higher before lower */
  front?: number;
  /** by when they are due: the order of the queue after `front` */
  due_at?: string;
  /** whom a colleague meant it for */
  target_agent_id?: string | null;
  /** what the colleague who passed it on wrote */
  note?: string | null;
  /** to whom it is offered now */
  offer?: { agent_id: string; expires_at: string } | null;
  /** why it stands where it stands, in words */
  priority_reasons?: string[];
  tags?: string[];
  /** how much of an agent's capacity it takes */
  weight?: number;
  /** does not change when it comes back to the queue */
  waited_since?: string;
  /** offline: the customer waited with nobody online */
  kind?: "live" | "offline";
  /** the phone number the customer left, masked while queued */
  contact?: string | null;
}

/** This customer is offered to me until `expiresAt`. */
export interface Offer {
  row: AgentHandoffRow;
  /** ISO time */
  expiresAt: string;
  /** how long there was to answer when it came, seconds */
  totalSeconds: number;
}

export type OfferEnd = "accepted" | "taken" | "passed" | "withdrawn" | "cancelled";

/** The colleague I transferred to did not take it. */
export interface TransferEnd {
  handoff_id: string;
  conversation: string;
  agent: { agent_id: string; display_name: string };
  reason: "declined" | "expired" | "withdrawn";
  note: string | null;
}
