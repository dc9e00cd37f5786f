/** The customer view and what agents have done in the shop (`contracts/desk_http.md`). */

import type { ShopOrder } from "./shop";

export interface CourseEvent {
  at: string;
  kind: string;
  /** words of the carrier or the customer */
  text?: string;
  document_id?: string;
  state?: string;
  amount_fen?: number;
  due_at?: string;
}

export interface Parcel {
  tracking_number: string;
  carrier: { code: string; name: string; phone?: string | null };
  status: string;
  eta?: string | null;
  courier?: { name: string; phone: string } | null;
}

export interface OrderCourse {
  order: ShopOrder;
  parcels: Parcel[];
  /** newest first */
  events: CourseEvent[];
}

export interface Ticket {
  ticket_id: string;
  topic: string;
  state: string;
  sentence: string;
  requested_at: string;
  answer_by: string;
}

export interface Contact {
  handoff_id: string;
  conversation_id: string;
  at: string;
  ended_at: string | null;
  headline: string;
  skill_group: string;
  agent: string | null;
  state: string;
  /** in words */
  outcome: string;
}

export const ACTIONS = ["return", "exchange", "reship", "coupon_reissue", "coupon"] as const;
export type ActionName = (typeof ACTIONS)[number];

/** What is asked of the desk; only the fields of the action are sent. */
export interface ActionRequest {
  action: ActionName;
  reason: string;
  order_id?: string;
  line_ids?: string[];
  quality_issue?: boolean;
  kind?: string;
  coupon_id?: string;
  amount_fen?: number;
}

export interface ActionPreview {
  action: ActionName;
  order_id: string | null;
  amount_fen: number;
  /** null: no limit */
  limit_fen: number | null;
  left_fen: number | null;
  lines?: { line_id: string; title: string; sku_text?: string | null; quantity: number }[];
  deadline?: string | null;
  freight_payer?: "customer" | "shop" | null;
  coupon?: { coupon_id: string; title: string };
}

export interface AgentAction {
  action_id: string;
  conversation_id: string;
  customer_id: string;
  agent: { agent_id: string; display_name: string; role: string };
  action: ActionName;
  order_id: string | null;
  amount_fen: number;
  request: { reason?: string };
  before: Record<string, unknown>;
  at: string;
  state: "done" | "refused" | "denied" | "unknown" | null;
  after: { document_id?: string; state?: string; answer_by?: string; reship_by?: string; expires_at?: string; needs_photos?: boolean } | null;
  refusal: string | null;
}

export interface ActionsAnswer {
  allowed: { action: ActionName; limit_fen: number | null; by_tier: boolean }[];
  actions: AgentAction[];
}
