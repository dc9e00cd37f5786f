"""Coupons that got lost are issued anew; of those that are still there the bot says why they do not apply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from actions.answer import Answer, Reply, button, fact, finding, human, lead, promise, title_of
from actions.policies import facts_of, policy_text
from actions.promotions import coupons_card, usable, usable_words
from actions.shop_api import Document, ShopApi, ShopConflictError
from actions.shop_types import Coupon, Order
from actions.texts import has_text, text
from actions.transactions.case import Case
from actions.transactions.detail import Detail, Option, choice
from actions.transactions.transaction import Transaction
from actions.words import day, day_time, deadline, money, parse_time, tail

MAX_LISTED = 5
NOT_LISTED = "not_listed"
REASONS = ("not_received", "not_returned", "expired_by_fault")


class CouponReissue(Transaction):
    """Asks for a coupon anew. It can only help the customer, so it is filed without a yes."""

    topic: ClassVar[str] = "report_coupon_issue"
    texts: ClassVar[str] = "coupons"
    confirms: ClassVar[bool] = False

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        customer_id = case.turn.customer_id
        if customer_id is None:
            return {"coupons": [], "unpaid": None}
        unpaid = [order for order in shop.orders(customer_id) if order["status"] == "pending_payment"]
        return {"coupons": shop.coupons(customer_id), "unpaid": next(iter(unpaid), None)}

    def refuse(self, case: Case) -> Answer | None:
        if case.turn.customer_id is None:
            words = case.say("coupons.sign_in") + "\n" + policy_text("promotions.coupon_rules")
            return _told(case, words, what="policy")
        if _coupons(case) and _reads(case, "which_ones"):
            words = usable_words(_coupons(case), case.turn.now)
            return _told(case, words, shown=usable(_coupons(case), case.turn.now))
        return None if _coupons(case) else _told(case, case.say("coupons.none", **facts_of("promotions")))

    def opening(self, case: Case) -> str:
        return lead(case.turn)

    def details(self, case: Case) -> tuple[Detail, ...]:
        return (Detail("coupon", choice("coupon", "coupons.ask_coupon", _options).ask, _read_coupon), _REASON)

    def ended(self, case: Case) -> Answer | None:
        chosen = case.details.get("coupon")
        if chosen == NOT_LISTED:
            return _told(case, case.say("coupons.not_listed", **facts_of("promotions")))
        coupon = _coupon(case)
        if coupon is None or coupon["state"] != "unused":
            return None
        return _told(case, lead(case.turn) + explanation(case, coupon), usable_one=True, shown=[coupon])

    def restate(self, case: Case) -> Reply:
        coupon = _coupon(case)
        return Reply(_option_title(case, coupon) if coupon else "")

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        body = {"coupon_id": case.details["coupon"], "reason": case.details["reason"]}
        return shop.file_for_customer(str(case.turn.customer_id), "coupon-reissues", body, key)

    def done(self, case: Case, document: Document) -> Answer:
        new = document["coupon"]
        values = {"reissue_id": document["reissue_id"], "coupon": _name(case)}
        if new:
            until = deadline(parse_time(new["expires_at"]), case.turn.now)
            words = case.say("coupons.issued", **values, until=until, why=_why_issued(case))
            answer_by = None
        else:
            answer_by = document["answer_by"]
            when = day_time(parse_time(answer_by), case.turn.now)
            words = lead(case.turn) + case.say("coupons.reviewing", **values, answer_by=when, why=_where_it_is(case))
        return _filed(case, words, document["reissue_id"], answer_by, shown=[new] if new else [])

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        coupon = _coupon(case)
        if error.code == "coupon_still_usable" and coupon:
            return _told(case, explanation(case, coupon), usable_one=True, shown=[coupon])
        if not has_text(f"transactions.coupons.refused.{error.code}"):
            return super().refused(case, error)
        words = case.say(f"coupons.refused.{error.code}", **self.refusal_values(case, error))
        new = _coupon_of(case, error.details.get("new_coupon_id"))
        number, answer_by = error.details.get("reissue_id"), error.details.get("answer_by")
        return _filed(case, words, number, answer_by, what="coupons", shown=[new] if new else [])

    def refusal_values(self, case: Case, error: ShopConflictError) -> dict[str, object]:
        new = _coupon_of(case, error.details.get("new_coupon_id"))
        answer_by = error.details.get("answer_by")
        return {
            "coupon": _name(case),
            "reissue_id": error.details.get("reissue_id", ""),
            "state": _state_words(case, new) if new else "",
            "answer_by": day_time(parse_time(answer_by), case.turn.now) if answer_by else "",
        }


def explanation(case: Case, coupon: Coupon) -> str:
    """Why a coupon that is in the account does not apply, and what it would apply to."""
    until = deadline(parse_time(coupon["expires_at"]), case.turn.now)
    if parse_time(coupon["valid_from"]) > case.turn.now:
        begins = day(parse_time(coupon["valid_from"]), case.turn.now)
        return case.say("coupons.not_begun", coupon=coupon["title"], valid_from=begins, until=until)
    category = _category(coupon)
    words = case.say(
        "coupons.usable_in" if category else "coupons.usable",
        coupon=coupon["title"],
        until=until,
        threshold=money(coupon["threshold_fen"]),
        category=category,
    )
    order: Order | None = case.facts["unpaid"]
    return words + (
        _for_order(case, coupon, order) if order else case.say("coupons.stacking", **facts_of("promotions"))
    )


def _for_order(case: Case, coupon: Coupon, order: Order) -> str:
    """How the order that waits to be paid stands to the coupon, and which coupon would fit instead."""
    values = {"goods": title_of(order), "ending": tail(order["order_id"]), "category": _category(coupon)}
    reached = _counting_fen(coupon, order)
    if reached >= coupon["threshold_fen"]:
        return case.say("coupons.order_fits", **values, **facts_of("promotions"))
    name = "order_short" if reached else "order_other_category"
    words = case.say(
        f"coupons.{name}", **values, reached=money(reached), lacking=money(coupon["threshold_fen"] - reached)
    )
    others = [c for c in usable(_coupons(case), case.turn.now) if _counting_fen(c, order) >= c["threshold_fen"]]
    return words + (case.say("coupons.other_fits", coupon=others[0]["title"]) if others else "")


def _counting_fen(coupon: Coupon, order: Order) -> int:
    """What of the order counts towards the threshold."""
    lines = [line for line in order["lines"] if _category(coupon) in ("", line["category"])]
    return sum(line["unit_price_fen"] * line["quantity"] for line in lines)


def _coupons(case: Case) -> list[Coupon]:
    coupons: list[Coupon] = case.facts["coupons"]
    return coupons


def _coupon(case: Case) -> Coupon | None:
    return _coupon_of(case, case.details.get("coupon"))


def _coupon_of(case: Case, coupon_id: object) -> Coupon | None:
    return next((item for item in _coupons(case) if item["coupon_id"] == coupon_id), None)


def _name(case: Case) -> str:
    coupon = _coupon(case)
    return coupon["title"] if coupon else ""


def _category(coupon: Coupon) -> str:
    kind, _, category = coupon["scope"].partition(":")
    return category if kind == "category" else ""


def _plausible(case: Case) -> list[Coupon]:
    """The coupons that can be meant: lost ones (used, run out) first, the newest of them first."""
    lost = [item for item in _coupons(case) if item["state"] != "unused"]
    lost.sort(key=lambda item: item["expires_at"], reverse=True)
    kept = [item for item in _coupons(case) if item["state"] == "unused"]
    if _reads(case, "lost") and lost:
        kept = []
    return [*lost, *sorted(kept, key=lambda item: item["expires_at"])][:MAX_LISTED]


def _options(case: Case) -> Sequence[Option]:
    listed = [Option(item["coupon_id"], _option_title(case, item)) for item in _plausible(case)]
    return [*listed, Option(NOT_LISTED, text("transactions.coupons.option_not_listed"), _pattern("not_listed"))]


def _option_title(case: Case, coupon: Coupon) -> str:
    return case.say("coupons.option", coupon=coupon["title"], state=_state_words(case, coupon))


def _state_words(case: Case, coupon: Coupon) -> str:
    if coupon["state"] == "used" and coupon["used_order_id"]:
        return case.say("coupons.state_used", ending=tail(coupon["used_order_id"]))
    until = deadline(parse_time(coupon["expires_at"]), case.turn.now)
    return case.say("coupons.state_unused" if coupon["state"] == "unused" else "coupons.state_expired", until=until)


def _read_coupon(case: Case, asked: bool) -> str | None:
    picked = choice("coupon", "coupons.ask_coupon", _options).read(case, asked) if asked else None
    if picked is not None:
        return picked
    named = _named(_coupons(case), case.turn.text)
    if len(named) > 1:
        named = [item for item in named if item in _plausible(case)[:1]] if _reads(case, "lost") else []
    if named:
        return named[0]["coupon_id"]
    plausible = _plausible(case)
    # A coupon that never came is not among those in the account, however few they are.
    sole = len(plausible) == 1 and not asked and not _reads(case, "not_received")
    return plausible[0]["coupon_id"] if sole else None


def _named(coupons: list[Coupon], words: str) -> list[Coupon]:
    """The coupons the words name: by title, by 200减20, by 20 块的券."""
    by_title = [item for item in coupons if item["title"] in words]
    if by_title:
        longest = max(len(item["title"]) for item in by_title)
        return [item for item in by_title if len(item["title"]) == longest]
    pair = re.search(r"(\d+)\s*(?:元|块)?\s*(?:减|抵|[-—－])\s*(\d+)", words)
    if pair:
        terms = (int(pair[1]) * 100, int(pair[2]) * 100)
        found = [item for item in coupons if (item["threshold_fen"], item["discount_fen"]) == terms]
    else:
        worth = re.search(r"(\d+)\s*(?:元|块钱?)的?(?:那张|那个)?(?:优惠|代金|抵用|红包)?券", words)
        found = [item for item in coupons if worth and item["discount_fen"] == int(worth[1]) * 100]
    in_category = [item for item in found or coupons if _category(item) and _category(item) in words]
    return in_category or found


def _read_reason(case: Case, asked: bool) -> str:
    return next((name for name in REASONS if _reads(case, name)), "other")


# Never asked for: the facts decide, the reason is for whoever reviews the request.
_REASON = Detail("reason", lambda case, again: Reply(""), _read_reason)


def _pattern(name: str) -> str:
    return text(f"transactions.coupons.reads.{name}")


def _reads(case: Case, name: str) -> bool:
    return bool(re.search(_pattern(name), case.turn.text))


def _why_issued(case: Case) -> str:
    coupon = _coupon(case)
    if coupon is None or not coupon["used_order_id"]:
        return ""
    return case.say("coupons.why_issued", ending=tail(coupon["used_order_id"]))


def _where_it_is(case: Case) -> str:
    coupon = _coupon(case)
    return case.say("coupons.where_it_is", coupon=coupon["title"], state=_state_words(case, coupon)) if coupon else ""


def _told(
    case: Case, words: str, *, usable_one: bool = False, what: str = "coupons", shown: Sequence[Coupon] = ()
) -> Answer:
    count = len(usable(_coupons(case), case.turn.now))
    facts = [fact("coupons_usable", count, "member_api", case.turn.now)] if case.turn.customer_id else []
    buttons = (button("see_coupons", "/ask_promotion"), human("human_check" if usable_one else "human"))
    reply = Reply(words, coupons_card(list(shown), case.turn.now), buttons)
    return Answer((reply,), finding(case.turn, what, words, facts=facts))


def _filed(
    case: Case,
    words: str,
    number: str | None,
    answer_by: str | None,
    *,
    what: str = "filed_coupon",
    shown: Sequence[Coupon] = (),
) -> Answer:
    facts = [fact("document", number, "member_api", case.turn.now)] if number else []
    promises = [promise(case.turn, words, answer_by)] if answer_by else []
    buttons = (button("see_coupons", "/ask_promotion"), human("human_check"))
    # What was issued while answering begins after the customer's question.
    now = max([case.turn.now, *(parse_time(coupon["valid_from"]) for coupon in shown)])
    reply = Reply(words, coupons_card(list(shown), now), buttons)
    return Answer((reply,), finding(case.turn, what, words, facts=facts, promises=promises))
