/** Order and selection of handoff rows: the queue, my conversations, what is news. */

import type { Priority } from "@baton/shared";
import type { AgentHandoffRow as HandoffRow } from "../contract/handoff";

const RANK: Record<Priority, number> = { urgent: 0, high: 1, normal: 2, low: 3 };
/** what a rank of priority is worth in waiting time: `ageing_step_seconds` of the desk's playbook */
const RANK_MS = 300_000;

/** Queued rows as the desk hands them out: those passed on by a colleague, then by when they are due. */
export function queueOrder(rows: Iterable<HandoffRow>): HandoffRow[] {
  return [...rows].filter((row) => row.state === "queued").sort(asHandedOut);
}

/** My active conversations in the order in which I took them, so that rows do not jump while I work. */
export function mineInOrder(rows: Iterable<HandoffRow>, agentId: string | null): HandoffRow[] {
  return [...rows]
    .filter((row) => row.state === "active" && agentId !== null && row.agent?.agent_id === agentId)
    .sort((a, b) => compare(a.claimed_at ?? a.queued_at, b.claimed_at ?? b.queued_at) || compare(a.id, b.id));
}

function asHandedOut(a: HandoffRow, b: HandoffRow): number {
  return (
    Number(wasPassedOn(b)) - Number(wasPassedOn(a)) ||
    dueMs(a) - dueMs(b) ||
    compare(a.id, b.id)
  );
}

/** Whoever waits long moves ahead by itself: nobody starves behind later, more urgent customers. */
function dueMs(row: HandoffRow): number {
  return Date.parse(row.waited_since ?? row.queued_at) + RANK[row.priority] * RANK_MS;
}

/** A colleague had them already: such customers have waited before and come first. */
export function wasPassedOn(row: HandoffRow): boolean {
  return typeof row.note === "string";
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
