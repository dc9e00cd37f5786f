/** Whose conversation it is: the shop tells late, people change, pages reload. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chat } from "../src/frame/chat";
import type { Session } from "../src/frame/session";

class DeadSocket {
  static readonly OPEN = 1;
  readyState = 0;
  close(): void {}
}

const identityOf = (customer: string) => `v1.${Buffer.from(JSON.stringify({ customer_id: customer })).toString("base64url")}.s`;
const stored = (who: string): string =>
  JSON.stringify({ conversation: `c_${who || "visitor"}`, token: "t", who, visitor: "v", read: 0 } satisfies Session);

let created: { identity?: string; visitor?: string }[];
let answer: () => Response;
let kept: (string | null)[];
let chat: Chat;

beforeEach(() => {
  created = [];
  kept = [];
  answer = () => Response.json({ conversation_id: `c_new${created.length}`, token: "t", seq: 0 }, { status: 201 });
  vi.stubGlobal("WebSocket", DeadSocket);
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    if (!url.endsWith("/api/v1/conversations")) throw new TypeError("no such network");
    created.push(JSON.parse(String(init.body)) as { identity?: string });
    return answer();
  });
  chat = new Chat();
  chat.attach({ keepSession: (session) => kept.push(session), unread: () => undefined, close: () => undefined });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
const keptNow = () => JSON.parse(kept[kept.length - 1] ?? "null") as Session | null;

describe("whose conversation", () => {
  it("resumes a customer's conversation when the shop tells late who is logged in", async () => {
    chat.restore(stored("C1001"));
    chat.follow({});
    await settled();
    expect(kept).toEqual([]);
    chat.follow({ identity: identityOf("C1001") });
    await settled();
    expect(created).toEqual([]);
    expect(keptNow()).toMatchObject({ conversation: "c_C1001", who: "C1001" });
  });

  it("does not show it to whoever opens the chat without being logged in", async () => {
    chat.restore(stored("C1001"));
    chat.follow({});
    chat.setOpen(true);
    await settled();
    expect(created).toHaveLength(1);
    expect(created[0]!.identity).toBeUndefined();
    expect(keptNow()).toMatchObject({ conversation: "c_new1", who: "" });
  });

  it.each([["another customer", identityOf("C2002"), "C2002"], ["a log-out", null, ""]])("begins anew for %s", async (_name, identity, who) => {
    chat.restore(stored("C1001"));
    chat.follow({ identity });
    await settled();
    expect(kept).toEqual([null]);
    expect(created).toEqual([]);
    chat.setOpen(true);
    await settled();
    expect(keptNow()).toMatchObject({ conversation: "c_new1", who });
    expect(created[0]!.visitor).toBe("v");
  });

  it("creates one conversation however often the shop repeats itself", async () => {
    chat.restore(null);
    for (let turn = 0; turn < 3; turn += 1) chat.follow({ identity: null });
    chat.setOpen(true);
    await settled();
    chat.follow({ identity: null, page: { order_id: "20261118000123" } });
    await settled();
    expect(created).toHaveLength(1);
  });

  it("says why it cannot begin, and begins when asked again", async () => {
    answer = () => Response.json({ error: { code: "identity_invalid", message: "" } }, { status: 401 });
    chat.restore(null);
    chat.follow({ identity: identityOf("C1001") });
    chat.setOpen(true);
    await settled();
    expect(chat.state).toMatchObject({ phase: "failed", errorCode: "identity_invalid" });
    answer = () => Response.json({ conversation_id: "c_9", token: "t", seq: 0 }, { status: 201 });
    await chat.begin();
    expect(chat.state.phase).toBe("ready");
    expect(keptNow()).toMatchObject({ conversation: "c_9" });
  });
});

describe("two tabs", () => {
  const session = (conversation: string, more: Partial<Session> = {}) =>
    JSON.stringify({ conversation, token: "t", who: "C1001", visitor: "v", read: 0, ...more } satisfies Session);

  beforeEach(async () => {
    chat.restore(session("c_C1001"));
    chat.follow({ identity: identityOf("C1001") });
    await settled();
  });

  it("agree on what was read", () => {
    const heard = (seq: number) => ({ conversation: "c_C1001", seq, type: "message", sender: "bot", message_id: `m_${seq}`, text: "话", at: "2026-11-22T02:00:00Z" }) as const;
    chat.state.events.push(heard(1), heard(2), heard(3));
    chat.restore(session("c_C1001", { read: 2 }));
    expect(chat.state.unread).toBe(1);
    chat.restore(session("c_C1001", { read: 1 }));
    expect(chat.state.unread).toBe(1);
  });

  it("follow each other into a new conversation, and nobody into somebody else's", () => {
    chat.restore(session("c_other", { who: "C2002" }));
    chat.restore(null);
    expect(chat.access?.conversation).toBe("c_C1001");
    chat.restore(session("c_next"));
    expect(chat.access?.conversation).toBe("c_next");
    expect(created).toEqual([]);
  });
});

describe("what opens an address", () => {
  it("is the token for this conversation and the identity for an earlier one", async () => {
    const identity = identityOf("C1001");
    chat.restore(stored("C1001"));
    chat.follow({ identity });
    await settled();
    expect(chat.accessTo("/api/v1/conversations/c_C1001/attachments/f_1")?.token).toBe("t");
    expect(chat.accessTo("/api/v1/conversations/c_old/attachments/f_1")?.token).toBe(identity);
    expect(chat.accessTo(undefined)?.token).toBe("t");
  });
});

describe("what is written while the conversation is being opened", () => {
  it("is shown at once and sent when there is one", async () => {
    let open: (response: Response) => void = () => undefined;
    vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (open = resolve)));
    chat.restore(null);
    chat.follow({ identity: null });
    chat.setOpen(true);
    chat.send("在吗");
    expect(chat.state.outbox.map(({ text, state }) => [text, state])).toEqual([["在吗", "sending"]]);
    open(Response.json({ conversation_id: "c_1", token: "t", seq: 0 }, { status: 201 }));
    await settled();
    expect(chat.state.phase).toBe("ready");
    expect(chat.state.outbox.map(({ text, state }) => [text, state])).toEqual([["在吗", "sending"]]);
    expect(JSON.parse(sessionStorage.getItem("baton.outbox.c_1") ?? "[]")).toHaveLength(1);
  });

  it("is not sent for somebody else", async () => {
    vi.stubGlobal("fetch", () => new Promise(() => undefined));
    chat.restore(null);
    chat.follow({ identity: identityOf("C1001") });
    chat.setOpen(true);
    chat.send("我的秘密");
    chat.follow({ identity: identityOf("C2002") });
    expect(chat.state.outbox).toEqual([]);
  });
});
