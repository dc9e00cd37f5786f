/** What an agent may start for an order or a coupon, and how what was filled in becomes a request. */

import type { ActionName, ActionRequest } from "../contract/customer";
import type { Coupon, ShopOrder } from "../contract/shop";

export const CLAIM_KINDS = ["damaged", "wrong", "missing", "quality"] as const;
export const REISSUE_REASONS = ["not_received", "not_returned", "expired_by_fault", "other"] as const;
const MAX_YUAN_DIGITS = 6;

/** What is being filled in; `amount` in yuan as typed. */
export interface Draft {
  action: ActionName;
  order?: ShopOrder | undefined;
  coupon?: Coupon | undefined;
  lineIds: string[];
  quality: boolean;
  kind: (typeof CLAIM_KINDS)[number];
  reason: string;
  amount: string;
}

export function newDraft(action: ActionName, order?: ShopOrder, coupon?: Coupon): Draft {
  const lineIds = order?.lines.map((line) => line.line_id) ?? [];
  return { action, order, coupon, lineIds, quality: false, kind: "damaged", reason: action === "coupon_reissue" ? "not_received" : "", amount: "" };
}

/** What makes sense for an order in this state, out of what the role may do; the shop has the last word. */
export function offeredFor(order: ShopOrder, allowed: readonly ActionName[]): ActionName[] {
  const delivered = order.status === "delivered" || order.status === "completed";
  return delivered ? (["return", "exchange", "reship"] as const).filter((action) => allowed.includes(action)) : [];
}

/** "20" -> 2000, "１５.５" -> 1550; null for what is no amount above zero. */
export function fenOf(text: string): number | null {
  const plain = text.trim().replace(/[０-９．]/gu, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));
  const found = /^(\d+)(?:\.(\d{1,2}))?$/u.exec(plain);
  if (!found || found[1]!.length > MAX_YUAN_DIGITS) return null;
  const fen = Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  return fen > 0 ? fen : null;
}

/** The key of what is still missing, or null. */
export function missingIn(draft: Draft): "lines_missing" | "amount_wrong" | "reason_missing" | null {
  if (draft.order && draft.lineIds.length === 0) return "lines_missing";
  if (draft.action === "coupon" && fenOf(draft.amount) === null) return "amount_wrong";
  return draft.reason.trim() === "" ? "reason_missing" : null;
}

/** All lines are asked for by leaving them out, so that the shop takes those that can go back. */
export function requestOf(draft: Draft): ActionRequest {
  const request: ActionRequest = { action: draft.action, reason: draft.reason.trim() };
  if (draft.action === "coupon") return { ...request, amount_fen: fenOf(draft.amount) ?? 0 };
  if (draft.action === "coupon_reissue") return { ...request, coupon_id: draft.coupon?.coupon_id ?? "" };
  if (draft.order) request.order_id = draft.order.order_id;
  if (draft.order && draft.lineIds.length < draft.order.lines.length) request.line_ids = draft.lineIds;
  return draft.action === "reship" ? { ...request, kind: draft.kind } : { ...request, quality_issue: draft.quality };
}
