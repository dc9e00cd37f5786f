"""Entities that follow rules: ids, phones, amounts, dates, sizes, versions. Works on the plain form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from addons.understanding import entity_patterns as patterns
from addons.understanding import numbers


@dataclass(frozen=True)
class Found:
    """One entity; `start` and `end` are places in the plain form, `value` is normalised."""

    entity: str
    value: str
    start: int
    end: int


Finder = Callable[[str], Iterable[Found]]


def _ids(text: str) -> Iterable[Found]:
    for match in patterns.RUN.finditer(text):
        run = match.group()
        bare = re.sub(r"^SO", "", run, flags=re.IGNORECASE)
        start, end = match.span()
        phone = patterns.COUNTRY_CODE.sub("", run)
        if numbers.is_order_id(bare):
            yield Found("order_id", bare, start, end)
        elif numbers.is_phone(phone) and not re.match(r"\s*(?:元|块)", text[end:]):
            yield Found("phone", phone, start, end)
        elif numbers.carrier_of(run):
            yield Found("tracking_number", run.upper(), start, end)


def _named_waybills(text: str) -> Iterable[Found]:
    for match in patterns.NAMED_WAYBILL.finditer(text):
        number = match.group(1)
        if sum(c.isdigit() for c in number) >= 8 and not numbers.is_order_id(number) and not numbers.is_phone(number):
            yield Found("tracking_number", number.upper(), *match.span(1))


def _phone_endings(text: str) -> Iterable[Found]:
    for pattern in patterns.PHONE_ENDINGS:
        for match in pattern.finditer(text):
            if not patterns.ORDER_ENDING.search(text[max(0, match.start("v") - 12) : match.start("v")]):
                yield Found("phone_ending", match.group("v"), *match.span("v"))


def _amounts(text: str) -> Iterable[Found]:
    for match in patterns.AMOUNT.finditer(text):
        digits = (match.group("a") or match.group("b")).replace(",", "")
        in_ten_thousands = match.group("w1") or match.group("w2")
        value = f"{float(digits) * 10_000:.2f}" if in_ten_thousands else digits
        yield Found("amount", _plain_decimal(value), *match.span())
    for match in patterns.SPOKEN_AMOUNT.finditer(text):
        number = numbers.chinese_number(match.group("v"))
        # 一块 is more often "together" or "a piece" than one yuan
        if number and (number > 1 or match.group().endswith("钱")):
            yield Found("amount", str(number), *match.span())


def _plain_decimal(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _dates(text: str) -> Iterable[Found]:
    return (Found("date", match.group(), *match.span()) for match in patterns.DATE.finditer(text))


def _sizes(text: str) -> Iterable[Found]:
    for match in patterns.SIZE.finditer(text):
        yield Found("size", (match.group("v") or match.group("w")).upper(), *match.span())


def _versions(text: str) -> Iterable[Found]:
    for match in patterns.SYSTEM_VERSION.finditer(text):
        index = next(i for i in range(len(patterns.SYSTEMS)) if match.group(f"s{i}"))
        yield Found("system_version", f"{patterns.SYSTEMS[index][0]} {match.group('v')}", *match.span())
    for match in patterns.APP_VERSION.finditer(text):
        group = next(name for name in "abc" if match.group(name))
        yield Found("app_version", match.group(group), *match.span(group))


def _platform_alone(text: str) -> Iterable[Found]:
    """苹果 is fruit in a sentence, but the answer to 苹果还是安卓."""
    match = patterns.PLATFORM_ALONE.match(text)
    if match:
        word = match.group("v")
        value = "iOS" if word.startswith("苹果") else "PC" if word in {"电脑", "手机网页"} else "安卓"
        yield Found("platform", value, *match.span("v"))


_FINDERS: tuple[Finder, ...] = (
    _ids,
    _named_waybills,
    _phone_endings,
    _versions,
    _amounts,
    _sizes,
    _dates,
    _platform_alone,
)
_NESTED = {("platform", "system_version")}


def overlap(a: Found, b: Found) -> bool:
    """Whether two entities may not both stand: they share text, and are not e.g. iOS inside iOS 17."""
    if a.end <= b.start or b.end <= a.start:
        return False
    return (a.entity, b.entity) not in _NESTED and (b.entity, a.entity) not in _NESTED


def without_overlaps(candidates: Iterable[Found], kept: Sequence[Found] = ()) -> list[Found]:
    """The candidates that fit beside `kept` and earlier candidates; earlier ones win."""
    result = list(kept)
    for candidate in candidates:
        if not any(overlap(candidate, other) for other in result):
            result.append(candidate)
    return result[len(kept) :]


def find(text: str) -> list[Found]:
    """All rule entities of a plain-form text, in text order, without overlaps."""
    found = without_overlaps(item for finder in _FINDERS for item in finder(text))
    return sorted(found, key=lambda item: (item.start, item.end))


def is_trap(item: Found, text: str) -> str | None:
    """Why an id that another extractor proposes cannot be one, or None; keeps a shop's own id forms usable."""
    if item.entity in {"order_id", "tracking_number", "phone", "phone_ending"}:
        if _touches_run(text, item.start, item.end):
            return "part of a longer number"
        if item.entity == "order_id" and re.fullmatch(r"\d{14}", item.value) and not numbers.is_order_id(item.value):
            return "does not begin with a day"
    return None


def _touches_run(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum())
