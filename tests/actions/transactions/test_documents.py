"""What has been filed for an order is told by the answers about it, and not offered a second time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.shop_api import ShopApi
from tests.actions.conversation import Conversation
from tests.conftest import RunningShop


@pytest.fixture
def on_number(running_shop: RunningShop, shop: ShopApi, fixtures: dict[str, Any]) -> Callable[[str], Conversation]:
    """Start a conversation of the signed owner on the page of the order whose number ends like this."""
    owners = {
        b["order_id"][-6:]: (p["customer_id"], b["order_id"]) for p in running_shop.customers for b in p["orders"]
    }

    def start(ending: str) -> Conversation:
        customer_id, order_id = owners[ending]
        return Conversation(shop, fixtures["now"], customer_id, page_order_id=order_id)

    return start


def test_a_search_under_way_is_told_and_not_offered_again(
    on_number: Callable[[str], Conversation], shop: ShopApi
) -> None:
    talk = on_number("415586")
    filed = shop.file_for_order(talk.page_order_id or "", "traces", {"reason": "no_update"}, "trace")
    said = talk.ask_order("到哪了", "query_logistics")
    assert filed["trace_id"] in said
    assert talk.buttons == ["/request_human"]  # a colleague settles refund or replacement of a stuck parcel
    assert filed["trace_id"] in talk.ask_order("处理得怎么样了", "query_after_sales_progress")
    assert talk.finding["promises"][0]["due_at"] == filed["answer_by"]


def test_a_redirection_under_way_is_told(on_number: Callable[[str], Conversation], shop: ShopApi) -> None:
    talk = on_number("470982")
    body = {"recipient": {"detail": "天府二街 138 号 3 栋 2105"}}
    filed = shop.file_for_order(talk.page_order_id or "", "modifications", body, "redirection")
    assert filed["modification_id"] in talk.ask_order("到哪了", "query_logistics")
    assert "/modify_order" not in talk.buttons


def test_a_claim_that_waits_asks_for_its_photos(on_number: Callable[[str], Conversation], shop: ShopApi) -> None:
    talk = on_number("437519")
    body = {"kind": "damaged", "description": "外壳裂了", "remedy": "refund"}
    filed = shop.file_for_order(talk.page_order_id or "", "claims", body, "claim")
    said = talk.ask_order("处理得怎么样了", "query_after_sales_progress")
    assert filed["claim_id"] in said
    assert "照片还没收到" in said
    assert filed["claim_id"] in talk.ask_order("到哪了", "query_order_status")
    assert "/query_after_sales_progress" in talk.buttons
