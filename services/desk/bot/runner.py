"""The runner: takes what waits for the bot to Rasa, one message of a conversation at a time, and commits the answers.

What waits is always derived from the database, so recovery at start is the same code as every day's work. Of several
desk processes one at a time serves a conversation (kernel.holds): the one that has the message, or whoever finds it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.bot import usecases
from desk.bot.client import BotClient, BotRefusedError, BotUnreachableError
from desk.bot.rules import message_body, retry_delay_seconds, wishes_human
from desk.bot.usecases import Handback, Turn
from desk.conversations import store as conversation_store
from desk.conversations.notes import EventStored, Typing
from desk.handoffs import store as handoff_store
from desk.handoffs.notes import HandbackWaiting
from desk.kernel.clock import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from desk.bot.rules import BotAnswer
    from desk.bot.usecases import Committed
    from desk.conversations.rules import Event
    from desk.handoffs.summary import SummaryCheck
    from desk.kernel.context import Context

log = structlog.get_logger("desk.bot")

_PROBE_SECONDS = 3.0
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0


class BotRunner:
    """One task for each conversation with work; start() also picks up what an earlier process left."""

    def __init__(self, ctx: Context, client: BotClient, check: SummaryCheck) -> None:
        self._ctx = ctx
        self._client = client
        self._check = check
        self._working: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._told: set[str] = set()  # conversations that were told of the outage `_told_outage`
        self._told_outage = 0
        self._unsubscribe: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Listen to the bus, and keep searching the database for work."""
        self._unsubscribe = [
            self._ctx.bus.on(EventStored, self._on_event, own=True),
            self._ctx.bus.on(HandbackWaiting, lambda note: self.wake(note.conversation_id), own=True),
        ]
        self._ctx.spawn(self._rescan(), "bot-rescan")
        self._ctx.spawn(self._probe(), "bot-probe")

    async def stop(self) -> None:
        """Stop listening; the context cancels the tasks, and what they leave is found again at the next start."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def wake(self, conversation_id: str, *, insist: bool = True) -> None:
        """Make sure a task looks at this conversation after now; without `insist` only if no other process does."""
        if conversation_id in self._working:
            self._again.add(conversation_id)
            return
        task = self._ctx.spawn(self._work(conversation_id, insist), f"bot-{conversation_id}")
        self._working[conversation_id] = task
        task.add_done_callback(lambda done: self._finished(conversation_id, done))

    def _finished(self, conversation_id: str, task: asyncio.Task[None]) -> None:
        if self._working.get(conversation_id) is task:  # it failed; the rescan finds its work again
            del self._working[conversation_id]

    def _on_event(self, note: EventStored) -> None:
        if note.event.sender != "customer":
            return
        if note.owner_kind == "agent":
            self._understand_soon(note.event)
        elif note.owner_kind == "bot" and not self._client.down:
            self.wake(note.event.conversation_id)
        else:
            self._ctx.spawn(self._customer_spoke(note.event), "bot-message")

    async def _customer_spoke(self, event: Event) -> None:
        """Whose it is now: what a waiting customer said may have brought them back to the bot."""
        conversation = await self._ctx.db.look(
            lambda connection: conversation_store.get(connection, event.conversation_id)
        )
        if conversation is None:
            return
        if conversation.owner_kind in {"queue", "agent"}:
            self._understand_soon(event)
            return
        if self._client.down and wishes_human(event, self._ctx.wording):
            await self._queue_without_bot(event)
        self.wake(event.conversation_id)

    def _understand_soon(self, event: Event) -> None:
        """For the console only, so it is not tried while nobody would answer; a photo alone says no words."""
        if event.text and not self._client.down:
            self._ctx.spawn(self._understand(event, event.text), "bot-understand")

    async def _rescan(self) -> None:
        while True:
            try:
                for conversation_id in await self._ctx.db.read(usecases.conversations_with_work):
                    if conversation_id not in self._working:
                        self.wake(conversation_id, insist=False)
            except SQLAlchemyError:  # the database is away: the next time
                log.exception("work not searched")
            await asyncio.sleep(self._ctx.settings.bot_rescan_seconds)

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(_PROBE_SECONDS)
            was_down = self._client.down
            await self._client.look_after()
            if was_down and not self._client.down:
                log.info("bot is back")

    async def _work(self, conversation_id: str, insist: bool) -> None:
        """As soon as no other process serves this conversation, if it leaves anything."""
        while not await self._take_over(conversation_id, insist):
            if conversation_id not in self._again:
                self._working.pop(conversation_id, None)
                return
            self._again.discard(conversation_id)
            insist = True
        try:
            await self._serve(conversation_id)
        finally:
            await self._ctx.holds.release(conversation_id)

    async def _take_over(self, conversation_id: str, insist: bool) -> bool:
        """Wait for the process that serves it; False when that has done everything, or without `insist` will do it."""
        pause = _FIRST_PAUSE_SECONDS
        while not await self._ctx.holds.take(conversation_id):
            if not insist:
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            if not await self._ctx.db.look(lambda c: usecases.has_work(c, conversation_id)):
                return False
        return True

    async def _serve(self, conversation_id: str) -> None:
        """Until nothing waits: first what the bot must be told, then the oldest unanswered message."""
        while True:
            self._again.discard(conversation_id)
            work = await self._ctx.db.look(lambda c: usecases.next_work(c, conversation_id, self._ctx.scene()))
            nothing_left = work is None
            if isinstance(work, Handback):
                await self._deliver(work)
            elif work is not None and usecases.is_for_the_desk(work):
                await self._ctx.db.write(partial(usecases.pass_over, turn=work), appends_to=conversation_id)
            elif work is not None:
                nothing_left = await self._take(work)
            if nothing_left and conversation_id not in self._again:
                self._working.pop(conversation_id, None)
                return

    async def _take(self, turn: Turn) -> bool:
        """One message: ask until there is an answer; meanwhile be honest, and in the end call a person.

        True when nothing else waited; what comes later wakes us again.
        """
        started = asyncio.get_running_loop().time()
        self._ctx.bus.publish(Typing(turn.conversation.id, "bot"))
        asking = asyncio.create_task(self._ask(turn))
        try:
            await self._wait_patiently(turn, asking, started)
            if not asking.done():
                await self._queue_without_bot(turn.event)
                return False
            answer = asking.result()
        except BotRefusedError as refusal:
            log.warning("bot refused a message", message_id=turn.event.message_id, reason=refusal.reason)
            self._ctx.metrics.bot_failures.labels("refused").inc()
            scene = self._ctx.scene()
            await self._ctx.db.write(lambda c: usecases.commit_refusal(c, turn, scene), appends_to=turn.conversation.id)
            return False
        finally:
            asking.cancel()
        if answer is None:
            return False
        last = await self._commit(turn, answer)
        self._ctx.metrics.bot_turns.observe(asyncio.get_running_loop().time() - started)
        return last

    async def _wait_patiently(self, turn: Turn, asking: asyncio.Task[BotAnswer | None], started: float) -> None:
        """Wait for the answer; say the honest line after a while; return when it is time for a person."""
        settings, loop = self._ctx.settings, asyncio.get_running_loop()
        notice_at = started + settings.bot_notice_after_seconds
        handoff_at = started + settings.bot_handoff_after_seconds
        await asyncio.wait({asking}, timeout=max(0.0, min(notice_at, handoff_at) - loop.time()))
        if not asking.done():
            await self._say_unavailable(turn)
            await asyncio.wait({asking}, timeout=max(0.0, handoff_at - loop.time()))

    async def _ask(self, turn: Turn) -> BotAnswer | None:
        """Ask Rasa until it answers; None when the bot lost the conversation meanwhile."""
        body = message_body(turn.conversation, turn.event, turn.history, turn.service, self._ctx.wording)
        failures = 0
        while True:
            try:
                return await self._client.send_message(body)
            except BotUnreachableError as error:
                failures += 1
                self._ctx.metrics.bot_failures.labels("unreachable").inc()
                log.warning("bot unreachable", message_id=turn.event.message_id, failures=failures, error=str(error))
            await self._client.wait_recovered(retry_delay_seconds(failures))
            if not await self._ctx.db.look(lambda c: self._still_ours(c, turn)):
                return None

    @staticmethod
    def _still_ours(connection: sa.Connection, turn: Turn) -> bool:
        conversation = conversation_store.get(connection, turn.conversation.id)
        return conversation is not None and conversation.fence == turn.conversation.fence

    async def _say_unavailable(self, turn: Turn) -> None:
        if self._told_outage != self._client.outage:
            self._told_outage, self._told = self._client.outage, set()
        if turn.conversation.id in self._told:
            return
        scene = self._ctx.scene()
        await self._ctx.db.write(lambda c: usecases.say_unavailable(c, turn, scene), appends_to=turn.conversation.id)
        self._told.add(turn.conversation.id)

    async def _commit(self, turn: Turn, answer: BotAnswer) -> bool:
        scene = self._ctx.scene()
        done = await self._ctx.db.write(
            lambda c: usecases.commit_answer(c, turn, answer, self._check, scene),
            appends_to=turn.conversation.id if answer.handoff is None else None,
        )
        if not done.kept:
            log.info("late bot reply discarded", message_id=turn.event.message_id)
        self._note_handoff(done)
        return done.last

    async def _queue_without_bot(self, event: Event) -> None:
        scene = self._ctx.scene()
        done = await self._ctx.db.write(lambda c: usecases.queue_without_bot(c, event, self._check, scene))
        if done.kept:
            log.warning("queued without the bot", conversation=event.conversation_id)
        self._note_handoff(done)

    def _note_handoff(self, done: Committed) -> None:
        if done.fault is not None:
            log.error("summary not to schema", handoff=done.handoff_id, fault=done.fault)
            self._ctx.metrics.summary_faults.inc()
        if done.handoff_id is not None:
            self._ctx.metrics.handoffs.labels("queued").inc()

    async def _deliver(self, handback: Handback) -> None:
        """Tell the bot what the human did; repeated until it knows, given up only when it refuses."""
        failures = 0
        while True:
            try:
                await self._client.hand_back(handback.body)
            except BotUnreachableError as error:
                failures += 1
                log.warning("handback not delivered yet", handoff=handback.handoff_id, error=str(error))
                await self._client.wait_recovered(retry_delay_seconds(failures))
                if failures >= 3:
                    # Messages behind it must get their honest line and, in the end, a person.
                    await self._serve_behind(handback)
                continue
            except BotRefusedError as refusal:
                reason = refusal.reason
                log.warning("bot refused a handback", handoff=handback.handoff_id, reason=reason)
                await self._close_handback(handback, reason)
                return
            await self._close_handback(handback, None)
            return

    async def _close_handback(self, handback: Handback, given_up: str | None) -> None:
        now = self._ctx.clock.now()
        await self._ctx.db.write(lambda c: handoff_store.close_handback(c, handback.handoff_id, now, given_up))

    async def _serve_behind(self, handback: Handback) -> None:
        """While the handback waits for Rasa, a message behind it is honestly answered and at last queued."""
        conversation_id = handback.body["conversation_id"]
        turn = await self._ctx.db.read(lambda c: usecases.next_turn(c, conversation_id, self._ctx.scene()))
        if turn is None:
            return
        waited = (self._ctx.clock.now() - turn.event.at).total_seconds()
        if waited >= self._ctx.settings.bot_handoff_after_seconds:
            await self._queue_without_bot(turn.event)
        elif waited >= self._ctx.settings.bot_notice_after_seconds:
            await self._say_unavailable(turn)

    async def _understand(self, event: Event, text: str) -> None:
        """Best effort: emotion for the console while a human answers."""
        try:
            understanding = await self._client.understand(text, iso(event.at))
        except (BotUnreachableError, BotRefusedError) as error:
            log.info("message not understood", message_id=event.message_id, error=str(error))
            return
        await self._ctx.db.write(
            lambda c: usecases.keep_understanding(c, event, understanding), appends_to=event.conversation_id
        )
