/** A WebSocket of JSON frames that notices when it is dead and comes back: the part customers and agents share. */

import { backoffMs } from "./backoff";
import type { Frame } from "./types";

export type SocketStatus = "connecting" | "open" | "waiting" | "stopped";

export interface SocketTimings {
  /** silence after which we ask the other side for a sign of life */
  pingMs: number;
  /** silence after which the connection counts as dead (half-open) */
  deadMs: number;
  /** from the attempt to the first frame */
  connectMs: number;
  /** from a probe (after waking up, or an overdue acknowledgement) to any frame */
  probeMs: number;
}

export const DEFAULT_TIMINGS: SocketTimings = { pingMs: 22_000, deadMs: 45_000, connectMs: 10_000, probeMs: 4_000 };

/** Close codes after which trying again cannot help. */
const FINAL_CLOSE_CODES = new Set([4400, 4401]);

export interface ReconnectingOptions {
  url: string;
  /** The first frame of every connection; computed anew, because the cursor in it moves. */
  hello: () => Frame;
  /** The connection is of use again (the desk answered `welcome`). */
  onReady: (welcome: Frame) => void;
  onFrame: (frame: Frame) => void;
  onStatus?: (status: SocketStatus) => void;
  /** An attempt ended without `welcome`; `failures` in a row. */
  onFailure?: (failures: number) => void;
  /** The desk refused us for good (4400, 4401). */
  onRefused?: (code: number) => void;
  timings?: Partial<SocketTimings>;
  random?: () => number;
  createSocket?: (url: string) => WebSocket;
}

/**
 * Keeps one socket alive until `stop`. Frames sent while it is not ready are dropped: whoever needs delivery
 * keeps an outbox and sends it again in `onReady`.
 */
export class ReconnectingSocket {
  private readonly timings: SocketTimings;
  private readonly random: () => number;
  private readonly createSocket: (url: string) => WebSocket;
  private socket: WebSocket | null = null;
  private ready = false;
  private running = false;
  private failures = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private deadTimer: ReturnType<typeof setTimeout> | undefined;
  private probeTimer: ReturnType<typeof setTimeout> | undefined;
  private heartbeatTimer: ReturnType<typeof setInterval> | undefined;
  private readonly wake = () => this.wakeUp();
  private readonly unplugged = () => {
    if (this.socket !== null) this.lost();
  };
  private readonly visible = () => {
    if (document.visibilityState === "visible") this.wakeUp();
  };

  constructor(private readonly options: ReconnectingOptions) {
    this.timings = { ...DEFAULT_TIMINGS, ...options.timings };
    this.random = options.random ?? Math.random;
    this.createSocket = options.createSocket ?? ((url) => new WebSocket(url));
  }

  get isReady(): boolean {
    return this.ready;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    if (typeof window !== "undefined") {
      window.addEventListener("online", this.wake);
      window.addEventListener("offline", this.unplugged);
      window.addEventListener("pageshow", this.wake);
      document.addEventListener("visibilitychange", this.visible);
    }
    this.connect();
  }

  stop(): void {
    this.running = false;
    if (typeof window !== "undefined") {
      window.removeEventListener("online", this.wake);
      window.removeEventListener("offline", this.unplugged);
      window.removeEventListener("pageshow", this.wake);
      document.removeEventListener("visibilitychange", this.visible);
    }
    clearTimeout(this.retryTimer);
    this.abandon();
    this.options.onStatus?.("stopped");
  }

  /** True when the frame was handed to a ready connection (which does not mean that it arrived). */
  send(frame: Frame): boolean {
    if (!this.ready || this.socket === null || this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Something expected did not come: ask for a sign of life now, and reconnect when there is none. */
  probe(): void {
    if (!this.ready) return;
    this.send({ type: "ping" });
    clearTimeout(this.probeTimer);
    this.probeTimer = setTimeout(() => this.lost(), this.timings.probeMs);
  }

  /** Called when the world may have changed: back from sleep, online again, page shown again. */
  wakeUp(): void {
    if (!this.running) return;
    if (this.ready) {
      this.probe();
    } else if (this.socket === null) {
      this.failures = 0;
      this.connect();
    }
  }

  private connect(): void {
    clearTimeout(this.retryTimer);
    if (!this.running || this.socket !== null) return;
    this.options.onStatus?.("connecting");
    let socket: WebSocket;
    try {
      socket = this.createSocket(this.options.url);
    } catch {
      // The browser refuses sockets altogether (a content policy, for example): the same as one that fails.
      this.lost();
      return;
    }
    this.socket = socket;
    this.deadTimer = setTimeout(() => this.lost(), this.timings.connectMs);
    socket.onopen = () => socket.send(JSON.stringify(this.options.hello()));
    socket.onmessage = (message: MessageEvent) => this.receive(socket, message.data);
    socket.onerror = () => undefined; // the close that follows says all there is to know
    socket.onclose = (event: CloseEvent) => {
      if (this.socket !== socket) return;
      if (FINAL_CLOSE_CODES.has(event.code)) this.refused(event.code);
      else this.lost();
    };
  }

  private receive(socket: WebSocket, data: unknown): void {
    if (this.socket !== socket) return;
    this.heard();
    const frame = parseFrame(data);
    if (frame === null) return;
    if (frame.type === "welcome" && !this.ready) this.becomeReady(frame);
    else this.options.onFrame(frame);
  }

  private becomeReady(welcome: Frame): void {
    this.ready = true;
    this.failures = 0;
    this.heard();
    this.heartbeatTimer = setInterval(() => this.send({ type: "ping" }), this.timings.pingMs);
    this.options.onStatus?.("open");
    this.options.onReady(welcome);
  }

  /** Any frame is a sign of life. */
  private heard(): void {
    clearTimeout(this.probeTimer);
    if (!this.ready) return;
    clearTimeout(this.deadTimer);
    this.deadTimer = setTimeout(() => this.lost(), this.timings.deadMs);
  }

  private lost(): void {
    const hadWelcome = this.ready;
    this.abandon();
    if (!this.running) return;
    const waitMs = backoffMs(this.failures, this.random());
    this.failures += 1;
    this.options.onStatus?.("waiting");
    if (!hadWelcome) this.options.onFailure?.(this.failures);
    this.retryTimer = setTimeout(() => this.connect(), waitMs);
  }

  private refused(code: number): void {
    this.stop();
    this.options.onRefused?.(code);
  }

  /** A half-open socket would sit in CLOSING for a long time: let go of it instead of waiting for `close`. */
  private abandon(): void {
    clearTimeout(this.deadTimer);
    clearTimeout(this.probeTimer);
    clearInterval(this.heartbeatTimer);
    this.ready = false;
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

function parseFrame(data: unknown): Frame | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null && typeof (value as Frame).type === "string"
      ? (value as Frame)
      : null;
  } catch {
    return null;
  }
}
