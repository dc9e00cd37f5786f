/**
 * Reads a summary that may be incomplete. The desk keeps an invalid one too, so that no customer is lost over it:
 * whatever is of the wrong shape becomes empty here, the rest is shown.
 */

import type { EscalationSummary } from "../contract/summary";

const LISTS = [
  "triggers",
  "priority_reasons",
  "issues",
  "facts",
  "attempts",
  "promises",
  "missing",
  "compliance",
  "deadlines",
  "previous_contacts",
  "last_messages",
] as const;

/** The summary with every list and object that the page relies on; null when there is nothing to read. */
export function readSummary(raw: unknown): EscalationSummary | null {
  if (!isRecord(raw) || Object.keys(raw).length === 0) return null;
  const summary: Record<string, unknown> = { ...raw };
  for (const name of LISTS) summary[name] = listOf(raw[name]);
  for (const name of [
    "triggers",
    "issues",
    "facts",
    "attempts",
    "promises",
    "compliance",
    "deadlines",
    "previous_contacts",
  ]) {
    summary[name] = (summary[name] as unknown[]).filter(isRecord);
  }
  summary.triggers = (summary.triggers as Record<string, unknown>[]).map((trigger) => ({
    ...trigger,
    evidence: listOf(trigger.evidence),
    words: listOf(trigger.words).filter((word) => typeof word === "string"),
  }));
  summary.compliance = (summary.compliance as Record<string, unknown>[]).map((rule) => ({
    ...rule,
    words: listOf(rule.words),
  }));
  const suggested = isRecord(raw.suggested) ? raw.suggested : {};
  summary.suggested = { steps: listOf(suggested.steps), canned_responses: listOf(suggested.canned_responses) };
  const emotion = isRecord(raw.emotion)
    ? raw.emotion
    : { family: "neutral", intensity: 0, first_action: "listen" };
  summary.emotion = { ...emotion, course: listOf(emotion.course).filter(isRecord) };
  for (const name of ["customer", "order", "logistics", "diagnosis"]) {
    if (!isRecord(raw[name])) delete summary[name];
  }
  if (isRecord(summary.order))
    summary.order = { ...summary.order, items: listOf(summary.order.items).filter(isRecord) };
  for (const name of ["headline", "one_sentence", "desired_outcome"]) {
    if (typeof raw[name] !== "string") summary[name] = "";
  }
  return summary as unknown as EscalationSummary;
}

/** Which customer message (counted from 1) began the present feeling: 愤怒 since the second message. Null when unknown. */
export function feelingSince(summary: EscalationSummary): number | null {
  const course = summary.emotion.course;
  let since: number | null = null;
  for (let index = course.length - 1; index >= 0; index -= 1) {
    if (course[index]?.family !== summary.emotion.family) break;
    since = index + 1;
  }
  return since;
}

/** The last four digits stand for the order, as everybody says it: …0612. */
export function orderEnding(orderId: string): string {
  return `…${orderId.slice(-4)}`;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
