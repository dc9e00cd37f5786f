"""The trained model with its actions in this process: takes what a customer said, tells all that came of it."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.nlu.training_data.message import Message
from rasa.utils.log_utils import configure_structlog

from actions.shop_api import ShopApi
from actions.words import parse_time, stamp
from addons import rasa_tuning
from addons.channel_answers import answer_of, handoff_was_lost, is_listen, turn_of
from addons.channel_requests import message_request
from addons.channel_tracker import _StoredOnly
from addons.local_actions import LocalActionEndpoint
from addons.tracker_store import ConversationStore
from addons.turn_memory import one_turn
from tests.conftest import ROOT
from tests.dialogue.walker import Said

MOST_ACTIONS = 60  # MAX_NUMBER_OF_PREDICTIONS of the launcher and the Makefile


@dataclass(frozen=True)
class Filed:
    """A document the shop filed: the key's topic, and the document's own number."""

    topic: str
    number: str


@dataclass(frozen=True)
class Heard:
    """One turn: what was said and everything the bot did about it."""

    said: Said
    replies: tuple[dict[str, Any], ...]
    handoff: dict[str, Any] | None
    actions: tuple[str, ...]
    listening: bool
    handoff_lost: bool
    before: dict[str, Any] | None  # slot `transaction` when the message came
    filed: tuple[Filed, ...]
    logged: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(reply["text"] for reply in self.replies if reply["text"])

    @property
    def offered(self) -> list[tuple[str, str]]:
        """Title and payload of every button and every entry of an order list."""
        found = [(button["title"], button["payload"]) for reply in self.replies for button in reply["buttons"]]
        for reply in self.replies:
            for order in (reply["card"] or {}).get("orders", ()):
                found.append((order["title"], order["payload"]))
        return found


class _Complaints(logging.Handler):
    """Keeps errors of anybody, and Rasa's warning that a turn went round in circles."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        if record.levelno >= logging.ERROR or "Circuit breaker" in words:
            trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            self.kept.append(f"{record.name}: {words}\n{trace}".strip())


class Store(ConversationStore):
    """The store of the shop on a database of its own; the tests read the tracker saved last."""

    def __init__(self, file: Path) -> None:
        super().__init__(Domain.empty(), dialect="sqlite", db=str(file))
        self.saved: dict[str, DialogueStateTracker] = {}

    async def save(self, tracker: DialogueStateTracker) -> None:
        self.saved[tracker.sender_id] = tracker
        await super().save(tracker)


@dataclass
class Brain:
    """Loaded once for all dialogues."""

    agent: Agent
    store: Store
    now: str
    complaints: _Complaints = field(default_factory=_Complaints)
    documents: list[Filed] = field(default_factory=list)

    @classmethod
    def load(cls, now: str) -> Brain:
        """The newest model; fails when there is none. The shop's settings must be in the environment."""
        models = sorted((ROOT / "models").glob("baton-*.tar.gz"), key=lambda path: path.stat().st_mtime)
        if not models:
            pytest.fail("models/ holds no baton-*.tar.gz: run `make train` first.")
        configure_structlog(logging.WARNING)
        rasa_tuning.apply()
        store = Store(Path(tempfile.mkdtemp(prefix="baton-walk-")) / "tracker.db")
        actions = LocalActionEndpoint("actions")
        brain = cls(Agent.load(models[-1], tracker_store=store, action_endpoint=actions), store, now)
        # What the launcher and the Makefile set in the environment; Rasa reads it when it is imported.
        brain.agent.processor.max_number_of_predictions = MOST_ACTIONS
        logging.getLogger().addHandler(brain.complaints)
        return brain

    @property
    def intents(self) -> list[str]:
        """Everything the model may understand."""
        own = [str(name) for name in self.agent.domain.intents]
        return [name for name in own if name not in ("back", "restart", "session_start")]

    async def hear(self, conversation: str, count: int, said: Said, context: dict[str, Any]) -> Heard:
        """One message through Rasa, without understanding: that is given."""
        processor: Any = self.agent.processor
        at = stamp(parse_time(self.now) + timedelta(seconds=25 * count))
        request = message_request(
            {"conversation_id": conversation, "session": 1, "message_id": f"m_{conversation}_{count}", "at": at,
             "text": said.text, "payload": said.payload, "context": context}
        )  # fmt: skip
        earlier = self.store.saved.get(request.sender_id)
        before = earlier.get_slot("transaction") if earlier else None
        self.complaints.kept.clear()
        self.documents.clear()
        with one_turn():
            await processor.handle_message(
                UserMessage(
                    request.said,
                    _StoredOnly(),
                    request.sender_id,
                    parse_data=self._parsed(request.said, said),
                    input_channel="desk",
                    message_id=request.message_id,
                    metadata=request.metadata(),
                )
            )
        tracker = self.store.saved[request.sender_id]
        events = [event.as_dict() for event in _newest(tracker)]
        turn = turn_of(events, request.message_id) or []
        answer = answer_of(turn) if turn else {"replies": [], "handoff": None}
        return Heard(
            said=said,
            replies=tuple(answer["replies"]),
            handoff=answer["handoff"],
            actions=tuple(event["name"] for event in turn if event.get("event") == "action"),
            listening=bool(events) and is_listen(_last_action(events)),
            handoff_lost=handoff_was_lost(turn),
            before=before,
            filed=tuple(dict.fromkeys(self.documents)),
            logged=tuple(self.complaints.kept),
        )

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note every document that the shop files."""
        file = ShopApi._file

        def noted(api: ShopApi, path: str, body: Any, key: str) -> dict[str, Any]:
            document = file(api, path, body, key)
            self.documents.append(Filed(key.rsplit("-", 1)[-1], str(next(iter(document.values())))))
            return document

        monkeypatch.setattr(ShopApi, "_file", noted)

    def forget(self, conversation: str) -> None:
        """Drop a finished conversation."""
        self.store.store.pop(f"{conversation}.1", None)
        self.store.saved.pop(f"{conversation}.1", None)

    def _parsed(self, text: str, said: Said) -> dict[str, Any]:
        if said.payload is not None:
            unpacked: Message = YAMLStoryReader.unpack_regex_message(Message({"text": text}), self.agent.domain, "x")
            return dict(unpacked.as_dict())
        ranked = [{"name": name, "confidence": 0.8 - 0.1 * place} for place, name in enumerate(said.intents)]
        return {
            "text": text,
            "intent": ranked[0],
            "intents": ranked,
            "intent_ranking": [*ranked, {"name": "query_logistics", "confidence": 0.06}],
            "emotion": {"family": said.emotion[0], "intensity": said.emotion[1], "confidence": 0.8, "words": []},
            "entities": [
                {"entity": name, "value": value, "start": text.find(value), "end": text.find(value) + len(value)}
                for name, value in said.entities
            ],
        }


def _newest(tracker: DialogueStateTracker) -> list[Event]:
    """The events from the last message on."""
    events = list(tracker.events)
    start = max((place for place, event in enumerate(events) if isinstance(event, UserUttered)), default=0)
    return events[start:]


def _last_action(events: list[dict[str, Any]]) -> dict[str, Any]:
    return next((event for event in reversed(events) if event.get("event") == "action"), {})
