/** The customer's end of a conversation: what is written arrives once, what is answered is shown once, in order. */

import { backoffMs } from "./backoff";
import { FAILURES_BEFORE_HTTP, MOST_STUMBLES, TIMINGS, type Connectivity, type CustomerHandlers, type CustomerOptions } from "./customer_options";
import { EventLog } from "./event_log";
import { DeskError, DeskHttp, type Credentials, type EventsAnswer } from "./http";
import { newClientId } from "./ids";
import { extras, Outbox, type OutboxItem } from "./outbox";
import type { LongPoll } from "./polling";
import { ReadMarks } from "./read_marks";
import { ReconnectingSocket } from "./reconnecting";
import type { AckFrame, Attachment, ChatEvent, ConversationStatus, ErrorBody, Frame, Page, Sender, WelcomeFrame } from "./types";

export class CustomerConnection {
  private readonly log = new EventLog(0);
  private readonly outbox: Outbox;
  private readonly socket: ReconnectingSocket;
  private readonly http: DeskHttp;
  private readonly random: () => number;
  /** fetched when sockets are blocked, which few ever see */
  private poll: LongPoll | null = null;
  private stopped = false;
  private readonly who: Credentials;
  private readonly handlers: CustomerHandlers;
  private readonly timings: typeof TIMINGS;
  private readonly sendTimers = new Map<string, ReturnType<typeof setTimeout>[]>();
  private readonly known: readonly ChatEvent[];
  private readonly marks: ReadMarks;
  private page: Page | null = null;
  /** Events up to this number had happened before the present connection. */
  private historySeq = 0;
  private lastTypingAt = 0;
  private readonly stumbles = new Map<string, number>();
  private gapTimer: ReturnType<typeof setTimeout> | undefined;
  private throttle: ReturnType<typeof setTimeout> | undefined;
  private flushing = false;
  private connectivity: Connectivity = "connecting";

  constructor(options: CustomerOptions) {
    this.who = { conversation: options.conversation, token: options.token };
    this.handlers = options.handlers;
    this.known = options.events ?? [];
    this.timings = { ...TIMINGS, ...options.timings };
    this.outbox = new Outbox(`baton.outbox.${options.conversation}`, options.storage ?? null);
    this.http = new DeskHttp(options.baseUrl, options.fetcher);
    this.random = options.random ?? Math.random;
    this.marks = new ReadMarks(this.timings.readMs, (seq) => this.tellRead(seq));
    this.socket = new ReconnectingSocket({
      url: options.socketUrl ?? `${options.baseUrl.replace(/^http/, "ws")}/ws/customer`,
      hello: () => ({ type: "hello", token: options.token, conversation: options.conversation, after: this.log.cursor }),
      onReady: (welcome) => this.ready(welcome as unknown as WelcomeFrame),
      onFrame: (frame) => this.receive(frame),
      onStatus: (status) => {
        if (status === "waiting") this.updateConnectivity();
      },
      onFailure: (failures) => {
        if (failures >= FAILURES_BEFORE_HTTP) void this.fallBack();
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
    for (const event of this.known) this.take(event, Number.POSITIVE_INFINITY);
    this.socket.start();
  }

  stop(): void {
    this.stopped = true;
    this.socket.stop();
    this.poll?.stop();
    clearTimeout(this.gapTimer);
    clearTimeout(this.throttle);
    this.marks.stop();
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
    this.stumbles.delete(cid);
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

  /** The customer has seen everything up to here. */
  read(seq: number): void {
    this.marks.read(seq);
  }

  private tellRead(seq: number): Promise<boolean> | boolean {
    if (this.socket.send({ type: "read", seq })) return true;
    if (!this.poll?.healthy) return false;
    return this.http.markRead(this.who, seq).then(() => true, () => false);
  }

  // These two need a definite answer, which the socket's frames do not give: they go by HTTP.

  cancelHandoff(): Promise<void> {
    return this.http.cancelHandoff(this.who);
  }

  rate(score: number, reasons: string[], comment: string): Promise<void> {
    return this.http.rate(this.who, { score, reasons, ...(comment === "" ? {} : { comment }) });
  }

  private ready(welcome: WelcomeFrame): void {
    this.poll?.stop();
    this.historySeq = welcome.seq;
    this.log.expect(welcome.seq);
    this.updateConnectivity();
    this.publishStatus(welcome);
    if (welcome.limits) this.handlers.onLimits?.(welcome.limits);
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
    this.stumbles.delete(ack.cid);
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
    if (typeof cid === "string") this.refusedMessage(cid, error.code, error.retry_after_seconds ?? null);
    else this.handlers.onError?.(error);
  }

  private refusedMessage(cid: string, code: string, retryAfterSeconds: number | null): void {
    if (code === "internal") return this.stumbled(cid);
    if (retryAfterSeconds === null) return this.failed(cid, code);
    if (this.throttle === undefined) this.handlers.onThrottled?.(retryAfterSeconds);
    this.pause(cid, retryAfterSeconds * 1000);
  }

  /** No refusal: tried again like after a lost connection, and once more on the next one. */
  private stumbled(cid: string): void {
    const before = this.stumbles.get(cid) ?? 0;
    this.stumbles.set(cid, before + 1);
    if (before < MOST_STUMBLES) return this.pause(cid, backoffMs(before, this.random()));
    this.forgetTimers(cid);
    this.overdue(cid);
  }

  /** The message keeps its place, and those behind it wait with it. */
  private pause(cid: string, waitMs: number): void {
    this.forgetTimers(cid);
    if (this.throttle !== undefined) return;
    this.throttle = setTimeout(() => {
      this.throttle = undefined;
      for (const item of this.outbox.unconfirmed) if (!this.sendTimers.has(item.cid)) this.dispatch(item.cid);
    }, waitMs);
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
    if (this.throttle !== undefined) return this.publishOutbox();
    this.sendTimers.set(cid, [
      setTimeout(() => this.socket.probe(), this.timings.doubtMs),
      setTimeout(() => this.overdue(cid), this.timings.overdueMs),
    ]);
    this.publishOutbox();
    if (!this.socket.send({ type: "send", cid, text: item.text, ...extras(item, this.page) }) && this.poll?.healthy) {
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

  private async fallBack(): Promise<void> {
    try {
      this.poll ??= await this.newPoll();
    } catch {
      return; // not fetched, so HTTP does not work either: the next failure tries again
    }
    if (!this.stopped && !this.socket.isReady) this.poll.start();
  }

  private async newPoll(): Promise<LongPoll> {
    const { LongPoll } = await import("./polling");
    const handlers = {
      cursor: () => this.log.cursor,
      onAnswer: (answer: EventsAnswer, first: boolean) => this.polled(answer, first),
      onFailure: () => this.updateConnectivity(),
      onRefused: () => this.refused(),
    };
    return new LongPoll(this.http, this.who, handlers, this.random);
  }

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
      for (let item = this.outbox.unconfirmed[0]; item && this.poll?.healthy && !this.throttle; item = this.outbox.unconfirmed[0]) {
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
      if (error.status >= 400 && error.status < 500) this.refusedMessage(cid, error.code, error.retryAfterSeconds);
      else this.poll?.doubt();
    }
  }

  // ---- telling the page ----------------------------------------------------------------------------------

  private refused(): void {
    this.stop();
    this.handlers.onRefused?.();
  }

  private updateConnectivity(): void {
    const next: Connectivity = this.socket.isReady || this.poll?.healthy ? "online" : "offline";
    if (next === this.connectivity) return;
    this.connectivity = next;
    this.handlers.onConnectivity?.(next);
  }

  private publishStatus(status: Pick<ConversationStatus, "state"> & Partial<ConversationStatus>): void {
    const { state, queue, agent, read } = status;
    this.handlers.onStatus?.({ state, queue: queue ?? null, agent: agent ?? null, ...(read && { read }) });
    this.marks.known(read?.customer);
  }

  private publishOutbox(): void {
    this.handlers.onOutbox?.(this.outbox.all);
  }
}
