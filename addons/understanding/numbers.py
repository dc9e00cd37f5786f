"""Order ids, waybills and phones as digit strings: what is valid, and digits that were spoken or spaced."""

from __future__ import annotations

import datetime as dt
import re

_DIGITS = {
    **{c: str(i) for i, c in enumerate("零一二三四五六七八九")},
    "〇": "0",
    "幺": "1",
    "壹": "1",
    "贰": "2",
    "叁": "3",
    "肆": "4",
    "伍": "5",
    "陆": "6",
    "柒": "7",
    "捌": "8",
    "玖": "9",
}
_UNITS = {"十": 10, "百": 100, "千": 1000}

# Waybill numbers by carrier; whole string, upper case.
CARRIER_NUMBERS = {
    "顺丰": re.compile(r"SF\d{13}"),
    "圆通": re.compile(r"YT\d{13}"),
    "极兔": re.compile(r"JT\d{13}"),
    "京东": re.compile(r"JD(?=(?:[A-Z]*\d){8})[A-Z0-9]{10,16}"),
    "中通": re.compile(r"7[3-8]\d{12}"),
    "申通": re.compile(r"77\d{13}"),
    "德邦": re.compile(r"DPK\d{12}"),
    "EMS": re.compile(r"[A-Z]{2}\d{9}CN"),
}
_PHONE = re.compile(r"1[3-9]\d{9}")
# All parts together are as long as a bank or identity card: a phone among them is chance (6222 1391 2345 678).
_CARD_LENGTH = re.compile(r"(?!20)\d{16,19}[Xx]?")


def is_order_id(digits: str) -> bool:
    """14 digits that begin with a real calendar day 20YYMMDD."""
    if not re.fullmatch(r"20\d{12}", digits, re.ASCII):
        return False
    try:
        dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True


def is_phone(digits: str) -> bool:
    """Mainland mobile number, 11 digits."""
    return bool(_PHONE.fullmatch(digits))


def carrier_of(number: str) -> str | None:
    """Carrier whose waybill numbers look like this, or None. An order id is never a waybill."""
    number = number.upper()
    if is_order_id(number):
        return None
    return next((name for name, form in CARRIER_NUMBERS.items() if form.fullmatch(number)), None)


def is_known_number(text: str) -> bool:
    """Order id (SO prefix allowed), mobile number or waybill number."""
    bare = re.sub(r"^SO", "", text, flags=re.IGNORECASE)
    return is_order_id(bare) or is_phone(text) or carrier_of(text) is not None


def spoken_digits(run: str) -> str:
    """二零二六 -> 2026; every character must be a Chinese digit."""
    return "".join(_DIGITS[c] for c in run)


def joined_digits(groups: str) -> str:
    """Digits of groups that may be written or spoken: 二零二六,一零 550 -> 202610550."""
    return "".join(_DIGITS.get(c, c) for c in groups if c in _DIGITS or c.isdigit())


def plain_decimal(digits: str) -> str:
    """299.00 -> 299, 12.50 -> 12.5."""
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def number_of(text: str) -> str | None:
    """The number that digits or Chinese numerals tell, as plain digits, or None."""
    if text[:1].isascii():
        return plain_decimal(text)
    number = chinese_number(text)
    return str(number) if number else None


def join_number_parts(run: str) -> str:
    """Join neighbouring parts of a spaced or hyphenated run where together they are a known number.

    "2026 1118 000123 138-1234-5678" -> "20261118000123 13812345678"; other parts keep their separators.
    """
    pieces: list[str] = re.findall(r"[0-9A-Za-z]+|[^0-9A-Za-z]+", run)
    if _CARD_LENGTH.fullmatch("".join(p for p in pieces if p.isalnum())):
        return run
    out: list[str] = []
    index = 0
    while index < len(pieces):
        joined, used = _longest_known(pieces, index)
        out.append(joined)
        index += used
    return "".join(out)


def _longest_known(pieces: list[str], index: int) -> tuple[str, int]:
    if not pieces[index].isalnum():
        return pieces[index], 1
    for end in range(min(len(pieces), index + 30), index + 1, -1):
        candidate = "".join(p for p in pieces[index:end] if p.isalnum())
        if pieces[end - 1].isalnum() and is_known_number(candidate):
            return candidate, end - index
    return pieces[index], 1


def chinese_number(text: str) -> int | None:
    """两千三百 -> 2300, 十五 -> 15, 三万 -> 30000; None when it is not a number."""
    head, ten_thousand, tail = text.partition("万")
    if ten_thousand:
        high, low = chinese_number(head), (chinese_number(tail) if tail else 0)
        if high is None or low is None:
            return None
        return high * 10_000 + (low * 1_000 if len(tail) == 1 else low)  # 一万二 is 12,000
    total, digit, unit = 0, 0, 1
    for char in text.replace("两", "二"):
        if char in _UNITS:
            unit = _UNITS[char]
            total += (digit or 1) * unit
            digit = 0
        elif char in _DIGITS:
            digit, unit = int(_DIGITS[char]), (1 if char in "零〇" else unit)
        else:
            return None
    if not text:
        return None
    return total + digit * (unit // 10 if unit > 10 and total else 1)
