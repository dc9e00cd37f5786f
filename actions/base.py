"""What every action shares: the shop's client, words when the shop is down, further intents of the message."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Answer, Button, Reply, finding, human, remember, say
from actions.context import Turn, read_turn
from actions.shop_api import NotFoundError, ShopApi, ShopError, shop_api
from actions.texts import has_text, shown, text
from actions.words import addressed

logger = logging.getLogger(__name__)

T = TypeVar("T")


class ShopAction(Action, ABC):
    """An action that asks the shop. The client blocks, so it runs in a thread: one slow call stops nobody else."""

    def __init__(self, shop: ShopApi | None = None) -> None:
        self.shop = shop or shop_api()

    @abstractmethod
    def name(self) -> str:
        """The action's name in domain.yml. Abstract, so that the SDK does not register this class itself."""

    async def ask(self, call: Callable[..., T], *arguments: Any) -> T:
        """Run one call of the shop's client; raises ShopError."""
        return await asyncio.to_thread(call, *arguments)

    async def hello(self, turn: Turn) -> str:
        """李女士您好， at the first answer of a conversation, else nothing. Politeness never costs the answer."""
        if not turn.is_first_answer or turn.customer_id is None:
            return ""
        try:
            customer = await self.ask(self.shop.customer, turn.customer_id)
        except ShopError as error:
            logger.warning("no name for the greeting: %s", error)
            return text("address.visitor")
        return text("address.hello", name=addressed(customer["name"], customer["honorific"]))


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
        turn = read_turn(tracker)
        hello = ""
        try:
            answer = await self.answer(turn)
            hello = await self.hello(turn)
        except ShopError as error:
            answer = shop_down(turn, error)
        say(dispatcher, answer.replies + mention(further_intents(turn)), hello)
        return [SlotSet("findings", remember(tracker.slots.get("findings"), answer.finding))]


def shop_down(turn: Turn, error: ShopError) -> Answer:
    """Clear words and a way out when the shop did not answer."""
    level = logging.ERROR if isinstance(error, NotFoundError) else logging.WARNING
    logger.log(level, "message %s got no answer from the shop: %s", turn.message_id, error)
    result = text("findings.shop_down_result")
    return Answer((Reply(text("shop_down"), buttons=(human(),)),), finding(turn, "shop_down", result))


def further_intents(turn: Turn) -> list[str]:
    """What else the message asked for, in the order in which to handle it."""
    return [name for name in turn.intents if name != turn.intent and has_text(f"intents.{name}")]


def mention(intents: list[str]) -> tuple[Reply, ...]:
    """One short line about what else was noticed, each a button."""
    if not intents:
        return ()
    titles = [text(f"intents.{name}") for name in intents]
    buttons = tuple(Button(title, f"/{name}") for title, name in zip(titles, intents, strict=True))
    return (Reply(text("talk.others", others=shown(titles)), buttons=buttons),)
