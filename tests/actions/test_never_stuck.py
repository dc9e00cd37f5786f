"""What random customers have brought to light (tests/dialogue): silence, a turn cut short, the same question again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from actions.fallback import ActionClarify
from actions.order_questions import ActionAskOrderId
from actions.pending import MOST_ACTIONS_BEFORE, NEXT, ActionNextWish, waiting_topics
from actions.shop_api import ShopApi
from actions.talk import ActionAffirm, ActionDeny, ActionTakeInformation
from tests.actions.conftest import Start
from tests.actions.conversation import Conversation


def followups(events: list[dict[str, Any]]) -> list[str]:
    return [event["name"] for event in events if event["event"] == "followup"]


def test_the_list_comes_after_words_that_only_point_and_were_not_understood(customer: Start, shop: ShopApi) -> None:
    """action_clarify passes them on without a word, so it has explained nothing."""
    talk = customer()
    talk.slots["topic"] = "query_order_status"
    talk.hear("另一个订单", "nlu_fallback")
    assert followups(talk.run(ActionClarify())) == ["order_form"]
    assert talk.text == ""
    talk.run(ActionAskOrderId(shop))
    assert talk.text


@pytest.mark.parametrize("signed", [True, False])
def test_the_question_for_the_order_never_comes_in_the_same_words_twice(
    customer: Start, visitor: Start, signed: bool
) -> None:
    talk = customer() if signed else visitor()
    said = [talk.ask_order("改地址", "modify_order")]
    for words in ("什么意思", "你看着办", "嗯？", "在哪看"):
        said.append(talk.ask_order(words, "inform"))
    assert all(one != other for one, other in itertools.pairwise(said))


def test_the_question_for_the_ending_never_comes_in_the_same_words_twice(
    visitor: Start, fixtures: dict[str, Any]
) -> None:
    talk = visitor()
    said = [talk.ask_order("查订单", "query_order_status", entities={"order_id": fixtures["order_shipped"]})]
    for words in ("为什么", "你看着办", "嗯？", "在哪看"):
        said.append(talk.ask_order(words, "out_of_scope"))
    assert all(one != other for one, other in itertools.pairwise(said))


def many_wishes(talk: Conversation) -> list[dict[str, Any]]:
    """action_next_wish at the end of a turn that is already long; its events."""
    talk.hear("查订单 开发票 积分不对", "query_order_status")
    talk.slots["pending"] = [{"topic": "request_invoice"}, {"topic": "report_points_issue"}]
    talk.events += [{"event": "action", "name": "order_form"}] * MOST_ACTIONS_BEFORE
    return talk.run(ActionNextWish())


def test_a_long_turn_ends_before_rasa_cuts_it_off(customer: Start) -> None:
    talk = customer()
    assert followups(many_wishes(talk)) == ["action_listen"]
    assert "开发票" in talk.text and "积分" in talk.text
    assert talk.buttons == ["/affirm"]
    assert waiting_topics(talk.slots) == ["request_invoice", "report_points_issue"]


def test_yes_goes_on_with_what_is_left(customer: Start) -> None:
    talk = customer()
    many_wishes(talk)
    talk.hear("接着说", "affirm")
    assert followups(talk.run(ActionAffirm())) == [NEXT]
    assert followups(talk.run(ActionNextWish())) == ["order_form"]


def test_no_drops_what_is_left(customer: Start) -> None:
    talk = customer()
    many_wishes(talk)
    talk.hear("不用了", "deny")
    talk.run(ActionDeny())
    assert talk.slots["pending"] is None
    assert talk.text == "utter_deny"


def test_a_second_bare_information_meets_a_person(customer: Start) -> None:
    """A click on a button of a transaction that is over, and again."""
    talk = customer()
    heard = []
    for words in ("还不行", "之前试过了"):
        talk.hear(words, "inform")
        talk.run(ActionTakeInformation())
        heard.append((talk.text, talk.buttons))
    assert heard[0] == ("utter_information_taken", [])
    assert heard[1][0] != heard[0][0]
    assert heard[1][1] == ["/request_human"]
