/** One conversation as the console keeps it: what has arrived, what is on its way out, what is still unread. */

import { EventLog } from "@baton/shared";
import type { AckFrame, Attachment, ChatEvent, ConversationStatus, OutboxItem, Understanding } from "@baton/shared";
import type { EmotionPoint } from "../contract/summary";

export interface Feed {
  id: string;
  log: EventLog;
  /** in order, without holes, each once */
  events: ChatEvent[];
  outgoing: OutboxItem[];
  status: ConversationStatus | null;
  /** the customer's last sign of typing, ms since 1970; 0 for none */
  typingAtMs: number;
  /** highest seq that the agent has seen */
  readSeq: number;
  /** cursor for which a resend was already asked, so that a burst after a hole asks once */
  askedFrom: number | null;
  /** readings that came before their message, by message id */
  earlyUnderstandings: Map<string, Understanding>;
  /** the desk has answered the subscription */
  loaded: boolean;
}

export function newFeed(id: string, readSeq: number): Feed {
  return {
    id,
    log: new EventLog(0),
    events: [],
    outgoing: [],
    status: null,
    typingAtMs: 0,
    readSeq,
    askedFrom: null,
    earlyUnderstandings: new Map(),
    loaded: false,
  };
}

export interface Applied {
  /** events that became visible, in order */
  released: ChatEvent[];
  /** ask the desk to send again what comes after this seq; null when nothing is missing or it was asked already */
  resendAfter: number | null;
}

/** Takes one event from the socket, whatever its order. */
export function applyEvent(feed: Feed, event: ChatEvent): Applied {
  const released = feed.log.accept(event);
  for (const one of released) {
    feed.events.push(withUnderstanding(feed, one));
    // A new array draws the whole list anew: not for each of thousands of old events.
    if (feed.outgoing.some((item) => confirms(one, item))) feed.outgoing = feed.outgoing.filter((item) => !confirms(one, item));
    if (one.sender === "customer") feed.typingAtMs = 0;
    if (one.sender === "agent") feed.readSeq = Math.max(feed.readSeq, one.seq);
  }
  if (released.length > 0) {
    feed.askedFrom = null;
    return { released, resendAfter: feed.log.hasGap && event.seq > feed.log.cursor ? askOnce(feed) : null };
  }
  return { released, resendAfter: event.seq > feed.log.cursor ? askOnce(feed) : null };
}

/**
 * What the bot read out of a customer's message while a person owns the conversation; it follows the message and
 * may come before it. Returns whether anything was changed.
 */
export function applyUnderstanding(feed: Feed, messageId: string, understanding: Understanding): boolean {
  let index = feed.events.length - 1;
  while (index >= 0 && feed.events[index]?.message_id !== messageId) index -= 1;
  const event = feed.events[index];
  if (!event) {
    feed.earlyUnderstandings.set(messageId, understanding);
    return false;
  }
  feed.events[index] = { ...event, understanding };
  return true;
}

function withUnderstanding(feed: Feed, event: ChatEvent): ChatEvent {
  const early = feed.earlyUnderstandings.get(event.message_id);
  feed.earlyUnderstandings.delete(event.message_id);
  return early ? { ...event, understanding: early } : event;
}

function confirms(event: ChatEvent, item: OutboxItem): boolean {
  return event.client_id === item.cid;
}

function askOnce(feed: Feed): number | null {
  if (feed.askedFrom === feed.log.cursor) return null;
  feed.askedFrom = feed.log.cursor;
  return feed.log.cursor;
}

/** The desk has committed a message of ours. Its event may have come before or may still be under way. */
export function applyAck(feed: Feed, ack: AckFrame): void {
  feed.log.expect(ack.seq);
  const shown = feed.log.cursor >= ack.seq;
  feed.outgoing = shown
    ? feed.outgoing.filter((item) => item.cid !== ack.cid)
    : feed.outgoing.map((item) => (item.cid === ack.cid ? { ...item, state: "sent" } : item));
}

/** Marks a message as not delivered; with a code the desk refused it, without one it is merely overdue. */
export function failOutgoing(feed: Feed, cid: string, errorCode?: string): void {
  feed.outgoing = feed.outgoing.map((item) =>
    item.cid === cid && item.state !== "sent"
      ? { ...item, state: "failed", ...(errorCode === undefined ? {} : { errorCode }) }
      : item,
  );
}

export function addOutgoing(feed: Feed, cid: string, text: string, at: string, attachments?: Attachment[]): void {
  feed.outgoing = [...feed.outgoing, { cid, text, at, state: "sending", ...(attachments && { attachments }) }];
}

/** Sends it again under the same client id: should the first one have arrived, the desk stores nothing twice. */
export function retryOutgoing(feed: Feed, cid: string): void {
  feed.outgoing = feed.outgoing.map((item) => {
    if (item.cid !== cid) return item;
    const { errorCode: _dropped, ...rest } = item;
    return { ...rest, state: "sending" };
  });
}

/** What to send again on a new connection: neither confirmed nor refused, in the order written. */
export function unconfirmed(feed: Feed): OutboxItem[] {
  return feed.outgoing.filter((item) => item.state !== "sent" && item.errorCode === undefined);
}

/** The number of the customer's newest word that this agent has seen, where it is theirs to say and news to the desk. */
export function readNews(feed: Feed, agentId: string | null): number | null {
  const { status } = feed;
  if (status?.state !== "active" || !status.read || agentId === null || status.agent?.agent_id !== agentId) return null;
  const seen = lastOf(feed, "customer", feed.readSeq);
  return seen !== null && seen.seq > status.read.agent ? seen.seq : null;
}

/** How the newest of our messages stand with the customer: the last one they have read, and the newest when unread. */
export function receipts(feed: Feed): { read: string | null; unread: string | null } {
  const marks = feed.status?.read;
  const newest = marks ? lastOf(feed, "agent", Infinity) : null;
  if (!marks || !newest) return { read: null, unread: null };
  return {
    read: lastOf(feed, "agent", marks.customer)?.message_id ?? null,
    unread: newest.seq > marks.customer ? newest.message_id : null,
  };
}

function lastOf(feed: Feed, sender: ChatEvent["sender"], upTo: number): ChatEvent | null {
  for (let index = feed.events.length - 1; index >= 0; index -= 1) {
    const event = feed.events[index]!;
    if (event.type === "message" && event.sender === sender && event.seq <= upTo) return event;
  }
  return null;
}

export function lastMessage(feed: Feed): ChatEvent | null {
  for (let index = feed.events.length - 1; index >= 0; index -= 1) {
    const event = feed.events[index];
    if (event?.type === "message") return event;
  }
  return null;
}

export function unreadCount(feed: Feed): number {
  let count = 0;
  for (let index = feed.events.length - 1; index >= 0; index -= 1) {
    const event = feed.events[index];
    if (!event || event.seq <= feed.readSeq) break;
    if (event.type === "message" && event.sender === "customer") count += 1;
  }
  return count;
}

/** Since when the customer waits for a person's word: the first customer message after the agent's last; else null. */
export function waitingSince(feed: Feed): string | null {
  let since: string | null = null;
  for (let index = feed.events.length - 1; index >= 0; index -= 1) {
    const event = feed.events[index];
    if (!event) break;
    if (event.type !== "message") continue;
    if (event.sender === "agent") return since;
    if (event.sender === "customer") since = event.at;
    // What the bot answered is settled: only later words wait for a person.
    if (event.sender === "bot") return since;
  }
  return since;
}

/** The feelings read from customer messages, oldest first. */
export function liveCourse(feed: Feed): EmotionPoint[] {
  const course: EmotionPoint[] = [];
  for (const event of feed.events) {
    const emotion = event.understanding?.emotion;
    if (event.sender !== "customer" || !emotion) continue;
    course.push({ message_id: event.message_id, family: emotion.family, intensity: emotion.intensity });
  }
  return course;
}

export interface ReplyClock {
  kind: "first" | "reply";
  since: string;
}

/**
 * The clock that runs against the agent: from queueing to their first word, later from the customer's first
 * unanswered message. Null when it is the customer's turn.
 */
export function replyClock(feed: Feed, queuedAt: string, claimedAt: string | null): ReplyClock | null {
  const spoke = feed.events.some(
    (event) => event.type === "message" && event.sender === "agent" && claimedAt !== null && event.at >= claimedAt,
  );
  if (!spoke) return { kind: "first", since: queuedAt };
  const since = waitingSince(feed);
  return since === null ? null : { kind: "reply", since };
}
