"""Every order topic for orders in every state, from the running shop: an answer, a way on, a finding."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from actions.order_choice import FITTING_STATES
from actions.shop_api import ShopApi
from tests.actions.conftest import Start
from tests.actions.conversation import Conversation
from tests.conftest import ROOT, RunningShop

SCHEMA = json.loads((ROOT / "contracts" / "escalation_summary.schema.json").read_text(encoding="utf-8"))
STATES = (
    "pending_payment",
    "unshipped",
    "shipped",
    "delivered",
    "completed",
    "cancelled",
    "refunding",
    "refunded",
)


def validator(definition: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/definitions/{definition}", "definitions": SCHEMA["definitions"]})


@pytest.fixture(scope="module")
def by_state(running_shop: RunningShop) -> dict[str, tuple[str, str]]:
    """A customer and an order for each state."""
    found: dict[str, tuple[str, str]] = {}
    for person in running_shop.customers:
        for brief in person["orders"]:
            found.setdefault(brief["status"], (person["customer_id"], brief["order_id"]))
    return found


@pytest.mark.parametrize("topic", FITTING_STATES)
@pytest.mark.parametrize("state", STATES)
def test_every_topic_in_every_state(
    by_state: dict[str, tuple[str, str]],
    shop: ShopApi,
    fixtures: dict[str, Any],
    topic: str,
    state: str,
) -> None:
    customer_id, order_id = by_state[state]
    talk = Conversation(shop, fixtures["now"], customer_id, page_order_id=order_id)
    said = talk.ask_order("订单", topic)
    assert order_id[-4:] in said
    assert "{" not in said
    assert talk.buttons or talk.transaction_active, "no way on"
    found = talk.finding
    assert found["order_id"] == order_id
    for definition, documents in (
        ("order", [found["order"]]),
        ("logistics", [found["logistics"]] if "logistics" in found else []),
        ("fact", found["facts"]),
        ("promise", found["promises"]),
    ):
        for document in documents:
            assert list(validator(definition).iter_errors(document)) == []


def test_why_not_shipped_names_reason_and_time(customer: Start, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_unshipped"])
    said = talk.ask_order("怎么还不发货", "query_order_status")
    hold = shop.order(fixtures["order_unshipped"])["hold"]
    assert hold is not None
    assert str(hold["detail"]).rstrip("。") in said
    assert "前发出" in said
    assert talk.finding["promises"][0]["due_at"] == hold["expected_ship_at"]


def test_late_parcel_has_reason_time_and_two_offers(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_shipped"])
    said = talk.ask_order("怎么还没到", "query_logistics")
    assert "抱歉" in said
    assert "晚了" in said
    assert "暴雨" in said
    assert "预计" in said
    assert "2 小时内答复" in said
    assert talk.buttons == ["/urge_order", "/cancel_order"]
    assert talk.finding["logistics"]["anomaly_code"] == "weather"
    assert talk.finding["logistics"]["days_late"] >= 1
    assert talk.cards[0]["events"][0]["at"] > talk.cards[0]["events"][-1]["at"]


def test_return_of_a_fresh_order_names_deadline_and_freight(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_delivered"])
    said = talk.ask_order("我想退货", "request_return")
    assert "还能退" in said
    assert "截止" in said
    assert "寄回运费由您承担" in said
    assert "已经" not in said, "the bot must not claim to have done it"


def test_cancelling_a_shipped_order_is_no_dead_end(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_shipped"])
    said = talk.ask_order("不想要了", "cancel_order")
    assert "拒收" in said
    assert "天内来找我退货" in said


def test_refund_progress_has_amount_and_day(customer: Start, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_refunding"])
    said = talk.ask_order("退款呢", "query_refund_status")
    refund = shop.refunds(fixtures["order_refunding"])[0]
    assert f"¥{refund['amount_fen'] // 100}" in said
    assert "前到账" in said
    assert talk.cards[0]["type"] == "refund"
    assert talk.finding["promises"][0]["due_at"] == refund["expected_by"]


def test_customer_is_addressed_by_name_once(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_shipped"])
    assert talk.ask_order("到哪了", "query_logistics").startswith("李女士您好，")
    assert "李女士" not in talk.ask_order("那什么时候到", "query_logistics")


def test_findings_are_kept_to_twelve(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_shipped"])
    for _ in range(14):
        talk.ask_order("到哪了", "query_logistics")
    assert len(talk.slots["findings"]) == 12
    assert talk.finding["message_id"] == talk.message_id
