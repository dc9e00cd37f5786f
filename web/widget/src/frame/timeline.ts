/** From events and unsent messages to what is drawn: days, system lines, groups of bubbles. Pure. */

import { sameDay, type Attachment, type Button, type Card, type ChatEvent, type EventType, type OutboxItem, type Sender } from "@baton/shared";

/** Messages of one person within this time belong together. */
const GROUP_MS = 3 * 60_000;

export interface MessageRow {
  kind: "message";
  key: string;
  sender: Sender;
  name: string | null;
  text: string;
  card: Card | null;
  files: Attachment[];
  buttons: Button[];
  /** the newest message's buttons can be used, older ones are history */
  active: boolean;
  at: string;
  first: boolean;
  last: boolean;
  delivery: OutboxItem["state"] | null;
  errorCode: string | null;
  /** the newest message of the customer's that a person has read */
  read: boolean;
}

export interface SystemRow {
  kind: "system";
  key: string;
  type: EventType;
  text: string;
  buttons: Button[];
  active: boolean;
}

export type Row = MessageRow | SystemRow | { kind: "day"; key: string; at: string };

/** `readSeq`: how far a person has read. */
export function buildTimeline(events: readonly ChatEvent[], outbox: readonly OutboxItem[], readSeq = 0): Row[] {
  const rows: Row[] = [];
  let read: MessageRow | null = null;
  for (const event of events) {
    if (event.type === "message" && event.sender !== "system") {
      const row = rowOfEvent(event);
      append(rows, row);
      if (event.sender === "customer" && event.seq <= readSeq) read = row;
    }
    // The question for a rating is the form itself.
    else if (event.text && event.type !== "rating_requested") appendSystem(rows, event);
  }
  if (read) read.read = true;
  for (const item of outbox) append(rows, rowOfOutbox(item));
  activateNewest(rows);
  activateOffer(rows);
  return rows;
}

/** Whether the customer is being asked for a rating: asked, and neither given nor overtaken by a new start. */
export function ratingOpen(events: readonly ChatEvent[]): boolean {
  let open = false;
  for (const event of events) {
    if (event.type === "rating_requested") open = true;
    if (event.type === "rated" || event.type === "conversation_reopened") open = false;
  }
  return open;
}

function rowOfEvent(event: ChatEvent): MessageRow {
  return {
    kind: "message",
    key: event.client_id ?? event.message_id,
    sender: event.sender,
    name: event.agent?.display_name ?? null,
    text: event.text ?? "",
    card: event.card ?? null,
    files: event.attachments ?? [],
    buttons: event.buttons ?? [],
    active: false,
    at: event.at,
    first: true,
    last: true,
    delivery: null,
    errorCode: null,
    read: false,
  };
}

function rowOfOutbox(item: OutboxItem): MessageRow {
  return {
    kind: "message",
    key: item.cid,
    sender: "customer",
    name: null,
    text: item.text,
    card: null,
    files: item.attachments ?? [],
    buttons: [],
    active: false,
    at: item.at,
    first: true,
    last: true,
    delivery: item.state,
    errorCode: item.errorCode ?? null,
    read: false,
  };
}

function append(rows: Row[], row: MessageRow): void {
  separateDays(rows, row.at, row.key);
  const previous = rows[rows.length - 1];
  if (previous?.kind === "message" && together(previous, row)) {
    previous.last = false;
    row.first = false;
  }
  rows.push(row);
}

function appendSystem(rows: Row[], event: ChatEvent): void {
  separateDays(rows, event.at, event.message_id);
  const { type, text, buttons } = event;
  rows.push({ kind: "system", key: `${event.seq}`, type, text: text ?? "", buttons: buttons ?? [], active: false });
}

function separateDays(rows: Row[], at: string, key: string): void {
  const before = lastTime(rows);
  if (before === null || !sameDay(before, at)) rows.push({ kind: "day", key: `day-${key}`, at });
}

function lastTime(rows: Row[]): string | null {
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index]!;
    if (row.kind !== "system") return row.at;
  }
  return null;
}

function together(first: MessageRow, second: MessageRow): boolean {
  const apart = Date.parse(second.at) - Date.parse(first.at);
  return first.sender === second.sender && first.name === second.name && apart < GROUP_MS;
}

function activateNewest(rows: Row[]): void {
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index]!;
    if (row.kind !== "message") continue;
    row.active = row.sender !== "customer";
    return;
  }
}

/**
 * What the desk itself offers while somebody waits (先问机器人, 继续等): unlike a bot's question it stays open while the
 * customer goes on writing, until it is taken, somebody answers, or the next line of the system takes its place.
 */
function activateOffer(rows: Row[]): void {
  const said = new Set<string>();
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index]!;
    if (row.kind === "message") {
      if (row.sender !== "customer") return;
      said.add(row.text);
    }
    if (row.kind !== "system" || row.type === "contact_noted") continue;
    row.active = row.buttons.length > 0 && !row.buttons.some(({ title }) => said.has(title));
    return;
  }
}
