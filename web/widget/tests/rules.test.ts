/** The widget's rules without a browser: timeline, revealing, sessions, devices, the demo's goods. */

import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChatEvent, OutboxItem } from "@baton/shared";
import products from "../src/demo/products.json";
import { featured, ordersIn, type DemoCustomer, type DemoOrder } from "../src/demo/shop";
import { parseDevice } from "../src/frame/device";
import { MAX_LAG_MS, Revealer, stepDelayMs, STEP_MS } from "../src/frame/reveal";
import { customerOf, parseSession } from "../src/frame/session";
import { buildTimeline, ratingOpen, type MessageRow } from "../src/frame/timeline";

let seq = 0;
function event(part: Partial<ChatEvent>): ChatEvent {
  seq += 1;
  return { conversation: "c_1", seq, type: "message", sender: "bot", message_id: `m_${seq}`, text: "话", at: "2026-11-22T02:00:00Z", ...part };
}
const messages = (rows: ReturnType<typeof buildTimeline>) => rows.filter((row): row is MessageRow => row.kind === "message");

describe("timeline", () => {
  it("groups one person's messages within three minutes and separates people", () => {
    const rows = messages(buildTimeline([
      event({}),
      event({ at: "2026-11-22T02:02:59Z" }),
      event({ at: "2026-11-22T02:06:00Z" }),
      event({ sender: "agent", agent: { display_name: "小周" }, at: "2026-11-22T02:06:01Z" }),
      event({ sender: "agent", agent: { display_name: "小陈" }, at: "2026-11-22T02:06:02Z" }),
    ], []));
    expect(rows.map(({ first, last }) => [first, last])).toEqual([[true, false], [false, true], [true, true], [true, true], [true, true]]);
  });

  it("marks the newest of the customer's messages that a person has read", () => {
    const events = [event({ sender: "customer" }), event({ sender: "customer" }), event({ sender: "agent" }), event({ sender: "customer" })];
    const marked = (upTo: number) => messages(buildTimeline(events, [], upTo)).map(({ read }) => read);
    expect(marked(0)).toEqual([false, false, false, false]);
    expect(marked(events[2]!.seq)).toEqual([false, true, false, false]);
    expect(marked(events[3]!.seq)).toEqual([false, false, false, true]);
  });

  it("draws a line between days in Shanghai", () => {
    const rows = buildTimeline([event({ at: "2026-11-21T15:59:00Z" }), event({ at: "2026-11-21T16:01:00Z" })], []);
    expect(rows.map(({ kind }) => kind)).toEqual(["day", "message", "day", "message"]);
  });

  it("turns everything but messages into lines of the system, and leaves empty ones out", () => {
    const rows = buildTimeline([event({ type: "agent_joined", sender: "system", text: "小周 已接入" }), event({ type: "rated", sender: "system", text: null })], []);
    expect(rows.map(({ kind }) => kind)).toEqual(["day", "system"]);
  });

  it("keeps only the newest message's buttons alive, and none once the customer has spoken", () => {
    const buttons = [{ title: "找人工", payload: "/request_human" }];
    const events = [event({ buttons }), event({ buttons })];
    expect(messages(buildTimeline(events, [])).map(({ active }) => active)).toEqual([false, true]);
    const unsent: OutboxItem = { cid: "x", text: "好", at: "2026-11-22T02:01:00Z", state: "sending" };
    expect(messages(buildTimeline(events, [unsent])).map(({ active }) => active)).toEqual([false, false, false]);
    const joined = event({ type: "agent_joined", sender: "system", text: "小周 已接入" });
    expect(messages(buildTimeline([...events, joined], [])).map(({ active }) => active)).toEqual([false, true]);
  });

  describe("what the desk offers while somebody waits", () => {
    const buttons = [{ title: "先问机器人", payload: "desk:ask_bot" }, { title: "不用人工了", payload: "desk:leave_queue" }];
    const offer = event({ type: "handoff_queued", sender: "system", text: "人工客服下班了", buttons });
    const written = (text: string) => event({ sender: "customer", text });
    const noted = event({ type: "contact_noted", sender: "system", text: "联系电话记下了" });
    const kept = event({ type: "case_kept", sender: "system", text: "好的", buttons: [buttons[1]!] });
    const joined = event({ type: "agent_joined", sender: "system", text: "小周已接入" });
    const asked = event({ sender: "system", text: "要继续等吗", buttons });

    it.each<[string, ChatEvent[], number]>([
      ["is there", [event({}), offer], 2],
      ["stays while the customer adds something", [offer, written("屏幕碎了")], 2],
      ["stays while a phone number is noted", [offer, written("13800138000"), noted], 2],
      ["is taken once", [offer, written("先问机器人")], 0],
      ["makes room for the next line's", [offer, written("先问机器人"), kept], 1],
      ["is over when the bot answers", [offer, kept, event({})], 0],
      ["is over when a person comes", [offer, joined], 0],
      ["comes with a question of the desk too", [offer, written("不等了"), asked], 2],
    ])("%s", (_name, events, pressable) => {
      const rows = buildTimeline(events, []).filter((row) => row.kind === "system" && row.active);
      expect(rows.flatMap((row) => (row.kind === "system" ? row.buttons : []))).toHaveLength(pressable);
    });
  });

  it("gives a message the same key before and after it is confirmed, so that it does not jump", () => {
    const unsent: OutboxItem = { cid: "cid-1", text: "好", at: "2026-11-22T02:01:00Z", state: "sending" };
    const [before] = messages(buildTimeline([], [unsent]));
    const [after] = messages(buildTimeline([event({ sender: "customer", client_id: "cid-1" })], []));
    expect(before!.key).toBe(after!.key);
    expect([before!.delivery, after!.delivery]).toEqual(["sending", null]);
  });

  it("asks for a rating until it is given or the conversation goes on", () => {
    const asked = event({ type: "rating_requested", sender: "system" });
    expect(ratingOpen([asked])).toBe(true);
    expect(ratingOpen([asked, event({ type: "rated", sender: "system" })])).toBe(false);
    expect(ratingOpen([asked, event({ type: "conversation_reopened", sender: "system" })])).toBe(false);
    expect(ratingOpen([asked, event({ type: "rated", sender: "system" }), event({ type: "rating_requested", sender: "system" })])).toBe(true);
  });
});

describe("revealing a reply of several bubbles", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function revealer(atOnce = false) {
    const shown: string[] = [];
    const typing: boolean[] = [];
    return { shown, typing, revealer: new Revealer((one) => shown.push(one.text ?? ""), (on) => typing.push(on), () => atOnce) };
  }

  it("shows the first at once and the others one by one, all within a second", () => {
    const { shown, typing, revealer: reveal } = revealer();
    for (let index = 0; index < 5; index += 1) reveal.push(event({ text: `第${index}` }), true);
    expect(shown).toEqual(["第0"]);
    expect(typing).toContain(true);
    vi.advanceTimersByTime(STEP_MS);
    expect(shown.length).toBeGreaterThan(1);
    expect(shown.length).toBeLessThan(5);
    vi.advanceTimersByTime(MAX_LAG_MS - STEP_MS);
    expect(shown).toEqual(["第0", "第1", "第2", "第3", "第4"]);
    expect(typing[typing.length - 1]).toBe(false);
  });

  it("shows what is left at once when the customer says something, whose words stood there already", () => {
    const { shown, revealer: reveal } = revealer();
    for (const text of ["一", "二", "三"]) reveal.push(event({ text }), true);
    expect(shown).toEqual(["一"]);
    reveal.push(event({ text: "我的话", sender: "customer" }), true);
    expect(shown).toEqual(["一", "二", "三", "我的话"]);
  });

  it("never holds back history, people, or anything when no motion is wanted", () => {
    const history = revealer();
    history.revealer.push(event({ text: "一" }), false);
    history.revealer.push(event({ text: "二" }), false);
    expect(history.shown).toEqual(["一", "二"]);
    const still = revealer(true);
    still.revealer.push(event({ text: "一" }), true);
    still.revealer.push(event({ text: "二" }), true);
    expect(still.shown).toEqual(["一", "二"]);
  });

  it("keeps the order when a line of the system comes behind waiting bubbles", () => {
    const { shown, revealer: reveal } = revealer();
    reveal.push(event({ text: "一" }), true);
    reveal.push(event({ text: "二" }), true);
    reveal.push(event({ type: "handoff_queued", sender: "system", text: "已转接" }), true);
    expect(shown).toEqual(["一"]);
    vi.advanceTimersByTime(MAX_LAG_MS);
    expect(shown).toEqual(["一", "二", "已转接"]);
  });

  it.each([[1, 0, STEP_MS], [10, 0, 100], [1, 900, 100], [3, 2000, 0], [0, 0, 0]])("%i waiting, %i ms late: %i ms", (waiting, lag, delay) =>
    expect(stepDelayMs(waiting, lag)).toBe(delay),
  );
});

describe("session", () => {
  const identity = (claims: object) => `v1.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;

  it("reads the customer of an identity, and nobody from rubbish", () => {
    expect(customerOf(identity({ customer_id: "C1001", site: "店?>~" }))).toBe("C1001");
    for (const rubbish of [null, undefined, "", "v1", "v1.###.x", identity({ customer_id: 5 })]) expect(customerOf(rubbish)).toBe("");
  });

  it("takes back only what it wrote", () => {
    const session = { conversation: "c_1", token: "t", who: "", visitor: "v", read: 3 };
    expect(parseSession(JSON.stringify(session))).toEqual(session);
    for (const other of [null, "", "{", "null", "[]", JSON.stringify({ conversation: "c_1" })]) expect(parseSession(other)).toBeNull();
  });
});

describe("device", () => {
  it.each([
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1", "iOS 17.1", "Safari 17.1"],
    ["Mozilla/5.0 (Linux; Android 14; M2102) AppleWebKit/537.36 Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.44", "Android 14", "WeChat 8.0.44"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0", "Windows 10/11", "Edge 141"],
    ["curl/8", "", ""],
  ])("%s", (agent, system, browser) => expect(parseDevice(agent)).toEqual({ system, browser }));
});

describe("demo shop", () => {
  it("sorts orders into its tabs", () => {
    const orders = ["unshipped", "shipped", "delivered", "refunding", "cancelled"].map((status) => ({ status }) as DemoOrder);
    expect(ordersIn(orders, "all")).toHaveLength(5);
    expect(ordersIn(orders, "refund").map(({ status }) => status)).toEqual(["refunding"]);
    expect(ordersIn(orders, "done").map(({ status }) => status)).toEqual(["delivered"]);
  });

  it("offers one customer of each tier first", () => {
    const customers = ["gold", "normal", "normal", "vip"].map((tier, index) => ({ tier, customer_id: `${index}` }) as DemoCustomer);
    expect(featured(customers).map(({ customer_id }) => customer_id)).toEqual(["1", "0", "3"]);
  });

  it("shows the names and prices of the shop service", () => {
    const file = `${process.cwd()}/../../services/shop/demo/data/products.yml`;
    expect(existsSync(file)).toBe(true);
    const shop = readFileSync(file, "utf8");
    for (const { id, title, price_fen } of products) {
      const entry = shop.slice(shop.indexOf(`${id}:`)).split("\n").slice(0, 2).join("");
      expect(entry).toContain(`title: ${title},`);
      expect(entry).toContain(`price: ${price_fen},`);
    }
  });
});
