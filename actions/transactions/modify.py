"""Changing a placed order: recipient, version or note at once before dispatch, the recipient by interception after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from actions.answer import (
    Answer,
    Button,
    Json,
    Reply,
    button,
    fact,
    finding,
    human,
    lead,
    promise,
    slowest,
    status_text,
)
from actions.logistics import courier_phone
from actions.orders import dispatch_of, order_card
from actions.policies import facts_of
from actions.shop_api import Document, ShopApi, ShopConflictError
from actions.shop_types import Order
from actions.transactions.addresses import masked, whole
from actions.transactions.case import Case
from actions.transactions.detail import Detail
from actions.transactions.hearing import missing
from actions.transactions.modify_details import (
    ADDRESS,
    NOTE,
    PART,
    RECIPIENT_PARTS,
    VERSION,
    line_detail,
    line_of,
    note_detail,
    part_detail,
    part_in,
    product_of,
    recipient_detail,
    sku_text,
    street_detail,
    takes_quantity,
    version_detail,
    versions,
    with_choice_of_line,
)
from actions.transactions.transaction import Transaction
from actions.words import deadline, money, parse_time, tail

# Name and phone from before a correction.
KEPT = "kept"
CLOSED = ("cancelled", "refunding", "refunded")


class ModifyOrder(Transaction):
    """Another address, phone, name, version or note."""

    topic: ClassVar[str] = "modify_order"
    texts: ClassVar[str] = "orders"
    verbs: ClassVar[str] = "改|换|写|加|备注"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order = case.the_order
        if order["status"] == "shipped":
            order_id = order["order_id"]
            return {"modifications": shop.modifications(order_id), "shipments": shop.shipments(order_id)}
        if order["status"] in CLOSED:
            return {}
        return {"products": {line["product_id"]: shop.product(line["product_id"]) for line in order["lines"]}}

    def refuse(self, case: Case) -> Answer | None:
        status = case.the_order["status"]
        if status in CLOSED:
            words = case.say("orders.modify_closed", status=status_text(case.the_order))
            undo = button("restore" if case.the_order["shipped_at"] is None else "undo", "/undo_request")
            again = () if status == "refunded" else (undo,)
            return _answer(case, words, (*again, human()))
        pending = _open_interception(case)
        if pending is not None:
            return _answer(case, _already_intercepting(case, pending), (_see_logistics(), human()))
        if takes_quantity(case.turn):
            ways = (button("cancel_this", "/cancel_order"),) if status != "shipped" else ()
            return _answer(case, case.say(f"orders.quantity_{_when(case)}"), (*ways, human("human_modify")))
        return None

    def opening(self, case: Case) -> str:
        if missing(self, case) is None:
            return lead(case.turn)
        return lead(case.turn) + case.say(f"orders.modify_{_when(case)}")

    def details(self, case: Case) -> tuple[Detail, ...]:
        part = _part(case)
        if part in RECIPIENT_PARTS:
            wanted: tuple[Detail, ...] = (recipient_detail(part),)
            address = case.details.get(part) or {}
            if part == ADDRESS and address and not ("detail" in address or "added" in address):
                wanted = (*wanted, street_detail())
        elif part == VERSION:
            wanted = (line_detail(), version_detail()) if with_choice_of_line(case) else (version_detail(),)
        elif part == NOTE:
            wanted = (note_detail(),)
        else:
            wanted = ()
        return (part_detail(), *wanted)

    def includes(self, case: Case) -> bool:
        """有啥颜色, while the version is asked for: the versions that can be had are the answer."""
        wanted = missing(self, case)
        asks_about_goods = case.turn.intent in ("ask_stock", "ask_product_info")
        return asks_about_goods and wanted is not None and wanted.name == VERSION

    def ended(self, case: Case) -> Answer | None:
        """What cannot be changed any more, or is like that already, and what is possible instead."""
        part = case.details.get(PART)
        if case.the_order["status"] == "shipped" and part in (VERSION, NOTE):
            again = part == NOTE and any(case.say("orders.note_under_way_said") in bubble for bubble in case.turn.said)
            words = case.say(
                f"orders.{part}_under_way{'_again' if again else ''}",
                same_price_days=facts_of("exchange")["same_price_days"],
                tell_courier=_courier_words(case),
            )
            ways = {VERSION: (_see_logistics(),), NOTE: (button("change_address", "/modify_order"), _see_logistics())}
            return _answer(case, words, (*ways[part], human()))
        if part == VERSION and (not with_choice_of_line(case) or "line" in case.details):
            return _no_version(case)
        complete = part in RECIPIENT_PARTS and missing(self, case) is None
        if complete and _wished(case) == _present(case.the_order):
            words = case.say("orders.same_recipient", recipient=recipient_words(_wished(case)))
            return _answer(case, words, (button("see_status", "/query_order_status"), human()))
        return None

    def revised(self, case: Case, named: Mapping[str, Any]) -> Mapping[str, Any]:
        """A new address does not forget the name and the phone given beside the wrong one."""
        part = str(case.details.get(PART))
        beside = case.details.get(part, {}) if part in RECIPIENT_PARTS else {}
        kept = {name: beside[name] for name in ("name", "phone") if name in beside and name != named.get(PART)}
        return {**named, KEPT: kept} if kept else named

    def restate(self, case: Case) -> Reply:
        part = case.details[PART]
        if part == VERSION:
            line = line_of(case)
            return Reply(
                case.say("orders.restate_version", item=line["title"], old=line["sku_text"], new=sku_text(case))
            )
        if part == NOTE:
            return Reply(case.say("orders.restate_note", note=case.details[NOTE]))
        words = case.say(
            f"orders.restate_recipient_{_when(case)}",
            recipient=recipient_words(_wished(case)),
            interception_hours=facts_of("shipping")["interception_hours"],
        )
        return Reply(words)

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        part = case.details[PART]
        body: Json = {"recipient": None, "line": None, "note": None}
        if part == VERSION:
            body["line"] = {"line_id": line_of(case)["line_id"], "sku": case.details[VERSION]}
        elif part == NOTE:
            body["note"] = case.details[NOTE]
        else:
            body["recipient"] = _wish(case)
        return shop.file_for_order(case.the_order["order_id"], "modifications", body, key)

    def done(self, case: Case, document: Document) -> Answer:
        number = document["modification_id"]
        if document["kind"] == "interception":
            until = deadline(parse_time(document["answer_by"]), case.turn.now)
            words = case.say("orders.done_interception", modification_id=number, answer_by=until)
            return _answer(case, words, (_see_logistics(), human()), document)
        changed = {VERSION: "version", NOTE: "note"}.get(case.details[PART], "recipient")
        words = case.say(
            f"orders.done_{changed}",
            modification_id=number,
            recipient=recipient_words(document["recipient"]),
            new=(document["line"] or {}).get("sku_text", ""),
            note=document["note"] or "",
        )
        return _answer(case, words + ship_words(case), (button("see_status", "/query_order_status"),), document)

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        first = super().refused(case, error).replies[0]
        return _answer(case, first.text, (*_ways_after(case, error.code), human()), what="refused")

    def refusal_values(self, case: Case, error: ShopConflictError) -> dict[str, object]:
        found = error.details
        return {
            "restock": restock_words(case, found.get("restock_at")),
            "old_price": money(int(found.get("unit_price_fen") or 0)),
            "new_price": money(int(found.get("price_fen") or 0)),
            "modification_id": found.get("modification_id", ""),
            "answer_by": deadline(parse_time(found["answer_by"]), case.turn.now) if found.get("answer_by") else "",
        }


def recipient_words(recipient: dict[str, str]) -> str:
    """张三 138****5678，浙江省杭州市西湖区文三路1号."""
    return f"{recipient['name']} {masked(recipient['phone'])}，{whole(recipient)}"


def restock_words(case: Case, restock_at: str | None) -> str:
    """When it comes again, as a clause."""
    if not restock_at:
        return case.say("orders.restock_open")
    return case.say("orders.restock_at", restock_at=deadline(parse_time(restock_at), case.turn.now))


def _courier_words(case: Case) -> str:
    """Whom to tell what a note would have said."""
    parcel = slowest(case.facts["shipments"])
    if parcel is None:
        return ""
    carrier, number = parcel["carrier"], tail(parcel["tracking_number"])
    phone = courier_phone(parcel) or carrier["phone"]
    return case.say("orders.tell_courier", carrier=carrier["name"], phone=phone, parcel=number)


def _when(case: Case) -> str:
    return "under_way" if case.the_order["status"] == "shipped" else "before"


def _part(case: Case) -> str | None:
    return case.details.get(PART) or part_in(case, asked=False)


def _wish(case: Case) -> dict[str, str]:
    part = case.details[PART]
    # 手机号 first and then 收货地址 too: what was given before stays.
    beside = [case.details[name] for name in RECIPIENT_PARTS if name != part and name in case.details]
    given = {**case.details.get(KEPT, {})}
    for fields in (*beside, case.details[part]):
        given |= fields
    added = given.pop("added", "")
    if added:
        given["detail"] = f"{case.the_order['recipient']['detail']} {added}"
    if part == ADDRESS and "street" in case.details and not given.get("detail"):
        given["detail"] = case.details["street"]
    return given


def _wished(case: Case) -> dict[str, str]:
    return {**_present(case.the_order), **_wish(case)}


def _present(order: Order) -> dict[str, str]:
    names = ("name", "phone", "province", "city", "district", "detail")
    return {name: str(order["recipient"][name]) for name in names}


def _open_interception(case: Case) -> Document | None:
    waiting = [item for item in case.facts.get("modifications", ()) if item["answer_by"]]
    return next((item for item in waiting if parse_time(item["answer_by"]) > case.turn.now), None)


def _already_intercepting(case: Case, pending: Document) -> str:
    until = deadline(parse_time(pending["answer_by"]), case.turn.now)
    return case.say(
        "orders.refused.interception_already_open", modification_id=pending["modification_id"], answer_by=until
    )


def _no_version(case: Case) -> Answer | None:
    if versions(case):
        return None
    product, line = product_of(case), line_of(case)
    if product["price_fen"] != line["unit_price_fen"]:
        words = case.say(
            "orders.refused.sku_price_differs",
            old_price=money(line["unit_price_fen"]),
            new_price=money(product["price_fen"]),
        )
    else:
        words = case.say("orders.no_other_version", item=line["title"])
    return _answer(case, words, (button("cancel_this", "/cancel_order"), human()))


def ship_words(case: Case) -> str:
    """When an order not yet sent will leave, or nothing."""
    if case.the_order["status"] != "unshipped":
        return ""
    plan = dispatch_of(case.the_order, case.turn.now)
    if plan.ship_at is None or plan.overdue:
        return ""
    return case.say("orders.ships_by", ship_at=deadline(plan.ship_at, case.turn.now))


def _see_logistics() -> Button:
    return button("see_logistics", "/query_logistics")


def _ways_after(case: Case, code: str) -> tuple[Button, ...]:
    if code in ("sku_out_of_stock", "sku_price_differs"):
        return (button("change_version", "/modify_order"), button("cancel_this", "/cancel_order"))
    if code in ("order_already_shipped", "interception_already_open"):
        return (_see_logistics(),)
    if code == "order_delivered":
        return (button("want_exchange", "/request_exchange"),)
    return (button("see_status", "/query_order_status"),)


def _answer(
    case: Case,
    words: str,
    buttons: tuple[Button, ...],
    document: Document | None = None,
    what: str = "modify",
) -> Answer:
    noted = [fact("order_status", status_text(case.the_order), "order_api", case.turn.now)]
    promises = []
    if document is not None:
        what = "filed_modification"
        noted.append(fact("document", document["modification_id"], "order_api", case.turn.now))
        if document["answer_by"]:
            promises.append(promise(case.turn, words, document["answer_by"]))
    reply = Reply(words, order_card(case.the_order, case.turn.now) if document is None else None, buttons)
    entry = finding(case.turn, what, words, order=case.order, facts=noted, promises=promises)
    return Answer((reply,), entry)
