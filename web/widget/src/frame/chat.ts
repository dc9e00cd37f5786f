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
  type OutboxItem,
  type Page,
} from "@baton/shared";
import { reactive, shallowReactive } from "vue";
import { safeStorage, type Bridge, type ShopContext } from "./bridge";
import { Revealer } from "./reveal";
import { customerOf, parseSession, startSession, type Session } from "./session";

/** A typing sign without renewal is over. */
const TYPING_MS = 6_000;

export interface ChatState {
  phase: "loading" | "ready" | "failed";
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
  private typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.state = reactive({
      phase: "loading",
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

  restore(stored: string | null): void {
    this.session = parseSession(stored);
    this.visitor = this.session?.visitor ?? newClientId();
  }

  /** The shop tells who is there and what they look at. */
  follow(context: ShopContext): void {
    this.introduced = true;
    this.identity = context.identity;
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
    if (this.connection === null && this.startingFor !== who) void this.begin();
  }

  close(): void {
    this.bridge?.close();
  }

  async begin(): Promise<void> {
    const who = customerOf(this.identity);
    this.startingFor = who;
    this.state.phase = "loading";
    try {
      const session = this.session ?? (await this.newSession());
      if (this.startingFor === who) this.connect(session);
    } catch (error) {
      if (!(error instanceof DeskError)) throw error;
      if (this.startingFor !== who) return;
      this.state.phase = "failed";
      this.state.errorCode = error.code;
    } finally {
      if (this.startingFor === who) this.startingFor = null;
    }
  }

  send(text: string, payload?: string, attachments?: Attachment[]): void {
    const words = text.trim();
    if (words !== "" || attachments) this.connection?.send(words, payload, attachments);
  }

  /** For what goes beside the socket: the conversation and how to prove that it is ours. */
  get access(): Session | null {
    return this.session;
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

  private async newSession(): Promise<Session> {
    const { locale, visitor } = this;
    return startSession(this.http, { identity: this.identity ?? null, locale, visitor, page: this.state.page });
  }

  private connect(session: Session): void {
    this.session = session;
    this.bridge?.keepSession(JSON.stringify(session));
    this.connection = new CustomerConnection({
      baseUrl: location.origin,
      conversation: session.conversation,
      token: session.token,
      storage: safeStorage("sessionStorage"),
      handlers: {
        onEvent: (event, live) => this.revealer.push(event, live),
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
    this.connection?.stop();
    this.connection = null;
    this.session = null;
    this.bridge?.keepSession(null);
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
    const heard = event.type === "message" && (event.sender === "bot" || event.sender === "agent");
    if (this.state.open) this.read(event.seq);
    else if (heard && event.seq > (this.session?.read ?? 0)) this.countUnread(this.state.unread + 1);
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

function pageOf(context: ShopContext): Page | null {
  const product = context.product?.product_id;
  if (context.page === undefined && product === undefined) return null;
  return { ...(product === undefined ? {} : { product_id: product }), ...context.page };
}
