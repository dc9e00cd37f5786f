/** The state of the chat as the components see it, and what they may do. */

import {
  CustomerConnection,
  DeskError,
  DeskHttp,
  newClientId,
  type Attachment,
  type ChatEvent,
  type Connectivity,
  type ConversationStatus,
  type Credentials,
  type Limits,
  type OutboxItem,
  type Page,
} from "@baton/shared";
import { reactive, shallowReactive } from "vue";
import { safeStorage, type Bridge, type ShopContext } from "./bridge";
import { Revealer } from "./reveal";
import { customerOf, parseSession, startSession, type Session } from "./session";

/** A typing sign without renewal is over. */
const TYPING_MS = 6_000;
/** So long a notice stays behind what it was about. */
const NOTICE_MS = 1_500;

export interface ChatState {
  phase: "loading" | "ready" | "failed";
  /** the customer the shop says is there; "" for a visitor */
  who: string;
  errorCode: string | null;
  events: ChatEvent[];
  outbox: readonly OutboxItem[];
  status: ConversationStatus;
  connectivity: Connectivity;
  typing: boolean;
  open: boolean;
  unread: number;
  page: Page | null;
  notice: string | null;
  /** what `notice` or `errorCode` names as {seconds} */
  waitSeconds: number;
  limits: Limits | null;
}

const NOBODY: ConversationStatus = { state: "bot", queue: null, agent: null };

export class Chat {
  readonly state: ChatState;
  private readonly http = new DeskHttp(location.origin);
  private readonly revealer: Revealer;
  private bridge: Bridge | null = null;
  private connection: CustomerConnection | null = null;
  private session: Session | null = null;
  /** undefined: the shop has not said yet; null: nobody is logged in */
  private identity: string | null | undefined;
  private introduced = false;
  private locale = "zh-CN";
  private visitor = "";
  /** who a conversation is being started for; null when none is */
  private startingFor: string | null = null;
  private renewals = 0;
  private readonly early: OutboxItem[] = [];
  private typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.state = reactive({
      phase: "loading",
      who: "",
      errorCode: null,
      events: shallowReactive<ChatEvent[]>([]),
      outbox: [],
      status: NOBODY,
      connectivity: "connecting",
      typing: false,
      open: false,
      unread: 0,
      page: null,
      notice: null,
      waitSeconds: 0,
      limits: null,
    }) as ChatState;
    this.revealer = new Revealer(
      (event) => this.show(event),
      (typing) => this.setTyping(typing),
      () => document.hidden || window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    );
  }

  attach(bridge: Bridge): void {
    this.bridge = bridge;
  }

  /** What the shop's page keeps for us; told again when another tab has changed it. */
  restore(stored: string | null): void {
    const kept = parseSession(stored);
    if (this.connection !== null) return this.follows(kept);
    this.session = kept;
    this.visitor = kept?.visitor ?? newClientId();
  }

  /** Two tabs agree: on what was read, and on the conversation when the other one began a new one. */
  private follows(kept: Session | null): void {
    if (kept === null || kept.who !== this.session?.who) return; // who is there the shop tells each tab itself
    if (kept.conversation !== this.session.conversation) {
      this.drop();
      this.connect(kept);
    } else if (kept.read > this.session.read) {
      this.session.read = kept.read;
      this.countUnread(this.state.events.filter((event) => isHeard(event) && event.seq > kept.read).length);
    }
  }

  /** The shop tells who is there and what they look at. */
  follow(context: ShopContext): void {
    this.introduced = true;
    this.identity = context.identity;
    const who = customerOf(context.identity);
    if (who !== this.state.who && this.early.length > 0) {
      this.early.splice(0); // written by whoever was there before
      this.state.outbox = [];
    }
    this.state.who = who;
    this.locale = context.locale ?? "zh-CN";
    this.state.page = pageOf(context);
    this.connection?.setPage(this.state.page);
    this.settle();
  }

  setOpen(open: boolean): void {
    this.state.open = open;
    if (!open) return;
    this.countUnread(0);
    this.read(this.state.events[this.state.events.length - 1]?.seq ?? 0);
    this.settle();
  }

  /** The right conversation for whoever is there: another person gets another one. */
  private settle(): void {
    if (!this.introduced) return;
    // Shops often learn late who is logged in. A customer's conversation waits for that: it is neither shown to
    // whoever sits there now, nor given up, until the shop says so or somebody opens the chat.
    if (this.identity === undefined && this.session !== null && this.session.who !== "" && !this.state.open) return;
    const who = customerOf(this.identity);
    if (this.session !== null && this.session.who !== who) this.forget();
    // The loader fetches us as soon as somebody points at the launcher: that alone starts nothing.
    if (this.session === null && !this.state.open) return;
    if (this.connection === null && this.startingFor !== who) void this.begin();
  }

  /** The end of the conversation is on the screen. Words of the bot need no mark. */
  seen(): void {
    if (!this.state.open || document.hidden) return;
    const { events } = this.state;
    for (let index = events.length - 1; index >= 0; index -= 1) {
      if (events[index]!.sender === "agent") return this.connection?.read(events[index]!.seq);
    }
  }

  close(): void {
    this.bridge?.close();
  }

  async begin(): Promise<void> {
    const who = customerOf(this.identity);
    this.startingFor = who;
    this.state.phase = "loading";
    try {
      const { session, events } = this.session === null ? await this.newSession() : { session: this.session, events: [] };
      if (this.startingFor === who) this.connect(session, events);
    } catch (error) {
      if (!(error instanceof DeskError)) throw error;
      if (this.startingFor !== who) return;
      this.state.phase = "failed";
      this.state.errorCode = error.code;
      this.state.waitSeconds = error.retryAfterSeconds ?? 0;
      if (error.retryAfterSeconds) setTimeout(() => this.settle(), error.retryAfterSeconds * 1000);
    } finally {
      if (this.startingFor === who) this.startingFor = null;
    }
  }

  send(text: string, payload?: string, attachments?: Attachment[]): void {
    const words = text.trim();
    if (words === "" && !attachments) return;
    if (this.connection === null) this.sendEarly(words, payload);
    else this.connection.send(words, payload, attachments);
  }

  /** Written while the conversation is still being opened: shown at once, sent as soon as there is one. */
  private sendEarly(text: string, payload?: string): void {
    const item: OutboxItem = { cid: newClientId(), text, at: new Date().toISOString(), state: "sending" };
    this.early.push(payload === undefined ? item : { ...item, payload });
    this.state.outbox = [...this.early];
  }

  /** For what goes beside the socket: the conversation and how to prove that it is ours. */
  get access(): Session | null {
    return this.session;
  }

  /** The same for the address of a file: those of earlier conversations open to the customer's identity. */
  accessTo(url: string | undefined): Credentials | null {
    const { session, identity } = this;
    if (session === null || !identity || !url || url.includes(session.conversation)) return session;
    return { conversation: session.conversation, token: identity };
  }

  /** What the shop has signed for the customer who is there; null for a visitor. */
  get signedIdentity(): string | null {
    return this.identity ?? null;
  }

  retry(cid: string): void {
    this.connection?.retry(cid);
  }

  discard(cid: string): void {
    this.connection?.discard(cid);
  }

  typed(): void {
    this.connection?.typing();
  }

  dropPage(): void {
    if (this.state.page === null) return;
    this.state.page = { ...this.state.page, order_id: null, product_id: null };
    this.connection?.setPage(this.state.page);
  }

  async cancelQueue(): Promise<void> {
    await this.attempt(() => this.connection?.cancelHandoff());
  }

  /** Returns whether the desk has it. */
  rate(score: number, reasons: string[], comment: string): Promise<boolean> {
    return this.attempt(() => this.connection?.rate(score, reasons, comment));
  }

  private async newSession() {
    const { locale, visitor } = this;
    return startSession(this.http, { identity: this.identity ?? null, locale, visitor, page: this.state.page });
  }

  private connect(session: Session, events: readonly ChatEvent[] = []): void {
    this.session = session;
    this.bridge?.keepSession(JSON.stringify(session));
    this.connection = new CustomerConnection({
      baseUrl: location.origin,
      conversation: session.conversation,
      token: session.token,
      events,
      storage: safeStorage("sessionStorage"),
      handlers: {
        onEvent: (event, live) => {
          this.revealer.push(event, live);
          if (live && isHeard(event) && (document.hidden || !this.state.open)) void this.ring();
        },
        onLimits: (limits) => (this.state.limits = limits),
        onThrottled: (seconds) => this.throttled(seconds),
        onOutbox: (items) => (this.state.outbox = items),
        onStatus: (status) => (this.state.status = status),
        onConnectivity: (connectivity) => this.connected(connectivity),
        onTyping: (sender) => {
          if (sender !== "customer") this.setTyping(true);
        },
        onRefused: () => this.renew(),
      },
    });
    this.connection.setPage(this.state.page);
    this.connection.start();
    for (const { text, payload } of this.early.splice(0)) this.connection.send(text, payload);
    this.state.phase = "ready";
  }

  private connected(connectivity: Connectivity): void {
    this.state.connectivity = connectivity;
    if (connectivity === "online") this.renewals = 0;
  }

  /** The token expired or the conversation is gone: once a new one, then say so instead of trying for ever. */
  private renew(): void {
    this.forget();
    this.renewals += 1;
    if (this.renewals === 1) {
      void this.begin();
    } else {
      this.state.phase = "failed";
      this.state.errorCode = "unauthorized";
    }
  }

  private forget(): void {
    this.startingFor = null;
    this.session = null;
    this.early.splice(0);
    this.bridge?.keepSession(null);
    this.drop();
  }

  private drop(): void {
    this.connection?.stop();
    this.connection = null;
    this.revealer.clear();
    this.state.events.splice(0);
    this.state.outbox = [];
    this.state.status = NOBODY;
    this.countUnread(0);
  }

  private show(event: ChatEvent): void {
    this.state.events.push(event);
    if (event.sender === "customer") return;
    this.setTyping(false);
    if (this.state.open) this.read(event.seq);
    else if (isHeard(event) && event.seq > (this.session?.read ?? 0)) this.countUnread(this.state.unread + 1);
  }

  private read(seq: number): void {
    if (this.session === null || seq <= this.session.read) return;
    this.session.read = seq;
    this.bridge?.keepSession(JSON.stringify(this.session));
  }

  private countUnread(count: number): void {
    this.state.unread = count;
    this.bridge?.unread(count);
  }

  private throttled(seconds: number): void {
    this.state.notice = "too_many_messages";
    this.state.waitSeconds = seconds;
    setTimeout(() => {
      if (this.state.notice === "too_many_messages") this.state.notice = null;
    }, seconds * 1000 + NOTICE_MS);
  }

  private async ring(): Promise<void> {
    (await import("./chime")).chime();
  }

  private setTyping(typing: boolean): void {
    clearTimeout(this.typingTimer);
    this.state.typing = typing;
    if (typing) this.typingTimer = setTimeout(() => (this.state.typing = false), TYPING_MS);
  }

  private async attempt(action: () => Promise<void> | undefined): Promise<boolean> {
    try {
      await action();
      this.state.notice = null;
      return true;
    } catch (error) {
      if (!(error instanceof DeskError)) throw error;
      this.state.notice = error.code;
      return false;
    }
  }
}

/** A message that somebody has to be told of. */
function isHeard(event: ChatEvent): boolean {
  return event.type === "message" && (event.sender === "bot" || event.sender === "agent");
}

function pageOf(context: ShopContext): Page | null {
  const product = context.product?.product_id;
  if (context.page === undefined && product === undefined) return null;
  return { ...(product === undefined ? {} : { product_id: product }), ...context.page };
}
