"""Tone: what fits the feeling, the customer and the situation; nothing twice in a row; the lines themselves."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import pairwise, product

import pytest

from actions.answer import lead
from actions.context import Turn
from actions.order_choice import FITTING_STATES
from actions.texts import book
from actions.tone import (
    DONE,
    FEELINGS,
    LATE,
    MANNER,
    OUR_FAULT,
    REFUND_OVERDUE,
    Variant,
    choose,
    closing,
    fitting,
    manner_of,
    opening,
    scene_of,
    used_in,
    variants,
)
from tests.actions.conftest import Start
from tests.conftest import RunningShop

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=timezone.utc)
OPENINGS = variants("openings")
CLOSINGS = variants("closings")
SITUATIONS = ("", LATE, REFUND_OVERDUE, OUR_FAULT)
PROFILES = (None, "young", "business", "elderly")
LINES = [*OPENINGS, *CLOSINGS]


def turn(
    family: str = "neutral",
    intensity: int = 0,
    *,
    intent: str = "query_logistics",
    profile: str | None = None,
    message_id: str = "m_1",
    said: tuple[str, ...] = (),
    said_now: tuple[str, ...] = (),
) -> Turn:
    return Turn(
        now=NOW,
        message_id=message_id,
        text="",
        intent=intent,
        family=family,
        intensity=intensity,
        slots={MANNER: manner_of(profile)},
        said=said,
        said_now=said_now,
    )


def line_of(words: str) -> Variant:
    return next(line for line in LINES if line.text == words)


# --- what is chosen


def test_a_calm_customer_whose_parcel_is_punctual_hears_no_preface() -> None:
    assert lead(turn()) == ""
    assert lead(turn("pleased", 2)) == ""
    assert lead(turn("neutral", 3)) == ""


def test_a_late_parcel_is_owned_even_towards_a_calm_customer() -> None:
    assert line_of(lead(turn(), 1)).situation == LATE


@pytest.mark.parametrize("family", ["angry", "anxious", "disappointed"])
@pytest.mark.parametrize("situation", [LATE, REFUND_OVERDUE, OUR_FAULT])
def test_the_feeling_is_named_in_what_went_wrong(family: str, situation: str) -> None:
    said = line_of(lead(turn(family, 2), situation=situation))
    assert (said.feeling, said.situation) == (family, situation)


def test_an_apology_goes_to_the_angry_and_haste_to_the_anxious() -> None:
    for intensity in (2, 3):
        for message_id in map(str, range(20)):
            assert "对不起" in lead(turn("angry", intensity, message_id=message_id))
    assert lead(turn("anxious", 2, intent="bargain")).endswith("：")


def test_what_the_message_is_about_is_named() -> None:
    assert "钱" in lead(turn("anxious", 2, intent="query_refund_status"))
    assert "用不了" in lead(turn("angry", 2, intent="report_technical_issue"))


def test_the_manner_follows_the_profile() -> None:
    assert line_of(lead(turn("angry", 2, profile="young"), 2)).manner == "light"
    assert line_of(lead(turn("angry", 2, profile="business"), 2)).manner == "formal"
    assert line_of(lead(turn("angry", 2, profile="elderly"), 2)).manner == "formal"
    for message_id in map(str, range(20)):
        assert line_of(lead(turn("angry", 2, message_id=message_id), 2)).manner == ""


def test_long_waiting_is_named_as_such() -> None:
    short = {line.id for line in fitting(OPENINGS, scene_of(turn(), LATE, 1))}
    long = {line.id for line in fitting(OPENINGS, scene_of(turn(), LATE, 5))}
    assert long - short == {"late_long_1", "late_long_2"}
    assert lead(turn(), 5) in {line.text for line in OPENINGS if line.id in long - short}


def test_the_same_message_always_gets_the_same_words() -> None:
    assert lead(turn("angry", 3), 2) == lead(turn("angry", 3), 2)
    assert len({lead(turn(message_id=str(n)), 1) for n in range(30)}) > 1


# --- never twice


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("family", ["angry", "anxious", "disappointed"])
def test_no_opening_twice_in_a_row(family: str, situation: str, profile: str | None) -> None:
    said: tuple[str, ...] = ()
    heard = []
    for number in range(12):
        words = lead(turn(family, 3, profile=profile, message_id=f"m_{number}", said=said), situation=situation)
        heard.append(words)
        said = (*said, f"李女士您好，{words}耳机（订单尾号 0123）昨天到了杭州。")
    assert all(heard)
    assert all(one != other for one, other in pairwise(heard))
    first_round = heard[: len(set(heard))]
    assert len(first_round) == len(set(first_round)), "a line came again before all had been said"


def test_one_message_hears_it_once_however_many_answers_it_gets() -> None:
    first = lead(turn("angry", 3))
    assert lead(turn("angry", 3, said=(first,), said_now=(first,))) == ""


def test_a_mild_feeling_is_named_once_in_two_answers() -> None:
    first = lead(turn("anxious", 1))
    assert first
    assert lead(turn("anxious", 1, message_id="m_2", said=(first,))) == ""
    assert lead(turn("anxious", 2, message_id="m_2", said=(first,))) not in ("", first)
    assert lead(turn("anxious", 1, message_id="m_4", said=(first, "一句。", "两句。"))) not in ("", first)


def test_choose_prefers_the_specific_then_the_fresh_then_the_longest_unused() -> None:
    plain, other, special = Variant("a", "甲"), Variant("b", "乙"), Variant("c", "丙", situation=LATE)
    lines = [plain, other, special]
    assert choose(lines, []) is special
    assert choose(lines, ["c"]) in (plain, other)
    assert choose(lines, ["c", "b"]) is plain
    assert choose(lines, ["b", "c", "a"]) is other
    assert choose(lines, ["b", "c", "a", "b"]) is special
    assert choose([plain], ["a"]) is plain
    assert choose([], ["a"]) is None


def test_used_lines_are_found_in_the_order_of_saying() -> None:
    lines = [Variant("a", "甲。"), Variant("b", "乙。")]
    assert used_in(["您好，乙。然后", "别的", "甲。"], lines) == ["b", "a"]


# --- closings


@pytest.mark.parametrize(("family", "profile"), list(product(FEELINGS, PROFILES)))
def test_what_was_done_is_closed_in_the_fitting_tone(family: str, profile: str | None) -> None:
    assert line_of(closing(turn(family, 2, profile=profile))).feeling == family


def test_closings_for_calm_customers_and_praise() -> None:
    assert line_of(closing(turn(profile="elderly"))).id == "done_formal"
    assert closing(turn(), "") == ""
    assert closing(turn("pleased", 2), "") != ""
    said = closing(turn(), LATE)
    assert closing(turn(said=(said,)), LATE) not in ("", said)


# --- the lines


def test_every_combination_has_two_openings() -> None:
    """Otherwise two in a row could not differ."""
    wrong = []
    for family, intensity, situation, profile in product(FEELINGS[:3], (1, 2, 3), SITUATIONS, PROFILES):
        found = fitting(OPENINGS, scene_of(turn(family, intensity, intent="bargain", profile=profile), situation, 1))
        if len(found) < 2:
            wrong.append((family, intensity, situation, profile))
    assert not wrong
    for situation, days in product((LATE, REFUND_OVERDUE, OUR_FAULT), (1, 9)):
        assert len(fitting(OPENINGS, scene_of(turn(), situation, days))) >= 2
    for family, situation in product(("neutral", *FEELINGS), (DONE, LATE, REFUND_OVERDUE)):
        assert len(fitting(CLOSINGS, scene_of(turn(family, 2), situation))) >= 2


def test_ids_and_conditions_are_known() -> None:
    tone = book("tone")
    assert len({line.id for line in LINES}) == len(LINES)
    for line in LINES:
        assert line.situation in ("", LATE, REFUND_OVERDUE, OUR_FAULT, DONE), line.id
        assert line.feeling in ("", *FEELINGS), line.id
        assert line.about in ("", *tone["about"]), line.id
        assert line.manner in ("", *tone["manners"].values()), line.id
        assert line.feeling or line.situation, f"{line.id} would be said to everybody"
        assert line.feeling or not line.about, f"{line.id} would be said to calm customers"


def test_subjects_are_intents() -> None:
    for intents in book("tone")["about"].values():
        assert set(intents) <= set(book("answers")["intents"])
    assert set(book("tone")["about"]["parcel"]) <= set(FITTING_STATES)


def test_lines_are_clauses_that_an_answer_can_follow() -> None:
    for line in OPENINGS:
        assert line.text[-1] in "。：", line.id
        assert len(line.text) <= 26, line.id
    for line in CLOSINGS:
        assert line.text.endswith("。"), f"{line.id}: a question would give a yes the meaning of the button above it"
    texts = [line.text for line in LINES]
    assert not [(a, b) for a in texts for b in texts if a != b and a in b], "told apart by their words"


def test_only_light_lines_are_light() -> None:
    assert not [line.id for line in LINES if line.manner == "formal" and any(w in line.text for w in "吧啥谁懂")]


# --- in a conversation


def test_in_a_conversation_the_second_opening_differs(customer: Start, running_shop: RunningShop) -> None:
    talk = customer("normal", page_order_id=running_shop.fixtures["order_shipped"])
    first = talk.ask_order("怎么还没到！！", "query_logistics", emotion=("angry", 3))
    second = talk.ask_order("到底到哪了！！", "query_logistics", emotion=("angry", 3))
    one, two = used_in([first], OPENINGS), used_in([second], OPENINGS)
    assert len(one) == len(two) == 1
    assert one != two


def test_opening_is_what_lead_says() -> None:
    assert opening(turn("angry", 2), LATE, 2) == lead(turn("angry", 2), 2)
