/** Makers of events and rows, and a socket under the test's control. */

import type { ChatEvent, Frame } from "@baton/shared";
import type { DeskApi } from "../src/api/desk";
import { provideDesk } from "../src/api/provide";
import type { AgentHandoffRow } from "../src/contract/handoff";

export function message(seq: number, over: Partial<ChatEvent> = {}): ChatEvent {
  return {
    conversation: "c_1",
    seq,
    type: "message",
    sender: "customer",
    message_id: `m_${seq}`,
    text: `第 ${seq} 条`,
    at: new Date(Date.UTC(2026, 10, 22, 2, 0, seq)).toISOString(),
    ...over,
  };
}

export function handoff(id: string, over: Partial<AgentHandoffRow> = {}): AgentHandoffRow {
  return {
    id,
    conversation_id: `c_${id}`,
    state: "queued",
    priority: "normal",
    headline: "问耳机为什么还没到",
    skill_group: "logistics",
    emotion: { family: "neutral", intensity: 0 },
    customer_name: "王*",
    queued_at: "2026-11-22T02:00:00Z",
    claimed_at: null,
    agent: null,
    ...over,
  };
}

/** A desk API of which only the given calls may be used. */
export function provideCalls(calls: Partial<DeskApi>): void {
  provideDesk(
    new Proxy(calls, {
      get: (target, name) => {
        const call = target[name as keyof DeskApi];
        if (!call) throw new Error(`unexpected call of ${String(name)}`);
        return call;
      },
    }) as DeskApi,
  );
}

/** Stands in for the browser's WebSocket: records what is sent, says what the test tells it to. */
export class FakeSocket {
  static made: FakeSocket[] = [];
  static get last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (!socket) throw new Error("no socket was made");
    return socket;
  }

  readyState = 1;
  sent: Frame[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor() {
    FakeSocket.made.push(this);
  }

  static create = (): WebSocket => new FakeSocket() as unknown as WebSocket;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Frame);
  }

  close(): void {
    this.readyState = 3;
  }

  /** Opens, and greets as the desk does. */
  welcome(): void {
    this.onopen?.();
    this.say({ type: "welcome", agent: { agent_id: "a_1" }, presence: "online" });
  }

  say(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  event(event: ChatEvent): void {
    this.say({ type: "event", event });
  }

  /** The network takes the connection away. */
  drop(): void {
    this.readyState = 3;
    this.onclose?.({ code: 1006 });
  }

  sentOf(type: string): Frame[] {
    return this.sent.filter((frame) => frame.type === type);
  }
}

/** Loses the connection, waits for the console to come back by itself, and greets it. Needs fake timers. */
export async function reconnect(advance: (milliseconds: number) => Promise<unknown>): Promise<FakeSocket> {
  const made = FakeSocket.made.length;
  FakeSocket.last.drop();
  for (let tries = 0; FakeSocket.made.length === made; tries += 1) {
    if (tries > 300) throw new Error("the console did not come back");
    await advance(100);
  }
  FakeSocket.last.welcome();
  await advance(0);
  return FakeSocket.last;
}
