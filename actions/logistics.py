"""Where a parcel is, why it is late, and what can be done about it."""

from __future__ import annotations

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
    title_of,
)
from actions.context import Turn
from actions.policies import policy
from actions.shop_types import Order, Shipment, ShipmentEvent
from actions.texts import text, word_list
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
        eta=eta,
        eta_passed=eta is not None and eta < now,
        last=last,
        last_place=next((event for event in events if event["code"] not in ANOMALIES), last),
    )


def _late(promised: datetime | None, reached: datetime) -> int:
    if promised is None or reached <= promised:
        return 0
    return max(0, days_between(promised, reached))


def answer_logistics(turn: Turn, order: Order, shipment: Shipment, count: int) -> Answer:
    """Track, reason, time and two concrete offers for one parcel; `count` is how many the order has."""
    seen = situation(shipment, turn.now, int(policy("shipping.stuck_days")))
    words = Words()
    words.add(lead(turn, seen.days_late if seen.state != "delivered" else 0))
    if count > 1:
        words.add(text("logistics.multiple", count=count))
    words.add(_where(order, seen, turn.now)).add(delay_words(seen, shipment, turn.now)).add(_eta_words(seen, turn.now))
    offer, buttons = offers(seen)
    words.add(offer)
    reply = Reply(str(words), logistics_card(shipment, seen, turn.now), buttons)
    return Answer((reply,), _finding(turn, order, shipment, seen, said=str(words), what="logistics"))


def answer_urge_delivery(turn: Turn, order: Order, shipment: Shipment, count: int) -> Answer:
    """Hurry up a parcel: where it is now and a person who calls the carrier's branch."""
    seen = situation(shipment, turn.now, int(policy("shipping.stuck_days")))
    if seen.state == "delivered":
        return answer_problem(turn, order, shipment, count)
    words = Words()
    if turn.focus_order_id != order["order_id"]:  # otherwise the customer has just read it
        words.add(lead(turn, seen.days_late)).add(_where(order, seen, turn.now))
        words.add(delay_words(seen, shipment, turn.now)).add(_eta_words(seen, turn.now))
    words.add(text("logistics.urge_in_transit"))
    reply = Reply(
        str(words),
        logistics_card(shipment, seen, turn.now),
        (human("human_urge"), button("want_refund", "/request_return")),
    )
    return Answer((reply,), _finding(turn, order, shipment, seen, said=str(words), what="logistics"))


def answer_problem(turn: Turn, order: Order, shipment: Shipment, count: int) -> Answer:
    """Not received, wrong place, stuck: what the track says, where to look, a person who checks."""
    seen = situation(shipment, turn.now, int(policy("shipping.stuck_days")))
    if seen.state != "delivered" and seen.anomaly is not None:
        return answer_logistics(turn, order, shipment, count)
    words = Words().add(lead(turn)).add(_where(order, seen, turn.now))
    if seen.state == "delivered":
        phone = _courier_phone(shipment)
        courier = text("logistics.problem_courier", phone=phone) if phone else ""
        words.add(text("logistics.problem_delivered", courier=courier))
    else:
        words.add(_eta_words(seen, turn.now)).add(text("logistics.problem_moving"))
    reply = Reply(
        str(words), logistics_card(shipment, seen, turn.now), (human("human_check"), button("no_thanks", "/deny"))
    )
    return Answer((reply,), _finding(turn, order, shipment, seen, said=str(words), what="problem"))


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


def offers(seen: Situation) -> tuple[str, tuple[Button, ...]]:
    """What is possible now: a sentence and buttons, always with a way to a person."""
    refund = button("want_refund", "/request_return")
    if seen.state == "delivered":
        return "", (button("not_received", "/report_delivery_problem"), button("want_return", "/request_return"))
    if seen.state == "returned" or seen.anomaly == "refused":
        return text("logistics.offer_returned"), (human("human_reship"), refund)
    if seen.anomaly == "lost":
        return text("logistics.offer_lost"), (human("human_reship"), refund)
    if seen.anomaly == "address":
        return text("logistics.offer_address"), (button("change_address", "/modify_order"), refund, human())
    if seen.anomaly is not None:
        return text("logistics.offer_wait"), (button("urge_delivery", "/urge_order"), refund, human())
    return "", (button("urge_delivery", "/urge_order"), human())


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
        card["eta_text"] = _eta_words(seen, now).rstrip("。")
    phone = _courier_phone(shipment)
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


def _where(order: Order, seen: Situation, now: datetime) -> str:
    state = seen.state if seen.state in ("out_for_delivery", "delivered", "returned") else "in_transit"
    names = {"title": title_of(order), "tail": tail(order["order_id"])}
    if seen.last_place is None:
        return text("logistics.not_shipped", **names)
    at = day_time(parse_time(seen.last_place["at"]), now)
    words = spoken(seen.last_place["text"])
    if state == "delivered":
        return text("logistics.delivered", **names, delivered_at=at)
    return text(f"logistics.{state}", **names, last_at=at, last_text=words)


def _eta_words(seen: Situation, now: datetime) -> str:
    if seen.state in ("delivered", "returned") or seen.anomaly in ("lost", "refused"):
        return ""
    if seen.eta is None:
        return text("logistics.no_eta")
    return text("logistics.eta_passed" if seen.eta_passed else "logistics.eta", eta=deadline(seen.eta, now))


def _courier_phone(shipment: Shipment) -> str:
    courier = shipment["courier"]
    return (courier["phone"] or "") if courier else ""


def _finding(turn: Turn, order: Order, shipment: Shipment, seen: Situation, *, said: str, what: str) -> Json:
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
        promises.append(promise(turn, _eta_words(seen, turn.now).rstrip("。"), stamp(seen.eta)))
    return finding(
        turn,
        what,
        said,
        order=order,
        order_snapshot=order_facts_of(order, turn.now, seen.days_late),
        logistics=logistics_facts_of(shipment, seen, turn.now),
        facts=facts,
        promises=promises,
    )
