/** Supervisors who write in a colleague's conversation without owning it. */

import type { ChatEvent, EventType } from "@baton/shared";

/** with another owner, or none, every guest is out */
const OWNER_CHANGES: ReadonlySet<EventType> = new Set([
  "agent_joined",
  "agent_left",
  "handed_back",
  "handoff_queued",
  "conversation_resolved",
]);

/** Whether this agent has joined the conversation and neither left it nor lost its owner since. */
export function hasJoined(events: readonly ChatEvent[], agentId: string | null): boolean {
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const event = events[index];
    if (!event || event.type === "message") continue;
    if (OWNER_CHANGES.has(event.type)) return false;
    if (event.agent?.agent_id !== agentId) continue;
    if (event.type === "supervisor_joined") return true;
    if (event.type === "supervisor_left") return false;
  }
  return false;
}
