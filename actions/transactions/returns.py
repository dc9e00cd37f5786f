"""Sending goods back for money or for another version: within the days, restated, filed once."""

from __future__ import annotations

from typing import Any, ClassVar

from actions.after_sales import eligibility_words, exchange_words, instead_of_return, is_activated, next_words
from actions.answer import Answer, Button, Reply, button, fact, finding, human, lead, promise
from actions.documents import Filed
from actions.order_choice import names
from actions.orders import order_card
from actions.policies import facts_of, payer_words, policy
from actions.shop_api import Document, ShopApi
from actions.shop_types import Eligibility, Line
from actions.texts import text
from actions.transactions.asked import AMOUNT, FREIGHT, WHEN, WHERE, asks
from actions.transactions.case import Case
from actions.transactions.detail import ASKS, Detail, choice
from actions.transactions.orders import INSPECTED, held_up
from actions.transactions.return_details import (
    ALL_LINES,
    QUALITY,
    REASON_OF_INTENT,
    beside_the_order,
    line_id,
    line_options,
    only_faults,
    reason_detail,
    return_line_detail,
    returnable,
    version_detail,
    version_text,
)
from actions.transactions.transaction import Transaction
from actions.words import day_time, deadline, parse_time

CLOSED = ("pending_payment", "cancelled", "refunded", "refunding")
# The rules say no: asked for again, it is a matter for a person (playbook/escalation.yml, policy_exception).
NOT_ELIGIBLE = "not_eligible"


class Return(Transaction):
    """Goods back, money back."""

    topic: ClassVar[str] = "request_return"
    texts: ClassVar[str] = "returns"
    kind: ClassVar[str] = "return"
    verbs: ClassVar[str] = "退|寄"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order_id = case.the_order["order_id"]
        on_its_way = case.the_order["status"] == "shipped"
        shipments = {"shipments": shop.shipments(order_id)} if on_its_way else {}
        return {**shipments, "eligibility": shop.return_eligibility(order_id), "returns": shop.returns(order_id)}

    def refuse(self, case: Case) -> Answer | None:
        facts = _eligibility(case)
        going = _named_and_going_back(case)
        if going is not None:
            words, ways = self._already_open(case, going)
            return Answer((Reply(words, buttons=ways),), _finding(case, "eligibility", words))
        if facts["eligible"] and case.the_order["status"] not in CLOSED and not is_activated(case.turn, facts):
            return None
        held = held_up(case) if case.the_order["status"] == "shipped" else ""
        if held:
            words = case.say(f"orders.cancel_{held}", trace_hours=facts_of("shipping")["trace_hours"])
            offers = (human("human_refund"), button("trace", "/report_delivery_problem"))
            return Answer((Reply(words, buttons=offers),), _finding(case, "eligibility", words))
        open_ones = [
            item for item in case.facts["returns"] if item["state"] not in ("completed", "rejected", "withdrawn")
        ]
        if open_ones:
            words, ways = self._already_open(case, open_ones[0])
        else:
            words = eligibility_words(case.turn, case.the_order, facts)
            ways = instead_of_return(case.the_order, facts)
            ways = ways or (button("report_quality", "/report_quality_issue"), human("human_check"))
        reply = Reply(words, order_card(case.the_order, case.turn.now), ways)
        return Answer((reply,), _finding(case, "eligibility", words, code=None if open_ones else NOT_ELIGIBLE))

    def _already_open(self, case: Case, document: Document) -> tuple[str, tuple[Button, ...]]:
        """What is under way, and how it becomes what is wanted now when that is the other kind."""
        stage = _stage(case, document)
        words = case.say("returns.already_open", return_id=document["return_id"], **stage)
        if document["kind"] == self.kind:
            return words, (button("see_progress", "/query_after_sales_progress"),)
        if document["state"] in INSPECTED:
            return words + case.say(f"returns.rather_{self.kind}_late"), (human("human_check"),)
        ways = (button("undo", "/undo_request"), button("see_progress", "/query_after_sales_progress"))
        return words + case.say(f"returns.rather_{self.kind}"), ways

    def opening(self, case: Case) -> str:
        words = eligibility_words(case.turn, case.the_order, _terms(case))
        return lead(case.turn) + ("" if any(words in bubble for bubble in case.turn.said[-3:]) else words)

    def details(self, case: Case) -> tuple[Detail, ...]:
        lines = (return_line_detail(),) if len(returnable(case)) > 1 else ()
        return (*lines, reason_detail())

    def gives_up(self, case: Case) -> bool:
        """那我不退了, 撤回吧: nothing has been filed yet."""
        return case.turn.intent == "undo_request"

    def ended(self, case: Case) -> Answer | None:
        """Nothing can be filed when only a fault counts and it is none."""
        if not only_faults(case) or case.details.get("reason") in (None, QUALITY):
            return None
        words = case.say("returns.only_faults", **only_faults_values(case))
        ways = (button("report_quality", "/report_quality_issue"), human("human_check"))
        return Answer((Reply(words, buttons=ways),), _finding(case, "eligibility", words, code=NOT_ELIGIBLE))

    def includes(self, case: Case) -> bool:
        """A fault told instead of a reason; 换 alone is a wish of its own."""
        return case.turn.intent in REASON_OF_INTENT

    def told(self, case: Case) -> str:
        words = []
        if asks(case, FREIGHT):
            words.append(case.say("returns.told_freight", freight=_freight(case), fault=_freight_of_a_fault()))
        if asks(case, AMOUNT):
            words.append(case.say("returns.told_amount"))
        if self.kind == "return" and asks(case, WHEN, WHERE):
            days = {"inspection_days": facts_of("returns")["inspection_days"]}
            words.append(case.say("returns.told_when", refund_days=facts_of("refunds")["wechat_working_days"], **days))
        return "".join(words)

    def restate(self, case: Case) -> Reply:
        words = case.say(
            "returns.restate_return" if _is_whole(case) else "returns.restate_return_part",
            reason=text(f"transactions.returns.reasons.{case.details['reason']}"),
            freight=_freight(case),
            goods=_goods(case),
        )
        return Reply(words)

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        reason = str(case.details["reason"])
        body = {
            "kind": self.kind,
            "reason": text(f"transactions.returns.reasons.{reason}"),
            "line_ids": self.line_ids(case),
            "quality_issue": reason == QUALITY,
        }
        return shop.file_for_order(case.the_order["order_id"], "returns", body, key)

    def line_ids(self, case: Case) -> list[str] | None:
        """Which lines go back; None for all that can."""
        return None if _is_whole(case) else [line["line_id"] for line in _going_back(case)]

    def done(self, case: Case, document: Document) -> Answer:
        words = case.say(
            "returns.done_return",
            return_id=document["return_id"],
            pickup=_pickup_words(case, document),
            inspection_days=facts_of("returns")["inspection_days"],
            refund_days=facts_of("refunds")["wechat_working_days"],
        )
        reply = Reply(words, buttons=(button("see_progress", "/query_after_sales_progress"),))
        return Answer((reply,), _finding(case, "filed_return", words, document))


class Exchange(Return):
    """Goods back, another version of the same product instead."""

    topic: ClassVar[str] = "request_exchange"
    kind: ClassVar[str] = "exchange"
    verbs: ClassVar[str] = "换|寄"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        products = {line["product_id"]: shop.product(line["product_id"]) for line in case.the_order["lines"]}
        return {**super().gather(shop, case), "products": products}

    def details(self, case: Case) -> tuple[Detail, ...]:
        # Where only a fault counts it is asked for first: nobody picks a colour for nothing.
        wanted = (reason_detail(), version_detail()) if only_faults(case) else (version_detail(), reason_detail())
        if len(case.the_order["lines"]) > 1:
            return (choice("line", "returns.ask_line", line_options), *wanted)
        return wanted

    def opening(self, case: Case) -> str:
        return lead(case.turn) + exchange_words(case.turn, case.the_order, _terms(case))

    def includes(self, case: Case) -> bool:
        """颜色买错了 tells why; a version named in passing is the answer."""
        if case.turn.intent in REASON_OF_INTENT:
            return True
        if case.turn.intent == "request_return":
            return "退" not in case.turn.text
        return case.turn.intent in ("ask_product_info", "ask_stock") and not ASKS.search(case.turn.text)

    def restate(self, case: Case) -> Reply:
        return Reply(case.say("returns.restate_exchange", version=version_text(case), freight=_freight(case)))

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        reason = str(case.details["reason"])
        body = {
            "kind": self.kind,
            "reason": case.say(
                "returns.exchange_reason",
                reason=text(f"transactions.returns.reasons.{reason}"),
                version=version_text(case),
            ),
            "line_ids": self.line_ids(case),
            "quality_issue": reason == QUALITY,
        }
        return shop.file_for_order(case.the_order["order_id"], "returns", body, key)

    def line_ids(self, case: Case) -> list[str] | None:
        return [line_id(case)]

    def done(self, case: Case, document: Document) -> Answer:
        words = case.say(
            "returns.done_exchange",
            return_id=document["return_id"],
            pickup=_pickup_words(case, document),
            inspection_days=facts_of("returns")["inspection_days"],
            version=version_text(case),
        )
        reply = Reply(words, buttons=(button("see_progress", "/query_after_sales_progress"),))
        return Answer((reply,), _finding(case, "filed_exchange", words, document))


def _freight(case: Case) -> str:
    """Who pays the way back, as far as the reason is known."""
    if case.details.get("reason") == QUALITY:
        return _freight_of_a_fault()
    return payer_words(str(_eligibility(case)["freight_payer"] or policy("returns.no_reason_freight_payer")))


def _freight_of_a_fault() -> str:
    return payer_words(str(policy("returns.quality_freight_payer")))


def _going_back(case: Case) -> list[Line]:
    """The lines that the customer wants to send back, all that can go when none was chosen."""
    chosen = str(case.details.get("line", ALL_LINES))
    return [line for line in returnable(case) if chosen in (ALL_LINES, line["line_id"])]


def _named_and_going_back(case: Case) -> Document | None:
    """The open return or exchange of the goods that the message names, when all of them are in it."""
    words = beside_the_order(case.turn.text)
    named = {line["line_id"] for line in case.the_order["lines"] if names(line["title"], words)}
    for item in case.facts["returns"]:
        is_open = item["state"] not in ("completed", "rejected", "withdrawn")
        if named and is_open and named <= {line["line_id"] for line in item["lines"]}:
            return dict(item)
    return None


def _is_whole(case: Case) -> bool:
    return len(_going_back(case)) == len(case.the_order["lines"])


def _goods(case: Case) -> list[str]:
    return [
        line["title"]
        if line["quantity"] == 1
        else case.say("returns.several", item=line["title"], count=line["quantity"])
        for line in _going_back(case)
    ]


def _eligibility(case: Case) -> Eligibility:
    facts: Eligibility = case.facts["eligibility"]
    return facts


def _stage(case: Case, document: Document) -> dict[str, object]:
    """How far an open return or exchange is and what comes next."""
    filed = Filed(document["kind"], document["return_id"], document["requested_at"], None, True, document)
    state = text(f"after_sales.return_states.{document['state']}")
    kind = text(f"after_sales.kinds.{document['kind']}")
    return {"state": state, "kind": kind, "next": next_words(case.turn, filed)}


def _terms(case: Case) -> Eligibility:
    """The shop's answer; when the reason is a fault already, the way back is paid as for one."""
    facts: Eligibility = {**_eligibility(case)}
    if case.details.get("reason") == QUALITY and facts["freight_payer"]:
        facts["freight_payer"] = policy("returns.quality_freight_payer")
    return facts


def only_faults_values(case: Case) -> dict[str, object]:
    """Until when a fault counts and who pays the way then."""
    until = _eligibility(case)["deadline"]
    return {
        "deadline": deadline(parse_time(until), case.turn.now) if until else "",
        "freight": payer_words(str(policy("returns.quality_freight_payer"))),
    }


def _pickup_words(case: Case, document: Document) -> str:
    if not document.get("pickup_at"):
        return case.say("returns.pickup_open", review_hours=facts_of("returns")["review_hours"])
    return case.say("returns.pickup_at", pickup_at=day_time(parse_time(document["pickup_at"]), case.turn.now))


def _finding(
    case: Case, what: str, said: str, document: Document | None = None, code: str | None = None
) -> dict[str, Any]:
    facts = _eligibility(case)
    noted = [fact("return_eligibility", facts["kind"], "order_api", case.turn.now)]
    if facts["deadline"]:
        until = deadline(parse_time(facts["deadline"]), case.turn.now)
        noted.append(fact("return_deadline", until, "order_api", case.turn.now))
    promises = []
    if document is not None:
        noted.append(fact("document", document["return_id"], "order_api", case.turn.now))
        promises.append(promise(case.turn, said, document.get("pickup_at")))
    return finding(case.turn, what, said, order=case.order, facts=noted, promises=promises, code=code)
