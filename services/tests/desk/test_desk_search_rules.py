"""How a query of the search is read, and how its hits are shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from desk.conversations.rules import Place
from desk.kernel.errors import InvalidError
from desk.search.rules import Query, as_masked_name, is_order, is_phone_ending, pieces, read_cursor, read_words


def shown(text: str, *words: str) -> str:
    """The snippet with its hits in brackets."""
    return "".join(f"[{one['text']}]" if one.get("hit") else one["text"] for one in pieces(text, words))


def test_a_query_is_words_each_once() -> None:
    assert read_words("  退款\u3000多久 退款 ") == ("退款", "多久")
    assert read_words("") == ()
    for text in ("a b c d e f", "长" * 101, "a\x00"):
        with pytest.raises(InvalidError):
            read_words(text)


def test_a_full_name_is_looked_for_as_the_desk_keeps_it() -> None:
    found = as_masked_name(Query(words=("李晓雯",)))
    assert found is not None
    assert (found.words, found.masked_name) == ((), "李*")
    assert as_masked_name(Query(words=("李晓雯", "退款"))) is None
    assert as_masked_name(Query(words=("20261118000123",))) is None


def test_numbers_are_told_apart() -> None:
    assert is_order("000123")
    assert is_order("SF1234")
    assert not is_order("退款1234")
    assert not is_order("12")
    assert is_phone_ending("5678")
    assert not is_phone_ending("45678")


def test_a_snippet_begins_near_its_first_hit_and_marks_all() -> None:
    assert shown("我要退款，退款多久到", "退款") == "我要[退款]，[退款]多久到"
    assert shown("Refund please", "REFUND") == "[Refund] please"
    assert shown("一二三四", "二三", "三四") == "一[二三四]"
    far = shown("前" * 200 + "退款" + "后" * 200, "退款")
    assert far.startswith("…前")
    assert far.endswith("后…")
    assert "[退款]" in far
    assert len(far) < 110
    assert shown("两\n行", "没有") == "两 行"


def test_a_cursor_comes_back_as_it_went() -> None:
    place, by_name = read_cursor("name~2026-11-22T02:00:00.123456+00:00~c_1")
    assert (place, by_name) == (Place(datetime(2026, 11, 22, 2, 0, 0, 123456, UTC), "c_1"), True)
    assert read_cursor("") == (None, False)
    for text in ("x", "2026-11-22~c_1", "2026-11-22T02:00:00+00:00"):
        with pytest.raises(InvalidError):
            read_cursor(text)
