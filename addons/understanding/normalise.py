"""One plain form for what customers type: Simplified, Mandarin, half-width, digits as digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from opencc import OpenCC

from addons.understanding import numbers
from addons.understanding.align import Aligned

TABLES = Path(__file__).parent / "tables" / "normalise.yml"

Step = Callable[[Aligned], Aligned]

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\ufe0e\ufe0f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_WIDE = re.compile("[\uff01-\uff5e\u3000\u00a0\u2460-\u2473\ufe63\uff0d\u00b2\u00b3\u2026]")
_DASH = re.compile("[\u2010-\u2015\u2212](?=\\d)")
_HAN_RUN = re.compile("[\u3400-\u9fff]{1,200}")
_BRACKET_EMOJI = re.compile(r"\[([\u4e00-\u9fff]{1,4})\]")
_OTHER_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u200d]")
_SPOKEN = re.compile(
    r"(?:(?<=尾号)|(?<=四位)|(?<=尾号是)|(?<=四位是))[零〇一二三四五六七八九幺]{4}"
    r"|[零〇一二三四五六七八九幺](?:\s?[零〇一二三四五六七八九幺]){4,}"
)
_NUMBER_RUN = re.compile(
    r"(?<![0-9A-Za-z])(?:[A-Za-z]{2,4}[ \-]?)?\d+(?:[ \-.]{1,2}\d+){1,14}(?![0-9A-Za-z])", re.ASCII
)
_PREFIXED = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2,4}[ \-]\d{10,}(?![0-9A-Za-z])", re.ASCII)
_REPEAT = re.compile(r"([^\s0-9])\1{2,}")
_SPACES = re.compile(r"\s{2,}|[\t\r\n]")
_EDGES = re.compile(r"^\s+|\s+$")


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


def _simplify(match: re.Match[str]) -> str:
    run = match.group()
    converted = str(_converter().convert(run))
    # Places must not move, so a phrase that changes length (none is known) is converted sign by sign.
    return converted if len(converted) == len(run) else "".join(str(_converter().convert(c))[:1] for c in run)


def _alternatives(words: Mapping[str, str]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


def _word_step(words: Mapping[str, str], before: str = "", after: str = "") -> Step:
    pattern = re.compile(f"{before}(?:{_alternatives(words)}){after}", re.IGNORECASE)
    return lambda text: text.sub(pattern, lambda m: words[m.group().lower()])


def _step(pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> Step:
    return lambda text: text.sub(pattern, replace)


def load_tables(path: Path = TABLES) -> dict[str, dict[str, str]]:
    """The word tables; keys and values become text. Raises ValueError when a table is missing."""
    raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    missing = {"dialect", "short", "emoji"} - set(raw)
    if missing:
        raise ValueError(f"{path.name} lacks {sorted(missing)}")
    return {name: {str(k).lower(): str(v) for k, v in table.items()} for name, table in raw.items()}


@lru_cache(maxsize=1)
def _steps() -> tuple[Step, ...]:
    tables = load_tables()
    steps: list[Step] = [
        _step(_INVISIBLE, lambda m: ""),
        _step(_CONTROL, lambda m: " "),
        _step(_WIDE, lambda m: unicodedata.normalize("NFKC", m.group())),
        _step(_DASH, lambda m: "-"),
        _step(_HAN_RUN, _simplify),
        _step(_SPOKEN, lambda m: numbers.spoken_digits(re.sub(r"\s", "", m.group()))),
        _step(_REPEAT, lambda m: m.group(1) * 2),  # after the spoken digits: 零零零 is three zeros
        # A closing 咩 asks (…吗); elsewhere it means what.
        _step(re.compile(r"咩(?=\s*[?!。,]|\s*$)"), lambda m: "吗"),
        _word_step(tables["dialect"]),
        _word_step(tables["emoji"]),
        _step(_BRACKET_EMOJI, lambda m: m.group(1)),
        _step(_OTHER_EMOJI, lambda m: ""),
        _step(_NUMBER_RUN, lambda m: numbers.join_number_parts(m.group())),
        _step(_PREFIXED, lambda m: numbers.join_number_parts(m.group())),
        # zm alone greets (在么); inside a sentence it is 怎么.
        _step(re.compile(r"^\s*zm(?=\s*[?!~。,]*\s*$)", re.IGNORECASE), lambda m: "在吗"),
        _word_step(tables["short"], r"(?<![0-9A-Za-z@./_-])", r"(?![0-9A-Za-z@./_-])"),
        _step(_SPACES, lambda m: " "),
        _step(_EDGES, lambda m: ""),
    ]
    return tuple(steps)


def align(text: str) -> Aligned:
    """Normalised text that still knows where it came from; the text itself when nothing would be left."""
    result = Aligned.of(text)
    for step in _steps():
        result = step(result)
    return result if result.text else Aligned.of(text)


def normalise(text: str) -> str:
    """Plain form of a customer's message. Pure: same text, same answer; normalising twice changes nothing new."""
    return align(text).text
