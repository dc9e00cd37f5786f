"""Emotion: visible words, floors, labelled lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from addons.understanding.emotion import FAMILIES, Emotion, find_words, judge, load_lexicon, read_lines
from addons.understanding.normalise import normalise

from .conftest import ROOT

LEXICON = load_lexicon(ROOT / "playbook" / "emotion_words.yml")


@pytest.mark.parametrize(
    ("text", "model", "expected"),
    [
        ("再不退款我就打12315", ("angry", 1, 0.5), ("angry", 3)),  # threat
        ("我要曝光你们", ("neutral", 0, 0.6), ("angry", 3)),
        ("你们就是骗子", ("disappointed", 2, 0.5), ("angry", 3)),  # insult
        ("臭不要脸的黑店", ("angry", 2, 0.9), ("angry", 3)),
        ("给我孩子烫伤了", ("anxious", 2, 0.5), ("anxious", 3)),  # an accident
        ("给我孩子烫伤了 你们管不管", ("angry", 2, 0.5), ("angry", 3)),
        ("这个会过敏吗", ("neutral", 0, 0.9), ("neutral", 0)),  # a question before buying
        ("敏感肌能用吗 容易过敏", ("neutral", 0, 0.9), ("neutral", 0)),
        ("我没有生气", ("neutral", 0, 0.8), ("neutral", 0)),
        ("垃圾桶多大", ("neutral", 0, 0.9), ("neutral", 0)),
        ("他妈的太好用了", ("pleased", 2, 0.8), ("pleased", 2)),  # praise in rude words
        ("防曝光的胶卷", ("neutral", 0, 0.8), ("neutral", 0)),
        ("还没完成付款", ("neutral", 0, 0.8), ("neutral", 0)),
        ("有点急", ("anxious", 0, 0.7), ("anxious", 1)),  # a feeling is never at 0
        ("在吗", ("neutral", 2, 0.7), ("neutral", 0)),  # and none is never above
    ],
)
def test_floors(text: str, model: tuple[str, int, float], expected: tuple[str, int]) -> None:
    emotion = judge(normalise(text), *model, LEXICON)
    assert (emotion.family, emotion.intensity) == expected


def test_words_are_the_customers_own_and_speak_for_the_family() -> None:
    assert judge("又坏了!! 什么破玩意 谢谢你们啊", "angry", 3, 0.9, LEXICON).words == ("又坏了", "破玩意")
    assert judge("在吗", "neutral", 0, 0.9, LEXICON) == Emotion("neutral", 0, 0.9, ())


@pytest.mark.parametrize("text", ["我没有生气", "我不着急", "没生气", "不用投诉", "并非敷衍"])
def test_negated_words_do_not_count(text: str) -> None:
    assert find_words(text, LEXICON) == []


def test_our_lines_are_enough_and_told_once() -> None:
    lines = read_lines(ROOT / "data" / "emotion")
    texts = [normalise(line.text) for line in lines]
    assert len(lines) >= 2000
    assert all(sum(line.family == family for line in lines) >= 250 for family in FAMILIES)
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("row", ["在吗\tneutral\t1", "滚\tangry\t0", "滚\tfurious\t3", "滚\tangry", "滚\tangry\t4"])
def test_a_bad_line_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "lines.tsv").write_text(f"text\temotion\tintensity\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="lines.tsv:2"):
        read_lines(tmp_path)


def test_a_bad_group_is_named(tmp_path: Path) -> None:
    path = tmp_path / "words.yml"
    path.write_text("negations: [不]\ngroups:\n  odd: {family: furious, floor: 3, words: [a]}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="group odd"):
        load_lexicon(path)
