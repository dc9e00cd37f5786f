"""The store keeps conversations at hand and never gives out what another process or a failed turn has overtaken."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from addons.tracker_store import ConversationStore, OvertakenError

DOMAIN = Domain.from_dict(
    {"slots": {"order_id": {"type": "any", "mappings": [{"type": "custom"}]}}, "intents": ["greet"]}
)


@pytest.fixture
def store(tmp_path: Path) -> ConversationStore:
    return ConversationStore(DOMAIN, dialect="sqlite", db=str(tmp_path / "tracker.db"))


def other_process(store: ConversationStore) -> SQLTrackerStore:
    """Rasa's own store on the same table."""
    return SQLTrackerStore(DOMAIN, dialect="sqlite", db=store.engine.url.database)


def turn(tracker: DialogueStateTracker, text: str) -> None:
    for event in (
        UserUttered(text),
        SlotSet("order_id", text),
        BotUttered(f"好的{text}"),
        ActionExecuted("action_listen"),
    ):
        tracker.update(event, DOMAIN)


def said(tracker: DialogueStateTracker | None) -> list[str]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)] if tracker else []


async def converse(store: SQLTrackerStore, *texts: str) -> DialogueStateTracker:
    for text in texts:
        tracker = await store.get_or_create_tracker("c1.1", append_action_listen=False)
        if not tracker.events:
            tracker.update(SessionStarted(), DOMAIN)
        turn(tracker, text)
        await store.save(tracker)
    return tracker


def test_every_turn_is_written_once_and_read_the_same_by_rasas_own_store(store: ConversationStore) -> None:
    ours = asyncio.run(converse(store, "一", "二", "三"))
    theirs = asyncio.run(other_process(store).retrieve("c1.1"))
    assert said(theirs) == ["一", "二", "三"]
    assert [event.as_dict() for event in theirs.events] == [event.as_dict() for event in ours.events]
    assert theirs.slots["order_id"].value == "三"


def test_a_conversation_at_hand_is_not_read_again(store: ConversationStore) -> None:
    kept = asyncio.run(converse(store, "一"))
    assert asyncio.run(store.retrieve("c1.1")) is kept
    assert asyncio.run(store.retrieve_full_tracker("c1.1")) is kept


def test_a_turn_of_another_process_is_seen(store: ConversationStore) -> None:
    asyncio.run(converse(store, "一"))
    asyncio.run(converse(other_process(store), "二"))
    assert said(asyncio.run(store.retrieve("c1.1"))) == ["一", "二"]
    assert said(asyncio.run(converse(store, "三"))) == ["一", "二", "三"]
    assert said(asyncio.run(other_process(store).retrieve("c1.1"))) == ["一", "二", "三"]


def test_a_turn_that_failed_leaves_nothing_behind(store: ConversationStore) -> None:
    kept = asyncio.run(converse(store, "一"))
    turn(kept, "没存上")
    assert said(asyncio.run(store.retrieve("c1.1"))) == ["一"]


def test_saving_twice_writes_once(store: ConversationStore) -> None:
    kept = asyncio.run(converse(store, "一"))
    asyncio.run(store.save(kept))
    assert said(asyncio.run(other_process(store).retrieve("c1.1"))) == ["一"]


def test_a_second_rasa_session_begins_anew_and_the_full_tracker_has_both(store: ConversationStore) -> None:
    first = asyncio.run(converse(store, "一"))
    first.update(SessionStarted(), DOMAIN)
    turn(first, "二")
    asyncio.run(store.save(first))
    again = ConversationStore(DOMAIN, dialect="sqlite", db=store.engine.url.database)
    latest = asyncio.run(again.retrieve("c1.1"))
    assert said(latest) == ["二"]
    assert said(asyncio.run(again.retrieve_full_tracker("c1.1"))) == ["一", "二"]
    turn(latest, "三")
    asyncio.run(again.save(latest))
    assert said(asyncio.run(again.retrieve_full_tracker("c1.1"))) == ["一", "二", "三"]


def test_only_the_newest_conversations_are_kept(tmp_path: Path) -> None:
    store = ConversationStore(DOMAIN, dialect="sqlite", db=str(tmp_path / "t.db"), kept_conversations=2)
    for name in ("a", "b", "c"):
        tracker = DialogueStateTracker(name, DOMAIN.slots)
        turn(tracker, name)
        asyncio.run(store.save(tracker))
    assert list(store._kept) == ["b", "c"]
    assert said(asyncio.run(store.retrieve("a"))) == ["a"]


def test_an_unknown_conversation_is_none(store: ConversationStore) -> None:
    assert asyncio.run(store.retrieve("nobody")) is None
    assert asyncio.run(store.retrieve_full_tracker("nobody")) is None


@pytest.fixture(params=["sqlite", "postgresql"])
def two_stores(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ConversationStore, ConversationStore]:
    """Those of two processes."""
    if request.param == "postgresql":
        request.getfixturevalue("shared_database")
    settings = {"dialect": "sqlite", "db": str(tmp_path / "two.db")}
    return ConversationStore(DOMAIN, **settings), ConversationStore(DOMAIN, **settings)


def test_who_was_overtaken_writes_nothing(two_stores: tuple[ConversationStore, ConversationStore]) -> None:
    """A process that lost its lock without knowing: its turn is refused whole, and asked again it sees the other's."""
    slow, quick = two_stores
    asyncio.run(converse(slow, "一"))
    begun = asyncio.run(slow.retrieve("c1.1"))
    turn(begun, "二")
    asyncio.run(converse(quick, "二"))
    with pytest.raises(OvertakenError):
        asyncio.run(slow.save(begun))
    assert said(asyncio.run(quick.retrieve("c1.1"))) == ["一", "二"]
    assert said(asyncio.run(converse(slow, "三"))) == ["一", "二", "三"]
    assert said(asyncio.run(quick.retrieve_full_tracker("c1.1"))) == ["一", "二", "三"]


def test_of_two_that_begin_a_conversation_one_is_overtaken(
    two_stores: tuple[ConversationStore, ConversationStore],
) -> None:
    slow, quick = two_stores
    begun = asyncio.run(slow.get_or_create_tracker("c1.1", append_action_listen=False))
    asyncio.run(converse(quick, "一"))
    turn(begun, "一")
    with pytest.raises(OvertakenError):
        asyncio.run(slow.save(begun))
    assert said(asyncio.run(slow.retrieve("c1.1"))) == ["一"]
