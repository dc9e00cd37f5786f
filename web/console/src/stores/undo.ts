/** What was decided and is not sent yet: for a few seconds it can be taken back, then it goes to the desk. */

import { defineStore } from "pinia";
import { shallowRef } from "vue";
import { useConversations } from "./conversations";

export const UNDO_MS = 5_000;

export interface Act {
  kind: "resolve" | "handback" | "leave";
  conversationId: string;
  /** the customer's */
  name: string;
  /** Throws ApiError. */
  run: () => Promise<unknown>;
}

export interface PendingAct extends Act {
  id: number;
  /** it is on its way and can no longer be taken back */
  sent: boolean;
}

export interface UndoListener {
  onDone: (act: PendingAct) => void;
  onFailed: (act: PendingAct, error: unknown) => void;
  /** the customer wrote meanwhile: the act was taken back */
  onHeld: (act: PendingAct) => void;
}

export const useUndo = defineStore("undo", () => {
  const conversations = useConversations();
  const acts = shallowRef<PendingAct[]>([]);
  const timers = new Map<number, ReturnType<typeof setTimeout>>();
  const listeners = new Set<UndoListener>();
  let nextId = 1;

  function begin(act: Act): void {
    if (of(act.conversationId)) return;
    const pending: PendingAct = { ...act, id: nextId, sent: false };
    nextId += 1;
    acts.value = [...acts.value, pending];
    timers.set(pending.id, setTimeout(() => void send(pending.id), UNDO_MS));
  }

  function of(conversationId: string): PendingAct | null {
    return acts.value.find((act) => act.conversationId === conversationId) ?? null;
  }

  /** The newest that can still be taken back. */
  function latest(): PendingAct | null {
    return acts.value.filter((act) => !act.sent).at(-1) ?? null;
  }

  function takeBack(id: number): void {
    const act = acts.value.find((one) => one.id === id);
    if (act && !act.sent) drop(id);
  }

  /** Sends everything now: the page is being left, or what comes next needs it done. */
  async function flush(): Promise<void> {
    await Promise.all(acts.value.map((act) => send(act.id)));
  }

  async function send(id: number): Promise<void> {
    const act = acts.value.find((one) => one.id === id);
    if (!act || act.sent) return;
    const sent = { ...act, sent: true };
    acts.value = acts.value.map((one) => (one.id === id ? sent : one));
    try {
      await sent.run();
      listeners.forEach((listener) => listener.onDone(sent));
    } catch (error) {
      listeners.forEach((listener) => listener.onFailed(sent, error));
    } finally {
      drop(id);
    }
  }

  function drop(id: number): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
    acts.value = acts.value.filter((act) => act.id !== id);
  }

  // Whoever writes in the last seconds is not to be left: ending the conversation then is no longer what was decided.
  conversations.onEvent((feed, event) => {
    const act = of(feed.id);
    if (!act || act.sent || act.kind === "leave" || !feed.loaded || event.sender !== "customer") return;
    drop(act.id);
    listeners.forEach((listener) => listener.onHeld(act));
  });
  window.addEventListener("pagehide", () => void flush());

  function listen(listener: UndoListener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  return { acts, begin, of, latest, takeBack, flush, listen };
});
