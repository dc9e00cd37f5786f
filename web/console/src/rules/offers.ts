/** Why a customer is offered to me, as far as the console can see it. */

import type { Agent, HandoffDetail } from "../contract/desk";
import type { AgentHandoffRow } from "../contract/handoff";

export type OfferReason = "transferred" | "returning" | "tag" | "group" | "overflow";

/** The strongest reason first. `detail` is null until it was read: whether the customer comes back is then not known. */
export function reasonsForMe(row: AgentHandoffRow, me: Agent, detail: HandoffDetail | null): OfferReason[] {
  if (row.target_agent_id === me.agent_id) return ["transferred"];
  const contacts = detail?.history?.contacts ?? [];
  const reasons: OfferReason[] = [];
  if (contacts.some((contact) => contact.agent === me.display_name)) reasons.push("returning");
  if (sharedTags(row, me).length > 0) reasons.push("tag");
  reasons.push(me.groups.includes(row.skill_group) ? "group" : "overflow");
  return reasons;
}

/** The customer's tags that are mine too. */
export function sharedTags(row: AgentHandoffRow, me: Agent): string[] {
  return (row.tags ?? []).filter((tag) => me.tags?.includes(tag));
}
