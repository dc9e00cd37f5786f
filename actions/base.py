"""What every action shares: the shop's client, the first words, words when the shop is down."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Answer, Reply, finding, human, remember, say
from actions.context import Turn, read_turn
from actions.pending import going_on, listed
from actions.repeated import afresh
from actions.shop_api import NotFoundError, ShopApi, ShopError, shop_api
from actions.texts import read_all, text
from actions.tone import MANNER, manner_of
from actions.words import addressed

logger = logging.getLogger(__name__)

T = TypeVar("T")


class ShopAction(Action, ABC):
    """An action that asks the shop. The client blocks, so it runs in a thread: one slow call stops nobody else."""

    def __init__(self, shop: ShopApi | None = None) -> None:
        self.shop = shop or shop_api()
        read_all()

    @abstractmethod
    def name(self) -> str:
        """The action's name in domain.yml. Abstract, so that the SDK does not register this class itself."""

    async def ask(self, call: Callable[..., T], *arguments: Any) -> T:
        """Run one call of the shop's client; raises ShopError."""
        return await asyncio.to_thread(call, *arguments)

    async def hello(self, turn: Turn) -> str:
        """李女士您好， at the first answer of a conversation, and the list when the message wants several things."""
        return (await self.meet(turn))[1]

    async def meet(self, turn: Turn) -> tuple[Turn, str, list[EventType]]:
        """The turn with the manner that suits the customer, the first words, and the slot that keeps the manner."""
        if not turn.is_first_answer or turn.customer_id is None:
            return turn, listed(turn), []
        try:
            customer = await self.ask(self.shop.customer, turn.customer_id)
        except ShopError as error:
            # Politeness never costs the answer.
            logger.warning("no name for the greeting: %s", error)
            return turn, text("address.visitor") + listed(turn), []
        hello = text("address.hello", name=addressed(customer["name"], customer["honorific"])) + listed(turn)
        manner = manner_of(customer["profile"])
        return replace(turn, slots={**turn.slots, MANNER: manner}), hello, [SlotSet(MANNER, manner)]


class AnsweringAction(ShopAction, ABC):
    """An action that answers one message; subclasses only say what."""

    @abstractmethod
    async def answer(self, turn: Turn) -> Answer:
        """The answer to one message; raises ShopError."""

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn, hello, met = await self.meet(read_turn(tracker))
        try:
            answer = afresh(turn, await self.answer(turn), tracker.slots.get("findings"))
        except ShopError as error:
            answer = shop_down(turn, error)
        say(dispatcher, answer.replies, hello)
        noted: list[EventType] = [SlotSet("findings", remember(tracker.slots.get("findings"), answer.finding))]
        order_id = (answer.finding or {}).get("order_id")
        if order_id:
            # 能退吗 ... 那退吧: what comes next is about the same order.
            focus = {"order_id": order_id, "page_order_id": turn.page_order_id, "topic": turn.intent}
            noted.append(SlotSet("order_in_focus", focus))
        busy = bool(tracker.slots.get("transaction_open") or tracker.active_loop.get("name"))
        return [*met, *noted, *going_on(tracker, turn, busy=busy)]


def shop_down(turn: Turn, error: ShopError) -> Answer:
    """Clear words and a way out when the shop did not answer."""
    level = logging.ERROR if isinstance(error, NotFoundError) else logging.WARNING
    logger.log(level, "message %s got no answer from the shop: %s", turn.message_id, error)
    result = text("findings.shop_down_result")
    return Answer((Reply(text("shop_down"), buttons=(human(),)),), finding(turn, "shop_down", result))
