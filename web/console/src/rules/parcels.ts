/** Turns what the summary knows about a parcel into the shared logistics card. */

import type { LogisticsCard } from "@baton/shared";
import type { LogisticsSnapshot } from "../contract/summary";

/** Words for the stages and the expected time, in the agent's language. */
export interface ParcelWords {
  stages: readonly [string, string, string, string];
  eta: (iso: string) => string;
}

const STAGE_OF: Record<string, number> = {
  picked_up: 0,
  in_transit: 1,
  exception: 1,
  out_for_delivery: 2,
  delivered: 3,
  returned: 1,
};

function steps(status: string, words: ParcelWords): LogisticsCard["steps"] {
  const reached = STAGE_OF[status] ?? 0;
  return words.stages.map((text, index) => ({ text, done: index <= reached }));
}

export function cardOfSnapshot(orderId: string, snapshot: LogisticsSnapshot, words: ParcelWords): LogisticsCard {
  const delivered = snapshot.status === "delivered";
  return {
    type: "logistics",
    order_id: orderId,
    tracking_number: snapshot.tracking_number,
    carrier: snapshot.carrier,
    steps: steps(snapshot.status, words),
    events:
      snapshot.last_event && snapshot.last_event_at
        ? [{ at: snapshot.last_event_at, text: snapshot.last_event }]
        : [],
    anomaly_text: snapshot.anomaly_reason ?? null,
    eta_text: snapshot.eta && !delivered ? words.eta(snapshot.eta) : null,
  };
}
