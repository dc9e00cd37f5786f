"""Coupon reissues, points claims, price protections and tickets: what they do, and when they are refused."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from conftest import RunningShop, run_shop, shop_environment

_keys = (f"member-{number}" for number in itertools.count())


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, str(response.json()["error"]["code"])


def details(response: httpx.Response) -> dict[str, Any]:
    return dict(response.json()["error"]["details"])


def time_of(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def named_order(shop: RunningShop, name: str) -> dict[str, Any]:
    return dict(shop.get(f"/orders/{shop.named[name]}").json())


# coupon reissues


def reissue(shop: RunningShop, customer_id: str, coupon_id: str, reason: str = "not_returned") -> httpx.Response:
    body = {"coupon_id": coupon_id, "reason": reason}
    return shop.post(f"/customers/{customer_id}/coupon-reissues", body, next(_keys))


def coupons_of(shop: RunningShop, customer_id: str) -> dict[str, dict[str, Any]]:
    return {item["coupon_id"]: item for item in shop.get(f"/customers/{customer_id}/coupons").json()["coupons"]}


@pytest.mark.parametrize(
    ("name", "reason"), [("order_coupon_lost", "not_returned"), ("order_coupon_expired", "expired_by_fault")]
)
def test_a_coupon_the_shop_owes_is_issued_anew_at_once_and_only_once(
    fresh_shop: RunningShop, name: str, reason: str
) -> None:
    order = named_order(fresh_shop, name)
    customer_id = order["customer_id"]
    old = next(c for c in coupons_of(fresh_shop, customer_id).values() if c["used_order_id"] == order["order_id"])
    response = reissue(fresh_shop, customer_id, old["coupon_id"], reason)
    assert response.status_code == 201
    created = response.json()
    assert created["reissue_id"].startswith("G") and created["answer_by"] == created["requested_at"]
    assert (created["state"], created["customer_id"], created["coupon_id"]) == ("issued", customer_id, old["coupon_id"])
    new = created["coupon"]
    terms = ("title", "threshold_fen", "discount_fen", "scope")
    assert [new[term] for term in terms] == [old[term] for term in terms]
    assert (new["state"], new["used_order_id"]) == ("unused", None)
    life = time_of(new["expires_at"]) - time_of(created["requested_at"])
    assert timedelta(days=7) <= life < timedelta(days=8)
    assert coupons_of(fresh_shop, customer_id)[new["coupon_id"]] == new
    again = reissue(fresh_shop, customer_id, old["coupon_id"], reason)
    assert refusal(again) == (409, "coupon_already_reissued")
    assert details(again) == {"reissue_id": created["reissue_id"], "new_coupon_id": new["coupon_id"]}


@pytest.mark.parametrize("coupon_id", ["CP700103", "CP700104"])
def test_a_coupon_nobody_can_judge_at_once_is_reviewed(fresh_shop: RunningShop, coupon_id: str) -> None:
    created = reissue(fresh_shop, "C1001", coupon_id, "other").json()
    assert (created["state"], created["coupon"]) == ("reviewing", None)
    assert time_of(created["answer_by"]) - time_of(created["requested_at"]) == timedelta(hours=24)
    again = reissue(fresh_shop, "C1001", coupon_id)
    assert refusal(again) == (409, "coupon_reissue_already_open")
    assert details(again) == {"reissue_id": created["reissue_id"], "answer_by": created["answer_by"]}


def test_a_coupon_in_the_account_is_not_issued_again(fresh_shop: RunningShop) -> None:
    response = reissue(fresh_shop, "C1001", "CP700101", "not_received")
    assert refusal(response) == (409, "coupon_still_usable")
    expires_at = coupons_of(fresh_shop, "C1001")["CP700101"]["expires_at"]
    assert details(response) == {"coupon_id": "CP700101", "expires_at": expires_at}


def test_unknown_coupons_and_those_of_others_are_404(fresh_shop: RunningShop) -> None:
    assert refusal(reissue(fresh_shop, "C1001", "CP999999")) == (404, "coupon_not_found")
    assert refusal(reissue(fresh_shop, "C1001", "CP700201")) == (404, "coupon_not_found")
    assert refusal(reissue(fresh_shop, "C9999", "CP700101")) == (404, "customer_not_found")
    assert refusal(reissue(fresh_shop, "C1001", "CP700101", "greed")) == (400, "invalid_request")


# points claims


def claim(shop: RunningShop, customer_id: str, order_id: str, reason: str) -> httpx.Response:
    body = {"order_id": order_id, "reason": reason}
    return shop.post(f"/customers/{customer_id}/points-claims", body, next(_keys))


def test_missing_points_of_a_completed_order_are_credited_once(fresh_shop: RunningShop) -> None:
    order = named_order(fresh_shop, "order_points_missing")
    customer_id, order_id = order["customer_id"], order["order_id"]
    before = fresh_shop.get(f"/customers/{customer_id}/points").json()
    created = claim(fresh_shop, customer_id, order_id, "not_credited").json()
    assert (created["state"], created["points"]) == ("credited", order["amount_fen"] // 100)
    assert created["points_claim_id"].startswith("J") and created["answer_by"] == created["requested_at"]
    after = fresh_shop.get(f"/customers/{customer_id}/points").json()
    assert after["balance"] == before["balance"] + created["points"]
    assert (after["history"][0]["at"], after["history"][0]["delta"]) == (created["requested_at"], created["points"])
    lot = next(lot for lot in after["lots"] if lot["source"] == f"order:{order_id}")
    assert lot["points"] == created["points"]
    assert 364 <= (time_of(lot["expires_at"]) - time_of(lot["earned_at"])).days <= 366
    again = claim(fresh_shop, customer_id, order_id, "not_credited")
    assert refusal(again) == (409, "points_already_credited")
    assert details(again) == {"points": created["points"], "credited_at": created["requested_at"]}


def test_points_that_came_as_they_should_are_told_with_amount_and_time(fresh_shop: RunningShop) -> None:
    order = fresh_shop.orders(customer_id="C1001", status="completed")[0]
    response = claim(fresh_shop, "C1001", order["order_id"], "not_credited")
    assert refusal(response) == (409, "points_already_credited")
    assert details(response) == {"points": order["amount_fen"] // 100, "credited_at": order["completed_at"]}


def test_points_are_not_due_before_their_time(fresh_shop: RunningShop) -> None:
    order = named_order(fresh_shop, "order_points_not_due")
    response = claim(fresh_shop, order["customer_id"], order["order_id"], "not_credited")
    assert refusal(response) == (409, "points_not_due")
    due_at = time_of(order["completed_at"]) + timedelta(hours=24)
    assert time_of(details(response)["due_at"]) == due_at > datetime.now(UTC)
    delivered = claim(fresh_shop, "C1001", fresh_shop.named["order_delivered"], "not_credited")
    assert refusal(delivered) == (409, "points_not_due")
    assert details(delivered) == {"due_at": None, "order_status": "delivered"}


def test_points_spent_on_a_refunded_order_come_back_once(fresh_shop: RunningShop) -> None:
    order = named_order(fresh_shop, "order_points_spent")
    customer_id = order["customer_id"]
    before = fresh_shop.get(f"/customers/{customer_id}/points").json()
    spent = next(entry for entry in before["history"] if order["order_id"] in entry["text"])
    created = claim(fresh_shop, customer_id, order["order_id"], "not_returned").json()
    assert (created["state"], created["points"]) == ("credited", -spent["delta"])
    after = fresh_shop.get(f"/customers/{customer_id}").json()["points_balance"]
    assert after == before["balance"] + created["points"]
    again = claim(fresh_shop, customer_id, order["order_id"], "not_returned")
    assert refusal(again) == (409, "points_already_credited")
    assert details(again) == {"points": created["points"], "credited_at": created["requested_at"]}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("order_delivered", "wrongly_deducted"),
        ("order_delivered", "not_returned"),
        ("order_refunding", "not_credited"),
    ],
)
def test_a_claim_nobody_can_settle_at_once_is_reviewed(fresh_shop: RunningShop, name: str, reason: str) -> None:
    order_id = fresh_shop.named[name]
    balance = fresh_shop.get("/customers/C1001").json()["points_balance"]
    created = claim(fresh_shop, "C1001", order_id, reason).json()
    assert (created["state"], created["points"]) == ("reviewing", None)
    assert time_of(created["answer_by"]) - time_of(created["requested_at"]) == timedelta(hours=48)
    assert fresh_shop.get("/customers/C1001").json()["points_balance"] == balance
    again = claim(fresh_shop, "C1001", order_id, reason)
    assert refusal(again) == (409, "points_claim_already_open")
    assert details(again) == {"points_claim_id": created["points_claim_id"], "answer_by": created["answer_by"]}


def test_orders_of_others_have_no_points_to_claim(fresh_shop: RunningShop) -> None:
    strange = fresh_shop.orders(customer_id="C1002")[0]["order_id"]
    for order_id in (strange, "20990101000000"):
        assert refusal(claim(fresh_shop, "C1001", order_id, "not_credited")) == (404, "order_not_found")
    assert refusal(claim(fresh_shop, "C9999", strange, "not_credited")) == (404, "customer_not_found")


# price protections


def protect(shop: RunningShop, order_id: str) -> httpx.Response:
    return shop.post(f"/orders/{order_id}/price-protections", {}, next(_keys))


def test_a_lower_price_is_paid_back_once(fresh_shop: RunningShop) -> None:
    order = named_order(fresh_shop, "order_price_dropped")
    line = order["lines"][0]
    now_fen = fresh_shop.get(f"/products/{line['product_id']}").json()["price_fen"]
    created = protect(fresh_shop, order["order_id"]).json()
    assert created["refund_fen"] == (line["unit_price_fen"] - now_fen) * line["quantity"] > 0
    paid_then = {"line_id": line["line_id"], "paid_fen": line["unit_price_fen"], "now_fen": now_fen}
    assert created["lines"] == [paid_then]
    refund = created["refund"]
    assert (refund["amount_fen"], refund["state"]) == (created["refund_fen"], "approved")
    assert refund["destination_text"] == "原路退回 微信支付" and created["answer_by"] == refund["expected_by"]
    assert fresh_shop.get(f"/orders/{order['order_id']}/refunds").json() == {"refunds": [refund]}
    assert fresh_shop.get(f"/orders/{order['order_id']}").json()["status"] == order["status"]
    again = protect(fresh_shop, order["order_id"])
    assert refusal(again) == (409, "price_already_protected")
    assert details(again) == {name: created[name] for name in ("protection_id", "refund_fen", "requested_at")}


def test_an_equal_price_is_told_and_not_paid_back(fresh_shop: RunningShop) -> None:
    line = named_order(fresh_shop, "order_delivered")["lines"][0]
    response = protect(fresh_shop, fresh_shop.named["order_delivered"])
    assert refusal(response) == (409, "price_not_lower")
    price = line["unit_price_fen"]
    assert details(response) == {"lines": [{"line_id": line["line_id"], "paid_fen": price, "now_fen": price}]}


def test_orders_whose_price_is_not_protected_say_why(fresh_shop: RunningShop) -> None:
    old = fresh_shop.orders(customer_id="C1001", status="completed")[0]
    expired = protect(fresh_shop, old["order_id"])
    assert refusal(expired) == (409, "price_protection_expired")
    window = time_of(details(expired)["expired_at"]) - time_of(old["placed_at"])
    assert timedelta(days=7) <= window < timedelta(days=8)
    unpaid = fresh_shop.orders(status="pending_payment")[0]["order_id"]
    assert refusal(protect(fresh_shop, unpaid)) == (409, "order_not_paid")
    for status in ("cancelled", "refunding", "refunded"):
        closed = fresh_shop.orders(status=status)[0]["order_id"]
        assert refusal(protect(fresh_shop, closed)) == (409, "order_closed")


# tickets


TICKET = {
    "customer_id": "C1002",
    "topic": "payment",
    "facts": {"系统": "安卓 15", "版本": ""},
    "steps": ["换网络", "清缓存"],
    "sentence": " 付款页一直转圈 ",
}


def test_a_ticket_is_answered_within_four_hours_and_listed_newest_first(fresh_shop: RunningShop) -> None:
    first = fresh_shop.post("/tickets", TICKET, next(_keys))
    assert first.status_code == 201
    created = first.json()
    assert set(created) == {"ticket_id", "topic", "state", "requested_at", "answer_by"}
    assert (created["topic"], created["state"]) == ("payment", "open") and created["ticket_id"].startswith("K")
    assert time_of(created["answer_by"]) - time_of(created["requested_at"]) == timedelta(hours=4)
    second = fresh_shop.post("/tickets", {**TICKET, "topic": "app"}, next(_keys)).json()
    listed = fresh_shop.get("/customers/C1002/tickets").json()["tickets"]
    assert sorted(listed, key=lambda ticket: ticket["requested_at"], reverse=True) == listed
    assert {ticket["ticket_id"] for ticket in listed} == {created["ticket_id"], second["ticket_id"]}
    assert fresh_shop.get("/customers/C1003/tickets").json() == {"tickets": []}


def test_a_visitor_may_open_a_ticket_but_not_for_a_stranger(fresh_shop: RunningShop) -> None:
    visitor = fresh_shop.post("/tickets", {**TICKET, "customer_id": None, "facts": {}, "steps": []}, next(_keys))
    assert visitor.status_code == 201
    stranger = fresh_shop.post("/tickets", {**TICKET, "customer_id": "C9999"}, next(_keys))
    assert refusal(stranger) == (404, "customer_not_found")
    assert refusal(fresh_shop.get("/customers/C9999/tickets")) == (404, "customer_not_found")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"sentence": "  "}, 422, "sentence_invalid"),
        ({"sentence": "x" * 301}, 422, "sentence_invalid"),
        ({"facts": {str(number): "" for number in range(21)}}, 422, "facts_invalid"),
        ({"facts": {"机型": "x" * 301}}, 422, "facts_invalid"),
        ({"facts": {"": "x"}}, 422, "facts_invalid"),
        ({"steps": ["x"] * 21}, 422, "steps_invalid"),
        ({"steps": [""]}, 422, "steps_invalid"),
        ({"facts": {"机型": 5}}, 400, "invalid_request"),
        ({"topic": "weather"}, 400, "invalid_request"),
    ],
)
def test_senseless_tickets_are_refused(fresh_shop: RunningShop, change: dict[str, Any], status: int, code: str) -> None:
    assert refusal(fresh_shop.post("/tickets", {**TICKET, **change}, next(_keys))) == (status, code)


# all of them


def requests(shop: RunningShop) -> list[tuple[str, dict[str, Any]]]:
    order = shop.orders(customer_id="C1004", status="completed")[0]["order_id"]
    return [
        ("/customers/C1003/coupon-reissues", {"coupon_id": "CP700302", "reason": "other"}),
        ("/customers/C1004/points-claims", {"order_id": order, "reason": "wrongly_deducted"}),
        (f"/orders/{shop.named['order_price_dropped']}/price-protections", {}),
        ("/tickets", TICKET),
    ]


def test_the_same_key_at_the_same_time_gives_one_document(tmp_path_factory: pytest.TempPathFactory) -> None:
    for shop in run_shop(shop_environment(tmp_path_factory.mktemp("once"))):
        for path, body in requests(shop):
            key = next(_keys)
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(shop.post, [path] * 16, [body] * 16, [key] * 16))
            assert {answer.status_code for answer in answers} == {201}, path
            assert len({answer.text for answer in answers}) == 1
            assert refusal(shop.post(path, body)) == (400, "invalid_request")
            assert refusal(shop.post(path, body, "x" * 201)) == (422, "idempotency_key_invalid")
        assert len(shop.get("/customers/C1002/tickets").json()["tickets"]) == 1
        assert refusal(shop.post("/tickets", {**TICKET, "topic": "app"}, key)) == (422, "idempotency_key_reused")
        assert refusal(protect(shop, "20990101000000")) == (404, "order_not_found")


def test_the_numbers_are_the_playbooks(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "playbook").mkdir()
    (folder / "playbook" / "policies.yml").write_text(
        "tickets: {answer_hours: 1}\npoints: {earn_per_yuan: 3}\nprice_protection: {days: 365}\n"
    )
    for shop in run_shop(shop_environment(folder)):
        ticket = shop.post("/tickets", TICKET, next(_keys)).json()
        assert time_of(ticket["answer_by"]) - time_of(ticket["requested_at"]) == timedelta(hours=1)
        order = named_order(shop, "order_points_missing")
        created = claim(shop, order["customer_id"], order["order_id"], "not_credited").json()
        assert created["points"] == order["amount_fen"] // 100 * 3
        old = shop.orders(customer_id="C1001", status="completed")[0]["order_id"]
        assert refusal(protect(shop, old)) == (409, "price_not_lower")


def test_cancelling_after_a_price_protection_refunds_only_the_rest(tmp_path_factory: pytest.TempPathFactory) -> None:
    for shop in run_shop(shop_environment(tmp_path_factory.mktemp("rest"))):
        order = named_order(shop, "order_price_dropped_unshipped")
        part = protect(shop, order["order_id"]).json()["refund_fen"]
        cancelled = shop.post(f"/orders/{order['order_id']}/cancellations", {"reason": "不要了"}, next(_keys)).json()
        assert cancelled["refund"]["amount_fen"] == order["payment"]["paid_fen"] - part > 0


# coupon grants


def grant(shop: RunningShop, key: str, **change: Any) -> httpx.Response:
    body = {"title": "20 元客服补偿券", "discount_fen": 2000, "reason": "包裹晚到", **change}
    return shop.post("/customers/C1001/coupon-grants", body, key)


def test_a_granted_coupon_is_in_the_account_once_and_usable(fresh_shop: RunningShop) -> None:
    first, again = (grant(fresh_shop, "grant-1") for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    coupon = first.json()["coupon"]
    assert coupons_of(fresh_shop, "C1001")[coupon["coupon_id"]] == coupon
    assert (coupon["state"], coupon["threshold_fen"], coupon["scope"]) == ("unused", 0, "all")
    life = time_of(coupon["expires_at"]) - time_of(first.json()["granted_at"])
    assert timedelta(days=30) <= life < timedelta(days=31)
    assert fresh_shop.get("/customers/C1001/coupon-grants").json() == {"grants": [first.json()]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"discount_fen": 0}, "amount_invalid"),
        ({"discount_fen": -1}, "amount_invalid"),
        ({"threshold_fen": -1}, "amount_invalid"),
        ({"title": " "}, "title_invalid"),
        ({"reason": ""}, "reason_invalid"),
    ],
)
def test_senseless_grants_are_refused(fresh_shop: RunningShop, change: dict[str, Any], code: str) -> None:
    assert refusal(grant(fresh_shop, next(_keys), **change)) == (422, code)
