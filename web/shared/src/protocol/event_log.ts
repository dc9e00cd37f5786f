/** The customer's and agent's view of one conversation: strictly increasing, without holes, whatever arrives. */

import type { ChatEvent } from "./types";

export class EventLog {
  private readonly early = new Map<number, ChatEvent>();
  /** The highest sequence number that we know to exist (from events, acknowledgements, welcome). */
  private highest: number;

  constructor(private last = 0) {
    this.highest = last;
  }

  /** The last number applied; ask the desk for what comes after it. */
  get cursor(): number {
    return this.last;
  }

  get hasGap(): boolean {
    return this.highest > this.last;
  }

  /** Something told us that this number exists. */
  expect(seq: number): void {
    this.highest = Math.max(this.highest, seq);
  }

  /** Takes one event and returns those that may be shown now, in order: none, it, or it and the ones it unblocked. */
  accept(event: ChatEvent): ChatEvent[] {
    this.expect(event.seq);
    if (event.seq <= this.last) return [];
    this.early.set(event.seq, event);
    const released: ChatEvent[] = [];
    for (let next = this.early.get(this.last + 1); next !== undefined; next = this.early.get(this.last + 1)) {
      this.early.delete(next.seq);
      this.last = next.seq;
      released.push(next);
    }
    return released;
  }
}
