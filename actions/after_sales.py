"""Returns, exchanges and goods that are not as they should be: the rules and what holds for this order."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

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
    promise,
    status_text,
    title_of,
)
from actions.base import AnsweringAction
from actions.context import Turn, read_turn
from actions.documents import CLOSED_STATES, Filed, open_words
from actions.known_order import known_order
from actions.orders import order_card
from actions.policies import facts_of, payer_words, policy_text
from actions.shop_types import Eligibility, Order
from actions.texts import text
from actions.words import day_time, deadline, money, parse_time, stamp, tail

FAULT = "report_quality_issue"
REASONS = {
    "within_no_reason": "eligible_no_reason",
    "quality_window": "eligible_quality",
    "expired": "expired",
    "not_delivered": "not_delivered",
    "quality_only_goods": "quality_only_goods",
    "already_returning": "already_returning",
}
_SEE_PROGRESS = (("see_progress", "/query_after_sales_progress"), ("see_refund", "/query_refund_status"))
# What a customer can have who cannot send the order back: (button, payload).
INSTEAD_BY_STATUS: dict[str, tuple[tuple[str, str], ...]] = {
    "pending_payment": (("want_cancel", "/cancel_order"),),
    "cancelled": (("restore", "/undo_request"),),
    "refunding": _SEE_PROGRESS,
    "refunded": _SEE_PROGRESS,
}
INSTEAD_BY_REASON: dict[str, tuple[tuple[str, str], ...]] = {
    "already_returning": (("see_progress", "/query_after_sales_progress"), ("undo", "/undo_request")),
    "not_delivered": (("want_refund", "/cancel_order"), ("see_status", "/query_order_status")),
    "expired": (("see_warranty", "/ask_warranty"), ("human_check", "/request_human")),
    "quality_window": (("report_quality", "/report_quality_issue"),),
    "quality_only_goods": (("report_quality", "/report_quality_issue"),),
}
CLOSED = {"pending_payment": "not_paid", "cancelled": "cancelled", "refunded": "refunded"}


def eligibility_words(turn: Turn, order: Order, facts: Eligibility) -> str:
    """Whether this order can still be returned, until when, and who pays the way back."""
    closed = CLOSED.get(order["status"])
    if closed:
        return text(f"after_sales.{closed}", title=title_of(order), tail=tail(order["order_id"]))
    until = deadline(parse_time(facts["deadline"]), turn.now) if facts["deadline"] else ""
    payer = facts["freight_payer"]
    if is_activated(turn, facts):
        rules = facts_of("returns")
        names = {"quality_days": rules["quality_days"], "freight": rules["quality_freight_payer"]}
        return text("after_sales.activated", title=title_of(order), tail=tail(order["order_id"]), **names)
    key = "not_shipped" if order["status"] == "unshipped" else REASONS.get(facts["reason_code"], "other")
    return text(
        f"after_sales.{key}",
        title=title_of(order),
        tail=tail(order["order_id"]),
        deadline=until,
        deadline_part=text("after_sales.deadline_part", deadline=until) if until else "",
        freight=payer_words(payer) if payer else "",
        condition=facts_of("returns")["condition"],
        **refusal_facts(),
    )


def refusal_facts() -> dict[str, str]:
    """Who pays for a parcel that is refused at the door, and when the money comes then."""
    returns = facts_of("returns")
    return {
        "refusal": returns["refusal_freight"],
        "inspection_days": returns["inspection_days"],
        "refund_working_days": facts_of("payments")["refund_working_days"],
    }


def is_activated(turn: Turn, facts: Eligibility) -> bool:
    """Whether the customer says that the goods have been activated, which ends the return without a reason."""
    return facts["kind"] == "no_reason" and re.search(text("after_sales.activated_said"), turn.text) is not None


def answer_progress(turn: Turn, order: Order, documents: list[Filed]) -> Answer:
    """How far the newest thing filed for the order is, and a sentence for each other one still open."""
    if not documents:
        words = text("after_sales.progress_none", title=title_of(order), tail=tail(order["order_id"]))
        received = order["status"] in ("delivered", "completed")
        start = button("want_return", "/request_return") if received else button("see_status", "/query_order_status")
        second = button("report_quality", "/report_quality_issue") if received else human("human_check")
        return Answer((Reply(words, buttons=(start, second)),), finding(turn, "progress", words, order=order))
    newest, *others = documents
    words_now = Words().add(lead(turn)).add(_progress_words(turn, order, newest))
    also = open_words(others, turn.now)
    if also:
        words_now.add(text("under_way.also") + also)
    words = str(words_now)
    facts = [fact("document", newest.number, "order_api", turn.now)]
    if newest.kind in ("return", "exchange"):
        state = text(f"after_sales.return_states.{newest.document['state']}")
        facts.append(fact("return_state", state, "order_api", turn.now))
    promises = []
    if newest.is_open and newest.answer_by is not None:
        promises.append(promise(turn, words, stamp(newest.answer_by)))
    elif newest.is_open:
        promises.append(promise(turn, next_words(turn, newest), newest.document["pickup_at"]))
    entry = finding(turn, "progress", words, order=order, facts=facts, promises=promises)
    return Answer((Reply(words, buttons=_progress_buttons(newest, order, turn.now)),), entry)


def _progress_words(turn: Turn, order: Order, newest: Filed) -> str:
    names = {"title": title_of(order), "tail": tail(order["order_id"]), "number": newest.number}
    if newest.kind == "claim":
        return _claim_words(turn, names, newest)
    if newest.answer_by is not None:
        due = "trace_due" if newest.kind == "trace" and not newest.is_open else newest.kind
        return text(f"after_sales.{due}", **names, answer_by=deadline(newest.answer_by, turn.now))
    return _return_words(turn, names, newest)


def _return_words(turn: Turn, names: dict[str, str], newest: Filed) -> str:
    state = newest.document["state"]
    words = Words().add(
        text(
            "after_sales.progress",
            **names,
            kind=text(f"after_sales.kinds.{newest.kind}"),
            return_id=newest.number,
            state=text(f"after_sales.return_states.{state}"),
            updated_at=day_time(parse_time(newest.document["updated_at"]), turn.now),
        )
    )
    words.add(next_words(turn, newest))
    if state == "rejected":
        words.add(text("after_sales.progress_rejected"))
    return str(words)


def next_words(turn: Turn, newest: Filed) -> str:
    """What happens next with goods on their way back, and when."""
    state, pickup_at, words = newest.document["state"], newest.document["pickup_at"], Words()
    if state == "requested":
        words.add(text("after_sales.progress_review", review_hours=facts_of("returns")["review_hours"]))
    if state in ("approved", "picking_up") and pickup_at:
        key = "progress_pickup" if parse_time(pickup_at) > turn.now else "progress_pickup_due"
        words.add(text(f"after_sales.{key}", pickup_at=day_time(parse_time(pickup_at), turn.now)))
    if state in ("in_transit", "inspecting"):
        words.add(text("after_sales.progress_inspecting", inspection_days=facts_of("returns")["inspection_days"]))
    if state not in CLOSED_STATES:
        key = f"progress_{newest.kind}{'_later' if state == 'requested' else ''}"
        days = {"refund_working_days": facts_of("payments")["refund_working_days"]}
        words.add(text(f"after_sales.{key}", inspection_days=facts_of("returns")["inspection_days"], **days))
    return str(words)


def _claim_words(turn: Turn, names: dict[str, str], claim: Filed) -> str:
    paper = claim.document
    names = names | {"kind": text(f"after_sales.claim_kinds.{paper['kind']}")}
    if paper["state"] == "reviewing" and claim.answer_by is not None:
        words = text("after_sales.claim", **names, answer_by=deadline(claim.answer_by, turn.now))
        photos = text("after_sales.claim_photos", evidence=policy_text("after_sales.evidence").rstrip("。"))
        return words + (photos if paper["needs_photos"] else "")
    if paper["refund"]:
        days = facts_of("payments")["refund_working_days"]
        refund = money(paper["refund"]["amount_fen"])
        return text("after_sales.claim_refund", **names, refund=refund, refund_working_days=days)
    if paper["reship_by"]:
        reship_by = deadline(parse_time(paper["reship_by"]), turn.now)
        return text("after_sales.claim_reship", **names, reship_by=reship_by)
    return text("after_sales.claim_approved", **names)


def _progress_buttons(newest: Filed, order: Order, now: datetime) -> tuple[Button, ...]:
    """What leads on from the newest document."""
    see_refund = button("see_refund", "/query_refund_status")
    undo = button("undo", "/undo_request")
    if newest.kind in ("trace", "interception"):
        late = () if newest.is_open else (human("human_check"),)
        return (button("see_logistics", "/query_logistics"), *late)
    if newest.kind == "claim":
        return (see_refund,) if newest.document["refund"] else (button("see_status", "/query_order_status"),)
    state = newest.document["state"]
    if state == "rejected":
        return (button("report_quality", "/report_quality_issue"), human("human_check"))
    if state in ("requested", "approved", "picking_up", "in_transit"):
        pickup_at = newest.document["pickup_at"]
        missed = bool(pickup_at) and state in ("approved", "picking_up") and parse_time(str(pickup_at)) < now
        ways = (see_refund, undo) if order["refund_ids"] else (undo,)
        return (human("human_check"), *ways) if missed else ways
    return (see_refund,) if newest.kind == "return" else (button("report_quality", "/report_quality_issue"),)


def _finding(turn: Turn, order: Order, facts: Eligibility, what: str, said: str) -> Json:
    noted = [
        fact("order_id", order["order_id"], "order_api", turn.now),
        fact("order_status", status_text(order), "order_api", turn.now),
        fact("return_eligibility", facts["kind"], "order_api", turn.now),
    ]
    if facts["deadline"]:
        noted.append(fact("return_deadline", deadline(parse_time(facts["deadline"]), turn.now), "order_api", turn.now))
    return finding(turn, what, said, order=order, facts=noted)


def narrow_question(turn: Turn) -> str:
    """The one rule that is asked for: who pays when a parcel is refused, or who pays the way back; else ""."""
    if re.search(text("after_sales.reads_refused"), turn.text):
        return "refused"
    freight = re.search(text("transactions.common.asks.freight"), turn.text)
    return "freight" if freight and turn.focus_order_id is None and turn.page_order_id is None else ""


def tells_a_fault(words: str) -> bool:
    """Whether a question for the rules says what is wrong with the goods (洗了掉色还能退吗)."""
    return re.search(text("transactions.claims.reads.look"), words) is not None and not re.search(
        text("after_sales.reads_supposed"), words
    )


class ActionAnswerReturnPolicy(AnsweringAction):
    """The return rules, and for an order the customer is looking at or has named, whether it still fits."""

    def name(self) -> str:
        return "action_answer_return_policy"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        # 洗了掉色还能退吗: the fault is told, so what can be done about it is the answer.
        if turn.customer_id and tracker.active_loop.get("name") is None and tells_a_fault(turn.text):
            return [SlotSet("topic", FAULT), FollowupAction("order_form")]
        return await super().run(dispatcher, tracker, domain)

    async def answer(self, turn: Turn) -> Answer:
        asked = narrow_question(turn)
        if asked:
            words = policy_text(f"returns.{asked}")
            return Answer((Reply(words),), finding(turn, "policy", words))
        exchange = "换" in turn.text and "退" not in turn.text
        words = policy_text("exchange.request_exchange" if exchange else "returns.ask_return_policy")
        wish = button("want_exchange", "/request_exchange") if exchange else button("want_return", "/request_return")
        order = await self.ask(known_order, self.shop, turn)
        if order is None:
            reply = Reply(words, buttons=(button("check_my_order", wish.payload),))
            return Answer((reply,), finding(turn, "policy", words))
        facts = await self.ask(self.shop.return_eligibility, order["order_id"])
        if is_activated(turn, facts):
            wish = button("report_quality", "/report_quality_issue")
        about = exchange_words(turn, order, facts) if exchange else eligibility_words(turn, order, facts)
        reply = Reply(about, order_card(order, turn.now), instead_of_return(order, facts) or (wish,))
        return Answer((reply,), _finding(turn, order, facts, "eligibility", about))


def exchange_words(turn: Turn, order: Order, facts: Eligibility) -> str:
    """Until when another size or colour can be had for this order; else what the return rules say of it."""
    if order["status"] in CLOSED or facts["reason_code"] != "within_no_reason" or not facts["deadline"]:
        return eligibility_words(turn, order, facts)
    return text(
        "after_sales.exchangeable",
        title=title_of(order),
        tail=tail(order["order_id"]),
        deadline=deadline(parse_time(facts["deadline"]), turn.now),
        freight=payer_words(facts["freight_payer"] or "customer"),
    )


def instead_of_return(order: Order, facts: Eligibility) -> tuple[Button, ...]:
    """What leads on for an order that cannot go back now; nothing for one that can."""
    ways = INSTEAD_BY_STATUS.get(order["status"]) or INSTEAD_BY_REASON.get(facts["reason_code"], ())
    return tuple(button(name, payload) for name, payload in ways)
