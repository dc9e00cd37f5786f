/** The course of an order as rows: the carrier's lines are folded, what happened to the order never is. */

import type { CourseEvent } from "../contract/customer";

export type CourseRow = { kind: "event"; event: CourseEvent; tone: Tone } | { kind: "fold"; hidden: number };
export type Tone = "parcel" | "order" | "document" | "good" | "bad";

/** how many lines of the carrier in a row are shown before the others are folded */
export const SHOWN_PARCEL_EVENTS = 2;
const OF_THE_ORDER = new Set(["placed", "paid", "shipped", "delivered", "completed"]);

export function courseRows(events: readonly CourseEvent[], unfolded: boolean): CourseRow[] {
  const rows: CourseRow[] = [];
  let inARow = 0;
  for (const event of events) {
    inARow = event.kind === "parcel" ? inARow + 1 : 0;
    if (unfolded || inARow <= SHOWN_PARCEL_EVENTS) rows.push({ kind: "event", event, tone: toneOf(event) });
    else {
      const last = rows.at(-1);
      if (last?.kind === "fold") last.hidden += 1;
      else rows.push({ kind: "fold", hidden: 1 });
    }
  }
  return rows;
}

/** How many lines of the carrier there are beyond those shown folded. */
export function folded(events: readonly CourseEvent[]): number {
  return courseRows(events, false).reduce((sum, row) => sum + (row.kind === "fold" ? row.hidden : 0), 0);
}

export function toneOf(event: CourseEvent): Tone {
  if (event.state === "rejected" || event.state?.startsWith("EXCEPTION")) return "bad";
  if (event.kind === "parcel") return "parcel";
  if (event.kind === "refund_paid" || event.kind === "delivered") return "good";
  return OF_THE_ORDER.has(event.kind) ? "order" : "document";
}
