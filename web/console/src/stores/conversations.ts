/** The open conversations: events in and messages out, exactly once whatever the network does. */

import { backoffMs, newClientId } from "@baton/shared";
import type { AckFrame, Attachment, ChatEvent, ConversationStatus, Frame, OutboxItem, ReadMarks, Understanding } from "@baton/shared";
import { defineStore } from "pinia";
import { shallowReactive } from "vue";
import {
  addOutgoing,
  applyAck,
  applyEvent,
  applyUnderstanding,
  failOutgoing,
  newFeed,
  readNews,
  retryOutgoing,
  unconfirmed,
  type Feed,
} from "../rules/feed";
import { chatEventOf } from "../rules/frames";
import { useLink } from "./link";
import { readJson, writeJson } from "./storage";

/** an acknowledgement later than this is shown as a failure; the message may still arrive, once */
export const ACK_OVERDUE_MS = 12_000;
/** an acknowledged message whose event does not follow is asked for */
const EVENT_OVERDUE_MS = 3_000;
const TYPING_EVERY_MS = 2_000;
/** what was read meanwhile is told in one word */
const TELL_READ_MS = 500;
/** so often a message the desk stumbled over (`internal`) gets another try by itself */
const MOST_STUMBLES = 5;

type EventListener = (feed: Feed, event: ChatEvent) => void;

export const useConversations = defineStore("conversations", () => {
  const link = useLink();
  const feeds = shallowReactive(new Map<string, Feed>());
  const followed = new Set<string>();
  const listeners = new Set<EventListener>();
  let typingSentAtMs = 0;
  const telling = new Set<string>();
  const stumbles = new Map<string, number>();
  let me: string | null = null;
  let outboxKey: string | null = null;
  let readKey: string | null = null;
  let readUpTo: Record<string, number> = {};

  link.listen({ onReady: resume, onFrame: receive });

  /** Takes up what this agent left in this tab: messages nobody confirmed, and how far they have read. */
  function open(agentId: string): void {
    clear();
    me = agentId;
    outboxKey = `baton.console.outbox.${agentId}`;
    readKey = `baton.console.read.${agentId}`;
    readUpTo = (readJson(localStorage, readKey) ?? {}) as Record<string, number>;
    const left = (readJson(sessionStorage, outboxKey) ?? {}) as Record<string, OutboxItem[]>;
    for (const [id, items] of Object.entries(left)) feedOf(id).outgoing = items;
  }

  /** The feed of a conversation, made when it is asked for the first time. */
  function feedOf(id: string): Feed {
    const known = feeds.get(id);
    if (known) return known;
    const feed = shallowReactive(newFeed(id, readUpTo[id] ?? 0));
    feeds.set(id, feed);
    return feed;
  }

  /** Keeps a conversation up to date from now on, over every reconnection. */
  function follow(id: string): Feed {
    const feed = feedOf(id);
    if (!followed.has(id)) {
      followed.add(id);
      subscribe(feed);
    }
    return feed;
  }

  function unfollow(id: string): void {
    if (!followed.delete(id)) return;
    link.send({ type: "unsubscribe", conversation: id });
  }

  function subscribe(feed: Feed): void {
    link.send({ type: "subscribe", conversation: feed.id, after: feed.log.cursor });
  }

  /** Start-up and reconnection are the same: ask from the cursor on, then send what nobody has confirmed. */
  function resume(): void {
    for (const id of followed) {
      const feed = feedOf(id);
      feed.askedFrom = null;
      subscribe(feed);
    }
    for (const feed of feeds.values()) unconfirmed(feed).forEach((item) => transmit(feed, item));
  }

  function receive(frame: Frame): void {
    if (frame.type === "event") receiveEvent(chatEventOf(frame));
    else if (frame.type === "ack") receiveAck(frame as unknown as AckFrame);
    else if (frame.type === "state") receiveState(frame);
    else if (frame.type === "typing") receiveTyping(frame);
    else if (frame.type === "understanding") receiveUnderstanding(frame);
    else if (frame.type === "error") receiveError(frame);
  }

  function receiveEvent(event: ChatEvent | null): void {
    const feed = event ? feeds.get(event.conversation) : undefined;
    if (!event || !feed) return;
    const { released, resendAfter } = applyEvent(feed, event);
    if (resendAfter !== null) link.send({ type: "resend_from", conversation: feed.id, after: resendAfter });
    if (released.length > 0) saveOutbox();
    for (const one of released) listeners.forEach((listener) => listener(feed, one));
  }

  function receiveAck(ack: AckFrame): void {
    const feed = ack.conversation === undefined ? feedWithOutgoing(ack.cid) : feeds.get(ack.conversation);
    if (!feed) return;
    stumbles.delete(ack.cid);
    applyAck(feed, ack);
    saveOutbox();
    setTimeout(() => {
      if (feed.log.cursor < ack.seq) {
        link.send({ type: "resend_from", conversation: feed.id, after: feed.log.cursor });
      }
    }, EVENT_OVERDUE_MS);
  }

  function receiveState(frame: Frame): void {
    const feed = feeds.get(String(frame.conversation));
    if (!feed) return;
    if (!feed.loaded) {
      // Until the first replay is through the list is plain, so that thousands of old events cost one drawing.
      feed.events = shallowReactive(feed.events);
      feed.loaded = true;
    }
    feed.status = {
      state: frame.state as ConversationStatus["state"],
      queue: (frame.queue ?? null) as ConversationStatus["queue"],
      agent: (frame.agent ?? null) as ConversationStatus["agent"],
      ...(frame.read ? { read: frame.read as ReadMarks } : {}),
    };
    tellRead(feed);
  }

  function receiveTyping(frame: Frame): void {
    const feed = feeds.get(String(frame.conversation));
    if (feed && (frame.sender ?? "customer") === "customer") feed.typingAtMs = Date.now();
  }

  function receiveUnderstanding(frame: Frame): void {
    const feed = feeds.get(String(frame.conversation));
    if (feed) applyUnderstanding(feed, String(frame.message_id), frame.understanding as Understanding);
  }

  function receiveError(frame: Frame): void {
    if (typeof frame.cid !== "string") return;
    const feed = feedWithOutgoing(frame.cid);
    const code = (frame.error as { code?: string } | undefined)?.code ?? "unknown";
    if (!feed) return;
    if (code === "internal") stumbled(feed, frame.cid);
    else failOutgoing(feed, frame.cid, code);
    saveOutbox();
  }

  /** No refusal: tried again like after a lost connection. */
  function stumbled(feed: Feed, cid: string): void {
    const before = stumbles.get(cid) ?? 0;
    stumbles.set(cid, before + 1);
    if (before >= MOST_STUMBLES) return failOutgoing(feed, cid);
    setTimeout(() => {
      const item = feed.outgoing.find((one) => one.cid === cid);
      if (item) transmit(feed, item);
    }, backoffMs(before, Math.random()));
  }

  function feedWithOutgoing(cid: string): Feed | undefined {
    return [...feeds.values()].find((feed) => feed.outgoing.some((item) => item.cid === cid));
  }

  /** Shows the message at once, keeps it until the desk has it. */
  function send(id: string, text: string, attachments?: Attachment[]): void {
    const feed = feedOf(id);
    const cid = newClientId();
    addOutgoing(feed, cid, text, new Date().toISOString(), attachments);
    saveOutbox();
    const item = feed.outgoing.find((one) => one.cid === cid);
    if (item) transmit(feed, item);
  }

  function retry(id: string, cid: string): void {
    const feed = feedOf(id);
    stumbles.delete(cid);
    retryOutgoing(feed, cid);
    const item = feed.outgoing.find((one) => one.cid === cid);
    if (item) transmit(feed, item);
  }

  /** Takes a message that did not go through back out; returns its text, so that it can be edited. */
  function withdraw(id: string, cid: string): string {
    const feed = feedOf(id);
    const text = feed.outgoing.find((one) => one.cid === cid)?.text ?? "";
    feed.outgoing = feed.outgoing.filter((one) => one.cid !== cid);
    saveOutbox();
    return text;
  }

  function transmit(feed: Feed, item: OutboxItem): void {
    if (item.state === "failed") retryOutgoing(feed, item.cid);
    const attached = item.attachments && { attachments: item.attachments.map((one) => one.id) };
    link.send({ type: "send", conversation: feed.id, cid: item.cid, text: item.text, ...attached });
    setTimeout(() => checkOverdue(feed, item.cid), ACK_OVERDUE_MS);
  }

  function checkOverdue(feed: Feed, cid: string): void {
    const item = feed.outgoing.find((one) => one.cid === cid);
    if (item?.state !== "sending") return;
    failOutgoing(feed, cid);
    link.probe();
  }

  function typing(id: string): void {
    const now = Date.now();
    if (now - typingSentAtMs < TYPING_EVERY_MS) return;
    typingSentAtMs = now;
    link.send({ type: "typing", conversation: id });
  }

  function markRead(id: string): void {
    const feed = feeds.get(id);
    if (!feed || feed.readSeq >= feed.log.cursor) return;
    feed.readSeq = feed.log.cursor;
    readUpTo[id] = feed.readSeq;
    if (readKey) writeJson(localStorage, readKey, readUpTo);
    tellRead(feed);
  }

  /** What I have seen of my customer's words, at most once in a while and only when the desk does not know it. */
  function tellRead(feed: Feed): void {
    if (telling.has(feed.id) || readNews(feed, me) === null) return;
    telling.add(feed.id);
    setTimeout(() => {
      telling.delete(feed.id);
      const seq = readNews(feed, me);
      if (seq !== null && feeds.get(feed.id) === feed) link.send({ type: "read", conversation: feed.id, seq });
    }, TELL_READ_MS);
  }

  /** Hears every event that became visible, old ones of a first load included. Returns how to stop. */
  function onEvent(listener: EventListener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Forgets everything in memory: somebody else may sign in on this machine. */
  function clear(): void {
    followed.clear();
    feeds.clear();
    stumbles.clear();
    outboxKey = readKey = me = null;
  }

  function saveOutbox(): void {
    if (!outboxKey) return;
    const kept: Record<string, OutboxItem[]> = {};
    for (const feed of feeds.values()) {
      const items = feed.outgoing.filter((item) => item.state !== "sent");
      if (items.length > 0) kept[feed.id] = items;
    }
    writeJson(sessionStorage, outboxKey, kept);
  }

  return { feeds, open, feedOf, follow, unfollow, send, retry, withdraw, typing, markRead, onEvent, clear };
});
