/** Customers the desk offers to me right now: each until it is answered, taken back, or its time is over. */

import type { Frame, Presence } from "@baton/shared";
import { defineStore } from "pinia";
import { computed, ref } from "vue";
import type { AgentHandoffRow, Offer, OfferEnd, TransferEnd } from "../contract/handoff";
import { ApiError } from "../api/http";
import { useDesk } from "../api/provide";
import { secondsUntil } from "../rules/clock";
import { useClock } from "./clock";
import { useHandoffs } from "./handoffs";
import { useLink } from "./link";
import { useSession } from "./session";

export interface OfferListener {
  onOffer?: (offer: Offer) => void;
  onEnded?: (offer: Offer, reason: OfferEnd) => void;
  onTransferEnded?: (end: TransferEnd) => void;
  onPresenceTaken?: (presence: Presence) => void;
}

export const useOffers = defineStore("offers", () => {
  const desk = useDesk();
  const link = useLink();
  const clock = useClock();
  const session = useSession();
  const handoffs = useHandoffs();
  const out = ref<Offer[]>([]);
  const listeners = new Set<OfferListener>();
  const open = computed(() => out.value.filter((offer) => (secondsUntil(offer.expiresAt, clock.nowMs) ?? 0) > 0));

  link.listen({
    // What is still out is told again after the welcome.
    onReady: () => (out.value = []),
    onFrame: receive,
  });

  function receive(frame: Frame): void {
    if (frame.type === "offer") take(frame.handoff as AgentHandoffRow, String(frame.expires_at));
    else if (frame.type === "offer_ended") end(String(frame.handoff_id), frame.reason as OfferEnd);
    else if (frame.type === "transfer_ended") {
      listeners.forEach((listener) => listener.onTransferEnded?.(frame as unknown as TransferEnd));
    } else if (frame.type === "presence") {
      session.presenceTaken(frame.presence as Presence, String(frame.reason));
      listeners.forEach((listener) => listener.onPresenceTaken?.(session.presence));
    }
  }

  function take(row: AgentHandoffRow, expiresAt: string): void {
    // The page may draw its first second late: the ring still starts full.
    const totalSeconds = Math.max(1, secondsUntil(expiresAt, Date.now() + clock.skewMs) ?? 1);
    const offer = { row, expiresAt, totalSeconds };
    clock.tick();
    handoffs.take(row);
    out.value = [...out.value.filter((one) => one.row.id !== row.id), offer];
    listeners.forEach((listener) => listener.onOffer?.(offer));
  }

  function end(handoffId: string, reason: OfferEnd): void {
    const offer = out.value.find((one) => one.row.id === handoffId);
    if (!offer) return;
    forget(handoffId);
    listeners.forEach((listener) => listener.onEnded?.(offer, reason));
  }

  /** I do not take it; the next best is asked. Throws ApiError, `not_offered` when it was over already. */
  async function decline(handoffId: string, reason = ""): Promise<void> {
    try {
      await desk.decline(handoffId, reason);
      forget(handoffId);
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) forget(handoffId);
      throw error;
    }
  }

  function forget(handoffId: string): void {
    out.value = out.value.filter((one) => one.row.id !== handoffId);
  }

  function listen(listener: OfferListener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  function clear(): void {
    out.value = [];
  }

  return { open, decline, forget, listen, clear };
});
