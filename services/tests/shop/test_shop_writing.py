"""Returns, cancellations, urges and invoices: what they do, when they are refused, and that twice is once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from conftest import RunningShop, run_shop, shop_environment

_keys = (f"key-{number}" for number in itertools.count())


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


def order_in(shop: RunningShop, reason_code: str, *, lines: int = 1) -> dict[str, Any]:
    """An order without open return whose eligibility has this reason."""
    for order in shop.orders():
        answer = shop.get(f"/orders/{order['order_id']}/return-eligibility").json()
        if answer["reason_code"] == reason_code and len(order["lines"]) >= lines and not order["return_ids"]:
            return order
    raise AssertionError(f"no order is {reason_code}")


# returns


def test_a_return_is_opened_listed_and_closes_the_way_for_another(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_delivered"]
    response = fresh_shop.post(f"/orders/{order_id}/returns", {"kind": "return", "reason": " 不喜欢 "}, next(_keys))
    assert response.status_code == 201
    created = response.json()
    assert (created["state"], created["kind"], created["reason"]) == ("requested", "return", "不喜欢")
    assert fresh_shop.get(f"/orders/{order_id}/returns").json() == {"returns": [created]}
    order = fresh_shop.get(f"/orders/{order_id}").json()
    assert order["return_ids"] == [created["return_id"]] and created["lines"] == order["lines"]
    eligibility = fresh_shop.get(f"/orders/{order_id}/return-eligibility").json()
    assert (eligibility["eligible"], eligibility["reason_code"]) == (False, "already_returning")
    again = fresh_shop.post(f"/orders/{order_id}/returns", {"kind": "exchange", "reason": "换"}, next(_keys))
    assert (again.status_code, code(again)) == (409, "return_already_open")


@pytest.mark.parametrize(
    ("reason_code", "refusal"),
    [
        ("expired", "return_expired"),
        ("not_delivered", "return_not_delivered"),
        ("already_returning", "return_already_open"),
        ("quality_window", "return_needs_quality_issue"),
        ("quality_only_goods", "return_needs_quality_issue"),
    ],
)
def test_a_return_that_is_impossible_says_why(fresh_shop: RunningShop, reason_code: str, refusal: str) -> None:
    if reason_code == "already_returning":
        order_id = fresh_shop.named["order_refunding"]
    else:
        order_id = order_in(fresh_shop, reason_code)["order_id"]
    response = fresh_shop.post(f"/orders/{order_id}/returns", {"kind": "return", "reason": "退"}, next(_keys))
    assert (response.status_code, code(response)) == (409, refusal)


@pytest.mark.parametrize("reason_code", ["quality_window", "quality_only_goods"])
def test_a_defect_opens_what_no_reason_cannot(fresh_shop: RunningShop, reason_code: str) -> None:
    order_id = order_in(fresh_shop, reason_code)["order_id"]
    body = {"kind": "exchange", "reason": "坏了", "quality_issue": True}
    response = fresh_shop.post(f"/orders/{order_id}/returns", body, next(_keys))
    assert response.status_code == 201 and response.json()["quality_issue"] is True


def test_single_lines_can_go_back_one_after_the_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    policies = tmp_path_factory.mktemp("long_windows")
    (policies / "playbook").mkdir()
    (policies / "playbook" / "policies.yml").write_text("returns: {no_reason_days: 365, quality_days: 400}\n")
    for shop in run_shop(shop_environment(policies)):
        order = order_in(shop, "within_no_reason", lines=2)
        path = f"/orders/{order['order_id']}/returns"
        first, second = (line["line_id"] for line in order["lines"])
        one = shop.post(path, {"kind": "return", "reason": "多买了", "line_ids": [first]}, next(_keys)).json()
        assert [line["line_id"] for line in one["lines"]] == [first]
        twice = shop.post(path, {"kind": "return", "reason": "多买了", "line_ids": [first]}, next(_keys))
        assert code(twice) == "return_already_open"
        rest = shop.post(path, {"kind": "return", "reason": "也不要了"}, next(_keys)).json()
        assert [line["line_id"] for line in rest["lines"]] == [second]


@pytest.mark.parametrize(
    ("body", "status", "refusal"),
    [
        ({"kind": "return", "reason": "  "}, 422, "reason_invalid"),
        ({"kind": "return", "reason": "x" * 501}, 422, "reason_invalid"),
        ({"kind": "return", "reason": "退", "line_ids": ["20990101000000-1"]}, 422, "line_unknown"),
        ({"kind": "return", "reason": "退", "line_ids": []}, 422, "line_unknown"),
        ({"kind": "gift", "reason": "退"}, 400, "invalid_request"),
        ({"kind": "return"}, 400, "invalid_request"),
        ({"kind": "return", "reason": "退", "state": "approved"}, 400, "invalid_request"),
    ],
)
def test_senseless_returns_are_refused(fresh_shop: RunningShop, body: object, status: int, refusal: str) -> None:
    order_id = fresh_shop.named["order_high_value"]
    response = fresh_shop.post(f"/orders/{order_id}/returns", body, next(_keys))
    assert (response.status_code, code(response)) == (status, refusal)
    assert fresh_shop.get(f"/orders/{order_id}/returns").json() == {"returns": []}


# cancellations


def test_cancelling_a_paid_order_refunds_it_and_gives_the_stock_back(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_unshipped"]
    before = fresh_shop.get(f"/orders/{order_id}").json()
    line = before["lines"][0]
    stock = stock_of(fresh_shop, line)
    response = fresh_shop.post(f"/orders/{order_id}/cancellations", {"reason": "等太久"}, next(_keys))
    assert response.status_code == 201
    refund = response.json()["refund"]
    assert (refund["state"], refund["amount_fen"]) == ("approved", before["payment"]["paid_fen"])
    assert refund["destination_text"] == "原路退回 微信支付"
    after = fresh_shop.get(f"/orders/{order_id}").json()
    assert (after["status"], after["hold"], after["refund_ids"]) == ("refunding", None, [refund["refund_id"]])
    assert fresh_shop.get(f"/orders/{order_id}/refunds").json() == {"refunds": [refund]}
    assert stock_of(fresh_shop, line) == stock + line["quantity"]
    again = fresh_shop.post(f"/orders/{order_id}/cancellations", {"reason": "等太久"}, next(_keys))
    assert (again.status_code, code(again)) == (409, "order_already_refunding")


def stock_of(shop: RunningShop, line: dict[str, Any]) -> int:
    skus = shop.get(f"/products/{line['product_id']}").json()["skus"]
    return int(next(sku["stock"] for sku in skus if sku["text"] == line["sku_text"]))


def test_cancelling_an_unpaid_order_needs_no_refund(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.orders(status="pending_payment", customer_id="C1001")[0]["order_id"]
    created = fresh_shop.post(f"/orders/{order_id}/cancellations", {"reason": "买错了"}, next(_keys)).json()
    assert (created["order_status"], created["refund"]) == ("cancelled", None)
    assert fresh_shop.get(f"/orders/{order_id}").json()["status"] == "cancelled"


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("shipped", "order_already_shipped"),
        ("delivered", "order_already_delivered"),
        ("completed", "order_already_delivered"),
        ("cancelled", "order_already_cancelled"),
        ("refunding", "order_already_refunding"),
        ("refunded", "order_already_refunded"),
    ],
)
def test_an_order_that_left_cannot_be_cancelled(fresh_shop: RunningShop, status: str, refusal: str) -> None:
    order_id = fresh_shop.orders(status=status)[0]["order_id"]
    response = fresh_shop.post(f"/orders/{order_id}/cancellations", {"reason": "不要了"}, next(_keys))
    assert (response.status_code, code(response)) == (409, refusal)


# urges


def test_urging_goes_to_the_warehouse_before_dispatch_and_to_the_carrier_after(fresh_shop: RunningShop) -> None:
    unshipped = fresh_shop.orders(status="unshipped")[0]["order_id"]
    first = fresh_shop.post(f"/orders/{unshipped}/urges", {}, next(_keys)).json()
    second = fresh_shop.post(f"/orders/{unshipped}/urges", {}, next(_keys)).json()
    assert (first["kind"], first["ordinal"], second["ordinal"]) == ("dispatch", 1, 2)
    assert first["answer_by"] > first["requested_at"]
    shipped = fresh_shop.named["order_shipped"]
    assert fresh_shop.post(f"/orders/{shipped}/urges", {}, next(_keys)).json()["kind"] == "delivery"


def test_nothing_is_left_to_urge_after_delivery(fresh_shop: RunningShop) -> None:
    for status in ("pending_payment", "delivered", "completed", "cancelled", "refunded"):
        order_id = fresh_shop.orders(status=status)[0]["order_id"]
        response = fresh_shop.post(f"/orders/{order_id}/urges", {}, next(_keys))
        assert (response.status_code, code(response)) == (409, "nothing_to_urge")


# invoices


def test_an_invoice_is_requested_once(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_high_value"]
    body = {"title": "杭州晓雯设计有限公司", "kind": "company", "tax_number": "9133 0106 ma2b 1k3x 7q"}
    created = fresh_shop.post(f"/orders/{order_id}/invoices", body, next(_keys)).json()
    assert created["tax_number"] == "91330106MA2B1K3X7Q"
    order = fresh_shop.get(f"/orders/{order_id}").json()
    assert created["amount_fen"] == order["payment"]["paid_fen"]
    assert (order["invoice"]["state"], order["invoice"]["title"]) == ("requested", body["title"])
    again = fresh_shop.post(f"/orders/{order_id}/invoices", body, next(_keys))
    assert (again.status_code, code(again)) == (409, "invoice_already_requested")


def test_invoices_are_refused_when_they_make_no_sense(fresh_shop: RunningShop) -> None:
    issued = next(order for order in fresh_shop.orders() if order["invoice"]["state"] == "issued")
    unpaid = next(o for o in fresh_shop.orders(status="pending_payment") if o["customer_id"] != "C1001")
    closed = fresh_shop.orders(status="refunded")[0]
    personal = {"title": "个人", "kind": "personal"}
    for order, refusal in ((issued, "invoice_already_issued"), (unpaid, "order_not_paid"), (closed, "order_closed")):
        response = fresh_shop.post(f"/orders/{order['order_id']}/invoices", personal, next(_keys))
        assert (response.status_code, code(response)) == (409, refusal)


@pytest.mark.parametrize("tax_number", [None, "", "123", "9133010６MA2B1K3X7Q", "91330106MA2B1K3X7Q99"[:19]])
def test_a_company_needs_a_tax_number(fresh_shop: RunningShop, tax_number: str | None) -> None:
    body = {"title": "某公司", "kind": "special_vat", "tax_number": tax_number}
    response = fresh_shop.post(f"/orders/{fresh_shop.named['order_shipped']}/invoices", body, next(_keys))
    assert (response.status_code, code(response)) == (422, "tax_number_invalid")


# saying it twice


WRITES = [
    ("returns", {"kind": "return", "reason": "退"}),
    ("cancellations", {"reason": "不要了"}),
    ("urges", {}),
    ("invoices", {"title": "个人", "kind": "personal"}),
]


@pytest.mark.parametrize(("what", "body"), WRITES)
def test_a_writing_call_needs_a_usable_key(fresh_shop: RunningShop, what: str, body: object) -> None:
    path = f"/orders/{fresh_shop.named['order_shipped']}/{what}"
    missing = fresh_shop.post(path, body)
    assert (missing.status_code, code(missing)) == (400, "invalid_request")
    too_long = fresh_shop.post(path, body, "x" * 201)
    assert (too_long.status_code, code(too_long)) == (422, "idempotency_key_invalid")


@pytest.mark.parametrize(("what", "body"), WRITES)
def test_unknown_orders_are_404(fresh_shop: RunningShop, what: str, body: object) -> None:
    response = fresh_shop.post(f"/orders/20990101000000/{what}", body, next(_keys))
    assert (response.status_code, code(response)) == (404, "order_not_found")


@pytest.mark.parametrize(("what", "body"), WRITES)
def test_the_same_key_at_the_same_time_gives_one_document(fresh_shop: RunningShop, what: str, body: object) -> None:
    order_id = untouched_order(fresh_shop, what)
    key = next(_keys)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: fresh_shop.post(f"/orders/{order_id}/{what}", body, key), range(24)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert fresh_shop.post(f"/orders/{order_id}/{what}", body, key).text == answers[0].text


def untouched_order(shop: RunningShop, what: str) -> str:
    if what == "returns":
        return str(order_in(shop, "within_no_reason")["order_id"])
    status = {"cancellations": "unshipped", "urges": "shipped", "invoices": "completed"}[what]
    return next(
        str(order["order_id"])
        for order in shop.orders(status=status)
        if order["invoice"]["state"] == "none" and order["customer_id"] != "C1001"
    )


def test_different_keys_at_the_same_time_open_one_return(fresh_shop: RunningShop) -> None:
    order_id = untouched_order(fresh_shop, "returns")
    keys = [next(_keys) for _ in range(12)]
    body = {"kind": "return", "reason": "退"}
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda key: fresh_shop.post(f"/orders/{order_id}/returns", body, key), keys))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert len(fresh_shop.get(f"/orders/{order_id}/returns").json()["returns"]) == 1


def test_a_key_belongs_to_one_request(fresh_shop: RunningShop) -> None:
    one, other = (order["order_id"] for order in fresh_shop.orders(status="shipped")[:2])
    key = next(_keys)
    assert fresh_shop.post(f"/orders/{one}/urges", {}, key).status_code == 201
    reused = fresh_shop.post(f"/orders/{other}/urges", {}, key)
    assert (reused.status_code, code(reused)) == (422, "idempotency_key_reused")


def test_a_failed_call_leaves_its_key_usable(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.orders(status="shipped")[0]["order_id"]
    key = next(_keys)
    body = {"title": "某公司", "kind": "company", "tax_number": "1"}
    assert fresh_shop.post(f"/orders/{order_id}/invoices", body, key).status_code == 422
    body["tax_number"] = "91330106MA2B1K3X7Q"
    cod_unpaid = next(o for o in fresh_shop.orders() if o["payment"]["state"] == "unpaid" and o["status"] == "shipped")
    refused = fresh_shop.post(f"/orders/{cod_unpaid['order_id']}/invoices", body, key)
    assert (refused.status_code, code(refused)) == (409, "order_not_paid")
    paid = next(o for o in fresh_shop.orders(status="shipped") if o["payment"]["state"] == "paid")
    assert fresh_shop.post(f"/orders/{paid['order_id']}/invoices", body, key).status_code == 201
