/** Shows a reply of several bubbles one by one, as a person would send them, without ever falling far behind. */

import type { ChatEvent } from "@baton/shared";

export const STEP_MS = 450;
export const MAX_LAG_MS = 1000;

/** How long to wait before the next bubble when `waiting` of them are due and the oldest is `lagMs` late. */
export function stepDelayMs(waiting: number, lagMs: number): number {
  if (waiting <= 0) return 0;
  return Math.max(0, Math.min(STEP_MS, (MAX_LAG_MS - lagMs) / waiting));
}

interface Waiting {
  event: ChatEvent;
  arrivedAt: number;
  live: boolean;
}

export class Revealer {
  private queue: Waiting[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastWasBot = false;

  constructor(
    private readonly show: (event: ChatEvent) => void,
    private readonly showTyping: (typing: boolean) => void,
    /** true when the customer wants no motion, or is not looking */
    private readonly atOnce: () => boolean,
  ) {}

  push(event: ChatEvent, live: boolean): void {
    this.queue.push({ event, live, arrivedAt: Date.now() });
    // The customer's own words stand there already: they must not vanish behind bubbles that are still to come.
    if (event.sender === "customer") {
      clearTimeout(this.timer);
      this.timer = undefined;
      for (const waiting of this.queue) waiting.live = false;
    }
    if (this.timer === undefined) this.next();
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.queue = [];
    this.lastWasBot = false;
    this.showTyping(false);
  }

  private next(): void {
    this.timer = undefined;
    for (let first = this.queue[0]; first !== undefined; first = this.queue[0]) {
      const delay = this.delayOf(first);
      if (delay > 0) {
        this.showTyping(true);
        this.timer = setTimeout(() => this.release(), delay);
        return;
      }
      this.release(false);
    }
    this.showTyping(false);
  }

  private delayOf(first: Waiting): number {
    // The customer has waited for the first bubble already; only those that follow it take turns.
    if (!first.live || !isBotMessage(first.event) || !this.lastWasBot || this.atOnce()) return 0;
    return stepDelayMs(this.queue.length, Date.now() - first.arrivedAt);
  }

  private release(goOn = true): void {
    const first = this.queue.shift();
    if (first === undefined) return;
    this.lastWasBot = isBotMessage(first.event);
    this.show(first.event);
    if (goOn) this.next();
  }
}

function isBotMessage(event: ChatEvent): boolean {
  return event.type === "message" && event.sender === "bot";
}
