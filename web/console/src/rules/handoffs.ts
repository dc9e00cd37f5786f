/** Order and selection of handoff rows: the queue, my conversations, what is news. */

import type { AgentHandoffRow as HandoffRow } from "../contract/handoff";

/** Queued rows as the desk hands them out: those who were with an agent already, then by when they are due. */
export function queueOrder(rows: Iterable<HandoffRow>): HandoffRow[] {
  return [...rows].filter((row) => row.state === "queued").sort(asHandedOut);
}

/** My active conversations in the order in which I took them, so that rows do not jump while I work. */
export function mineInOrder(rows: Iterable<HandoffRow>, agentId: string | null): HandoffRow[] {
  return [...rows]
    .filter((row) => row.state === "active" && agentId !== null && row.agent?.agent_id === agentId)
    .sort((a, b) => compare(a.claimed_at ?? a.queued_at, b.claimed_at ?? b.queued_at) || compare(a.id, b.id));
}

/** As the desk hands them out; what it did not say comes behind by when they came. */
function asHandedOut(a: HandoffRow, b: HandoffRow): number {
  return (
    (b.front ?? 0) - (a.front ?? 0) ||
    compare(a.due_at ?? a.waited_since ?? a.queued_at, b.due_at ?? b.waited_since ?? b.queued_at) ||
    compare(a.id, b.id)
  );
}

/** They were with an agent before and came back: such customers have waited already. */
export function cameBack(row: HandoffRow): boolean {
  return (row.front ?? 0) > 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The newest handoff of a conversation: what the summary beside it shows. */
export function latestOf(rows: Iterable<HandoffRow>, conversationId: string): HandoffRow | null {
  let latest: HandoffRow | null = null;
  for (const row of rows) {
    if (row.conversation_id !== conversationId) continue;
    if (!latest || row.queued_at > latest.queued_at) latest = row;
  }
  return latest;
}

/** The row beside the selected one, going round at the ends; the first when nothing is selected. */
export function neighbour(ids: readonly string[], selected: string | null, step: 1 | -1): string | null {
  if (ids.length === 0) return null;
  const at = selected === null ? -1 : ids.indexOf(selected);
  if (at === -1) return (step === 1 ? ids[0] : ids[ids.length - 1]) ?? null;
  return ids[(at + step + ids.length) % ids.length] ?? null;
}
