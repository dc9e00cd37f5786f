/** The customer's connection against a real socket server: nothing lost, nothing doubled, order kept. */
// @vitest-environment node

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { CustomerConnection, DeskError, type ChatEvent, type CustomerTimings, type Limits, type OutboxItem, type SimpleStorage } from "../src";
import { DeskDouble, LIMITS, type Fate } from "./desk_double";

const FAST: Partial<CustomerTimings> = {
  pingMs: 100, deadMs: 400, connectMs: 500, probeMs: 150, doubtMs: 150, overdueMs: 600, gapMs: 60, readMs: 60,
};

class Memory implements SimpleStorage {
  readonly values = new Map<string, string>();
  getItem = (key: string) => this.values.get(key) ?? null;
  setItem = (key: string, value: string) => void this.values.set(key, value);
  removeItem = (key: string) => void this.values.delete(key);
}

let desk: DeskDouble;
let baseUrl: string;
let open: CustomerConnection[];

beforeEach(async () => {
  vi.stubGlobal("WebSocket", NodeSocket);
  desk = new DeskDouble();
  baseUrl = await desk.start();
  open = [];
});
afterEach(async () => {
  for (const connection of open) connection.stop();
  await desk.stop();
  vi.unstubAllGlobals();
});

function customer(options: { token?: string; storage?: SimpleStorage; random?: () => number } = {}) {
  const seen: { event: ChatEvent; live: boolean }[] = [];
  const view = { outbox: [] as readonly OutboxItem[], refused: 0, connectivity: [] as string[], states: [] as string[], limits: null as Limits | null, waits: [] as number[] };
  const connection = new CustomerConnection({
    baseUrl,
    conversation: "c_1",
    token: options.token ?? "good",
    storage: options.storage ?? new Memory(),
    timings: FAST,
    // Short waits, yet not zero: the back-off of a real customer with a lucky die.
    random: options.random ?? (() => 0.05),
    handlers: {
      onEvent: (event, live) => seen.push({ event, live }),
      onOutbox: (items) => (view.outbox = items),
      onConnectivity: (connectivity) => view.connectivity.push(connectivity),
      onStatus: (status) => view.states.push(status.state),
      onLimits: (limits) => (view.limits = limits),
      onThrottled: (seconds) => view.waits.push(seconds),
      onRefused: () => (view.refused += 1),
    },
  });
  open.push(connection);
  connection.start();
  return { connection, seen, view, texts: () => seen.map(({ event }) => event.text) };
}

async function until(condition: () => boolean, what: string, timeoutMs = 12_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A die that falls the same way in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function trouble(die: () => number, fates: [number, Fate][]): () => Fate {
  return () => {
    let roll = die();
    for (const [share, fate] of fates) {
      if (roll < share) return fate;
      roll -= share;
    }
    return "deliver";
  };
}

describe("on a good network", () => {
  it("acknowledges, shows the message once and empties the outbox", async () => {
    const li = customer();
    li.connection.send("在吗");
    expect(li.view.outbox).toMatchObject([{ text: "在吗", state: "sending" }]);
    await until(() => li.texts().length === 1, "own message");
    expect(li.texts()).toEqual(["在吗"]);
    await until(() => li.view.outbox.length === 0, "empty outbox");
    expect(li.view.connectivity).toEqual(["online"]);
    expect(li.view.states[0]).toBe("bot");
  });

  it("tells history from news", async () => {
    desk.say("昨天的话");
    const li = customer();
    await until(() => li.seen.length === 1, "history");
    desk.say("刚刚的话");
    await until(() => li.seen.length === 2, "news");
    expect(li.seen.map(({ live }) => live)).toEqual([false, true]);
  });

  it("sends the payload of a button and the page along", async () => {
    const li = customer();
    li.connection.setPage({ order_id: "20261118000123" });
    li.connection.send("转人工", "/request_human");
    await until(() => li.seen.length === 1, "message");
    expect(desk.received.find(({ type }) => type === "send")).toMatchObject({
      text: "转人工", payload: "/request_human", page: { order_id: "20261118000123" },
    });
  });

  it("shows a refused message as failed, keeps it and lets the others through", async () => {
    const li = customer();
    li.connection.send("长".repeat(2001));
    li.connection.send("短");
    await until(() => li.texts().includes("短") && li.view.outbox.length === 1, "short one");
    expect(li.view.outbox).toMatchObject([{ state: "failed", errorCode: "message_too_long" }]);
    desk.cutAll();
    await until(() => desk.connections === 2, "second connection");
    li.connection.send("还在吗");
    await until(() => li.texts().includes("还在吗"), "next message");
    expect(desk.events.map(({ text }) => text)).toEqual(["短", "还在吗"]);
  });

  it("stops at once when the desk refuses the token", async () => {
    const stranger = customer({ token: "bad" });
    await until(() => stranger.view.refused === 1, "refusal");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(desk.connections).toBe(1);
  });

  it("gives calls with a definite answer as errors by code", async () => {
    const li = customer();
    await expect(li.connection.rate(5, ["solved"], "")).rejects.toMatchObject({ code: "not_rateable", status: 409 });
    await expect(li.connection.rate(5, [], "")).rejects.toBeInstanceOf(DeskError);
  });
});

describe("on a bad network", () => {
  it.each([1, 7, 42])("loses and doubles nothing and keeps the order (seed %i)", async (seed) => {
    const die = seeded(seed);
    desk.faults.up = trouble(die, [[0.06, "cut"], [0.02, "half-open"], [0.1, "twice"], [0.1, { delayMs: 15 }]]);
    desk.faults.down = trouble(die, [[0.04, "cut"], [0.02, "half-open"], [0.1, "twice"], [0.1, { delayMs: 15 }], [0.05, "lose"]]);
    const li = customer({ random: seeded(seed + 1) });
    const up = Array.from({ length: 60 }, (_, index) => `问${index}`);
    const down = Array.from({ length: 60 }, (_, index) => `答${index}`);
    for (let index = 0; index < up.length; index += 1) {
      li.connection.send(up[index]!);
      desk.say(down[index]!);
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
    await new Promise((resolve) => setTimeout(resolve, 400));
    desk.behave();
    await until(() => desk.events.length === 120 && li.seen.length === 120 && li.view.outbox.length === 0, "everything there");
    expect(li.seen.map(({ event }) => event.seq)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
    expect(li.texts().filter((text) => text?.startsWith("答"))).toEqual(down);
    expect(li.texts().filter((text) => text?.startsWith("问")).sort()).toEqual([...up].sort());
  }, 30_000);

  it("keeps the order of what the customer wrote when connections are cut", async () => {
    const li = customer();
    await until(() => li.view.connectivity.includes("online"), "online");
    let frames = 0;
    desk.faults.up = (frame) => (frame.type === "send" && ++frames % 3 === 0 ? "cut" : "deliver");
    const words = Array.from({ length: 20 }, (_, index) => `第${index}句`);
    for (const word of words) li.connection.send(word);
    await until(() => li.seen.length === 20, "all of them");
    expect(desk.events.map(({ text }) => text)).toEqual(words);
  });

  it("notices a connection that went silent and gets over it", async () => {
    const li = customer();
    await until(() => li.view.connectivity.includes("online"), "online");
    desk.faults.up = () => "half-open";
    li.connection.send("听得到吗");
    await new Promise((resolve) => setTimeout(resolve, 50));
    desk.behave();
    await until(() => li.texts().includes("听得到吗") && li.view.outbox.length === 0, "message over a new connection");
    expect(desk.connections).toBeGreaterThan(1);
    expect(li.seen).toHaveLength(1);
  });

  it("reconnects at once when the device says it is online again", async () => {
    const page = new EventTarget();
    vi.stubGlobal("window", page);
    vi.stubGlobal("document", new EventTarget());
    const li = customer({ random: () => 0.999 });
    await until(() => li.view.connectivity.includes("online"), "online");
    desk.faults.down_for_all = true;
    page.dispatchEvent(new Event("offline"));
    expect(li.view.connectivity).toEqual(["online", "offline"]);
    li.connection.send("在地铁里写的");
    // By now the next attempt by the clock alone would be seconds away.
    await new Promise((resolve) => setTimeout(resolve, 1800));
    desk.behave();
    page.dispatchEvent(new Event("online"));
    await until(() => li.texts().includes("在地铁里写的"), "delivery", 700);
    expect(desk.events).toHaveLength(1);
  });

  it("asks again for an event that was left out", async () => {
    const li = customer();
    await until(() => li.view.connectivity.includes("online"), "online");
    desk.faults.down = (frame) => (frame.type === "event" && (frame["event"] as ChatEvent).seq === 2 ? "lose" : "deliver");
    desk.say("一");
    desk.say("二");
    desk.say("三");
    await until(() => desk.received.some(({ type, after }) => type === "resend_from" && after === 1), "question");
    expect(li.texts()).toEqual(["一"]);
    desk.behave();
    await until(() => li.seen.length === 3, "the rest");
    expect(li.texts()).toEqual(["一", "二", "三"]);
  });

  it("shows an overdue message as failed and sends it when tapped, once", async () => {
    const li = customer();
    await until(() => li.view.connectivity.includes("online"), "online");
    desk.faults.up = (frame) => (frame.type === "send" ? "lose" : "deliver");
    const cid = li.connection.send("喂");
    await until(() => li.view.outbox[0]?.state === "failed", "failed");
    desk.behave();
    li.connection.retry(cid);
    await until(() => li.view.outbox.length === 0, "delivered");
    expect(desk.events).toHaveLength(1);
  });

  it("keeps unsent messages over a reload of the page", async () => {
    const storage = new Memory();
    desk.faults.down_for_all = true;
    const before = customer({ storage });
    before.connection.send("别丢了我");
    await until(() => before.view.connectivity.includes("offline"), "offline");
    before.connection.stop();
    desk.behave();
    const after = customer({ storage });
    await until(() => after.texts().includes("别丢了我"), "delivery after the reload");
    expect(storage.values.size).toBe(0);
    expect(desk.events).toHaveLength(1);
  });

  it("survives a desk that restarts", async () => {
    const li = customer();
    await until(() => li.view.connectivity.includes("online"), "online");
    desk.faults.down_for_all = true;
    desk.cutAll();
    li.connection.send("在重启时写的");
    await until(() => li.view.connectivity.includes("offline"), "offline");
    desk.say("在重启时答的");
    desk.behave();
    await until(() => li.seen.length === 2, "both");
    expect(new Set(li.texts())).toEqual(new Set(["在重启时写的", "在重启时答的"]));
  });
});

describe("behind a proxy that blocks sockets", () => {
  it("carries on over HTTP, both ways, in order, and returns to the socket", async () => {
    desk.faults.refuseSockets = true;
    const li = customer();
    for (const word of ["甲", "乙", "丙"]) li.connection.send(word);
    await until(() => li.seen.length === 3, "three messages by HTTP");
    desk.say("收到");
    await until(() => li.texts().includes("收到"), "answer by long poll");
    expect(li.texts()).toEqual(["甲", "乙", "丙", "收到"]);
    expect(li.view.outbox).toHaveLength(0);
    desk.behave();
    // a socket that the desk has accepted is not yet one that the client was welcomed on
    await until(() => desk.received.some(({ type }) => type === "ping"), "socket again");
    li.connection.send("丁");
    await until(() => li.seen.length === 5, "message by socket");
    expect(desk.received.filter(({ type }) => type === "send").map(({ text }) => text)).toEqual(["丁"]);
  });

  it("shows a refusal by HTTP too", async () => {
    desk.faults.refuseSockets = true;
    const li = customer();
    li.connection.send("长".repeat(2001));
    await until(() => li.view.outbox[0]?.errorCode === "message_too_long", "refusal");
  });

  it("asks for another conversation when the token is refused", async () => {
    desk.faults.refuseSockets = true;
    const stranger = customer({ token: "bad" });
    await until(() => stranger.view.refused === 1, "refusal");
  });
});

describe("too fast", () => {
  it.each([["socket", false], ["HTTP", true]])("is told, waits as long as the desk says, and loses neither message nor order (%s)", async (_way, blocked) => {
    desk.faults.refuseSockets = blocked;
    const { connection, texts, view } = customer();
    await until(() => view.connectivity.includes("online"), "online");
    desk.faults.too_fast = 1;
    connection.send("一");
    await until(() => view.waits.length === 1, "told");
    for (const text of ["二", "三"]) connection.send(text);
    expect(desk.events).toHaveLength(0);
    expect(view.outbox.map(({ state, errorCode }) => [state, errorCode])).toEqual(Array(3).fill(["sending", undefined]));
    await until(() => texts().length === 3, "all three arrive");
    expect(texts()).toEqual(["一", "二", "三"]);
    await until(() => view.outbox.length === 0, "the outbox is empty");
  });
});

it("tells what the desk takes", async () => {
  const { view } = customer();
  await until(() => view.limits !== null, "limits");
  expect(view.limits).toEqual(LIMITS);
});

it("shows at once what the answer to the opening brought, and only once", async () => {
  const greeting = desk.say("您好", "bot");
  const seen: ChatEvent[] = [];
  const connection = new CustomerConnection({
    baseUrl, conversation: "c_1", token: "good", timings: FAST, events: [greeting], handlers: { onEvent: (event) => seen.push(event) },
  });
  open.push(connection);
  connection.start();
  expect(seen).toEqual([greeting]);
  desk.say("还在吗", "bot");
  await until(() => seen.length === 2, "the next one");
  expect(seen.map(({ text }) => text)).toEqual(["您好", "还在吗"]);
});

describe("what the customer has read", () => {
  const marks = () => desk.received.filter(({ type }) => type === "read").map(({ seq }) => seq);

  it("is told once for many messages, and never twice", async () => {
    const { connection, view } = customer();
    await until(() => view.connectivity.length > 0, "online");
    for (let turn = 0; turn < 20; turn += 1) connection.read(desk.say("您好").seq);
    await until(() => desk.readSeq === 20, "the mark");
    connection.read(20);
    connection.read(7);
    connection.read(desk.say("还在吗").seq);
    await until(() => desk.readSeq === 21, "the next mark");
    expect(marks()).toEqual([20, 21]);
  });

  it("is told after a reconnect when the desk does not know it, else not", async () => {
    const { connection, view } = customer();
    await until(() => view.connectivity.length > 0, "online");
    const { seq } = desk.say("您好");
    desk.faults.up = (frame) => (frame.type === "read" ? "cut" : "deliver");
    connection.read(seq);
    await until(() => desk.connections === 2, "another connection");
    desk.behave();
    await until(() => desk.readSeq === seq, "the mark");
    desk.cutAll();
    await until(() => desk.connections >= 3 && view.connectivity.at(-1) === "online", "online again");
    await new Promise((resolve) => setTimeout(resolve, 200)); // three times as long as a mark would wait
    expect(marks()).toEqual([seq]);
  });

  it("goes by HTTP while sockets are blocked", async () => {
    desk.faults.refuseSockets = true;
    const { connection, view } = customer();
    await until(() => view.connectivity.includes("online"), "online by HTTP");
    connection.read(desk.say("您好").seq);
    await until(() => desk.readSeq === 1, "the mark");
  });
});

describe("a desk that stumbles over a message", () => {
  it("gets it again, and has it once, without the customer doing anything", async () => {
    desk.faults.stumbles = 3;
    const { connection, texts, view } = customer();
    await until(() => view.connectivity.length > 0, "online");
    connection.send("一");
    await until(() => texts().length === 1, "the message");
    expect(view.outbox).toEqual([]);
    expect(view.waits).toEqual([]); // it was not the customer who was too fast
  });

  it("is left alone after some tries: the customer sees it failed and may tap", async () => {
    desk.faults.stumbles = 6;
    const { connection, texts, view } = customer();
    await until(() => view.connectivity.length > 0, "online");
    const cid = connection.send("一");
    await until(() => view.outbox[0]?.state === "failed", "given up");
    expect(view.outbox[0]).toMatchObject({ state: "failed" });
    expect(view.outbox[0]?.errorCode).toBeUndefined();
    expect(desk.received.filter(({ type }) => type === "send")).toHaveLength(6);
    connection.retry(cid);
    await until(() => texts().length === 1, "arrived after the tap");
  });
});
