"""Where a parcel is, why it is late, and what can be done about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from actions.answer import (
    Answer,
    Button,
    Json,
    Reply,
    Words,
    button,
    fact,
    finding,
    human,
    lead,
    order_facts_of,
    promise,
    slowest,
    title_of,
)
from actions.context import Turn
from actions.documents import CLAIMED, Filed, open_payloads, open_words
from actions.offers import buttons_for, offer
from actions.policies import policy
from actions.shop_types import Order, Shipment, ShipmentEvent
from actions.texts import text, word_list
from actions.urges import urge_payloads, urge_words
from actions.words import day, day_time, days_between, deadline, parse_time, stamp, tail

ANOMALIES = {
    "EXCEPTION_WEATHER": "weather",
    "EXCEPTION_BACKLOG": "backlog",
    "EXCEPTION_ADDRESS": "address",
    "EXCEPTION_CUSTOMS": "customs",
    "EXCEPTION_REFUSED": "refused",
    "EXCEPTION_LOST": "lost",
    "EXCEPTION_OTHER": "other",
}
# What helps when the track says so; the clauses and buttons are those of actions/offers.py.
WAYS_OF: dict[str, tuple[str, str]] = {
    "weather": ("urge_delivery", "refund"),
    "backlog": ("urge_delivery", "refund"),
    "other": ("urge_delivery", "refund"),
    "unknown": ("urge_delivery", "refund"),
    "stuck": ("trace", "refund_stuck"),
    "customs": ("trace_customs", "refund"),
    "address": ("readdress", "refund"),
    "refused": ("trace_refused", "refund_back"),
    "lost": ("trace_lost", "refund_lost"),
}
MAX_CARD_EVENTS = 5
STEP_OF = {"picked_up": 1, "in_transit": 2, "exception": 2, "returned": 2, "out_for_delivery": 3, "delivered": 4}


@dataclass(frozen=True)
class Situation:
    """What the events of a parcel mean at one moment; durations in calendar days of Shanghai."""

    state: str
    anomaly: str | None  # weather, backlog, address, customs, refused, lost, other, unknown
    anomaly_text: str
    days_late: int  # behind the promised day, now or at delivery
    days_late_expected: int  # behind the promised day at the time of the eta
    days_still: int  # since the last event
    is_stuck: bool  # for longer than the policies call normal
    eta: datetime | None
    eta_passed: bool
    last: ShipmentEvent | None
    last_place: ShipmentEvent | None  # the last event that is no anomaly: where the parcel is


def situation(shipment: Shipment, now: datetime, stuck_days: int) -> Situation:
    """Read a parcel's events. A delay or standstill without an event that explains it is `unknown`."""
    events = shipment["events"]
    last = events[0] if events else None
    delivered = shipment["status"] == "delivered"
    arrived_at = parse_time(last["at"]) if delivered and last else None
    eta = parse_time(shipment["eta"]) if shipment["eta"] and not delivered else None
    promised = parse_time(shipment["deliver_by"]) if shipment["deliver_by"] else None
    late = _late(promised, arrived_at or now)
    expected = _late(promised, eta) if eta else late
    still = 0 if delivered or last is None else max(0, days_between(parse_time(last["at"]), now))
    explained = next((event for event in events if event["code"] in ANOMALIES), None)
    anomaly = ANOMALIES[explained["code"]] if explained else None
    if anomaly is None and not delivered and (max(late, expected) > 0 or still >= stuck_days):
        anomaly = "unknown"
    return Situation(
        state=shipment["status"],
        anomaly=anomaly,
        anomaly_text=explained["text"] if explained else "",
        days_late=late,
        days_late_expected=max(late, expected),
        days_still=still,
        is_stuck=still >= stuck_days,
        eta=eta,
        eta_passed=eta is not None and eta < now,
        last=last,
        last_place=next((event for event in events if _is_place(event, last)), last),
    )


def _is_place(event: ShipmentEvent, last: ShipmentEvent | None) -> bool:
    """Whether an event tells where the parcel is; 正在派送 does not once something has gone wrong."""
    failed = last is not None and last["code"] in ANOMALIES
    return event["code"] not in ANOMALIES and not (failed and event["code"] == "OUT_FOR_DELIVERY")


def _late(promised: datetime | None, reached: datetime) -> int:
    if promised is None or reached <= promised:
        return 0
    return max(0, days_between(promised, reached))


def answer_logistics(
    turn: Turn, order: Order, shipment: Shipment, count: int, documents: list[Filed] | None = None
) -> Answer:
    """Track, reason, time and two concrete offers for one parcel; `count` is how many the order has.

    What is under way already (`documents`) is told instead of being offered again.
    """
    seen = seen_now(shipment, turn.now)
    words = Words()
    words.add(lead(turn, seen.days_late if seen.state != "delivered" else 0))
    if count > 1:
        words.add(text("logistics.multiple", count=count))
    words.add(place_words(order, seen, turn.now)).add(delay_words(seen, shipment, turn.now)).add(
        eta_words(seen, turn.now)
    )
    filed = documents or []
    sentence, buttons = offers(seen, order, open_payloads(filed) | urge_payloads(turn, order))
    words.add(open_words(filed, turn.now)).add(urge_words(turn, order)).add(sentence)
    reply = Reply(str(words), logistics_card(shipment, seen, turn.now), buttons)
    return Answer((reply,), parcel_finding(turn, order, shipment, seen, said=str(words), what="logistics"))


def parcel_words(turn: Turn, order: Order, shipment: Shipment) -> str:
    """Where a parcel under way is, why it is late and when it comes, without an offer."""
    seen = seen_now(shipment, turn.now)
    words = Words().add(lead(turn, seen.days_late)).add(place_words(order, seen, turn.now))
    return str(words.add(delay_words(seen, shipment, turn.now)).add(eta_words(seen, turn.now)))


def where_words(order: Order, shipments: list[Shipment], now: datetime) -> str:
    """Where the slowest parcel of an order is, in one sentence."""
    shipment = slowest(shipments)
    if shipment is None:
        return text("logistics.not_shipped", title=title_of(order), tail=tail(order["order_id"]))
    return place_words(order, seen_now(shipment, now), now)


def seen_now(shipment: Shipment, now: datetime) -> Situation:
    """A parcel's situation by the days the policies call normal."""
    return situation(shipment, now, int(policy("shipping.stuck_days")))


def delay_words(seen: Situation, shipment: Shipment, now: datetime) -> str:
    """How late and why, in one sentence; nothing for a punctual parcel without trouble."""
    if seen.state == "delivered":
        return ""
    days = seen.days_late or seen.days_late_expected
    if days > 0 and shipment["deliver_by"]:
        which = "late_now" if seen.days_late > 0 else "late_expected"
        promised = day(parse_time(shipment["deliver_by"]), now)
        return text(f"logistics.{which}", deliver_by=promised, days=days) + text(
            "logistics.because", reason=reason_words(seen)
        )
    if seen.anomaly is not None:
        return text("logistics.anomaly_without_delay", reason=reason_words(seen))
    return ""


def reason_words(seen: Situation) -> str:
    """The reason of an anomaly: the carrier's own words, else ours for the event code."""
    if seen.anomaly_text:
        return spoken(seen.anomaly_text)
    if seen.anomaly == "unknown" and seen.days_still > 0:
        return text("logistics.reason.unknown_still", days=seen.days_still)
    return text(f"logistics.reason.{seen.anomaly or 'unknown'}")


def spoken(event_text: str) -> str:
    """A line of the carrier as part of a sentence: without brackets and full stop."""
    return event_text.replace("【", "").replace("】", "").removeprefix("快件").rstrip("。")


def offers(seen: Situation, order: Order, under_way: Collection[str] = ()) -> tuple[str, tuple[Button, ...]]:
    """What the customer can have done now: a sentence when something is wrong, and buttons that lead on."""
    if seen.state == "delivered":
        late = button("not_received", "/report_delivery_problem")
        claimed = button("see_progress", "/query_after_sales_progress")
        if late.payload in under_way:
            return "", (claimed,)
        first = button("report_quality", "/report_quality_issue") if order["status"] == "completed" else late
        return "", (first, claimed if CLAIMED in under_way else button("want_return", "/request_return"))
    if seen.anomaly is None and seen.state != "returned":
        calm = tuple(item for item in buttons_for(("urge_delivery", "readdress")) if item.payload not in under_way)
        return "", calm or buttons_for(("refund",))
    sentence, buttons = offer(ways_of(seen), under_way)
    return sentence, buttons or (human("human_check"),)


def ways_of(seen: Situation) -> tuple[str, str]:
    """The two ways that help with an anomaly; a parcel that has come back is like a refused one."""
    if seen.state == "returned":
        return WAYS_OF["refused"]
    if seen.anomaly == "unknown" and seen.is_stuck:
        return WAYS_OF["stuck"]
    return WAYS_OF[seen.anomaly or "unknown"]


def logistics_card(shipment: Shipment, seen: Situation, now: datetime) -> Json:
    """The card of contracts/messages.md."""
    done = STEP_OF.get(shipment["status"], 1)
    card: Json = {
        "type": "logistics",
        "order_id": shipment["order_id"],
        "tracking_number": shipment["tracking_number"],
        "carrier": shipment["carrier"]["name"],
        "steps": [{"text": step, "done": index < done} for index, step in enumerate(word_list("logistics.steps"))],
        "events": [{"at": event["at"], "text": event["text"]} for event in shipment["events"][:MAX_CARD_EVENTS]],
    }
    if seen.anomaly is not None and seen.state != "delivered":
        card["anomaly_text"] = reason_words(seen)
    if seen.eta is not None:
        card["eta_text"] = eta_words(seen, now).rstrip("。")
    phone = courier_phone(shipment)
    if phone:
        card["courier_phone"] = phone
    return card


def logistics_facts_of(shipment: Shipment, seen: Situation, now: datetime) -> Json:
    """The parcel as the escalation summary shows it."""
    snapshot: Json = {
        "tracking_number": shipment["tracking_number"],
        "carrier": shipment["carrier"]["name"],
        "status": shipment["status"],
        "days_without_movement": seen.days_still,
        "days_late": seen.days_late,
        "fetched_at": stamp(now),
    }
    if seen.last is not None:
        snapshot["last_event"] = seen.last["text"]
        snapshot["last_event_at"] = seen.last["at"]
    if seen.anomaly is not None:
        snapshot["anomaly_code"] = seen.anomaly
        snapshot["anomaly_reason"] = reason_words(seen)
    if seen.eta is not None:
        snapshot["eta"] = stamp(seen.eta)
    return snapshot


def place_words(order: Order, seen: Situation, now: datetime) -> str:
    """Where the parcel is, with the title and the end of the order's number."""
    state = seen.state if seen.state in ("out_for_delivery", "delivered", "returned") else "in_transit"
    names = {"title": title_of(order), "tail": tail(order["order_id"])}
    if seen.last_place is None:
        return text("logistics.not_shipped", **names)
    at = day_time(parse_time(seen.last_place["at"]), now)
    words = spoken(seen.last_place["text"])
    if state == "delivered":
        return text("logistics.delivered", **names, delivered_at=at)
    return text(f"logistics.{state}", **names, last_at=at, last_text=words)


def eta_words(seen: Situation, now: datetime) -> str:
    """When it comes, or that nobody knows; nothing when it does not come any more."""
    if seen.state in ("delivered", "returned") or seen.anomaly in ("lost", "refused"):
        return ""
    if seen.eta is None:
        return text("logistics.no_eta")
    return text("logistics.eta_passed" if seen.eta_passed else "logistics.eta", eta=deadline(seen.eta, now))


def courier_phone(shipment: Shipment) -> str:
    """The phone of the courier who has the parcel, or ""."""
    courier = shipment["courier"]
    return (courier["phone"] or "") if courier else ""


def parcel_finding(
    turn: Turn,
    order: Order,
    shipment: Shipment,
    seen: Situation,
    *,
    said: str,
    what: str,
    more_facts: Sequence[Json] = (),
    more_promises: Sequence[Json] = (),
) -> Json:
    """What an agent should know of a parcel, with what has been filed or promised for it."""
    facts = [
        fact("order_id", order["order_id"], "order_api", turn.now),
        fact("days_late", seen.days_late, "logistics_api", turn.now),
    ]
    if seen.last is not None:
        facts.append(fact("last_event", seen.last["text"], "logistics_api", turn.now))
    if seen.anomaly is not None:
        facts.append(fact("anomaly_reason", reason_words(seen), "logistics_api", turn.now))
    promises = []
    if seen.eta is not None and not seen.eta_passed:
        facts.append(fact("eta", day_time(seen.eta, turn.now), "logistics_api", turn.now))
        promises.append(promise(turn, eta_words(seen, turn.now).rstrip("。"), stamp(seen.eta)))
    return finding(
        turn,
        what,
        said,
        order=order,
        order_snapshot=order_facts_of(order, turn.now, seen.days_late),
        logistics=logistics_facts_of(shipment, seen, turn.now),
        facts=[*facts, *more_facts],
        promises=[*promises, *more_promises],
    )
