"""What the channel does with Rasa's agent: handle a message once, take a conversation back, parse a text."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from addons import turn_memory
from addons.channel_answers import answer_of, handoff_was_lost, metadata_of, turn_of
from addons.channel_requests import HandbackRequest, MessageRequest, sender_id
from addons.summary.rescue import apology, rescued_handoff

logger = logging.getLogger(__name__)

# Rasa polls a taken lock; its default of one second would show in every answer that had to wait.
LOCK_POLL_SECONDS = 0.05
REMEMBERED_CONVERSATIONS = 10_000
# Counters and questions of the bot that are over once a person has dealt with the conversation. Only those that the
# domain declares are reset.
RESET_SLOTS = ("escalation", "requested_slot", "fallback_count")
HANDBACK_SLOT = "handback"


class OldSessionError(Exception):
    """The message belongs to a session that a newer one has replaced."""


class BotNotReadyError(Exception):
    """No model is loaded."""


class _StoredOnly(OutputChannel):
    """Sends nothing: the answer is read from the stored events (see channel_answers)."""

    @classmethod
    def name(cls) -> str:
        return "desk"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        return None


class SessionBook:
    """The newest session seen of each conversation, for the newest few thousand conversations."""

    def __init__(self, size: int = REMEMBERED_CONVERSATIONS) -> None:
        self._size = size
        self._newest: OrderedDict[str, int] = OrderedDict()

    def is_old(self, conversation_id: str, session: int) -> bool:
        return session < self._newest.get(conversation_id, 0)

    def note(self, conversation_id: str, session: int) -> None:
        self._newest[conversation_id] = max(session, self._newest.get(conversation_id, 0))
        self._newest.move_to_end(conversation_id)
        while len(self._newest) > self._size:
            self._newest.popitem(last=False)


async def handle_once(agent: Agent, sessions: SessionBook, request: MessageRequest) -> dict[str, Any]:
    """The answer to a message, computed at most once; raises OldSessionError, BotNotReadyError, LockError."""
    processor = ready_processor(agent)
    async with agent.lock_store.lock(request.sender_id, wait_time_in_seconds=LOCK_POLL_SECONDS):
        tracker = await agent.tracker_store.retrieve_full_tracker(request.sender_id)
        turn = _turn(tracker, request.message_id)
        if turn is None:
            await _refuse_old_session(agent, sessions, request)
            tracker = await _handled(processor, request)
            turn = _turn(tracker, request.message_id)
        if turn is None:  # the tracker lost what it had just taken
            raise RuntimeError(f"message {request.message_id} is not in the tracker after it was handled")
        answer = _completed(answer_of(turn), turn, tracker, agent.model_id)
    sessions.note(request.conversation_id, request.session)
    return answer


async def _handled(processor: Any, request: MessageRequest) -> DialogueStateTracker:
    """The conversation's tracker after the message was handled and stored.

    The steps of Rasa's handle_message, which gives back neither the tracker nor its events: reading those again from
    the store costs more with every message of a conversation.
    """
    message = UserMessage(
        request.said,
        _StoredOnly(),
        request.sender_id,
        input_channel="desk",
        message_id=request.message_id,
        metadata=request.metadata(),
    )
    with turn_memory.one_turn(request.conversation_id, request.context):
        tracker: DialogueStateTracker = await processor.log_message(message, should_save_tracker=False)
        tracker = await processor.run_action_extract_slots(message.output_channel, tracker)
        await processor._run_prediction_loop(message.output_channel, tracker)
    await processor.run_anonymization_pipeline(tracker)
    await processor.save_tracker(tracker)
    return tracker


def _turn(tracker: DialogueStateTracker | None, message_id: str) -> list[dict[str, Any]] | None:
    """The events of one message's turn as dicts, None when it was never handled; the newest message costs least."""
    events = list(tracker.events) if tracker else []
    for start in reversed(range(len(events))):
        event = events[start]
        if isinstance(event, UserUttered) and event.metadata.get("message_id") == message_id:
            return turn_of([later.as_dict() for later in events[start:]], message_id)
    return None


async def take_back(agent: Agent, request: HandbackRequest) -> bool:
    """Write into the tracker what the human did; False when this handback was already written."""
    processor = ready_processor(agent)
    async with agent.lock_store.lock(request.sender_id, wait_time_in_seconds=LOCK_POLL_SECONDS):
        for event in await stored_events(agent, request.sender_id):
            if (metadata_of(event).get("handback") or {}).get("handoff_id") == request.handoff_id:
                return False
        # Not the full tracker: saving that one would store the events of earlier Rasa sessions a second time.
        tracker = await processor.fetch_tracker_with_initial_session(request.sender_id, _StoredOnly())
        for event in _handback_events(request, tracker):
            tracker.update(event, processor.domain)
        await processor.save_tracker(tracker)
    return True


async def parse(agent: Agent, text: str) -> dict[str, Any]:
    """Rasa's parse data of one harmless text; raises BotNotReadyError."""
    parsed: dict[str, Any] = await ready_processor(agent).parse_message(UserMessage(text))
    return parsed


async def stored_events(agent: Agent, sender: str) -> list[dict[str, Any]]:
    """Every event of a tracker as dicts, [] when there is none."""
    tracker = await agent.tracker_store.retrieve_full_tracker(sender)
    return [event.as_dict() for event in tracker.events] if tracker else []


def ready_processor(agent: Agent | None) -> Any:
    if agent is None or agent.processor is None:
        raise BotNotReadyError
    return agent.processor


async def _refuse_old_session(agent: Agent, sessions: SessionBook, request: MessageRequest) -> None:
    """The book knows what this process saw; the next session's tracker shows what other processes saw."""
    newer = sender_id(request.conversation_id, request.session + 1)
    if sessions.is_old(request.conversation_id, request.session) or await stored_events(agent, newer):
        raise OldSessionError


def _completed(
    answer: dict[str, Any],
    turn: list[dict[str, Any]],
    tracker: DialogueStateTracker | None,
    model: str | None,
) -> dict[str, Any]:
    """Nobody is left without an answer when the action server failed in the middle of a turn."""
    if handoff_was_lost(turn):
        logger.error("no summary came back for message %s; the channel writes it", answer["message_id"])
        events = [event.as_dict() for event in tracker.events] if tracker else []
        texts, answer["handoff"] = rescued_handoff(events, answer["message_id"], model)
        answer["replies"] += [{"text": text, "buttons": [], "card": None} for text in texts]
    elif not answer["replies"] and answer["handoff"] is None:
        logger.error("the bot had no answer to message %s", answer["message_id"])
        answer["replies"] = [apology(answer["message_id"])]
    return answer


def _handback_events(request: HandbackRequest, tracker: DialogueStateTracker) -> list[Event]:
    marker = {"handoff_id": request.handoff_id, "note": request.note, "settled": list(request.settled)}
    events: list[Event] = []
    if tracker.active_loop_name:
        events.append(ActiveLoop(None))
    for message in request.messages:
        metadata = {"sender": message["sender"], "at": message["at"], "handback_of": request.handoff_id}
        events.append(BotUttered(message["text"], metadata=metadata))
    # A bot event without text keeps the marker out of every policy's features and out of the transcript.
    events.append(BotUttered(None, metadata={"handback": marker}))
    known = tracker.slots
    events += [SlotSet(name, None) for name in RESET_SLOTS if name in known]
    if HANDBACK_SLOT in known:
        events.append(SlotSet(HANDBACK_SLOT, marker))
    # Without it Rasa goes on predicting from the middle of the turn and answers nobody's question.
    events.append(ActionExecuted("action_listen"))
    return events
