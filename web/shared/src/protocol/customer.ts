/** The customer's end of a conversation: what is written arrives once, what is answered is shown once, in order. */

import { EventLog } from "./event_log";
import { DeskError, DeskHttp, type Credentials, type EventsAnswer } from "./http";
import { newClientId } from "./ids";
import { Outbox, type OutboxItem, type SimpleStorage } from "./outbox";
import { LongPoll } from "./polling";
import { ReconnectingSocket, type SocketTimings } from "./reconnecting";
import type { AckFrame, Attachment, ChatEvent, ConversationStatus, ErrorBody, Frame, Page, Sender, WelcomeFrame } from "./types";

export type Connectivity = "connecting" | "online" | "offline";

export interface CustomerHandlers {
  /** Each event exactly once, in order. `live` is false for what had happened before this connection was made. */
  onEvent: (event: ChatEvent, live: boolean) => void;
  onOutbox?: (items: readonly OutboxItem[]) => void;
  onStatus?: (status: ConversationStatus) => void;
  onConnectivity?: (connectivity: Connectivity) => void;
  onTyping?: (sender: Sender) => void;
  /** An error that belongs to no message. */
  onError?: (error: ErrorBody) => void;
  /** The token is no longer good: start another conversation. */
  onRefused?: () => void;
}

export interface CustomerTimings extends SocketTimings {
  /** an unacknowledged message makes us doubt the connection */
  doubtMs: number;
  /** an unacknowledged message is shown as failed */
  overdueMs: number;
  /** a hole in the sequence is asked for again */
  gapMs: number;
  typingMs: number;
}

export interface CustomerOptions extends Credentials {
  /** Origin of the desk, such as https://desk.example; "" for the page's own (needs `socketUrl`). */
  baseUrl: string;
  socketUrl?: string;
  handlers: CustomerHandlers;
  storage?: SimpleStorage | null;
  timings?: Partial<CustomerTimings>;
  random?: () => number;
  createSocket?: (url: string) => WebSocket;
  fetcher?: typeof fetch;
}

const TIMINGS = { doubtMs: 6_000, overdueMs: 15_000, gapMs: 1_000, typingMs: 2_000 };

/** Sockets that failed so often in a row are taken to be blocked: HTTP carries on while they are tried further. */
const FAILURES_BEFORE_HTTP = 2;

export class CustomerConnection {
  private readonly log = new EventLog(0);
  private readonly outbox: Outbox;
  private readonly socket: ReconnectingSocket;
  private readonly http: DeskHttp;
  private readonly poll: LongPoll;
  private readonly who: Credentials;
  private readonly handlers: CustomerHandlers;
  private readonly timings: typeof TIMINGS;
  private readonly sendTimers = new Map<string, ReturnType<typeof setTimeout>[]>();
  private page: Page | null = null;
  /** Events up to this number had happened before the present connection. */
  private historySeq = 0;
  private lastTypingAt = 0;
  private gapTimer: ReturnType<typeof setTimeout> | undefined;
  private flushing = false;
  private connectivity: Connectivity = "connecting";

  constructor(options: CustomerOptions) {
    this.who = { conversation: options.conversation, token: options.token };
    this.handlers = options.handlers;
    this.timings = { ...TIMINGS, ...options.timings };
    this.outbox = new Outbox(`baton.outbox.${options.conversation}`, options.storage ?? null);
    this.http = new DeskHttp(options.baseUrl, options.fetcher);
    const pollHandlers = {
      cursor: () => this.log.cursor,
      onAnswer: (answer: EventsAnswer, first: boolean) => this.polled(answer, first),
      onFailure: () => this.updateConnectivity(),
      onRefused: () => this.refused(),
    };
    this.poll = new LongPoll(this.http, this.who, pollHandlers, options.random ?? Math.random);
    this.socket = new ReconnectingSocket({
      url: options.socketUrl ?? `${options.baseUrl.replace(/^http/, "ws")}/ws/customer`,
      hello: () => ({ type: "hello", token: options.token, conversation: options.conversation, after: this.log.cursor }),
      onReady: (welcome) => this.ready(welcome as unknown as WelcomeFrame),
      onFrame: (frame) => this.receive(frame),
      onStatus: (status) => {
        if (status === "waiting") this.updateConnectivity();
      },
      onFailure: (failures) => {
        if (failures >= FAILURES_BEFORE_HTTP) this.poll.start();
      },
      onRefused: () => this.refused(),
      ...(options.timings === undefined ? {} : { timings: options.timings }),
      ...(options.random === undefined ? {} : { random: options.random }),
      ...(options.createSocket === undefined ? {} : { createSocket: options.createSocket }),
    });
  }

  get cursor(): number {
    return this.log.cursor;
  }

  start(): void {
    this.handlers.onOutbox?.(this.outbox.all);
    this.socket.start();
  }

  stop(): void {
    this.socket.stop();
    this.poll.stop();
    clearTimeout(this.gapTimer);
    for (const cid of this.sendTimers.keys()) this.forgetTimers(cid);
  }

  /** Where the customer is now; goes along with the next messages. */
  setPage(page: Page | null): void {
    this.page = page;
  }

  /** Returns the client id; the message stays in the outbox until the desk has it. */
  send(text: string, payload?: string, attachments?: Attachment[]): string {
    const cid = newClientId();
    const at = new Date().toISOString();
    this.outbox.add({ cid, text, at, state: "sending", ...(payload && { payload }), ...(attachments && { attachments }) });
    this.dispatch(cid);
    return cid;
  }

  /** The customer tapped a failed message. The same client id, so that it cannot arrive twice. */
  retry(cid: string): void {
    const item = this.outbox.find(cid);
    if (item === undefined || item.state !== "failed") return;
    this.outbox.update(cid, { errorCode: undefined });
    this.dispatch(cid);
    this.socket.wakeUp();
  }

  discard(cid: string): void {
    this.forgetTimers(cid);
    this.outbox.remove(cid);
    this.publishOutbox();
  }

  typing(): void {
    const now = Date.now();
    if (now - this.lastTypingAt < this.timings.typingMs) return;
    this.lastTypingAt = now;
    this.socket.send({ type: "typing" });
  }

  // These two need a definite answer, which the socket's frames do not give: they go by HTTP.

  cancelHandoff(): Promise<void> {
    return this.http.cancelHandoff(this.who);
  }

  rate(score: number, reasons: string[], comment: string): Promise<void> {
    return this.http.rate(this.who, { score, reasons, ...(comment === "" ? {} : { comment }) });
  }

  private ready(welcome: WelcomeFrame): void {
    this.poll.stop();
    this.historySeq = welcome.seq;
    this.log.expect(welcome.seq);
    this.updateConnectivity();
    this.publishStatus(welcome);
    for (const item of this.outbox.unconfirmed) this.dispatch(item.cid);
    this.watchGap();
  }

  private receive(frame: Frame): void {
    if (frame.type === "event") this.take(frame["event"] as ChatEvent, this.historySeq);
    else if (frame.type === "ack") this.acknowledged(frame as unknown as AckFrame);
    else if (frame.type === "state") this.publishStatus(frame as unknown as ConversationStatus);
    else if (frame.type === "typing") this.handlers.onTyping?.(frame["sender"] as Sender);
    else if (frame.type === "error") this.complained(frame);
  }

  private take(event: ChatEvent, historySeq: number): void {
    if (event.conversation !== this.who.conversation) return;
    const holeBefore = event.seq > this.log.cursor + 1;
    for (const released of this.log.accept(event)) {
      if (this.outbox.all.length > 0) this.confirmed(released);
      this.handlers.onEvent(released, released.seq > historySeq);
    }
    if (holeBefore && this.gapTimer === undefined) this.askAgain();
    else this.watchGap();
  }

  /** The event itself has come: the outbox no longer stands in for it. */
  private confirmed(event: ChatEvent): void {
    const item = this.outbox.all.find(({ cid, seq }) => cid === event.client_id || seq === event.seq);
    if (item === undefined) return;
    this.forgetTimers(item.cid);
    this.outbox.remove(item.cid);
    this.publishOutbox();
  }

  private acknowledged(ack: Pick<AckFrame, "cid" | "seq">): void {
    this.forgetTimers(ack.cid);
    if (ack.seq <= this.log.cursor) this.outbox.remove(ack.cid);
    else this.outbox.update(ack.cid, { state: "sent", seq: ack.seq });
    this.log.expect(ack.seq);
    this.publishOutbox();
    this.watchGap();
  }

  private complained(frame: Frame): void {
    const error = frame["error"] as ErrorBody;
    const cid = frame["cid"];
    if (typeof cid === "string") this.failed(cid, error.code);
    else this.handlers.onError?.(error);
  }

  private failed(cid: string, errorCode: string): void {
    this.forgetTimers(cid);
    this.outbox.update(cid, { state: "failed", errorCode });
    this.publishOutbox();
  }

  private dispatch(cid: string): void {
    const item = this.outbox.find(cid);
    if (item === undefined) return;
    this.forgetTimers(cid);
    this.outbox.update(cid, { state: "sending" });
    this.sendTimers.set(cid, [
      setTimeout(() => this.socket.probe(), this.timings.doubtMs),
      setTimeout(() => this.overdue(cid), this.timings.overdueMs),
    ]);
    this.publishOutbox();
    if (!this.socket.send({ type: "send", cid, text: item.text, ...extras(item, this.page) }) && this.poll.healthy) {
      void this.flushByHttp();
    }
  }

  /** Shown as failed, yet sent again by itself on the next connection: only a refusal is final. */
  private overdue(cid: string): void {
    this.outbox.update(cid, { state: "failed" });
    this.publishOutbox();
  }

  private forgetTimers(cid: string): void {
    for (const timer of this.sendTimers.get(cid) ?? []) clearTimeout(timer);
    this.sendTimers.delete(cid);
  }

  private watchGap(): void {
    clearTimeout(this.gapTimer);
    this.gapTimer = undefined;
    if (this.log.hasGap) this.gapTimer = setTimeout(() => this.askAgain(), this.timings.gapMs);
  }

  private askAgain(): void {
    this.socket.send({ type: "resend_from", after: this.log.cursor });
    clearTimeout(this.gapTimer);
    this.gapTimer = setTimeout(() => this.askAgain(), this.timings.gapMs);
  }

  // ---- HTTP, while sockets are blocked -------------------------------------------------------------------

  private polled(answer: EventsAnswer, first: boolean): void {
    this.updateConnectivity();
    this.publishStatus(answer);
    const historySeq = first ? Number.POSITIVE_INFINITY : 0;
    for (const event of answer.events) this.take(event, historySeq);
    if (first) void this.flushByHttp();
  }

  /** One message at a time, in order; a network failure leaves the rest for the next healthy poll. */
  private async flushByHttp(): Promise<void> {
    if (this.flushing) return;
    this.flushing = true;
    try {
      for (let item = this.outbox.unconfirmed[0]; item && this.poll.healthy; item = this.outbox.unconfirmed[0]) {
        await this.post(item);
      }
    } finally {
      this.flushing = false;
    }
  }

  private async post(item: OutboxItem): Promise<void> {
    const { cid, text } = item;
    try {
      const ack = await this.http.send(this.who, { client_id: cid, text, ...extras(item, this.page) });
      this.acknowledged({ cid, seq: ack.seq });
    } catch (error) {
      if (!(error instanceof DeskError)) throw error;
      if (error.status >= 400 && error.status < 500) this.failed(cid, error.code);
      else this.poll.doubt();
    }
  }

  // ---- telling the page ----------------------------------------------------------------------------------

  private refused(): void {
    this.stop();
    this.handlers.onRefused?.();
  }

  private updateConnectivity(): void {
    const next: Connectivity = this.socket.isReady || this.poll.healthy ? "online" : "offline";
    if (next === this.connectivity) return;
    this.connectivity = next;
    this.handlers.onConnectivity?.(next);
  }

  private publishStatus(status: Pick<ConversationStatus, "state"> & Partial<ConversationStatus>): void {
    this.handlers.onStatus?.({ state: status.state, queue: status.queue ?? null, agent: status.agent ?? null });
  }

  private publishOutbox(): void {
    this.handlers.onOutbox?.(this.outbox.all);
  }
}

function extras({ payload, attachments }: OutboxItem, page: Page | null): { payload?: string; page?: Page; attachments?: string[] } {
  return { ...(payload && { payload }), ...(page && { page }), ...(attachments && { attachments: attachments.map(({ id }) => id) }) };
}
