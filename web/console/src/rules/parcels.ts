/** Turns what the shop and the summary know about a parcel into the shared logistics card. */

import type { LogisticsCard } from "@baton/shared";
import type { Shipment } from "../contract/shop";
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
const MOST_EVENTS = 5;

function steps(status: string, words: ParcelWords): LogisticsCard["steps"] {
  const reached = STAGE_OF[status] ?? 0;
  return words.stages.map((text, index) => ({ text, done: index <= reached }));
}

export function cardOfShipment(shipment: Shipment, words: ParcelWords): LogisticsCard {
  const anomaly = shipment.events.find((event) => event.code.startsWith("EXCEPTION"));
  const delivered = shipment.status === "delivered";
  return {
    type: "logistics",
    order_id: shipment.order_id,
    tracking_number: shipment.tracking_number,
    carrier: shipment.carrier.name,
    steps: steps(shipment.status, words),
    events: shipment.events.slice(0, MOST_EVENTS).map(({ at, text }) => ({ at, text })),
    anomaly_text: anomaly && !delivered ? anomaly.text : null,
    eta_text: shipment.eta && !delivered ? words.eta(shipment.eta) : null,
    courier_phone: shipment.courier?.phone ?? null,
  };
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
