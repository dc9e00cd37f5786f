"""What a technician needs beside the symptom: platform, versions, since when, which account, how much."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from actions.texts import text
from actions.transactions.case import Case
from actions.transactions.detail import Detail, Option
from actions.transactions.guide import BOOK, UNKNOWN, first_match, matches, picked, unknown_option
from actions.words import SHANGHAI, money

PLATFORMS = ("ios", "android", "mini", "pc")
PHONES = ("ios", "android")
# What the customer is asked for the version of, by platform.
_APP_PLATFORMS = (*PHONES, UNKNOWN)
_VERSION = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,5}){0,3}(?![\d.])")
_BARE_VERSION = re.compile(r"[vV]?\d+(\.\d+)*")
# iPhone 15, Mate 60 Pro: a model, no version.
_MODEL = re.compile(
    r"(?i)(iphone|ipad|苹果|华为|荣耀|小米|红米|oppo|vivo|三星|一加|魅族|mate|redmi|galaxy|nova)\s*[a-z]{0,5}\s*\d{1,3}(?![\d.])"
    r"\s*(pro|max|plus|ultra|mini|se)*"
)
_AMOUNT = re.compile(r"(?<!\d)(\d{1,7}(?:\.\d{1,2})?)(?!\d|\s*[月日号点:：年次笔遍回])")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_NUMBER = r"[\d一二两三四五六七八九十几半]+"
_DAY = (
    r"(?:20\d\d[-年/.])?\d{1,2}[月\-/]\d{1,2}[日号]?|\d{1,2}[日号]|大前天|[今昨前][天儿个]|[今昨]晚|今早|刚[才刚]|"
    r"[上这本]个?(?:周|星期|礼拜)[一二三四五六日天末]?|[上这本]个?月初?|(?:周|星期|礼拜)[一二三四五六日天末]|"
    rf"{_NUMBER}个?(?:天|周|星期|月|小时|分钟|钟头)(?:之?前)?|双十一|国庆|元旦|春节"
)
_PART = r"凌晨|早上|上午|中午|下午|傍晚|晚上|半夜"
_CLOCK = rf"(?:{_NUMBER}点(?:半|{_NUMBER}分?)?|\d{{1,2}}[:：]\d{{2}})"
_MOMENT = re.compile(rf"(?:{_DAY})(?:{_PART})?{_CLOCK}?|(?:{_PART}){_CLOCK}?|{_CLOCK}")
_BEGUN = r"(?:开始|起|以来|之后|以后|到现在|就)"
_NEAR = (
    ("今天", 0, ""),
    ("今早", 0, "早上"),
    ("今晚", 0, "晚上"),
    ("昨天", 1, ""),
    ("昨个", 1, ""),
    ("昨儿", 1, ""),
    ("昨晚", 1, "晚上"),
    ("前天", 2, ""),
)


def _platform_options(case: Case) -> tuple[Option, ...]:
    """A fault of the app is one of a phone."""
    names = PHONES if matches("platforms.only_phone", _symptom(case)) else PLATFORMS
    return tuple(Option(name, text(f"{BOOK}.platforms.titles.{name}")) for name in names)


def _platform(case: Case, asked: bool) -> str | None:
    words = " ".join((*case.turn.entities.get("platform", ()), case.turn.text if asked else ""))
    return first_match(f"{BOOK}.platforms.reads", words) or first_match(f"{BOOK}.platforms.named", case.turn.text)


def _platform_question(case: Case) -> str:
    return "platforms.ask_phone" if len(_platform_options(case)) == len(PHONES) else "platforms.ask"


def _system_question(case: Case) -> str:
    platform = case.details.get("platform")
    return f"versions.system_{platform if platform in PLATFORMS else 'android'}"


def _system_version(case: Case, asked: bool) -> str | None:
    named = case.turn.entities.get("system_version", ())
    words = case.turn.text
    if not named and not asked:
        browser = re.search(text(f"{BOOK}.versions.browsers_named"), words)
        return browser[0] if browser and case.details.get("platform") == "pc" else None
    if asked and not named and _unknown(words):
        return UNKNOWN
    if asked and case.details.get("platform") == "pc":
        browser = re.search(text(f"{BOOK}.versions.browsers"), words)
        return browser[0] if browser else None
    number = named[-1] if named else _version_in(words)
    # Of 鸿蒙, and of the phone a mini program runs on, the platform does not say which system it is.
    names = "鸿蒙|harmony" + ("|ios|安卓|android" if case.details.get("platform") == "mini" else "")
    own = re.search(rf"(?i){names}", words)
    return number if number is None or not own or re.search(r"[^\d.]", number) else f"{own[0]} {number}"


def _app_version(case: Case, asked: bool) -> str | None:
    named = case.turn.entities.get("app_version", ())
    if not asked:
        # A bare number answers the question asked, which may have been for the system's version.
        return named[-1] if named and not _BARE_VERSION.fullmatch(case.turn.text.strip()) else None
    if not named and _unknown(case.turn.text):
        return UNKNOWN
    return named[-1] if named else _version_in(case.turn.text)


def _since(case: Case, asked: bool) -> str | None:
    """The day it began; in the first message only with a word like 起, for a bare day may be that of a purchase."""
    words = case.turn.text
    if matches("since.read_updated", words):
        return text(f"{BOOK}.since.updated")
    if asked and _unknown(words):
        return UNKNOWN
    for found in _MOMENT.finditer(words):
        if asked or re.match(_BEGUN, words[found.end() :]) or re.search(r"(从|自|打)$", words[: found.start()]):
            return _dated(found[0], case)
    return _named_date(case) if asked else None


def _when(case: Case, asked: bool) -> str | None:
    if asked and _unknown(case.turn.text):
        return UNKNOWN
    found = _MOMENT.search(case.turn.text)
    return _dated(found[0], case) if found else _named_date(case)


def _amount(case: Case, asked: bool) -> str | None:
    """In fen."""
    named = case.turn.entities.get("amount", ())
    if asked and not named and _unknown(case.turn.text):
        return UNKNOWN
    found = _AMOUNT.search(named[-1] if named else case.turn.text if asked else "")
    return str(round(float(found[1]) * 100)) if found else None


def _account(case: Case, asked: bool) -> str | None:
    named = [re.sub(r"\D", "", value) for value in case.turn.entities.get("phone", ())]
    if asked and not named and _unknown(case.turn.text):
        return UNKNOWN
    found = _MOBILE.search(named[-1] if named else re.sub(r"[\s-]", "", case.turn.text))
    return found[0] if found and (asked or named) else None


def _since_options(_: Case) -> tuple[Option, ...]:
    names = ("today", "yesterday", "days", "updated")
    return (*(Option(name, text(f"{BOOK}.since.titles.{name}")) for name in names), unknown_option())


def _skip(_: Case) -> tuple[Option, ...]:
    return (unknown_option(),)


def _always(path: str) -> Callable[[Case], str]:
    return lambda _: path


DETAILS: dict[str, Detail] = {
    item.name: item
    for item in (
        picked("platform", _platform_question, _platform_options, _platform),
        picked("system_version", _system_question, _skip, _system_version),
        picked("app_version", _always("versions.app"), _skip, _app_version),
        picked("since", _always("since.ask"), _since_options, _since),
        picked("amount", _always("amount.ask"), _skip, _amount),
        picked("when", _always("when.ask"), _skip, _when),
        picked("account", _always("account.ask"), _skip, _account),
    )
}


def applies(name: str, case: Case) -> bool:
    """Whether the question makes sense: a signed customer's account is known, a page has no app version."""
    if name == "account":
        return case.turn.customer_id is None
    return name != "app_version" or case.details.get("platform") in (None, *_APP_PLATFORMS)


def known(case: Case, name: str) -> str:
    """What was told, or nothing when it was left open."""
    value = str(case.details.get(name) or "")
    return "" if value == UNKNOWN else value


def device_words(case: Case) -> str:
    """iOS 15.0，App 7.3.1."""
    platform, system, app = (known(case, name) for name in ("platform", "system_version", "app_version"))
    label = text(f"{BOOK}.platforms.labels.{platform}") if platform in PLATFORMS else ""
    named = system if re.match(r"[A-Za-z\u4e00-\u9fff]", system) and platform in PHONES else f"{label} {system}".strip()
    return "，".join(
        part for part in (named, case.say("diagnosis.versions.app_label", version=app) if app else "") if part
    )


def since_words(case: Case) -> str:
    """11月3日起, 更新后出现."""
    begun = begun_on(case)
    if not begun:
        return ""
    updated = begun == text(f"{BOOK}.since.updated")
    return case.say("diagnosis.since.since_updated" if updated else "diagnosis.since.since", since=begun)


def begun_on(case: Case) -> str:
    """Since when, the buttons' answers as days."""
    since = known(case, "since")
    if since in ("today", "yesterday"):
        return _month_day(case, 0 if since == "today" else 1)
    return text(f"{BOOK}.since.{since}") if since in ("days", "updated") else since


def amount_words(case: Case) -> str:
    """¥268, or nothing."""
    amount = known(case, "amount")
    return money(int(amount)) if amount else ""


def _symptom(case: Case) -> str:
    return str(case.details.get("symptom") or case.turn.text)


def _unknown(words: str) -> bool:
    return matches("unknown.reads", words)


def _version_in(words: str) -> str | None:
    found = _VERSION.search(_MODEL.sub("", words))
    return found[0] if found else None


def _named_date(case: Case) -> str | None:
    dates = case.turn.entities.get("date", ())
    return _dated(dates[-1], case) if dates else None


def _dated(moment: str, case: Case) -> str:
    """今天 as a date: the technician may read it tomorrow."""
    for word, days, part in _NEAR:
        moment = re.sub(rf"(?<!大){word}", _month_day(case, days) + part, moment)
    return moment


def _month_day(case: Case, days_ago: int) -> str:
    local = (case.turn.now - timedelta(days=days_ago)).astimezone(SHANGHAI)
    return text("words.month_day", month=local.month, day=local.day)
