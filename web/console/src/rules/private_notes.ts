/** Private notes in the conversation: who may write one, and where each stands. */

import type { Agent } from "../contract/desk";
import type { AgentHandoffRow } from "../contract/handoff";
import type { PrivateNote } from "../contract/private_notes";

/** The list with this note, once, in the order of writing. */
export function withNote(notes: readonly PrivateNote[], note: PrivateNote): readonly PrivateNote[] {
  if (notes.some((one) => one.note_id === note.note_id)) return notes;
  return [...notes, note].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.note_id < b.note_id ? -1 : 1));
}

/** As the desk decides it: the owner, supervisors, and colleagues of the group of the handoff. */
export function mayWriteNote(agent: Agent | null, row: AgentHandoffRow | null, leads: boolean): boolean {
  if (!agent) return false;
  if (leads) return true;
  return row !== null && (row.agent?.agent_id === agent.agent_id || agent.groups.includes(row.skill_group));
}
