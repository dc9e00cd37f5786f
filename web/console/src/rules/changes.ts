/** What changed between two handoffs of a conversation, as short lines; what cannot be said in a line is left out. */

import type { Change, Changes } from "../contract/history";

export interface ChangeLine {
  /** name of the summary's field */
  field: string;
  kind: "added" | "removed" | "changed";
  before: string;
  after: string;
}

/** How words are found for codes: `label("trigger", "anger")` -> 愤怒. */
export type Label = (family: string, value: string | null | undefined) => string;

/** In the order in which an agent wants to know it. */
const FIELDS = [
  "priority",
  "desired_outcome",
  "emotion",
  "triggers",
  "issues",
  "order",
  "logistics",
  "promises",
  "attempts",
  "facts",
  "missing",
] as const;
type Field = (typeof FIELDS)[number];

export function changeLines(changes: Changes | null | undefined, label: Label): ChangeLine[] {
  return FIELDS.flatMap((field) => {
    const change = changes?.[field];
    return change ? linesOf(field, change, (value) => words(field, value, label)) : [];
  });
}

function linesOf(field: Field, change: Change, say: (value: unknown) => string): ChangeLine[] {
  const lines: ChangeLine[] = [
    ...(change.changed ?? []).map(({ before, after }) => line(field, "changed", say(before), say(after))),
    ...(change.added ?? []).map((value) => line(field, "added", "", say(value))),
    ...(change.removed ?? []).map((value) => line(field, "removed", say(value), "")),
  ];
  if ("before" in change || "after" in change) lines.push(line(field, "changed", say(change.before), say(change.after)));
  return lines.filter(({ before, after }) => before !== after);
}

function line(field: Field, kind: ChangeLine["kind"], before: string, after: string): ChangeLine {
  return { field, kind, before, after };
}

function words(field: Field, value: unknown, label: Label): string {
  if (field === "priority") return label("priority", String(value));
  if (field === "desired_outcome") return label("outcome", String(value));
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  const part = (name: string): string => {
    const found = (value as Record<string, unknown>)[name];
    return typeof found === "string" || typeof found === "number" ? String(found) : "";
  };
  const join = (...parts: string[]): string => parts.filter((one) => one !== "").join(" ");
  switch (field) {
    case "emotion":
      return join(label("emotion", part("family")), part("family") === "neutral" ? "" : part("intensity"));
    case "triggers":
      return label("trigger", part("code"));
    case "issues":
      return join(part("title"), label("issue_state", part("state")));
    case "order":
      return part("status_text");
    case "logistics":
      return join(label("shipment_status", part("status")), part("last_event"));
    case "attempts":
      return join(part("what"), part("result"));
    case "facts":
      return join(part("label"), part("value"));
    default:
      return part("text");
  }
}
