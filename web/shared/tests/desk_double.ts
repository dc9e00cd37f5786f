/** A small desk on a real port that keeps the contract of chat_socket.md, behind a network as bad as a test wants. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket as ServerSocket } from "ws";
import type { ChatEvent, Frame, Limits } from "../src";

export interface Faults {
  /** what happens to one frame on its way; `clean` outside the trouble */
  up: (frame: Frame) => Fate;
  down: (frame: Frame) => Fate;
  /** sockets are refused, as by a proxy that does not know them */
  refuseSockets: boolean;
  /** nothing answers */
  down_for_all: boolean;
  /** so many messages are refused as too fast, with a time after which they are taken */
  too_fast: number;
  /** so many messages are answered with `internal` */
  stumbles: number;
}

/** deliver; deliver twice; deliver after a while (and so perhaps out of order); cut the connection; say nothing more */
export type Fate = "deliver" | "twice" | { delayMs: number } | "lose" | "cut" | "half-open";

export const LIMITS: Limits = {
  message_characters: 2000,
  attachments: { types: ["image/jpeg"], a_message: 2, image_bytes: 100, video_bytes: 100, document_bytes: 100 },
};
const CLEAN: Faults = { up: () => "deliver", down: () => "deliver", refuseSockets: false, down_for_all: false, too_fast: 0, stumbles: 0 };

export class DeskDouble {
  readonly events: ChatEvent[] = [];
  readonly faults: Faults = { ...CLEAN };
  connections = 0;
  readSeq = 0;
  readonly received: Frame[] = [];
  private readonly acks = new Map<string, Frame>();
  private readonly sockets = new Set<ServerSocket>();
  private readonly silent = new Set<ServerSocket>();
  private readonly server: Server;
  private readonly wss = new WebSocketServer({ noServer: true });

  constructor() {
    this.server = createServer((request, response) => void this.http(request, response));
    this.server.on("upgrade", (request, socket, head) => {
      if (this.faults.refuseSockets || this.faults.down_for_all) socket.destroy();
      else this.wss.handleUpgrade(request, socket, head, (client) => this.connected(client));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  behave(): void {
    Object.assign(this.faults, CLEAN);
  }

  cutAll(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  say(text: string, sender: ChatEvent["sender"] = "agent"): ChatEvent {
    return this.append({ type: "message", sender, text });
  }

  private append(part: Partial<ChatEvent> & Pick<ChatEvent, "type" | "sender">): ChatEvent {
    const seq = this.events.length + 1;
    const event: ChatEvent = { conversation: "c_1", seq, message_id: `m_${seq}`, at: new Date().toISOString(), ...part };
    this.events.push(event);
    for (const socket of this.sockets) this.deliver(socket, { type: "event", event });
    return event;
  }

  private commit(cid: string, text: string): Frame {
    const known = this.acks.get(cid);
    if (known !== undefined) return known;
    const event = this.append({ type: "message", sender: "customer", client_id: cid, text });
    const ack = { type: "ack", cid, message_id: event.message_id, seq: event.seq };
    this.acks.set(cid, ack);
    return ack;
  }

  private connected(socket: ServerSocket): void {
    this.connections += 1;
    socket.on("message", (data) => this.arrive(socket, JSON.parse(String(data)) as Frame));
    socket.on("close", () => this.sockets.delete(socket));
  }

  private arrive(socket: ServerSocket, frame: Frame): void {
    if (this.silent.has(socket)) return;
    const fate = frame.type === "hello" ? "deliver" : this.faults.up(frame);
    if (fate === "cut") return this.cut(socket);
    if (fate === "half-open") return void this.silent.add(socket);
    if (fate === "lose") return;
    if (fate === "twice") this.handle(socket, frame);
    if (typeof fate === "object") setTimeout(() => this.handle(socket, frame), fate.delayMs);
    else this.handle(socket, frame);
  }

  /** What follows on a cut connection is cut off with it: TCP keeps its order. */
  private cut(socket: ServerSocket): void {
    this.silent.add(socket);
    socket.terminate();
  }

  private handle(socket: ServerSocket, frame: Frame): void {
    this.received.push(frame);
    if (frame.type === "hello") return this.hello(socket, frame);
    if (frame.type === "ping") this.deliver(socket, { type: "pong" });
    if (frame.type === "resend_from") this.replay(socket, frame["after"] as number);
    if (frame.type === "send") this.message(socket, frame);
    if (frame.type === "read") this.readSeq = Math.max(this.readSeq, frame["seq"] as number);
  }

  private hello(socket: ServerSocket, frame: Frame): void {
    if (frame["token"] !== "good") return socket.close(4401);
    this.sockets.add(socket);
    this.deliver(socket, { type: "welcome", seq: this.events.length, state: "bot", queue: null, agent: null, read: { customer: this.readSeq, agent: 0 }, limits: LIMITS });
    this.replay(socket, frame["after"] as number);
  }

  private message(socket: ServerSocket, frame: Frame): void {
    const cid = frame["cid"] as string;
    const text = frame["text"] as string;
    if (this.faults.stumbles > 0) {
      this.faults.stumbles -= 1;
      this.deliver(socket, { type: "error", cid, error: { code: "internal", message: "" } });
    } else if (this.faults.too_fast > 0) {
      this.faults.too_fast -= 1;
      this.deliver(socket, { type: "error", cid, error: { code: "too_many_messages", message: "", retry_after_seconds: 0.1 } });
    } else if (text.length > 2000) {
      this.deliver(socket, { type: "error", cid, error: { code: "message_too_long", message: "" } });
    } else {
      this.deliver(socket, this.commit(cid, text));
    }
  }

  private replay(socket: ServerSocket, after: number): void {
    for (const event of this.events.filter(({ seq }) => seq > after)) this.deliver(socket, { type: "event", event });
  }

  private deliver(socket: ServerSocket, frame: Frame): void {
    if (this.silent.has(socket)) return;
    const fate = frame.type === "welcome" ? "deliver" : this.faults.down(frame);
    if (fate === "cut") return this.cut(socket);
    if (fate === "half-open") return void this.silent.add(socket);
    if (fate === "lose") return;
    const text = JSON.stringify(frame);
    if (fate === "twice") socket.send(text);
    if (typeof fate === "object") setTimeout(() => socket.send(text), fate.delayMs);
    else socket.send(text);
  }

  private async http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.faults.down_for_all) return void request.socket.destroy();
    const url = new URL(request.url ?? "/", "http://desk");
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const answer = (status: number, value: unknown) => {
      response.writeHead(status, { "content-type": "application/json", "access-control-allow-origin": "*" });
      response.end(JSON.stringify(value));
    };
    if (request.headers.authorization !== "Bearer good") return answer(401, { error: { code: "unauthorized", message: "" } });
    if (url.pathname.endsWith("/messages")) {
      const sent = JSON.parse(body) as { client_id: string; text: string };
      if (this.faults.too_fast > 0) {
        this.faults.too_fast -= 1;
        response.setHeader("Retry-After", "1");
        return answer(429, { error: { code: "too_many_messages", message: "" } });
      }
      if (sent.text.length > 2000) return answer(422, { error: { code: "message_too_long", message: "" } });
      const { message_id, seq } = this.commit(sent.client_id, sent.text);
      return answer(200, { client_id: sent.client_id, message_id, seq });
    }
    if (url.pathname.endsWith("/read-mark")) {
      this.readSeq = Math.max(this.readSeq, (JSON.parse(body) as { seq: number }).seq);
      return void response.writeHead(204).end();
    }
    if (url.pathname.endsWith("/rating")) return answer(409, { error: { code: "not_rateable", message: "" } });
    await this.waitForNews(Number(url.searchParams.get("after")), Number(url.searchParams.get("wait")));
    const after = Number(url.searchParams.get("after"));
    answer(200, { events: this.events.filter(({ seq }) => seq > after), state: "bot" });
  }

  private async waitForNews(after: number, seconds: number): Promise<void> {
    const until = Date.now() + seconds * 1000;
    while (this.events.length <= after && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
