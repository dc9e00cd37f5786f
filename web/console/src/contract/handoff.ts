/** A handoff row as the desk sends it to agents: the contract's row and what a transfer adds. */

import type { HandoffRow } from "@baton/shared";

export interface AgentHandoffRow extends HandoffRow {
  /** whom a colleague meant it for */
  target_agent_id?: string | null;
  /** what the colleague who passed it on wrote */
  note?: string | null;
}
