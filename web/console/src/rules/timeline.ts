/** What the conversation pane shows, row by row: days, system lines, bubbles in groups, messages on their way. */

import type { ChatEvent, OutboxItem } from "@baton/shared";
import type { PrivateNote } from "../contract/private_notes";

export type TimelineRow =
  | { kind: "day"; key: string; at: string }
  | { kind: "system"; key: string; event: ChatEvent }
  | { kind: "message"; key: string; event: ChatEvent; first: boolean }
  | { kind: "note"; key: string; note: PrivateNote }
  | { kind: "outgoing"; key: string; item: OutboxItem; first: boolean };

const GROUP_GAP_MS = 3 * 60_000;

/** Rows in order. `sameDay` says whether two ISO times fall on one day. */
export function timelineRows(
  events: readonly ChatEvent[],
  outgoing: readonly OutboxItem[],
  sameDay: (first: string, second: string) => boolean,
  notes: readonly PrivateNote[] = [],
): TimelineRow[] {
  const rows: TimelineRow[] = [];
  let day: string | null = null;
  let previous: ChatEvent | null = null;
  let nextNote = 0;
  /** Notes stand behind the event that was the newest when they were written. */
  const placeNotes = (beforeSeq: number): void => {
    for (let note = notes[nextNote]; note && note.after_seq < beforeSeq; note = notes[nextNote]) {
      rows.push({ kind: "note", key: note.note_id, note });
      nextNote += 1;
      previous = null;
    }
  };
  for (const event of events) {
    placeNotes(event.seq);
    if (day === null || !sameDay(day, event.at)) {
      rows.push({ kind: "day", key: `day-${event.seq}`, at: event.at });
      day = event.at;
      previous = null;
    }
    if (event.type === "message") {
      rows.push({ kind: "message", key: event.message_id, event, first: startsGroup(previous, event) });
      previous = event;
    } else {
      rows.push({ kind: "system", key: `seq-${event.seq}`, event });
      previous = null;
    }
  }
  placeNotes(Infinity);
  outgoing.forEach((item, index) => {
    const first = index === 0 && (previous as ChatEvent | null)?.sender !== "agent";
    rows.push({ kind: "outgoing", key: item.cid, item, first });
  });
  return rows;
}

function startsGroup(previous: ChatEvent | null, event: ChatEvent): boolean {
  if (!previous || previous.sender !== event.sender) return true;
  if (previous.agent?.display_name !== event.agent?.display_name) return true;
  return Date.parse(event.at) - Date.parse(previous.at) > GROUP_GAP_MS;
}
