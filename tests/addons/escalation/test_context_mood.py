"""What the conversation adds to a feeling: the third time the same question, a long wait, a bot that failed twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from addons.escalation.context_mood import Adjustment, adjust
from addons.escalation.events import read_conversation
from addons.escalation.mood import mood
from addons.escalation.playbook import Playbook, PlaybookError, load, load_file
from addons.escalation.reading import PLAYBOOK_DIR
from addons.escalation.rules import evaluate
from tests.addons.escalation.tracker_lines import (
    Event,
    answered,
    handed_back,
    loop,
    not_understood,
    said,
)

SOURCE = (PLAYBOOK_DIR / "escalation.yml").read_text(encoding="utf-8")
CALM, ANXIOUS, ANGRY = ("neutral", 0), ("anxious", 1), ("angry", 2)
Events = list[Event]


def adjusted(*events: Event | Events, rules: Playbook | None = None) -> Adjustment:
    flat = [event for item in events for event in (item if isinstance(item, list) else [item])]
    return adjust(read_conversation(flat), rules or load())


def codes(adjustment: Adjustment) -> list[str]:
    return [reason.code for reason in adjustment.reasons]


def asked_before(times: int, intent: str = "query_logistics") -> Events:
    """The same question, answered each time, within a minute."""
    turns = [answered(said("到哪了", intent, emotion=CALM, message_id=f"m{n}")) for n in range(1, times + 1)]
    return [event for turn in turns for event in turn]


def at(minutes: int, seconds: int = 0) -> str:
    return f"2026-11-22T02:{minutes:02}:{seconds:02}.000Z"


# --- the same question for the third time ---


def test_the_third_time_makes_a_calm_customer_anxious() -> None:
    third = said("所以到底到哪了", "query_logistics", emotion=CALM, message_id="m3")
    adjustment = adjusted(asked_before(2), third)
    assert (adjustment.family, adjustment.intensity, adjustment.raised_by) == ("anxious", 1, 1)
    (reason,) = adjustment.reasons
    assert (reason.code, reason.count, reason.message_ids) == ("repeated_question", 3, ("m1", "m2", "m3"))


@pytest.mark.parametrize("feeling", [ANXIOUS, ANGRY, ("disappointed", 1)])
def test_a_negative_feeling_keeps_its_family(feeling: tuple[str, int]) -> None:
    adjustment = adjusted(asked_before(2), said("到哪了啊", "query_logistics", emotion=feeling))
    assert (adjustment.family, adjustment.intensity) == (feeling[0], feeling[1] + 1)


def test_the_second_time_changes_nothing() -> None:
    assert adjusted(asked_before(1), said("到哪了", "query_logistics", emotion=ANXIOUS)) == Adjustment("anxious", 1)


@pytest.mark.parametrize(
    "newest",
    [
        [said("到哪了", "query_logistics", payload="/query_logistics")],
        [loop("order_form"), said("到哪了", "query_logistics", emotion=CALM)],
        [said("你好", "greet", emotion=CALM)],
        [said("转人工", "request_human", emotion=CALM)],
        [said("积分呢", "query_points_balance", "query_logistics", emotion=CALM)],
    ],
    ids=["a button", "inside a form", "no question", "a wish for a person", "not the main thing"],
)
def test_what_does_not_ask_the_same_again(newest: Events) -> None:
    assert adjusted(asked_before(2), newest).raised_by == 0


def test_the_same_question_is_about_the_same_order() -> None:
    def asks(number: int, order: str | None) -> Event:
        entities = {"order_id": order} if order else {}
        return said("到哪了", "query_logistics", emotion=CALM, message_id=f"m{number}", entities=entities)

    one, other = "20261028000612", "20261118000123"
    assert codes(adjusted(answered(asks(1, one)), answered(asks(2, None)), asks(3, None))) == ["repeated_question"]
    assert codes(adjusted(answered(asks(1, None)), answered(asks(2, one)), asks(3, one))) == ["repeated_question"]
    assert codes(adjusted(answered(asks(1, one)), answered(asks(2, None)), asks(3, other))) == []
    assert codes(adjusted(answered(asks(1, one)), answered(asks(2, other)), asks(3, None))) == []


def test_an_intent_that_is_a_new_question_each_time_does_not_count() -> None:
    third = said("能机洗吗", "ask_product_info", emotion=CALM)
    assert adjusted(asked_before(2, "ask_product_info"), third).raised_by == 0


def test_what_a_person_has_settled_does_not_count() -> None:
    third = said("到哪了", "query_logistics", emotion=CALM)
    assert adjusted(asked_before(2), handed_back(), third).raised_by == 0


# --- waiting ---


def test_ten_minutes_with_an_open_matter_make_a_calm_customer_anxious() -> None:
    first = said("退款没到", "query_refund_status", emotion=CALM, message_id="m1", at=at(0))
    adjustment = adjusted(
        not_understood(first), said("转人工", "request_human", emotion=CALM, message_id="m2", at=at(12, 30))
    )
    assert (adjustment.family, adjustment.intensity) == ("anxious", 1)
    (reason,) = adjustment.reasons
    assert (reason.code, reason.seconds, reason.message_ids) == ("long_wait", 750, ("m1", "m2"))


def test_coming_back_with_an_answered_matter_opens_it_again_from_its_first_message() -> None:
    first = answered(said("退款没到", "query_refund_status", emotion=CALM, message_id="m1", at=at(0)))
    again = said("还是没到", "query_refund_status", emotion=CALM, message_id="m2", at=at(15))
    assert codes(adjusted(first, again)) == ["long_wait"]


@pytest.mark.parametrize(
    ("turn", "then"),
    [(not_understood, at(9, 59)), (answered, at(40)), (not_understood, "soon"), (not_understood, "2026-11-21T02:00Z")],
    ids=["not that long", "the matter was answered", "no time", "clocks that disagree"],
)
def test_no_long_wait(turn: object, then: str) -> None:
    assert callable(turn)
    first = turn(said("退款没到", "query_refund_status", emotion=CALM, at=at(0)))
    assert adjusted(first, said("转人工", "request_human", emotion=CALM, at=then)).raised_by == 0


# --- the bot ---


@pytest.mark.parametrize(
    "newest",
    [said("嗯哼", "nlu_fallback", emotion=ANXIOUS, message_id="m3"), said("转人工", "request_human", emotion=ANXIOUS)],
    ids=["again", "asks for a person"],
)
def test_two_fallbacks_in_a_row_raise(newest: Event) -> None:
    failed = [not_understood(said("那个", "nlu_fallback", emotion=CALM, message_id=f"m{n}")) for n in (1, 2)]
    adjustment = adjusted(*failed, newest)
    assert (adjustment.family, adjustment.intensity, codes(adjustment)) == ("anxious", 2, ["bot_failed"])
    assert adjustment.reasons[0].message_ids[:2] == ("m1", "m2")
    assert adjustment.reasons[0].count == len(adjustment.reasons[0].message_ids)


def test_one_fallback_or_an_answer_between_two_raises_nothing() -> None:
    failed = not_understood(said("那个", "nlu_fallback", emotion=CALM))
    good = answered(said("到哪了", "query_logistics", emotion=CALM))
    assert adjusted(failed, said("转人工", "request_human", emotion=ANXIOUS)).raised_by == 0
    assert adjusted(failed, good, failed, said("转人工", "request_human", emotion=ANXIOUS)).raised_by == 0


# --- together ---


def everything(*intents: str, feeling: tuple[str, int] | None) -> Events:
    """Asked three times over twenty minutes, and never understood."""
    turns = [
        not_understood(said("退款呢", "query_refund_status", emotion=CALM, message_id=f"m{n}", at=at(10 * n)))
        for n in range(2)
    ]
    newest = said("退款呢", *intents, emotion=feeling, message_id="m9", at=at(20))
    return [*(event for turn in turns for event in turn), newest]


@pytest.mark.parametrize(
    ("feeling", "family", "intensity", "raised_by"),
    [(CALM, "anxious", 3, 3), (None, "anxious", 3, 3), (ANGRY, "angry", 3, 1), (("angry", 3), "angry", 3, 0)],
)
def test_each_reason_is_one_step_and_three_is_the_most(
    feeling: tuple[str, int] | None, family: str, intensity: int, raised_by: int
) -> None:
    adjustment = adjusted(everything("query_refund_status", feeling=feeling))
    assert (adjustment.family, adjustment.intensity, adjustment.raised_by) == (family, intensity, raised_by)
    assert codes(adjustment) == ["repeated_question", "long_wait", "bot_failed"]


def test_who_is_pleased_or_says_thanks_is_never_raised() -> None:
    assert adjusted(everything("query_refund_status", feeling=("pleased", 2))) == Adjustment("pleased", 2)
    assert adjusted(everything("thank", feeling=CALM)) == Adjustment("neutral", 0)
    assert adjusted(everything("thank", feeling=ANXIOUS)) == Adjustment("anxious", 1)


def test_a_polite_word_beside_the_question_is_no_contentment() -> None:
    assert adjusted(everything("query_refund_status", "thank", feeling=CALM)).raised_by == 3


def test_a_calm_message_takes_the_family_of_a_clear_feeling_just_before() -> None:
    angry = not_understood(said("退款呢！", "query_refund_status", emotion=ANGRY, at=at(0)))
    adjustment = adjusted(angry, said("转人工", "request_human", emotion=CALM, at=at(20)))
    assert (adjustment.family, adjustment.intensity) == ("angry", 1)


def test_the_messages_own_feeling_and_the_triggers_know_nothing_of_it() -> None:
    waited = [
        *not_understood(said("还没退款啊", "query_refund_status", emotion=ANGRY, at=at(0))),
        said("到哪了", "query_logistics", emotion=("angry", 1), at=at(30)),
    ]
    conversation = read_conversation(waited)
    assert adjust(conversation, load()).intensity == 2
    assert mood(conversation) == ("angry", 1)
    assert evaluate(conversation, load()) is None


def test_nothing_said_is_nothing_felt() -> None:
    assert adjusted() == Adjustment("neutral", 0)
    assert adjusted(handed_back()) == Adjustment("neutral", 0)


# --- the playbook ---


def changed(tmp_path: Path, old: str, new: str) -> Path:
    before, section = SOURCE.split("context_mood:\n", 1)
    assert old in section
    file = tmp_path / "escalation.yml"
    file.write_text(f"{before}context_mood:\n{section.replace(old, new, 1)}", encoding="utf-8")
    return file


@pytest.mark.parametrize("code", ["repeated_question", "long_wait", "bot_failed"])
def test_each_reason_can_be_switched_off(tmp_path: Path, code: str) -> None:
    before, after = SOURCE.split(f"\n  {code}:", 1)
    file = tmp_path / "escalation.yml"
    file.write_text(f"{before}\n  {code}:" + after.replace("enabled: true", "enabled: false", 1), encoding="utf-8")
    events = everything("query_refund_status", feeling=CALM)
    assert code not in codes(adjusted(events, rules=load_file(file)))
    assert code in codes(adjusted(events))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("times: 3", "times: 4", "repeated_question"),
        ("minutes: 10", "minutes: 21", "long_wait"),
        ("fallbacks_in_a_row: 2", "fallbacks_in_a_row: 3", "bot_failed"),
    ],
)
def test_each_threshold_is_the_playbooks(tmp_path: Path, old: str, new: str, code: str) -> None:
    rules = load_file(changed(tmp_path, old, new))
    assert code not in codes(adjusted(everything("query_refund_status", feeling=CALM), rules=rules))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("times: 3", "times: 1", "context_mood.repeated_question.times"),
        ("minutes: 10", "minuten: 10", "context_mood.long_wait.minuten"),
        ("fallbacks_in_a_row: 2", "fallbacks_in_a_row: zwei", "context_mood.bot_failed.fallbacks_in_a_row"),
        ("enabled: true", "enabled: ja", "context_mood.repeated_question.enabled"),
        ("thanks: [thank]", "thanks: [danke]", "context_mood.thanks"),
        ("[ask_product_info,", "[ask_produkt,", "context_mood.repeated_question.many_questions"),
    ],
)
def test_a_mistake_is_named_with_line_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    file = changed(tmp_path, old, new)
    with pytest.raises(PlaybookError) as error:
        load_file(file)
    assert field in str(error.value)
    line = int(str(error.value).split("line ")[1].split(",")[0])
    assert new in file.read_text(encoding="utf-8").splitlines()[line - 1]
