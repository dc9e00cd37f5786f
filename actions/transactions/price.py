"""The price difference paid back when goods became cheaper soon after they were bought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from actions.answer import Answer, Button, Reply, button, fact, finding, human, lead, promise, status_text
from actions.policies import facts_of, policy
from actions.shop_api import Document, ShopApi, ShopConflictError
from actions.shop_types import Line
from actions.texts import has_text
from actions.transactions.asked import AMOUNT, WHEN, WHERE, asks
from actions.transactions.case import Case
from actions.transactions.transaction import Transaction
from actions.words import day, days_between, deadline, money, parse_time

CLOSED = ("cancelled", "refunding", "refunded")
# Goods in such a return get all their money back, or got it.
NOT_GOING_BACK = ("rejected", "withdrawn")


class PriceProtection(Transaction):
    """Pays back what the goods of an order cost less now, once. The shop has no preview, so the prices are compared
    here for the restatement; what is paid is the shop's figure."""

    topic: ClassVar[str] = "ask_price_protection"
    texts: ClassVar[str] = "price"
    verbs: ClassVar[str] = "退|补|退差价|补差价"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order = case.the_order
        returns: list[dict[str, Any]] = [dict(item) for item in shop.returns(order["order_id"])]
        going_back = {
            line["line_id"]
            for item in returns
            if item["kind"] == "return" and item["state"] not in NOT_GOING_BACK
            for line in item["lines"]
        }
        return {
            "kept": [line for line in order["lines"] if line["line_id"] not in going_back],
            "prices": {line["product_id"]: shop.product(line["product_id"])["price_fen"] for line in order["lines"]},
            "may_return": shop.return_eligibility(order["order_id"])["kind"] == "no_reason",
        }

    def refuse(self, case: Case) -> Answer | None:
        order = case.the_order
        if order["status"] in CLOSED or not case.facts["kept"]:
            return _refusal(case, "order_closed", status=status_text(order))
        if not order["payment"]["paid_fen"]:
            return _refusal(case, "order_not_paid")
        if days_between(parse_time(order["placed_at"]), case.turn.now) > int(policy("price_protection.days")):
            return _refusal(case, "price_protection_expired", expired_at=_last_day(case))
        if not _cheaper(case):
            prices = [
                _price_now(line["title"], line["unit_price_fen"], _now_fen(case, line), case) for line in _kept(case)
            ]
            return _refusal(case, "price_not_lower", prices="".join(prices), last_day=_last_day(case))
        return None

    def restate(self, case: Case) -> Reply:
        drops = "；".join(
            case.say(
                "price.drop" if line["quantity"] == 1 else "price.drop_of_several",
                goods=line["title"],
                paid=money(line["unit_price_fen"]),
                now=money(_now_fen(case, line)),
                count=line["quantity"],
            )
            for line in _cheaper(case)
        )
        words = case.say("price.restate", drops=drops, difference=money(_difference_fen(case)))
        return Reply(lead(case.turn) + words)

    def told(self, case: Case) -> str:
        if not asks(case, WHEN, WHERE, AMOUNT):
            return ""
        return case.say("price.told", difference=money(_difference_fen(case)), **facts_of("payments"))

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        return shop.file_for_order(case.the_order["order_id"], "price-protections", {}, key)

    def done(self, case: Case, document: Document) -> Answer:
        refund = money(document["refund_fen"])
        until = deadline(parse_time(document["answer_by"]), case.turn.now)
        words = case.say(
            "price.done",
            protection_id=document["protection_id"],
            refund=refund,
            destination=document["refund"]["destination_text"],
            until=until,
        )
        facts = [
            fact("document", document["protection_id"], "order_api", case.turn.now),
            fact("refund_amount", refund, "order_api", case.turn.now),
        ]
        promises = [promise(case.turn, words, document["answer_by"])]
        entry = finding(case.turn, "filed_price_protection", words, order=case.order, facts=facts, promises=promises)
        return Answer((Reply(words, buttons=(button("see_refund", "/query_refund_status"),)),), entry)

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        if not has_text(f"transactions.price.refused.{error.code}"):
            return super().refused(case, error)
        return _refusal(case, error.code, **self.refusal_values(case, error))

    def refusal_values(self, case: Case, error: ShopConflictError) -> dict[str, object]:
        details, now = error.details, case.turn.now
        titles = {line["line_id"]: line["title"] for line in case.the_order["lines"]}
        prices = [
            _price_now(titles.get(item["line_id"], ""), item["paid_fen"], item["now_fen"], case)
            for item in details.get("lines", ())
        ]
        requested_at, expired_at = details.get("requested_at"), details.get("expired_at")
        return {
            "status": status_text(case.the_order),
            "prices": "".join(prices),
            "last_day": _last_day(case),
            "expired_at": deadline(parse_time(expired_at), now) if expired_at else _last_day(case),
            "protection_id": details.get("protection_id", ""),
            "refund": money(int(details.get("refund_fen", 0))),
            "requested_at": day(parse_time(requested_at), now) if requested_at else "",
        }


def _kept(case: Case) -> list[Line]:
    kept: list[Line] = case.facts["kept"]
    return kept


def _now_fen(case: Case, line: Line) -> int:
    return int(case.facts["prices"][line["product_id"]])


def _cheaper(case: Case) -> list[Line]:
    return [line for line in _kept(case) if _now_fen(case, line) < line["unit_price_fen"]]


def _difference_fen(case: Case) -> int:
    return sum((line["unit_price_fen"] - _now_fen(case, line)) * line["quantity"] for line in _cheaper(case))


def _last_day(case: Case) -> str:
    last = parse_time(case.the_order["placed_at"]) + timedelta(days=int(policy("price_protection.days")))
    return day(last, case.turn.now)


def _price_now(title: str, paid_fen: int, now_fen: int, case: Case) -> str:
    same = "price.price_same" if now_fen == paid_fen else "price.price_risen"
    return case.say(same, goods=title, paid=money(paid_fen), now=money(now_fen))


def _refusal(case: Case, code: str, **values: object) -> Answer:
    words = case.say(f"price.refused.{_refusal_name(case, code)}", **{**facts_of("price_protection"), **values})
    if code == "price_protection_expired" and case.facts["may_return"]:
        words += case.say("price.rather_return")
    entry = finding(case.turn, "price_protection", words, order=case.order, code=code)
    return Answer((Reply(words, buttons=_ways_on(case, code)),), entry)


def _refusal_name(case: Case, code: str) -> str:
    if code != "order_closed" or case.the_order["status"] in ("refunding", "refunded"):
        return code
    return "order_cancelled" if case.the_order["status"] == "cancelled" else "order_going_back"


def _ways_on(case: Case, code: str) -> tuple[Button, ...]:
    status = case.the_order["status"]
    if code == "order_not_paid" and status == "pending_payment":
        return (button("cancel_and_reorder", "/cancel_order"), human())
    if code == "price_already_protected" or (code == "order_closed" and status in ("refunding", "refunded")):
        return (button("see_refund", "/query_refund_status"), human("human_check"))
    if code == "price_protection_expired" and case.facts["may_return"]:
        return (button("want_return", "/request_return"), button("see_coupons", "/ask_promotion"))
    return (button("see_coupons", "/ask_promotion"), human("human_check"))
