import { describe, expect, it } from "vitest";
import {
  addOutgoing,
  applyAck,
  applyEvent,
  applyUnderstanding,
  failOutgoing,
  liveCourse,
  newFeed,
  replyClock,
  retryOutgoing,
  unconfirmed,
  unreadCount,
  waitingSince,
} from "../src/rules/feed";
import { message } from "./helpers";

const seqs = (feed: ReturnType<typeof newFeed>) => feed.events.map((event) => event.seq);
const agent = (seq: number, over = {}) => message(seq, { sender: "agent", ...over });

describe("events", () => {
  it("come in order, each once", () => {
    const feed = newFeed("c_1", 0);
    for (const seq of [1, 2, 2, 1, 3]) applyEvent(feed, message(seq));
    expect(seqs(feed)).toEqual([1, 2, 3]);
  });

  it("ask once for what is missing and show nothing out of order", () => {
    const feed = newFeed("c_1", 0);
    applyEvent(feed, message(1));
    expect(applyEvent(feed, message(3)).resendAfter).toBe(1);
    expect(applyEvent(feed, message(4)).resendAfter).toBeNull();
    expect(seqs(feed)).toEqual([1]);
    const { released } = applyEvent(feed, message(2));
    expect(released.map((event) => event.seq)).toEqual([2, 3, 4]);
    expect(seqs(feed)).toEqual([1, 2, 3, 4]);
  });

  it("ask again when a second hole opens later", () => {
    const feed = newFeed("c_1", 0);
    applyEvent(feed, message(2));
    applyEvent(feed, message(1));
    expect(applyEvent(feed, message(5)).resendAfter).toBe(2);
  });
});

describe("messages on their way out", () => {
  it("leave when their event arrives, whether the acknowledgement comes before or after it", () => {
    const feed = newFeed("c_1", 0);
    addOutgoing(feed, "x", "您好", "2026-11-22T02:00:00Z");
    addOutgoing(feed, "y", "稍等", "2026-11-22T02:00:01Z");
    applyAck(feed, { type: "ack", cid: "x", message_id: "m_1", seq: 1 });
    expect(feed.outgoing.map((item) => item.state)).toEqual(["sent", "sending"]);
    applyEvent(feed, agent(1, { client_id: "x" }));
    applyEvent(feed, agent(2, { client_id: "y" }));
    applyAck(feed, { type: "ack", cid: "y", message_id: "m_2", seq: 2 });
    expect(feed.outgoing).toEqual([]);
    expect(seqs(feed)).toEqual([1, 2]);
  });

  it("are sent again when overdue, but not when the desk refused them", () => {
    const feed = newFeed("c_1", 0);
    addOutgoing(feed, "late", "一", "2026-11-22T02:00:00Z");
    addOutgoing(feed, "refused", "二", "2026-11-22T02:00:01Z");
    failOutgoing(feed, "late");
    failOutgoing(feed, "refused", "not_owner");
    expect(unconfirmed(feed).map((item) => item.cid)).toEqual(["late"]);
    expect(feed.outgoing.map((item) => item.text)).toEqual(["一", "二"]);
    retryOutgoing(feed, "refused");
    expect(unconfirmed(feed).map((item) => item.cid)).toEqual(["late", "refused"]);
  });
});

describe("what the agent still has to do", () => {
  it("counts customer messages after the last one seen; answering counts as seeing", () => {
    const feed = newFeed("c_1", 1);
    applyEvent(feed, message(1));
    applyEvent(feed, message(2));
    applyEvent(feed, message(3, { sender: "bot" }));
    expect(unreadCount(feed)).toBe(1);
    applyEvent(feed, agent(4));
    expect(unreadCount(feed)).toBe(0);
  });

  it("waits from the first unanswered customer message", () => {
    const feed = newFeed("c_1", 0);
    [agent(1), message(2), message(3)].forEach((event) => applyEvent(feed, event));
    expect(waitingSince(feed)).toBe(message(2).at);
    applyEvent(feed, agent(4));
    expect(waitingSince(feed)).toBeNull();
  });

  it("runs the first-reply clock from queueing until the agent speaks; the bot does not stop it", () => {
    const feed = newFeed("c_1", 0);
    const queued = message(2).at;
    [message(1), message(2, { sender: "bot" })].forEach((event) => applyEvent(feed, event));
    expect(replyClock(feed, queued, message(3).at)).toEqual({ kind: "first", since: queued });
    applyEvent(feed, message(3, { sender: "agent" }));
    expect(replyClock(feed, queued, message(3).at)).toBeNull();
    applyEvent(feed, message(4));
    expect(replyClock(feed, queued, message(3).at)).toEqual({ kind: "reply", since: message(4).at });
  });

  it("does not take an earlier agent's words for mine after a transfer", () => {
    const feed = newFeed("c_1", 0);
    [agent(1), message(2)].forEach((event) => applyEvent(feed, event));
    expect(replyClock(feed, message(2).at, message(3).at)?.kind).toBe("first");
  });
});

describe("emotion read later", () => {
  const angry = { intents: [], emotion: { family: "angry" as const, intensity: 2 } };

  it("finds its message before or after it arrives", () => {
    const feed = newFeed("c_1", 0);
    applyUnderstanding(feed, "m_2", angry);
    applyEvent(feed, message(1));
    applyEvent(feed, message(2));
    applyUnderstanding(feed, "m_1", angry);
    expect(liveCourse(feed)).toEqual([
      { message_id: "m_1", family: "angry", intensity: 2 },
      { message_id: "m_2", family: "angry", intensity: 2 },
    ]);
  });
});
