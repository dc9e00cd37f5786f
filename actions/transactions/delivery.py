"""A parcel that does not come as it should: what the track says now, where to look, and a search by the carrier."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from actions import logistics, orders, refunds
from actions.answer import Answer, Button, Json, Reply, Words, button, fact, finding, human, lead, promise
from actions.logistics import Situation
from actions.offers import buttons_for, offer
from actions.policies import facts_of
from actions.shop_api import Document, ShopApi, ShopConflictError
from actions.shop_types import Shipment
from actions.texts import has_text, text
from actions.transactions.asked import LOST, asks
from actions.transactions.case import Case
from actions.transactions.detail import MAX_WORDS, Detail, Option, choice
from actions.transactions.transaction import Transaction
from actions.words import day_time, deadline, parse_time, tail

REASONS = ("wrong_place", "refused_by_mistake", "courier", "not_received", "no_update")
OTHER = "other"
# Complaints about these are about waiting; for them an urge or a better address helps as well as a search.
WAITING = (None, "no_update", "not_received")
BEFORE_SENDING = ("pending_payment", "unshipped", "cancelled")
CLOSED = ("refunding", "refunded")


class DeliveryProblem(Transaction):
    """Not received, stuck, at the wrong place, refused by mistake: the carrier searches and answers."""

    topic: ClassVar[str] = "report_delivery_problem"
    texts: ClassVar[str] = "delivery"
    verbs: ClassVar[str] = "查|找|报|核实"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order = case.the_order
        order_id = order["order_id"]
        return {
            "shipments": shop.shipments(order_id),
            "traces": shop.traces(order_id),
            "refunds": shop.refunds(order_id) if order["status"] in CLOSED else [],
        }

    def refuse(self, case: Case) -> Answer | None:
        order = case.the_order
        if order["status"] in CLOSED:
            return refunds.answer_refund(case.turn, order, case.facts["refunds"])
        if order["status"] in BEFORE_SENDING or not case.facts["shipments"]:
            return orders.answer_status(case.turn, order)
        parcel = parcel_of(case)
        trace = next((one for one in case.facts["traces"] if one["tracking_number"] == parcel["tracking_number"]), None)
        if trace is not None:
            is_open = parse_time(trace["answer_by"]) > case.turn.now
            return _refused(case, "trace_already_open" if is_open else "trace_overdue", trace)
        return self._ways(case, parcel)

    def opening(self, case: Case) -> str:
        parcel = parcel_of(case)
        seen = logistics.seen_now(parcel, case.turn.now)
        moving = seen.state != "delivered"
        words = Words()
        if _code(case) == "courier":
            return str(words.add(case.say("delivery.sorry.courier")))
        if not (moving and _has_just_read(case) and _asks_for_search(case)):
            words = _state_words(case, parcel, seen)
        if not moving and _code(case) in (None, "not_received", OTHER):
            phone = logistics.courier_phone(parcel)
            words.add(case.say("delivery.look", courier=case.say("delivery.call", phone=phone) if phone else ""))
        return str(words)

    def details(self, case: Case) -> tuple[Detail, ...]:
        return (reason_detail(self.topic),)

    def told(self, case: Case) -> str:
        if asks(case, LOST):
            return case.say("delivery.if_lost")
        asked_when = re.search(_pattern("how_long"), case.turn.text)
        return case.say("delivery.told_when", **facts_of("shipping")) if asked_when else ""

    def agrees(self, case: Case) -> bool:
        """家里人都问了没有: who tells the trouble once more wants the search."""
        looks = _asks_for_search(case) and not re.search(_pattern("no_search"), case.turn.text)
        return case.turn.intent == self.topic or looks or bool(re.search(_pattern("looked"), case.turn.text))

    def restate(self, case: Case) -> Reply:
        parcel = parcel_of(case)
        seen = logistics.seen_now(parcel, case.turn.now)
        moving = seen.state != "delivered"
        code = _code(case) or OTHER
        name = f"delivery.restate.{code}_moving" if moving else f"delivery.restate.{code}"
        words = case.say(
            name if has_text(f"transactions.{name}") else f"delivery.restate.{code}",
            carrier=parcel["carrier"]["name"],
            parcel=tail(parcel["tracking_number"]),
            trace_hours=facts_of("shipping")["trace_hours"],
        )
        complains = code == "courier"
        instead = case.say("delivery.or_refund") if moving and seen.anomaly is not None and not complains else ""
        card = logistics.logistics_card(parcel, seen, case.turn.now) if case.turn.intent == self.topic else None
        return Reply(words + instead + case.say("delivery.now_courier" if complains else "delivery.now"), card)

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        reason = case.details["reason"]
        body = {"reason": reason["code"], "detail": reason["words"]}
        return shop.file_for_order(case.the_order["order_id"], "traces", body, key)

    def done(self, case: Case, document: Document) -> Answer:
        parcel = next(one for one in case.facts["shipments"] if one["tracking_number"] == document["tracking_number"])
        words = case.say(
            "delivery.done_courier" if document["reason"] == "courier" else "delivery.done",
            trace_id=document["trace_id"],
            carrier=parcel["carrier"]["name"],
            parcel=tail(document["tracking_number"]),
            answer_by=deadline(parse_time(document["answer_by"]), case.turn.now),
        )
        buttons = (button("see_progress", "/query_after_sales_progress"), button("see_logistics", "/query_logistics"))
        entry = _finding(case, parcel, "filed_trace", words, document=document, due_at=document["answer_by"])
        return Answer((Reply(words, buttons=buttons),), entry)

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        return _refused(case, error.code, error.details)

    def _ways(self, case: Case, parcel: Shipment) -> Answer | None:
        """For a parcel that is held up: what helps, with times; None when only a search helps or one is asked for."""
        seen = logistics.seen_now(parcel, case.turn.now)
        if seen.state == "delivered" or seen.anomaly is None:
            return None
        first = logistics.ways_of(seen)[0]
        if first.startswith("trace") or named_reason(case.turn.text) not in WAITING:
            return None
        if _has_just_read(case) or _asks_for_search(case):
            return None
        sentence, buttons = offer((first, "trace"))
        words = str(_state_words(case, parcel, seen).add(sentence))
        card = logistics.logistics_card(parcel, seen, case.turn.now)
        reply = Reply(words, card, (*buttons, *buttons_for(("refund",))))
        return Answer((reply,), _finding(case, parcel, "problem", words))


def reason_detail(topic: str) -> Detail:
    """Why the parcel is searched and the customer's words about it: {code, words}."""

    def options(case: Case) -> Sequence[Option]:
        delivered = parcel_of(case)["status"] == "delivered"
        names = [name for name in (*REASONS, OTHER) if not (delivered and name in ("no_update", "refused_by_mistake"))]
        return [Option(name, text(f"transactions.delivery.reasons.{name}")) for name in names]

    asking = choice("reason", "delivery.ask_reason", options)

    def ask(case: Case, again: bool) -> Reply:
        reply = asking.ask(case, again)
        parcel = parcel_of(case)
        seen = logistics.seen_now(parcel, case.turn.now)
        return reply if again else replace(reply, card=logistics.logistics_card(parcel, seen, case.turn.now))

    def read(case: Case, asked: bool) -> Json | None:
        words = case.turn.text.strip()[:MAX_WORDS]
        code = named_reason(words)
        if code is None and asked:
            code = asking.read(case, True) or (OTHER if case.turn.intent == topic else None)
        if code is None and case.turn.intent == topic and _asks_for_search(case):
            code = "not_received" if parcel_of(case)["status"] == "delivered" else "no_update"
        if code is None and case.turn.intent == topic and _is_held_up(case):
            code = "no_update"  # the track tells what is wrong: nobody need choose it from a list
        if code is None:
            return None
        pressed = bool(case.turn.entities.get("choice")) or words in _titles()
        return {"code": code, "words": "" if pressed else words}

    return Detail("reason", ask, read)


def _is_held_up(case: Case) -> bool:
    seen = logistics.seen_now(parcel_of(case), case.turn.now)
    return seen.anomaly == "lost" or (seen.anomaly == "unknown" and seen.is_stuck)


def named_reason(words: str) -> str | None:
    """The reason the words name, or None."""
    return next((name for name in REASONS if re.search(_pattern(name), words)), None)


def parcel_of(case: Case) -> Shipment:
    """The parcel the carrier would search: the first still under way, else the last one."""
    shipments: list[Shipment] = case.facts["shipments"]
    return next((one for one in shipments if one["status"] != "delivered"), shipments[-1])


def _state_words(case: Case, parcel: Shipment, seen: Situation) -> Words:
    now = case.turn.now
    sorry = lead(case.turn, seen.days_late if seen.state != "delivered" else 0)
    words = Words().add(sorry or _sorry(case, seen))
    words.add(logistics.place_words(case.the_order, seen, now)).add(logistics.delay_words(seen, parcel, now))
    return words.add(logistics.eta_words(seen, now))


def _sorry(case: Case, seen: Situation) -> str:
    """A calm customer hears that it is taken seriously, too."""
    path = f"delivery.sorry.{_code(case)}"
    fits = _code(case) != "not_received" or seen.state == "delivered"
    return case.say(path) if fits and has_text(f"transactions.{path}") else ""


def _code(case: Case) -> str | None:
    reason = case.details.get("reason")
    return str(reason["code"]) if reason else None


def _has_just_read(case: Case) -> bool:
    """Whether the bot's last answer was about this order."""
    return case.turn.focus_order_id == case.the_order["order_id"]


def _asks_for_search(case: Case) -> bool:
    return re.search(_pattern("search"), case.turn.text) is not None


def _titles() -> set[str]:
    """Words that are a button's, not the customer's."""
    return {text("buttons.trace"), text("buttons.not_received")}


def _pattern(name: str) -> str:
    return text(f"transactions.delivery.reads.{name}")


def _refused(case: Case, code: str, details: dict[str, Any]) -> Answer:
    now = case.turn.now
    values: dict[str, object] = {"urge_hours": facts_of("shipping")["urge_hours"]}
    if details.get("trace_id"):
        values |= {
            "trace_id": details["trace_id"],
            "requested_at": day_time(parse_time(details["requested_at"]), now),
            "answer_by": deadline(parse_time(details["answer_by"]), now),
            "if_lost": "" if details.get("reason") == "courier" else case.say("delivery.if_lost"),
        }
    path = f"delivery.refused.{code}"
    words = case.say(path if has_text(f"transactions.{path}") else "common.refused", **values)
    ways: dict[str, tuple[Button, ...]] = {
        "trace_already_open": (button("see_logistics", "/query_logistics"), human("human_check")),
        "nothing_to_trace": (button("urge_dispatch", "/urge_order"), button("see_status", "/query_order_status")),
    }
    buttons = ways.get(code, (human("human_check"), button("see_logistics", "/query_logistics")))
    parcel = parcel_of(case) if case.facts["shipments"] else None
    entry = _finding(case, parcel, "refused", words, document=details)
    return Answer((Reply(words, buttons=buttons),), entry)


def _finding(
    case: Case,
    parcel: Shipment | None,
    what: str,
    said: str,
    *,
    document: dict[str, Any] | None = None,
    due_at: str | None = None,
) -> Json:
    now = case.turn.now
    facts = [fact("document", document["trace_id"], "order_api", now)] if document and "trace_id" in document else []
    reason = case.details.get("reason")
    if reason and reason["words"]:
        facts.append(fact("issue", reason["words"], "customer", now, verified=False))
    promises = [promise(case.turn, said, due_at)] if due_at else []
    if parcel is None:
        return finding(case.turn, what, said, order=case.order, facts=facts, promises=promises)
    return logistics.parcel_finding(
        case.turn,
        case.the_order,
        parcel,
        logistics.seen_now(parcel, now),
        said=said,
        what=what,
        more_facts=facts,
        more_promises=promises,
    )
