"""Where a message is cut, which intents count, and their order."""

from __future__ import annotations

import pytest

from addons.understanding.clauses import Reading, merge, split_breath, split_clauses
from addons.understanding.normalise import normalise


@pytest.mark.parametrize(
    ("typed", "clauses"),
    [
        ("我要退货", ["我要退货"]),
        ("我要退货，发票也重开", ["我要退货", "发票也重开"]),
        ("我要退货另外查下积分", ["我要退货", "另外查下积分"]),
        ("退款到了积分没退 券也过期了 还有发票抬头开错了", ["退款到了积分没退", "券也过期了", "还有发票抬头开错了"]),
        ("1、退款没到 2、发票没开", ["退款没到", "发票没开"]),
        ("我要转人工 重开发票", ["我要转人工", "重开发票"]),
        ("还有货吗", ["还有货吗"]),
        ("还有多久到", ["还有多久到"]),
        ("然后呢", ["然后呢"]),
        ("价格1,299元", ["价格1,299元"]),
        ("版本3.2.1闪退", ["版本3.2.1闪退"]),
        ("20261118000123", ["20261118000123"]),
        ("？？？", ["??"]),
    ],
)
def test_cuts(typed: str, clauses: list[str]) -> None:
    assert split_clauses(normalise(typed)) == clauses


def judged_by_words(text: str) -> tuple[str, float]:
    """A classifier that knows three words and is sure only when it reads exactly one of them."""
    known = {"退货": "request_return", "发票": "request_invoice", "你好": "greet"}
    found = [intent for word, intent in known.items() if word in text]
    return (found[0], 0.9) if len(found) == 1 else ("out_of_scope", 0.3)


@pytest.mark.parametrize(
    ("clause", "parts"),
    [
        ("这件衣服想退货麻烦发票也给我开", 2),
        ("这件衣服我不喜欢所以想退货", 1),
        ("你好我昨天买的衣服想退货", 1),
        ("退货发票", 1),
        ("退货" + "很" * 80 + "发票", 1),
    ],
    ids=["two wishes", "one wish", "a greeting is no wish", "too short", "too long"],
)
def test_two_wishes_in_one_breath_are_cut(clause: str, parts: int) -> None:
    cut = split_breath(clause, judged_by_words, min_confidence=0.75)
    assert len(cut) == parts
    assert "".join(cut) == clause


def test_no_cut_goes_through_a_word() -> None:
    """人工 would be a wish for a person, 人工智能 is a kind of goods."""
    halves: set[str] = set()

    def judge(text: str) -> tuple[str, float]:
        halves.add(text)
        return "ask_stock", 0.9

    split_breath("你们那款人工智能音箱支持蓝牙吗", judge, min_confidence=0.75)
    assert halves
    assert not any(half.endswith("人工") or half.startswith("智能") for half in halves)


def readings(*pairs: tuple[str, float]) -> list[Reading]:
    return [Reading(f"clause {i}", name, confidence) for i, (name, confidence) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("whole", "parts", "expected"),
    [
        (("request_return", 0.9), [], ["request_return"]),
        (
            ("request_return", 0.6),
            [("request_return", 0.9), ("request_invoice", 0.9)],
            ["request_return", "request_invoice"],
        ),
        (
            ("request_return", 0.6),
            [("request_invoice", 0.9), ("request_return", 0.9)],
            ["request_invoice", "request_return"],
        ),
        (("request_return", 0.9), [("request_return", 0.9), ("request_invoice", 0.3)], ["request_return"]),
        (
            ("request_invoice", 0.5),
            [("request_invoice", 0.9), ("request_human", 0.9)],
            ["request_human", "request_invoice"],
        ),
        (
            ("query_logistics", 0.5),
            [("query_logistics", 0.9), ("report_safety_issue", 0.8)],
            ["report_safety_issue", "query_logistics"],
        ),
        (("query_logistics", 0.9), [("greet", 0.99), ("query_logistics", 0.9)], ["query_logistics"]),
        (("greet", 0.9), [("greet", 0.99)], ["greet"]),
        (("complain", 0.5), [("complain", 0.9), ("request_return", 0.9)], ["request_return", "complain"]),
        (("abuse", 0.5), [("abuse", 0.9), ("request_return", 0.9)], ["request_return", "abuse"]),
        (
            ("nlu_fallback", 0.1),
            [("request_return", 0.9), ("request_invoice", 0.8)],
            ["request_return", "request_invoice"],
        ),
        (("nlu_fallback", 0.1), [("request_return", 0.2)], ["nlu_fallback"]),
        (("request_return", 0.8), [("out_of_scope", 0.9), ("request_return", 0.8)], ["request_return"]),
    ],
)
def test_merging(whole: tuple[str, float], parts: list[tuple[str, float]], expected: list[str]) -> None:
    merged = merge(Reading("whole", *whole), readings(*parts), min_confidence=0.6)
    assert [name for name, _ in merged] == expected


def test_a_complaint_that_names_its_way_goes_before_the_wish() -> None:
    whole = Reading("我要退货,不然我投诉你们", "request_return", 0.7)
    merged = merge(whole, readings(("request_return", 0.9), ("complain", 0.9)), min_confidence=0.6)
    assert [name for name, _ in merged] == ["complain", "request_return"]
