"""Entities that follow rules: ids, phones, amounts, dates, sizes, versions. Works on the plain form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from addons.understanding import entity_patterns as patterns
from addons.understanding import numbers
from addons.understanding.date_patterns import DATE


@dataclass(frozen=True)
class Found:
    """One entity; `start` and `end` are places in the plain form, `value` is normalised."""

    entity: str
    value: str
    start: int
    end: int


Finder = Callable[[str], Iterable[Found]]
# How far before a number the words may stand that say what it is.
_LABEL = 14


def _ids(text: str) -> Iterable[Found]:
    for match in patterns.RUN.finditer(text):
        run = match.group()
        bare = re.sub(r"^SO", "", run, flags=re.IGNORECASE)
        start, end = match.span()
        phone = patterns.COUNTRY_CODE.sub("", run)
        if numbers.is_order_id(bare):
            yield Found("order_id", bare, start, end)
        elif numbers.is_phone(phone) and not _is_no_phone(text, start, end):
            yield Found("phone", phone, start, end)
        elif numbers.carrier_of(run):
            yield Found("tracking_number", run.upper(), start, end)


def _is_no_phone(text: str, start: int, end: int) -> bool:
    """11 digits that the words around them call an amount, another number, or the tail of one."""
    if re.match(r"\s*(?:元|块)", text[end : end + 4]):
        return True
    return bool(patterns.NO_PHONE_BEFORE.search(text[max(0, start - _LABEL) : start]))


def _dictated(text: str) -> Iterable[Found]:
    """Ids told in groups with commas between them."""
    for match in patterns.DICTATED.finditer(text):
        number = numbers.joined_digits(match.group())
        if numbers.is_order_id(number):
            yield Found("order_id", number, *match.span())
        elif numbers.is_phone(number) and not _is_no_phone(text, *match.span()):
            yield Found("phone", number, *match.span())


def _named_waybills(text: str) -> Iterable[Found]:
    for match in patterns.NAMED_WAYBILL.finditer(text):
        number = match.group(1)
        if sum(c.isdigit() for c in number) >= 8 and not numbers.is_order_id(number) and not numbers.is_phone(number):
            yield Found("tracking_number", number.upper(), *match.span(1))


def _phone_endings(text: str) -> Iterable[Found]:
    for pattern in patterns.PHONE_ENDINGS:
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - _LABEL) : match.start()]
            if not patterns.OTHER_ENDING.search(before):
                yield Found("phone_ending", numbers.joined_digits(match.group("v")), *match.span("v"))


def _amounts(text: str) -> Iterable[Found]:
    for match in patterns.AMOUNT.finditer(text):
        yield from _written_amount(match, text)
    for match in patterns.SPOKEN_AMOUNT.finditer(text):
        yield from _spoken_amount(match)
    for match in patterns.JIAO.finditer(text):
        digits = match.group("d") or str(numbers.chinese_number(match.group("h")))
        yield Found("amount", f"0.{digits}", *match.span())
    for pattern in (patterns.BARE_AMOUNT, patterns.BARGAIN):
        for match in pattern.finditer(text):
            value = numbers.number_of(match.group("v"))
            if value is not None:
                yield Found("amount", value, *match.span("v"))


def _written_amount(match: re.Match[str], text: str) -> Iterable[Found]:
    """¥59.9, 299元, 99块9, 1.2万."""
    if match.group("c") and patterns.NOT_MONEY_BEFORE.search(text[max(0, match.start() - 6) : match.start()]):
        return
    digits = (match.group("a") or match.group("b") or match.group("c")).replace(",", "")
    if match.group("w1") or match.group("w2") or match.group("w3"):
        digits = f"{float(digits) * 10_000:.2f}"
    if match.group("jiao") and "." not in digits:
        digits += "." + match.group("jiao")
    if not _are_pieces(match, float(digits)):
        yield Found("amount", numbers.plain_decimal(digits), *match.span())


def _spoken_amount(match: re.Match[str]) -> Iterable[Found]:
    """三百块, 四十五块六; 一块 is more often "together" or "a piece" than one yuan."""
    number = numbers.chinese_number(match.group("v"))
    if not number or (number == 1 and not match.group().endswith("钱")) or _are_pieces(match, number):
        return
    jiao = match.group("jiao")
    value = f"{number}.{numbers.chinese_number(jiao)}" if jiao else str(number)
    yield Found("amount", value, *match.span())


def _are_pieces(match: re.Match[str], number: float) -> bool:
    return number < 10 and match.group().endswith("块") and bool(patterns.PIECES_OF.match(match.string, match.end()))


def _dates(text: str) -> Iterable[Found]:
    return (Found("date", match.group(), *match.span()) for match in DATE.finditer(text))


def _sizes(text: str) -> Iterable[Found]:
    for match in patterns.SIZE.finditer(text):
        if match.group("h"):
            value = str(numbers.chinese_number(f"{match.group('h')[0]}十{match.group('h')[1]}"))
        else:
            value = match.group("v") or match.group("w") or match.group()
        yield Found("size", value.upper(), *match.span())


def _versions(text: str) -> Iterable[Found]:
    for match in patterns.SYSTEM_VERSION.finditer(text):
        index = next(i for i in range(len(patterns.SYSTEMS)) if match.group(f"s{i}"))
        name, _, platform, told_alone = patterns.SYSTEMS[index]
        version = match.group("v")
        yield Found("platform", platform, *match.span(f"s{index}"))
        yield Found("system_version", version if told_alone else f"{name} {version}", *match.span("v"))
    for match in patterns.APP_VERSION.finditer(text):
        group = next(name for name in "abc" if match.group(name))
        yield Found("app_version", match.group(group).lstrip("vV"), *match.span(group))


def _platform_alone(text: str) -> Iterable[Found]:
    """苹果 is fruit in a sentence, but the answer to 苹果还是安卓."""
    match = patterns.PLATFORM_ALONE.match(text)
    if match:
        word = match.group("v")
        value = "iOS" if word.startswith("苹果") else "PC" if word in {"电脑", "手机网页"} else "安卓"
        yield Found("platform", value, *match.span("v"))


_FINDERS: tuple[Finder, ...] = (
    _ids,
    _dictated,
    _named_waybills,
    _phone_endings,
    _versions,
    _amounts,
    _sizes,
    _dates,
    _platform_alone,
)


def without_overlaps(candidates: Iterable[Found], kept: Sequence[Found] = ()) -> list[Found]:
    """The candidates that fit beside `kept` and earlier candidates; earlier ones win."""
    taken = {place for item in kept for place in range(item.start, item.end)}
    result = []
    for candidate in candidates:
        places = range(candidate.start, candidate.end)
        if taken.isdisjoint(places):
            taken.update(places)
            result.append(candidate)
    return result


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
        if item.entity == "phone" and _is_no_phone(text, item.start, item.end):
            return "told as another number"
    return None


def _touches_run(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum())
