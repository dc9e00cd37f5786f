"""The form every transaction runs in: begins it, asks, listens, files and tells the number."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Answer, Reply, finding, remember, say
from actions.base import ShopAction, shop_down
from actions.context import Turn, read_turn, with_wish
from actions.pending import further_wishes, going_on, is_brought_up, queue_of, same_matter, waiting_topics, with_further
from actions.shop_api import NotFoundError, ShopConflictError, ShopError
from actions.shop_types import Order
from actions.texts import has_text, shown, text
from actions.tone import closing
from actions.transactions.case import (
    CANCELLED,
    CONFIRMED,
    CONFIRMING,
    OPEN_STEPS,
    OTHER_ORDER,
    SETTLED,
    Case,
    Progress,
)
from actions.transactions.detail import FREE_ANSWERS
from actions.transactions.hearing import (
    POLITE,
    begin,
    heard,
)
from actions.transactions.questions import begun_now, last_question, question, repeats, with_steps
from actions.transactions.registry import transaction_for
from actions.transactions.transaction import Transaction

logger = logging.getLogger(__name__)

CLOSED = {"transaction": None, "transaction_open": False, "detail": None}


class TransactionAction(ShopAction):
    """What the steps of a transaction share: the case, fresh from the shop."""

    async def case_of(self, transaction: Transaction, turn: Turn, progress: Progress) -> Case:
        """The case with the shop's facts of now; raises ShopError."""
        order: Order | None = None
        if progress.order_id is not None:
            order = await self.ask(self.shop.order, progress.order_id)
        case = Case(turn, order, details=progress.details)
        return replace(case, facts=await self.ask(transaction.gather, self.shop, case))

    async def start(self, turn: Turn, topic: str, order: Order | None) -> tuple[Answer, Progress | None]:
        """The opening words, and the transaction if the customer is still needed for it; raises ShopError."""
        turn = with_wish(turn, topic)
        transaction = transaction_for(topic, order)
        progress = Progress(transaction.topic, f"{turn.message_id}-{transaction.topic}", order and order["order_id"])
        case = Case(turn, order)
        case = replace(case, facts=await self.ask(transaction.gather, self.shop, case))
        refusal = transaction.refuse(case)
        if refusal is not None:
            return refusal, None
        progress = begin(transaction, case, progress)
        case = case.knowing(progress.details)
        settled = transaction.ended(case)
        if settled is not None:
            return settled, None
        if progress.step == CONFIRMED:
            return await self.filed(transaction, case, progress)
        words = transaction.opening(case)
        return Answer((Reply(words),) if words else (), finding(turn, "transaction", words, order=order)), progress

    async def filed(self, transaction: Transaction, case: Case, progress: Progress) -> tuple[Answer, Progress | None]:
        """File the document. When the shop does not answer, the transaction stays, so that trying again is safe."""
        try:
            document = await self.ask(transaction.commit, self.shop, case, progress.key)
        except ShopConflictError as error:
            logger.info("message %s: the shop refused %s: %s", case.turn.message_id, progress.topic, error.code)
            return transaction.refused(case, error), None
        except ShopError as error:
            logger.warning("message %s: %s was not filed: %s", case.turn.message_id, progress.topic, error)
            down = finding(case.turn, "shop_down", text("findings.not_filed"), order=case.order)
            return Answer((), down), replace(progress, step=CONFIRMING, failed=True)
        return kindly_ended(transaction.done(case, document), case.turn), None


class ActionBeginTransaction(TransactionAction):
    """Begins a transaction that needs no order: a fault, a lost coupon."""

    def name(self) -> str:
        return "action_begin_transaction"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn, hello, met = await self.meet(read_turn(tracker))
        progress: Progress | None = None
        try:
            answer, progress = await self.start(turn, turn.intent, None)
        except ShopError as error:
            answer = shop_down(turn, error)
        say(dispatcher, answer.replies, hello)
        waits = [*opened(progress, tracker), *going_on(tracker, turn, busy=progress is not None)]
        if progress is not None and is_brought_up(tracker, turn):
            waits.append(FollowupAction("transaction_form"))  # the rule begins with the intent of the message
        return [*met, *noted(tracker, answer), *waits]


class ActionAskDetail(TransactionAction):
    """Asks for what is missing, or restates what will happen and asks for a yes."""

    def name(self) -> str:
        return "action_ask_detail"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        progress = Progress.read(tracker.slots.get("transaction"))
        if progress is None:
            return []
        turn = read_turn(tracker)
        if progress.waiting and not spoken_since(tracker):
            say(dispatcher, (Reply(text("transactions.common.take_your_time")),))
            return []
        hello = ""
        transaction = transaction_for(progress.topic, None)
        try:
            case = await self.case_of(transaction, turn, progress)
            reply = with_steps(question(transaction, case, progress), transaction, case, progress)
            hello = await self.hello(turn) or self.put_off(turn, progress, tracker)
        except ShopError as error:
            say(dispatcher, (shop_down(turn, error).replies[0],), hello)
            return []
        told = "" if begun_now(progress, turn) or spoken_since(tracker) else transaction.told(case)
        if told:
            reply = replace(reply, text=told + last_question(reply.text))
        elif turn.intent in POLITE and repeats(turn, reply) and not spoken_since(tracker):
            reply = replace(reply, text=text(f"transactions.common.polite.{turn.intent}") + reply.text)
        elif reply.text in turn.said[-2:] and not progress.missed and not spoken_since(tracker):
            reply = replace(reply, text=text("transactions.common.noted") + reply.text)
        if is_resumed(tracker, progress, turn):
            reply = replace(reply, text=text("transactions.common.resumed") + reply.text)
        say(dispatcher, (reply,), hello)
        return []

    def put_off(self, turn: Turn, progress: Progress, tracker: Tracker) -> str:
        """发票我记下了，这件办完就看。 when an answer named another wish beside."""
        if progress.key.startswith(turn.message_id) or spoken_since(tracker):
            return ""
        names = [text(f"intents.{name}") for name in also_wanted(turn, progress)]
        return text("talk.later", wish=shown(names)) if names else ""


class ValidateTransactionForm(TransactionAction):
    """Reads each message: answer, correction, yes, no. Returns no slot when it is about something else, so that Rasa
    answers that and comes back."""

    def name(self) -> str:
        return "validate_transaction_form"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        progress = Progress.read(tracker.slots.get("transaction"))
        if progress is None:
            return [SlotSet("requested_slot", None)]
        if tracker.slots.get("requested_slot") is None or spoken_since(tracker):
            return []
        turn = read_turn(tracker)
        transaction = transaction_for(progress.topic, None)
        try:
            now = heard(transaction, await self.case_of(transaction, turn, progress), progress)
        except ShopError as error:
            logger.warning("message %s waits for the shop: %s", turn.message_id, error)
            now = progress  # action_ask_detail says so
        if now is None:
            return []
        events: list[EventType] = [SlotSet("transaction", now.as_json())]
        if now.step in OPEN_STEPS and also_wanted(turn, progress):
            events.append(SlotSet("pending", with_further(beside(turn, progress), tracker.slots)))
        return events if now.step in OPEN_STEPS else [*events, SlotSet("requested_slot", None)]


class ActionFinishTransaction(TransactionAction):
    """The form has ended: files the document, or says that nothing was filed."""

    def name(self) -> str:
        return "action_finish_transaction"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        progress = Progress.read(tracker.slots.get("transaction"))
        if progress is None:
            return closed()
        if progress.step == OTHER_ORDER:
            focus = {"order_id": progress.order_id, "page_order_id": turn.page_order_id, "topic": progress.topic}
            # What was said already holds for the other order too: 开票，个人 … 不对，是保温杯那单.
            words = " ".join(dict.fromkeys(progress.said.values()))
            said = {"topic": progress.topic, "text": words, "entities": {}, "corrected": True}
            topic = [SlotSet("topic", progress.topic), SlotSet("order_in_focus", focus), SlotSet("wish", said)]
            return [*closed(), *topic, FollowupAction("order_form")]
        if progress.step not in (CONFIRMED, SETTLED):
            return self._given_up(dispatcher, tracker, turn, progress)
        unfinished: Progress | None = None
        try:
            transaction = transaction_for(progress.topic, None)
            case = await self.case_of(transaction, turn, progress)
            settled = transaction.ended(case)
            answer, unfinished = (settled, None) if settled else await self.filed(transaction, case, progress)
        except NotFoundError as error:
            answer = shop_down(turn, error)
        except ShopError as error:
            logger.warning("message %s: %s was not filed: %s", turn.message_id, progress.topic, error)
            answer, unfinished = Answer(()), replace(progress, step=CONFIRMING, failed=True)
        say(dispatcher, answer.replies)
        if unfinished is not None:
            return [*noted(tracker, answer), *opened(unfinished, tracker), FollowupAction("transaction_form")]
        # What else is wanted goes to the person too: actions/transactions/unfinished.py tells them.
        rest = [] if answer.escalation else going_on(tracker, beside(turn, progress))
        return [*noted(tracker, answer), *closed(), *_focus(progress, turn), *rest]

    def _given_up(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn, progress: Progress
    ) -> list[EventType]:
        if progress.step == CANCELLED:
            own = f"transactions.{transaction_for(progress.topic, None).texts}.cancelled"
            words = text(own if has_text(own) else "transactions.common.cancelled")
            say(dispatcher, (Reply(words),))
            answer = Answer((), finding(turn, "given_up", words))
            rest = going_on(tracker, beside(turn, progress))
            return [*noted(tracker, answer), *closed(), *_focus(progress, turn), *rest]
        call = SlotSet("escalation", {"code": "repeated_failure", "words": [turn.text]})
        return [*noted(tracker, Answer((), finding(turn, "not_understood", turn.text))), *closed(), call]


def beside(turn: Turn, progress: Progress) -> Turn:
    """The turn without the wish under way, however it was named again."""
    others = [name for name in turn.intents if name != progress.topic and not same_matter(progress.topic, name)]
    return replace(turn, intents=tuple(others))


def also_wanted(turn: Turn, progress: Progress) -> list[str]:
    """The wishes an answer names beside; under another intent the message is no sure sign of them."""
    sure = turn.intent in (*FREE_ANSWERS, progress.topic)
    return further_wishes(beside(turn, progress)) if sure else []


def kindly_ended(answer: Answer, turn: Turn) -> Answer:
    """The answer with a closing sentence that fits the feeling after its last bubble, when there is one."""
    if answer.escalation or not answer.replies or further_wishes(turn) or turn.slots.get("pending"):
        return answer  # nobody says goodbye before the next wish, or before a person
    *earlier, last = answer.replies
    return replace(answer, replies=(*earlier, replace(last, text=last.text + closing(turn))))


def opened(progress: Progress | None, tracker: Tracker) -> list[EventType]:
    """The slots of a transaction that waits for the customer; without one nothing changes for an earlier one.

    An earlier one that it displaces comes again afterwards.
    """
    if progress is None:
        return []
    displaced = _displaced(progress, tracker)
    again: list[EventType] = []
    if displaced is not None:
        # Changed in the tracker too: going_on reads the queue from there.
        tracker.slots["pending"] = [displaced, *queue_of(tracker.slots)]
        again = [SlotSet("pending", tracker.slots["pending"])]
    return [
        *again,
        SlotSet("transaction", progress.as_json()),
        SlotSet("transaction_open", True),
        SlotSet("detail", None),
    ]


def _goes_on(earlier: Progress, now: Progress) -> bool:
    """退货 instead of 换货 of the same order: the earlier wish is not wanted any more."""
    return earlier.order_id == now.order_id and same_matter(earlier.topic, now.topic)


def _displaced(progress: Progress, tracker: Tracker) -> dict[str, Any] | None:
    """What the new transaction interrupts: an earlier one, kept as it stands, or a search for an order."""
    known = (progress.topic, *waiting_topics(tracker.slots))
    earlier = Progress.read(tracker.slots.get("transaction"))
    if earlier is not None:
        over = earlier.topic in known or _goes_on(earlier, progress)
        return None if over else {"topic": earlier.topic, "transaction": earlier.as_json()}
    topic = str(tracker.slots.get("topic"))
    if tracker.active_loop.get("name") != "order_form" or topic in known:
        return None
    wish = tracker.slots.get("wish") or {}
    return dict(wish) if wish.get("topic") == topic else {"topic": topic}


def closed() -> list[EventType]:
    """No transaction any more."""
    return [SlotSet(name, value) for name, value in CLOSED.items()]


def noted(tracker: Tracker, answer: Answer) -> list[EventType]:
    """The findings with this answer's, and the wish for a person that it ends with."""
    found: list[EventType] = [SlotSet("findings", remember(tracker.slots.get("findings"), answer.finding))]
    return [*found, SlotSet("escalation", answer.escalation)] if answer.escalation else found


def is_resumed(tracker: Tracker, progress: Progress, turn: Turn) -> bool:
    """Whether something else was answered in between, so that the question needs a word of return."""
    if is_brought_up(tracker, turn):
        return False  # actions/pending.py has just said what comes now
    return not progress.key.startswith(turn.message_id) and spoken_since(tracker)


def spoken_since(tracker: Tracker) -> bool:
    """Whether the bot has said anything since the customer's last message."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "bot":
            return True
    return False


def _focus(progress: Progress, turn: Turn) -> list[EventType]:
    if progress.order_id is None:
        return []
    return [SlotSet("order_in_focus", {"order_id": progress.order_id, "page_order_id": turn.page_order_id})]
