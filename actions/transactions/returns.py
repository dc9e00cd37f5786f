"""Sending goods back for money or for another version: within the days, restated, filed once."""

from __future__ import annotations

from typing import Any, ClassVar

from actions.after_sales import eligibility_words, exchange_words, instead_of_return, is_activated, next_words
from actions.answer import Answer, Reply, button, fact, finding, human, lead, promise
from actions.documents import Filed
from actions.orders import order_card
from actions.policies import facts_of, payer_words, policy
from actions.shop_api import Document, ShopApi
from actions.shop_types import Eligibility
from actions.texts import text
from actions.transactions.case import Case
from actions.transactions.detail import ASKS, Detail, choice
from actions.transactions.return_details import (
    QUALITY,
    REASON_OF_INTENT,
    line_id,
    line_options,
    only_faults,
    reason_detail,
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
        return {"eligibility": shop.return_eligibility(order_id), "returns": shop.returns(order_id)}

    def refuse(self, case: Case) -> Answer | None:
        facts = _eligibility(case)
        if facts["eligible"] and case.the_order["status"] not in CLOSED and not is_activated(case.turn, facts):
            return None
        open_ones = [
            item for item in case.facts["returns"] if item["state"] not in ("completed", "rejected", "withdrawn")
        ]
        if open_ones:
            words = case.say("returns.already_open", return_id=open_ones[0]["return_id"], **_stage(case, open_ones[0]))
        else:
            words = eligibility_words(case.turn, case.the_order, facts)
        reply = Reply(
            words,
            order_card(case.the_order, case.turn.now),
            instead_of_return(case.the_order, facts)
            or (button("report_quality", "/report_quality_issue"), human("human_check")),
        )
        return Answer((reply,), _finding(case, "eligibility", words, code=None if open_ones else NOT_ELIGIBLE))

    def opening(self, case: Case) -> str:
        return lead(case.turn) + eligibility_words(case.turn, case.the_order, _terms(case))

    def details(self, case: Case) -> tuple[Detail, ...]:
        return (reason_detail(),)

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

    def restate(self, case: Case) -> Reply:
        quality = case.details["reason"] == QUALITY
        payer = str(policy("returns.quality_freight_payer")) if quality else str(_eligibility(case)["freight_payer"])
        words = case.say(
            "returns.restate_return",
            reason=text(f"transactions.returns.reasons.{case.details['reason']}"),
            freight=payer_words(payer),
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
        return None

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
        version = version_detail()
        if len(case.the_order["lines"]) > 1:
            return (choice("line", "returns.ask_line", line_options), version, *super().details(case))
        return (version, *super().details(case))

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
        quality = case.details["reason"] == QUALITY
        payer = str(policy("returns.quality_freight_payer")) if quality else str(_eligibility(case)["freight_payer"])
        return Reply(
            case.say("returns.restate_exchange", version=version_text(case), freight=payer_words(payer)),
        )

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


def _eligibility(case: Case) -> Eligibility:
    facts: Eligibility = case.facts["eligibility"]
    return facts


def _stage(case: Case, document: Document) -> dict[str, object]:
    """How far an open return or exchange is and what comes next."""
    filed = Filed(document["kind"], document["return_id"], document["requested_at"], None, True, document)
    state = text(f"after_sales.return_states.{document['state']}")
    return {"state": state, "next": next_words(case.turn, filed)}


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
