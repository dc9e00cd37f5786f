/** What the customer has written and the desk has not yet confirmed; survives a reload of the page. */

import type { Attachment, Page } from "./types";

export interface OutboxItem {
  cid: string;
  text: string;
  payload?: string;
  /** uploaded already; sent by their ids */
  attachments?: Attachment[];
  /** ISO 8601, UTC: when it was written, for showing only */
  at: string;
  /** sending: on its way; failed: overdue or refused, the customer may tap; sent: committed, its event is still to come */
  state: "sending" | "failed" | "sent";
  /** the desk's error code, when it refused the message */
  errorCode?: string | undefined;
  /** its number in the conversation, once acknowledged */
  seq?: number;
}

export type SimpleStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Outbox {
  private items: OutboxItem[];

  constructor(
    private readonly key: string,
    private readonly storage: SimpleStorage | null,
  ) {
    this.items = this.load();
  }

  get all(): readonly OutboxItem[] {
    return this.items;
  }

  /** Unconfirmed and not refused, in the order written: what to send again on a new connection. */
  get unconfirmed(): OutboxItem[] {
    return this.items.filter((item) => item.state !== "sent" && item.errorCode === undefined);
  }

  find(cid: string): OutboxItem | undefined {
    return this.items.find((item) => item.cid === cid);
  }

  add(item: OutboxItem): void {
    this.items = [...this.items, item];
    this.save();
  }

  update(cid: string, change: Partial<OutboxItem>): void {
    this.items = this.items.map((item) => (item.cid === cid ? { ...item, ...change } : item));
    this.save();
  }

  /** Returns whether it was there. */
  remove(cid: string): boolean {
    const before = this.items.length;
    this.items = this.items.filter((item) => item.cid !== cid);
    this.save();
    return this.items.length < before;
  }

  private load(): OutboxItem[] {
    try {
      const stored: unknown = JSON.parse(this.storage?.getItem(this.key) ?? "[]");
      return Array.isArray(stored) ? stored.filter(isItem) : [];
    } catch {
      return []; // unreadable or forbidden storage: start empty, the page still works
    }
  }

  private save(): void {
    // A confirmed message is the desk's to keep; only the others must survive a reload.
    const keep = this.items.filter((item) => item.state !== "sent");
    try {
      if (keep.length === 0) this.storage?.removeItem(this.key);
      else this.storage?.setItem(this.key, JSON.stringify(keep));
    } catch {
      // Full or forbidden storage costs the survival of a reload, not the message: it stays in memory.
    }
  }
}

function isItem(value: unknown): value is OutboxItem {
  const item = value as Partial<OutboxItem> | null;
  return (
    typeof item === "object" && item !== null && typeof item.cid === "string" && typeof item.text === "string" &&
    typeof item.at === "string"
  );
}

/** What travels with the words. */
export function extras({ payload, attachments }: OutboxItem, page: Page | null): { payload?: string; page?: Page; attachments?: string[] } {
  return { ...(payload && { payload }), ...(page && { page }), ...(attachments && { attachments: attachments.map(({ id }) => id) }) };
}
