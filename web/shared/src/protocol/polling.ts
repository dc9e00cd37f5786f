/** Reading a conversation by HTTP long poll, for as long as sockets are blocked. */

import { backoffMs } from "./backoff";
import { DeskError, type DeskHttp, LONG_POLL_SECONDS, type Credentials, type EventsAnswer } from "./http";

export interface PollHandlers {
  cursor: () => number;
  /** `first` after a start or a failure: what it brings had happened before. */
  onAnswer: (answer: EventsAnswer, first: boolean) => void;
  onFailure: () => void;
  /** The token is no longer good. */
  onRefused: () => void;
}

export class LongPoll {
  private running: AbortController | null = null;
  private answering = false;

  constructor(
    private readonly http: DeskHttp,
    private readonly who: Credentials,
    private readonly handlers: PollHandlers,
    private readonly random: () => number,
  ) {}

  /** Whether the last question was answered. */
  get healthy(): boolean {
    return this.answering;
  }

  start(): void {
    if (this.running !== null) return;
    this.running = new AbortController();
    void this.run(this.running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    this.answering = false;
  }

  /** Something else by HTTP failed: doubt the connection until the next answer. */
  doubt(): void {
    this.answering = false;
  }

  private async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        // The first answer comes at once: it tells that HTTP works and brings what was missed.
        const waitSeconds = this.answering ? LONG_POLL_SECONDS : 0;
        const answer = await this.http.events(this.who, this.handlers.cursor(), waitSeconds, signal);
        if (signal.aborted) return;
        failures = 0;
        const first = !this.answering;
        this.answering = true;
        this.handlers.onAnswer(answer, first);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof DeskError)) throw error;
        if (error.status === 401 || error.status === 403) return this.handlers.onRefused();
        this.answering = false;
        this.handlers.onFailure();
        await sleep(Math.max(backoffMs(failures, this.random()), (error.retryAfterSeconds ?? 0) * 1000), signal);
        failures += 1;
      }
    }
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
