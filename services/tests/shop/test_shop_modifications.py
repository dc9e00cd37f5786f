"""Changing a placed order and taking things back: what it does, and when it is refused."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest
from conftest import RunningShop

_keys = (f"modification-{number}" for number in itertools.count())
HOME = {"province": "浙江省", "city": "杭州市", "district": "滨江区", "detail": "江南大道 1 号"}


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


def details(response: httpx.Response) -> dict[str, Any]:
    return dict(response.json()["error"]["details"])


def modify(shop: RunningShop, order_id: str, body: object) -> httpx.Response:
    return shop.post(f"/orders/{order_id}/modifications", body, next(_keys))


def undo(shop: RunningShop, order_id: str) -> httpx.Response:
    return shop.post(f"/orders/{order_id}/undos", {}, next(_keys))


def order_of(shop: RunningShop, order_id: str) -> dict[str, Any]:
    return dict(shop.get(f"/orders/{order_id}").json())


def stocks(shop: RunningShop, product_id: str) -> dict[str, int]:
    return {sku["sku"]: sku["stock"] for sku in shop.get(f"/products/{product_id}").json()["skus"]}


def order_ending(shop: RunningShop, ending: str) -> str:
    return next(str(order["order_id"]) for order in shop.orders() if order["order_id"].endswith(ending))


# modifications


def test_before_dispatch_recipient_note_and_version_change_at_once(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_unshipped"]
    before = order_of(fresh_shop, order_id)
    (line,) = before["lines"]
    stock = stocks(fresh_shop, "P110")
    body = {
        "recipient": {**HOME, "phone": "+86 138-0013 8000"},
        "line": {"line_id": line["line_id"], "sku": "P110-2"},
        "note": " 放门口 ",
    }
    response = modify(fresh_shop, order_id, body)
    assert response.status_code == 201
    created = response.json()
    assert (created["kind"], created["answer_by"], created["note"]) == ("applied", None, "放门口")
    assert created["recipient"] == {"name": before["recipient"]["name"], "phone": "13800138000", **HOME}
    assert created["line"] == {"line_id": line["line_id"], "sku": "P110-2", "sku_text": "米白 500 毫升"}
    after = order_of(fresh_shop, order_id)
    assert (after["recipient"], after["note"]) == (created["recipient"], "放门口")
    assert after["lines"] == [{**line, "sku_text": "米白 500 毫升"}]
    moved = stocks(fresh_shop, "P110")
    assert moved["P110-1"] == stock["P110-1"] + line["quantity"]
    assert moved["P110-2"] == stock["P110-2"] - line["quantity"]
    assert fresh_shop.get(f"/orders/{order_id}/modifications").json() == {"modifications": [created]}
    again = modify(fresh_shop, order_id, body)
    assert (again.status_code, code(again)) == (422, "nothing_to_change")
    sold_out = modify(fresh_shop, order_id, {"line": {"line_id": line["line_id"], "sku": "P110-3"}})
    assert (sold_out.status_code, code(sold_out)) == (409, "sku_out_of_stock")
    assert details(sold_out)["stock"] == 0 and details(sold_out)["restock_at"]
    assert stocks(fresh_shop, "P110") == moved


def test_a_version_that_costs_something_else_by_now_is_refused(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_price_dropped_unshipped"]
    (line,) = order_of(fresh_shop, order_id)["lines"]
    response = modify(fresh_shop, order_id, {"line": {"line_id": line["line_id"], "sku": "P118-1"}})
    assert (response.status_code, code(response)) == (409, "sku_price_differs")
    assert details(response) == {"unit_price_fen": 52900, "price_fen": 49900}


def test_an_order_under_way_is_intercepted_once_and_keeps_its_lines(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_shipped"]
    before = order_of(fresh_shop, order_id)
    created = modify(fresh_shop, order_id, {"recipient": HOME}).json()
    assert created["kind"] == "interception" and created["answer_by"] > created["requested_at"]
    assert created["recipient"] == {**before["recipient"], **HOME}
    assert order_of(fresh_shop, order_id) == before
    again = modify(fresh_shop, order_id, {"recipient": {"detail": "别处 2 号"}})
    assert (again.status_code, code(again)) == (409, "interception_already_open")
    assert details(again) == {"modification_id": created["modification_id"], "answer_by": created["answer_by"]}
    line = {"line_id": before["lines"][0]["line_id"], "sku": "P100-2"}
    for body in ({"note": "放门口"}, {"line": line}, {"recipient": HOME, "note": "放门口"}):
        refused = modify(fresh_shop, order_id, body)
        assert (refused.status_code, code(refused)) == (409, "order_already_shipped")


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("delivered", "order_delivered"),
        ("completed", "order_delivered"),
        ("cancelled", "order_closed"),
        ("refunding", "order_closed"),
        ("refunded", "order_closed"),
    ],
)
def test_an_order_that_has_arrived_or_is_closed_stays(fresh_shop: RunningShop, status: str, refusal: str) -> None:
    order_id = fresh_shop.orders(status=status)[0]["order_id"]
    response = modify(fresh_shop, order_id, {"recipient": {"name": "别人"}})
    assert (response.status_code, code(response)) == (409, refusal)


def test_senseless_modifications_are_refused(fresh_shop: RunningShop) -> None:
    order = fresh_shop.orders(status="pending_payment", customer_id="C1001")[0]
    order_id, (line,) = order["order_id"], order["lines"]
    cases: list[tuple[object, str]] = [
        ({}, "nothing_to_change"),
        ({"recipient": {}, "note": None}, "nothing_to_change"),
        ({"recipient": {"name": order["recipient"]["name"]}}, "nothing_to_change"),
        ({"recipient": {"phone": "12345"}}, "recipient_invalid"),
        ({"recipient": {"phone": "1381234567８"}}, "recipient_invalid"),
        ({"recipient": {"city": "  "}}, "recipient_invalid"),
        ({"recipient": {"detail": "路" * 201}}, "recipient_invalid"),
        ({"note": " "}, "note_invalid"),
        ({"note": "x" * 101}, "note_invalid"),
        ({"line": {"line_id": "20990101000000-1", "sku": "P115-2"}}, "line_unknown"),
        ({"line": {"line_id": line["line_id"], "sku": "P100-1"}}, "sku_unknown"),
        ({"line": {"line_id": line["line_id"], "sku": "P115-9"}}, "sku_unknown"),
    ]
    for body, refusal in cases:
        response = modify(fresh_shop, order_id, body)
        assert (response.status_code, code(response)) == (422, refusal), body
    assert order_of(fresh_shop, order_id) == order
    assert fresh_shop.get(f"/orders/{order_id}/modifications").json() == {"modifications": []}


# undos


@pytest.mark.parametrize("ending", ["512086", "530047", "480077"])
def test_a_cancellation_taken_back_leaves_the_order_as_it_was(fresh_shop: RunningShop, ending: str) -> None:
    if ending == "480077":  # on cash: unshipped although nothing is paid
        order_id = next(o["order_id"] for o in fresh_shop.orders(status="unshipped") if not o["payment"]["paid_fen"])
    else:
        order_id = order_ending(fresh_shop, ending)
    before = order_of(fresh_shop, order_id)
    product_id = before["lines"][0]["product_id"]
    stock = stocks(fresh_shop, product_id)
    path = f"/orders/{order_id}/cancellations"
    cancelled = fresh_shop.post(path, {"reason": "点错了"}, next(_keys)).json()
    created = undo(fresh_shop, order_id).json()
    assert (created["kind"], created["document_id"]) == ("cancellation", cancelled["cancellation_id"])
    assert created["order_status"] == before["status"]
    after = order_of(fresh_shop, order_id)
    assert {**after, "refund_ids": []} == before and stocks(fresh_shop, product_id) == stock
    refunds = fresh_shop.get(f"/orders/{order_id}/refunds").json()["refunds"]
    assert [refund["state"] for refund in refunds] == ["withdrawn"] * len(after["refund_ids"])
    nothing = undo(fresh_shop, order_id)
    assert (nothing.status_code, code(nothing)) == (409, "nothing_to_undo")
    again = fresh_shop.post(path, {"reason": "还是不要了"}, next(_keys)).json()
    assert again["refund"] is None or again["refund"]["amount_fen"] == before["payment"]["paid_fen"]


def test_a_cancellation_stays_when_its_goods_are_sold(fresh_shop: RunningShop) -> None:
    order_id = next(o["order_id"] for o in fresh_shop.orders(status="cancelled") if o["customer_id"] == "C1017")
    assert undo(fresh_shop, order_id).json()["order_status"] == "pending_payment"
    order_id = order_ending(fresh_shop, "525803")  # its version is sold out once it is given back and taken by another
    (line,) = order_of(fresh_shop, order_id)["lines"]
    fresh_shop.post(f"/orders/{order_id}/cancellations", {"reason": "点错了"}, next(_keys))
    other = order_ending(fresh_shop, "524988")
    (other_line,) = order_of(fresh_shop, other)["lines"]
    assert modify(fresh_shop, other, {"line": {"line_id": other_line["line_id"], "sku": "P119-2"}}).status_code == 201
    refused = undo(fresh_shop, order_id)
    assert (refused.status_code, code(refused)) == (409, "stock_gone")
    assert details(refused)["sku"] == "P119-2" and line["product_id"] == "P119"
    assert order_of(fresh_shop, order_id)["status"] == "refunding"


def test_a_return_and_an_exchange_are_withdrawn_and_may_be_asked_for_again(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_delivered"]
    body = {"kind": "exchange", "reason": "换颜色"}
    opened = fresh_shop.post(f"/orders/{order_id}/returns", body, next(_keys)).json()
    created = undo(fresh_shop, order_id).json()
    assert (created["kind"], created["document_id"]) == ("exchange", opened["return_id"])
    assert created["order_status"] == "delivered"
    (withdrawn,) = fresh_shop.get(f"/orders/{order_id}/returns").json()["returns"]
    assert withdrawn["state"] == "withdrawn"
    assert fresh_shop.post(f"/orders/{order_id}/returns", body, next(_keys)).status_code == 201


def test_a_return_withdrawn_takes_its_refund_along(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_refunding"]
    assert undo(fresh_shop, order_id).json()["order_status"] == "delivered"
    (refund,) = fresh_shop.get(f"/orders/{order_id}/refunds").json()["refunds"]
    assert (refund["state"], order_of(fresh_shop, order_id)["status"]) == ("withdrawn", "delivered")


@pytest.mark.parametrize(
    ("ending", "refusal"),
    [
        ("364715", "goods_already_inspected"),
        ("600612", "goods_already_inspected"),
        ("339580", "refund_already_paid"),
        ("357209", "refund_already_paid"),
        ("480123", "nothing_to_undo"),
    ],
)
def test_what_is_done_stays_done(fresh_shop: RunningShop, ending: str, refusal: str) -> None:
    response = undo(fresh_shop, order_ending(fresh_shop, ending))
    assert (response.status_code, code(response)) == (409, refusal)
