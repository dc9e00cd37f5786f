"""Every reading endpoint of the shop, asked over HTTP, with its failures."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from conftest import RunningShop

CUSTOMER = "C1001"


def error_code(response: httpx.Response) -> str:
    error = response.json()["error"]
    assert set(error) == {"code", "message"} and error["message"]
    return str(error["code"])


def test_a_customer_has_level_points_and_the_way_to_the_next_level(shop: RunningShop) -> None:
    customer = shop.get(f"/customers/{CUSTOMER}").json()
    assert customer["name"] == "李晓雯"
    assert customer["honorific"] == "女士"
    assert (customer["tier"], customer["next_tier"], customer["growth_to_next_tier"]) == ("normal", "silver", 800)
    assert customer["points_balance"] == shop.get(f"/customers/{CUSTOMER}/points").json()["balance"] > 0


def test_the_top_level_has_no_next_one(shop: RunningShop) -> None:
    customer = shop.get(f"/customers/{shop.named['customers']['vip']['customer_id']}").json()
    assert customer["tier"] == "vip"
    assert customer["next_tier"] is None and customer["growth_to_next_tier"] is None


def test_orders_come_newest_first_and_no_more_than_asked(shop: RunningShop) -> None:
    orders = shop.get(f"/customers/{CUSTOMER}/orders").json()["orders"]
    placed = [order["placed_at"] for order in orders]
    assert placed == sorted(placed, reverse=True) and len(placed) > 2
    two = shop.get(f"/customers/{CUSTOMER}/orders?limit=2").json()["orders"]
    assert two == orders[:2]


def test_an_order_read_alone_is_the_one_in_the_list(shop: RunningShop) -> None:
    for order in shop.get(f"/customers/{CUSTOMER}/orders").json()["orders"]:
        assert shop.get(f"/orders/{order['order_id']}").json() == order


def test_an_unshipped_order_says_what_delays_it(shop: RunningShop) -> None:
    order = shop.get(f"/orders/{shop.named['order_unshipped']}").json()
    assert order["status"] == "unshipped" and order["shipped_at"] is None
    assert order["hold"]["code"] == "warehouse_backlog"
    assert order["hold"]["expected_ship_at"] > order["ship_by"]
    assert order["tracking_numbers"] == []


def test_points_list_unspent_lots_soonest_first_and_history_newest_first(shop: RunningShop) -> None:
    points = shop.get(f"/customers/{CUSTOMER}/points").json()
    expiries = [lot["expires_at"] for lot in points["lots"]]
    assert expiries == sorted(expiries)
    assert sum(lot["points"] for lot in points["lots"]) == points["balance"]
    moments = [entry["at"] for entry in points["history"]]
    assert moments == sorted(moments, reverse=True)


def test_coupons_know_whether_they_can_be_used(shop: RunningShop) -> None:
    coupons = {c["coupon_id"]: c for c in shop.get(f"/customers/{CUSTOMER}/coupons").json()["coupons"]}
    assert {coupon["state"] for coupon in coupons.values()} == {"unused", "used", "expired"}
    used = coupons["CP700104"]
    order = shop.get(f"/orders/{used['used_order_id']}").json()
    assert order["discount_fen"] == used["discount_fen"] and order["goods_fen"] >= used["threshold_fen"]


def test_a_late_parcel_tells_its_reason_newest_event_first(shop: RunningShop) -> None:
    named = shop.named
    shipment = shop.get(f"/shipments/{named['tracking']}").json()
    assert shipment["order_id"] == named["order_shipped"]
    assert shipment["events"][0]["code"] == "EXCEPTION_WEATHER" and "暴雨" in shipment["events"][0]["text"]
    moments = [event["at"] for event in shipment["events"]]
    assert moments == sorted(moments, reverse=True)
    assert datetime.fromisoformat(shipment["deliver_by"]) < datetime.now(UTC) < datetime.fromisoformat(shipment["eta"])
    assert shop.get(f"/orders/{named['order_shipped']}/shipments").json() == {"shipments": [shipment]}
    assert shop.get(f"/shipments/{named['tracking'].lower()}").json() == shipment


def test_an_order_in_two_parcels_lists_both(shop: RunningShop) -> None:
    order = next(order for order in shop.orders(status="shipped") if len(order["tracking_numbers"]) == 2)
    shipments = shop.get(f"/orders/{order['order_id']}/shipments").json()["shipments"]
    assert sorted(s["tracking_number"] for s in shipments) == order["tracking_numbers"]
    assert [s["status"] for s in shipments] == ["delivered", "in_transit"]


def test_a_refund_under_way_has_amount_state_and_date(shop: RunningShop) -> None:
    order_id = shop.named["order_refunding"]
    order = shop.get(f"/orders/{order_id}").json()
    (refund,) = shop.get(f"/orders/{order_id}/refunds").json()["refunds"]
    assert order["status"] == "refunding" and order["refund_ids"] == [refund["refund_id"]]
    assert refund["state"] == "reviewing" and refund["amount_fen"] == order["payment"]["paid_fen"]
    assert refund["destination_text"] == "原路退回 支付宝" and refund["paid_at"] is None
    (returned,) = shop.get(f"/orders/{order_id}/returns").json()["returns"]
    assert refund["return_id"] == returned["return_id"]
    assert returned["lines"] == order["lines"]


def test_eligibility_of_orders_in_several_states(shop: RunningShop) -> None:
    named = shop.named
    recent = shop.get(f"/orders/{named['order_delivered']}/return-eligibility").json()
    assert recent["eligible"] is True
    assert (recent["kind"], recent["reason_code"], recent["freight_payer"]) == (
        "no_reason",
        "within_no_reason",
        "customer",
    )
    assert datetime.fromisoformat(recent["deadline"]) > datetime.now(UTC)
    shipped = shop.get(f"/orders/{named['order_shipped']}/return-eligibility").json()
    assert (shipped["eligible"], shipped["kind"], shipped["reason_code"]) == (False, "none", "not_delivered")
    refunding = shop.get(f"/orders/{named['order_refunding']}/return-eligibility").json()
    assert refunding["reason_code"] == "already_returning"


def test_every_reason_of_eligibility_occurs_in_the_demo(shop: RunningShop) -> None:
    codes = {
        shop.get(f"/orders/{order['order_id']}/return-eligibility").json()["reason_code"] for order in shop.orders()
    }
    assert codes == {
        "within_no_reason",
        "quality_window",
        "expired",
        "not_delivered",
        "quality_only_goods",
        "already_returning",
    }


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("耳机", "云听降噪耳机"),
        ("电饭锅", "小厨电饭煲"),
        ("云听耳机", "云听降噪耳机"),
        ("扫地机", "扫地机器人"),
        ("降噪 耳机", "云听降噪耳机"),
    ],
)
def test_products_are_found_by_the_words_customers_use(shop: RunningShop, words: str, title: str) -> None:
    products = shop.client.get("/api/v1/products", params={"query": words, "limit": 5}).json()["products"]
    assert products[0]["title"] == title
    assert products[0] == shop.get(f"/products/{products[0]['product_id']}").json()


def test_products_nobody_sells_are_not_found_and_wildcards_mean_nothing(shop: RunningShop) -> None:
    for words in ("直升机", "%", "_", "x' OR 1=1"):
        assert shop.client.get("/api/v1/products", params={"query": words}).json() == {"products": []}
    assert len(shop.get("/products?limit=50").json()["products"]) == 20


def test_a_product_out_of_stock_says_when_it_returns(shop: RunningShop) -> None:
    skus = shop.get("/products/P100").json()["skus"]
    out = [sku for sku in skus if sku["stock"] == 0]
    assert out and all(datetime.fromisoformat(sku["restock_at"]) > datetime.now(UTC) for sku in out)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/customers/C9999", "customer_not_found"),
        ("/customers/C9999/orders", "customer_not_found"),
        ("/customers/C9999/points", "customer_not_found"),
        ("/customers/C9999/coupons", "customer_not_found"),
        ("/orders/20990101000000", "order_not_found"),
        ("/orders/20990101000000/shipments", "order_not_found"),
        ("/orders/20990101000000/refunds", "order_not_found"),
        ("/orders/20990101000000/returns", "order_not_found"),
        ("/orders/20990101000000/return-eligibility", "order_not_found"),
        ("/shipments/SF0000000000000", "shipment_not_found"),
        ("/products/P999", "product_not_found"),
        ("/nothing", "path_not_found"),
    ],
)
def test_unknown_things_are_404_with_their_code(shop: RunningShop, path: str, code: str) -> None:
    response = shop.get(path)
    assert response.status_code == 404
    assert error_code(response) == code


@pytest.mark.parametrize("limit", ["0", "-1", "101", "many"])
def test_a_senseless_limit_is_refused(shop: RunningShop, limit: str) -> None:
    response = shop.get(f"/customers/{CUSTOMER}/orders?limit={limit}")
    assert response.status_code == 400
    assert error_code(response) == "invalid_request"


def all_paths(shop: RunningShop) -> list[tuple[str, str]]:
    paths = shop.client.get("/docs/openapi.json").json()["paths"]
    return [(method, path) for path, item in paths.items() for method in item if path != "/healthz"]


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", "shop-test-token", "Basic c2hvcA=="])
def test_every_call_needs_the_token(shop: RunningShop, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization is not None else {}
    paths = all_paths(shop)
    assert len(paths) >= 18
    with httpx.Client(base_url=shop.client.base_url, headers=headers, timeout=10) as stranger:
        for method, path in paths:
            response = stranger.request(method, path.replace("{order_id}", shop.named["order_shipped"]))
            assert (response.status_code, error_code(response)) == (401, "token_invalid"), path


def test_health_and_documentation_need_no_token(shop: RunningShop) -> None:
    with httpx.Client(base_url=shop.client.base_url, timeout=10) as stranger:
        assert stranger.get("/healthz").json() == {"status": "ok"}
        page = stranger.get("/docs")
        assert page.status_code == 200 and "/api/v1/orders/{order_id}" in page.text
        assert "<script" not in page.text and "http" not in page.text.replace("httpx", "")


def test_times_are_utc_ending_in_z_and_money_is_whole(shop: RunningShop) -> None:
    def walk(value: object, name: str = "") -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, key)
        elif isinstance(value, list):
            for item in value:
                walk(item, name)
        elif value is not None and (name.endswith(("_at", "_by")) or name in ("at", "eta", "since")):
            assert isinstance(value, str) and value.endswith("Z"), (name, value)
        elif name.endswith("_fen"):
            assert type(value) is int, (name, value)

    for order in shop.orders():
        walk(order)
        for part in ("shipments", "refunds", "returns", "return-eligibility"):
            walk(shop.get(f"/orders/{order['order_id']}/{part}").json())
