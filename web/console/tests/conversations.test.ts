import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ACK_OVERDUE_MS, useConversations } from "../src/stores/conversations";
import { receipts } from "../src/rules/feed";
import { useLink } from "../src/stores/link";
import { FakeSocket, message, reconnect } from "./helpers";

const EMPTY = JSON.stringify({});

function startTab(): ReturnType<typeof useConversations> {
  setActivePinia(createPinia());
  const conversations = useConversations();
  conversations.open("a_1");
  useLink().start({ url: "ws://desk/ws/agent", createSocket: FakeSocket.create });
  return conversations;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  localStorage.clear();
  sessionStorage.clear();
});
afterEach(() => {
  useLink().stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("following a conversation", () => {
  it("asks from the cursor on after a reconnection and shows nothing twice", async () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    const feed = conversations.follow("c_1");
    expect(FakeSocket.last.sentOf("subscribe")).toEqual([{ type: "subscribe", conversation: "c_1", after: 0 }]);
    [1, 2].forEach((seq) => FakeSocket.last.event(message(seq)));

    const socket = await reconnect((ms) => vi.advanceTimersByTimeAsync(ms));
    expect(socket.sentOf("subscribe")).toEqual([{ type: "subscribe", conversation: "c_1", after: 2 }]);
    [2, 3].forEach((seq) => socket.event(message(seq)));
    expect(feed.events.map((event) => event.seq)).toEqual([1, 2, 3]);
  });

  it("asks again from the cursor when an event is missing", () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    const feed = conversations.follow("c_1");
    FakeSocket.last.event(message(1));
    FakeSocket.last.event(message(3));
    expect(FakeSocket.last.sentOf("resend_from")).toEqual([
      { type: "resend_from", conversation: "c_1", after: 1 },
    ]);
    [2, 3].forEach((seq) => FakeSocket.last.event(message(seq)));
    expect(feed.events.map((event) => event.seq)).toEqual([1, 2, 3]);
  });

  it("tells listeners of every event exactly once", () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    conversations.follow("c_1");
    const heard: number[] = [];
    conversations.onEvent((_feed, event) => heard.push(event.seq));
    [1, 3, 3, 2, 1].forEach((seq) => FakeSocket.last.event(message(seq)));
    expect(heard).toEqual([1, 2, 3]);
  });

  it("ignores frames that are not what they say", () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    const feed = conversations.follow("c_1");
    FakeSocket.last.say({ type: "event", event: null });
    FakeSocket.last.say({ type: "event", event: { seq: 1 } });
    FakeSocket.last.say({ type: "ack", cid: "nobody", seq: 1, message_id: "m" });
    FakeSocket.last.say({ type: "state", conversation: "c_other", state: "bot" });
    expect(feed.events).toEqual([]);
  });
});

describe("sending", () => {
  it("sends again under the same id what a lost connection left unconfirmed", async () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    const feed = conversations.follow("c_1");
    conversations.send("c_1", "您好");
    const [first] = FakeSocket.last.sentOf("send");
    expect(first).toMatchObject({ conversation: "c_1", text: "您好" });

    const socket = await reconnect((ms) => vi.advanceTimersByTimeAsync(ms));
    const [again] = socket.sentOf("send");
    expect(again).toEqual(first);
    const cid = String(first?.cid);
    socket.say({ type: "ack", conversation: "c_1", cid, message_id: "m_1", seq: 1 });
    socket.event(message(1, { sender: "agent", client_id: cid, text: "您好" }));
    expect(feed.outgoing).toEqual([]);
    expect(feed.events).toHaveLength(1);
    expect((await reconnect((ms) => vi.advanceTimersByTimeAsync(ms))).sentOf("send")).toEqual([]);
  });

  it("keeps what is written without a connection, also over a reload of the page", () => {
    const conversations = startTab();
    conversations.send("c_1", "断线时写的");
    useLink().stop();

    startTab();
    FakeSocket.last.welcome();
    expect(FakeSocket.last.sentOf("send")).toMatchObject([{ conversation: "c_1", text: "断线时写的" }]);
  });

  it("does not send one agent's words under another's name", () => {
    startTab().send("c_1", "小周写的");
    useLink().stop();

    setActivePinia(createPinia());
    useConversations().open("a_2");
    useLink().start({ url: "ws://desk/ws/agent", createSocket: FakeSocket.create });
    FakeSocket.last.welcome();
    expect(FakeSocket.last.sentOf("send")).toEqual([]);
  });

  it("keeps the text of a refused message and gives it back for editing", () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    const feed = conversations.follow("c_1");
    conversations.send("c_1", "不该丢的话");
    const cid = String(FakeSocket.last.sentOf("send")[0]?.cid);
    FakeSocket.last.say({ type: "error", cid, error: { code: "not_owner", message: "" } });
    expect(feed.outgoing).toMatchObject([{ state: "failed", errorCode: "not_owner", text: "不该丢的话" }]);
    expect(conversations.withdraw("c_1", cid)).toBe("不该丢的话");
    expect(feed.outgoing).toEqual([]);
    expect(sessionStorage.getItem("baton.console.outbox.a_1")).toBe(EMPTY);
  });

  it("shows a message as overdue when nothing comes back, and probes the connection", async () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    const feed = conversations.follow("c_1");
    conversations.send("c_1", "有人吗");
    await vi.advanceTimersByTimeAsync(ACK_OVERDUE_MS + 10);
    expect(feed.outgoing).toMatchObject([{ state: "failed" }]);
    expect(FakeSocket.last.sentOf("ping").length).toBeGreaterThan(0);
  });

  it("remembers how far was read over a reload", () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    conversations.follow("c_1");
    [1, 2].forEach((seq) => FakeSocket.last.event(message(seq)));
    conversations.markRead("c_1");
    useLink().stop();
    expect(startTab().feedOf("c_1").readSeq).toBe(2);
  });
});

describe("what I have read of my customer", () => {
  const status = (agent: string | null, read = { customer: 0, agent: 0 }, state = "active") =>
    FakeSocket.last.say({ type: "state", conversation: "c_1", state, queue: null, agent: agent && { agent_id: agent, display_name: "小周" }, read });
  const marks = () => FakeSocket.last.sentOf("read").map(({ seq }) => seq);

  it("is told once for many messages, up to the customer's newest", async () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    conversations.follow("c_1");
    status("a_1");
    for (let seq = 1; seq <= 20; seq += 1) {
      FakeSocket.last.event(message(seq));
      conversations.markRead("c_1");
    }
    FakeSocket.last.event(message(21, { sender: "bot" }));
    conversations.markRead("c_1");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(marks()).toEqual([20]);
    status("a_1", { customer: 0, agent: 20 });
    conversations.markRead("c_1");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(marks()).toEqual([20]);
  });

  it("is told when the conversation becomes mine, and again when the desk does not know it after a reconnect", async () => {
    const conversations = startTab();
    FakeSocket.last.welcome();
    conversations.follow("c_1");
    FakeSocket.last.event(message(1));
    status(null, { customer: 0, agent: 0 }, "queued");
    conversations.markRead("c_1");
    await vi.advanceTimersByTimeAsync(1_000);
    status("a_2"); // a colleague's
    await vi.advanceTimersByTimeAsync(1_000);
    expect(marks()).toEqual([]);
    status("a_1");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(marks()).toEqual([1]);
    await reconnect((ms) => vi.advanceTimersByTimeAsync(ms));
    status("a_1");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(marks()).toEqual([1]);
  });

  it("shows how far the customer has read of mine", () => {
    const feed = startTab().follow("c_1");
    FakeSocket.last.welcome();
    [1, 2, 3].forEach((seq) => FakeSocket.last.event(message(seq, { sender: "agent", message_id: `m_${seq}` })));
    expect(receipts(feed)).toEqual({ read: null, unread: null }); // an older desk does not say
    status("a_1", { customer: 2, agent: 0 });
    expect(receipts(feed)).toEqual({ read: "m_2", unread: "m_3" });
    status("a_1", { customer: 3, agent: 0 });
    expect(receipts(feed)).toEqual({ read: "m_3", unread: null });
  });
});

describe("a desk that stumbles over a message", () => {
  const stumble = (cid: string) => FakeSocket.last.say({ type: "error", cid, error: { code: "internal", message: "" } });

  it("gets it again under the same id, some times, before it counts as failed", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.1);
    const conversations = startTab();
    FakeSocket.last.welcome();
    const feed = conversations.follow("c_1");
    conversations.send("c_1", "您好");
    const cid = String(FakeSocket.last.sentOf("send")[0]?.cid);
    for (let turn = 1; turn <= 5; turn += 1) {
      stumble(cid);
      expect(feed.outgoing[0]?.errorCode).toBeUndefined();
      await vi.advanceTimersByTimeAsync(1_000);
      expect(FakeSocket.last.sentOf("send")).toHaveLength(turn + 1);
    }
    stumble(cid);
    expect(feed.outgoing).toMatchObject([{ state: "failed" }]);
    expect(feed.outgoing[0]?.errorCode).toBeUndefined();
    expect(new Set(FakeSocket.last.sentOf("send").map((frame) => frame.cid))).toEqual(new Set([cid]));
  });
});
