"""Photos in a conversation: they answer a question, become evidence of a claim, or are kept for the agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.photos import filed_claims
from actions.shop_api import ShopApi
from actions.talk import ActionTakeInformation
from tests.actions.conversation import Conversation

DAMAGED = "report_damaged_item"


def photo(number: int) -> dict[str, Any]:
    """An attachment as the desk sends it."""
    url = f"/api/v1/conversations/c_1/attachments/f_{number}"
    return {"id": f"f_{number}", "kind": "image", "name": f"{number}.jpg", "bytes": 9, "url": url}


@pytest.fixture
def talk(shop: ShopApi, fixtures: dict[str, Any]) -> Callable[[], Conversation]:
    """The owner of an order that was signed for yesterday, looking at it."""

    def start() -> Conversation:
        order = shop.order(fixtures["order_signed_yesterday"])
        return Conversation(shop, fixtures["now"], order["customer_id"], page_order_id=order["order_id"])

    return start


def evidence(shop: ShopApi, conversation: Conversation) -> list[str]:
    """Ids of the files the shop holds for the order's newest claim."""
    return [item["id"] for item in shop.claims(conversation.page_order_id or "")[0]["evidence"]]


def test_a_photo_with_no_question_open_is_kept_and_asked_about(talk: Callable[[], Conversation], shop: ShopApi) -> None:
    conversation = talk()
    conversation.hear("[图片]", "inform", attachments=[photo(1)])
    conversation.run(ActionTakeInformation(shop))
    message = conversation.said[0]
    assert "照片收到了" in message["text"]
    assert {"/report_damaged_item", "/request_human"} <= {button["payload"] for button in message["buttons"]}


def test_a_photo_answers_the_question_how_it_looks_and_becomes_evidence(
    talk: Callable[[], Conversation], shop: ShopApi
) -> None:
    conversation = talk()
    assert "坏成什么样" in conversation.ask_order("收到的东西坏了", DAMAGED)
    assert conversation.reply("[图片]", attachments=[photo(2)]).endswith("您想怎么办？")
    conversation.press("东西留着，退一部分钱")
    assert "确认提交吗？" in conversation.reply("[图片]", attachments=[photo(3)])
    assert "照片一起交上去了" in conversation.reply("确认", "affirm")
    assert evidence(shop, conversation) == ["f_2", "f_3"]
    conversation.hear("[图片]", "inform", attachments=[photo(4)])
    conversation.run(ActionTakeInformation(shop))
    assert "已经附在售后单" in conversation.said[0]["text"]
    assert evidence(shop, conversation) == ["f_2", "f_3", "f_4"]


def test_only_claims_filed_here_take_later_photos() -> None:
    assert filed_claims(None) == []
    assert filed_claims([{"what": "x", "facts": [{"name": "document", "value": "A1"}]}]) == []
