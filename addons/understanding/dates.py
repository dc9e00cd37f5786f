"""Dates that customers name, and the calendar days (Beijing) that they mean at the moment of their message.

Own rules, since jionlp 1.5.31, the library for this, imports jiojio, which is under the GPL (this project is under
Apache-2.0), and takes 170 MB on disk and 0.9 s to import. Of 42 forms that customers use, six raised an error (618,
11.8, 上个月, 十一月, 月底前, 前几天), three came out wrong (周末, 上周末, 半个月前), and it does not ask whether
周二 or 3号 is over or yet to come.

Which one is meant: a day without its year, month or week is the nearest that has begun, today included; a bare week
day is the one before today, today itself only after 今天 (今天都周五了). Where the words around it speak of the future
(周二送到, 月底前要, 双十二还会降吗) it is the nearest to come. Words of the past next to the day (双十一买的) win over
words of the future elsewhere. Where no word tells, what was over half a year ago and is again within 80 days is to
come; where the words only hint at the future (双十一前) and that is most of a year away, the last one is meant.
With 前 (月底前) the day that is named is told, as in 月底. A day that cannot be known (当天, 年前) has no span.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from addons.understanding import date_calendar as cal
from addons.understanding.date_calendar import Span
from addons.understanding.date_holidays import festival
from addons.understanding.date_patterns import DATE, parts_of
from addons.understanding.numbers import chinese_number, spoken_digits

BEIJING = dt.timezone(dt.timedelta(hours=8))
Clock = Callable[[], dt.datetime]
Parts = Mapping[str, str]

_CLAUSE_END = re.compile(r"[,。!?;\n]")
_HAPPENED = "买|下|拍|付|收|签收|签|寄|退|送|发|说|订|申请|问|换|到|抢"
_PAST_AFTER = re.compile(
    rf"^[^,。!?;\n]{{0,4}}?(?:{_HAPPENED})(?:的|了|过)|^(?:之?前|以前)?(?:就|才)?(?:下的单|付的款|签的字|收到|签收)"
    rf"|^的?(?:那[单笔次个天]|订单|单子)|^(?:之?前)?[就才](?:说|{_HAPPENED})"
)
_FUTURE_AFTER = re.compile(
    r"^(?:之?前|以前)(?!的)|^(?:能|可以|得|再|来|可能)|[能会]不?能?[到送收发]"
    r"|送[到达来]|[送发到]货?[吗不么吧]|来得及|到得了|收得到|打算|准备|预售|能不能|可不可以"
    r"|有(?:没有|什么)?(?:优惠|活动|特惠|折扣|推荐)|再[送来发派取买下]|[来上]门|来取|派送吧|送可以"
    r"|会(?:清|失|过|作废|到|有|降|涨|便宜)|[到过]期|失效|作废|清零|营业|上班|开门"
    r"|飞机|火车|高铁|航班|婚礼|聚会|考试|面试|手术|出差|出国|出发|搬家|开学|开业|年会|比赛|演出|开席"
)
_FUTURE_SURE = re.compile("^(?:要|会|想)|还会|会不会|要用|要到")
_FUTURE_BEFORE = re.compile(
    r"(?:(?:改|约|等|定在?|安排|推迟|延|预约|赶在?|最晚|最迟|希望|预[计估定]|估计|截止|[能会要]|可以|麻烦|请)[到成为在个我]?"
    r"|快|赶得?上|赶不上)$"
)
_TODAY_IS = re.compile(r"(?:今天|今儿|今日|现在)(?:都|是|已经)*$")

_DAY_WORDS = {"大前": -3, "前": -2, "昨": -1, "今": 0, "刚": 0, "大后": 3, "后": 2, "明": 1}
_DAY_WORD = re.compile("|".join(sorted(_DAY_WORDS, key=len, reverse=True)))
_REL_YEARS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1}
_MONTH_OF_YEAR = {"初": 1, "中": 6, "底": 12}
_WEEK_DAYS = {**{char: index for index, char in enumerate("一二三四五六日")}, "天": 6}
# What vague words mean, in days from today.
_VAGUE = {
    "前几天": (-7, -2),
    "前些天": (-7, -2),
    "前些日子": (-30, -3),
    "前两天": (-2, -1),
    "前阵子": (-30, -7),
    "前段时间": (-30, -7),
    "这两天": (-1, 0),
    "这几天": (-3, 0),
}
# Days: who says 双十二 in November does not mean last year's, and 双十一前 in November not next year's.
_LONG_AGO, _SOON, _FAR = 180, 80, 300
# How many units 几 may be.
_FEW = (2, 9)


class Tense(enum.IntEnum):
    """Of what the words around a day speak."""

    PAST = -1
    UNTOLD = 0
    HINT_OF_FUTURE = 1
    FUTURE = 2


@dataclass(frozen=True)
class Moment:
    """When the customer wrote, and of what the words around a day speak."""

    now: dt.datetime
    tense: Tense = Tense.UNTOLD
    names_today: bool = False

    @property
    def today(self) -> dt.date:
        return self.now.date()

    def nearest(self, candidates: list[Span | None]) -> Span | None:
        last, coming = cal.latest(candidates, self.today), cal.next_one(candidates, self.today)
        if last is None or coming is None:
            return last or coming
        return coming if self._means_coming((self.today - last[1]).days, (coming[0] - self.today).days) else last

    def _means_coming(self, days_ago: int, days_ahead: int) -> bool:
        if self.tense is Tense.UNTOLD:
            return days_ago > _LONG_AGO and days_ahead <= _SOON
        return self.tense is Tense.FUTURE or (self.tense is Tense.HINT_OF_FUTURE and days_ahead <= _FAR)


def beijing_now() -> dt.datetime:
    """The clock of this module; tests and replays hand in their own."""
    return dt.datetime.now(BEIJING)


def moment_of(at: object, clock: Clock = beijing_now) -> dt.datetime:
    """When a message was sent (ISO 8601, as the desk sends `at`), in Beijing; the clock's time without that."""
    if isinstance(at, str):
        try:
            sent = dt.datetime.fromisoformat(re.sub(r"(?:\.\d+)?Z$", "+00:00", at))
            return (sent if sent.tzinfo else sent.replace(tzinfo=dt.timezone.utc)).astimezone(BEIJING)
        except (ValueError, OverflowError):
            pass
    return clock()


def resolve(text: str, start: int, end: int, now: dt.datetime) -> Span | None:
    """First and last day that the date at [start, end) of a plain-form text means, or None."""
    match = DATE.search(text, start)
    if match is None or match.span() != (start, end):
        return None
    kind, parts = parts_of(match)
    moment = Moment(now, tense_at(text, start, end), bool(_TODAY_IS.search(text[max(0, start - 6) : start])))
    try:
        return _RESOLVERS[kind](match.group(), parts, moment)
    except (ValueError, OverflowError):  # a year or distance that the calendar does not have
        return None


def tense_at(text: str, start: int, end: int) -> Tense:
    """Of what the words around a date, in the same clause, speak."""
    after, before = _CLAUSE_END.split(text[end : end + 30])[0], _CLAUSE_END.split(text[max(0, start - 10) : start])[-1]
    if _PAST_AFTER.search(after):
        return Tense.PAST
    if _FUTURE_BEFORE.search(before) or _FUTURE_SURE.search(after):
        return Tense.FUTURE
    return Tense.HINT_OF_FUTURE if _FUTURE_AFTER.search(after) else Tense.UNTOLD


def _number(digits: str) -> int:
    if digits.isdigit():
        return int(digits)
    return 20 + _number(digits[1:] or "0") if digits.startswith("廿") else chinese_number(digits) or 0


def _year(parts: Parts, today: dt.date) -> int | None:
    if "rel_year" in parts:
        return today.year + _REL_YEARS[parts["rel_year"]]
    if "year" not in parts:
        return None
    digits = parts["year"] if parts["year"].isdigit() else spoken_digits(parts["year"])
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _years_around(today: dt.date) -> range:
    # 29 February is up to eight years away.
    return range(today.year - 8, today.year + 9)


def _day_in(parts: Parts) -> int:
    return _number(parts.get("day") or parts["han_day"])


def _year_day(_: str, parts: Parts, moment: Moment) -> Span | None:
    month, number, year = _number(parts["month"]), _day_in(parts), _year(parts, moment.today)
    if year is not None:
        return cal.day(year, month, number)
    return moment.nearest([cal.day(y, month, number) for y in _years_around(moment.today)])


def _month(_: str, parts: Parts, moment: Moment) -> Span | None:
    month, part, year = _number(parts["month"]), parts.get("part", ""), _year(parts, moment.today)
    if year is not None:
        return cal.month_span(year, month, part)
    return moment.nearest([cal.month_span(y, month, part) for y in _years_around(moment.today)])


def _steps(near: str) -> int:
    """上 -1, 上上 -2, 下 1, 这 and 本 0."""
    return near.count("下") - near.count("上")


def _near_month(_: str, parts: Parts, moment: Moment) -> Span | None:
    year, month = cal.shifted(moment.today.year, moment.today.month, _steps(parts["near"]))
    if "day" in parts or "han_day" in parts:
        return cal.day(year, month, _day_in(parts))
    return cal.month_span(year, month, parts.get("part", ""))


def _day_of_month(_: str, parts: Parts, moment: Moment) -> Span | None:
    months = [cal.shifted(moment.today.year, moment.today.month, step) for step in range(-3, 4)]
    return moment.nearest([cal.day(year, month, _day_in(parts)) for year, month in months])


def _part_of_month(_: str, parts: Parts, moment: Moment) -> Span | None:
    """月底 and 月初 are this month's, unless the words around them say that this is over or yet to come."""
    months = [cal.shifted(moment.today.year, moment.today.month, step) for step in (-1, 0, 1)]
    around = [cal.month_span(year, month, parts["part"]) for year, month in months]
    return around[1] if moment.tense is Tense.UNTOLD else moment.nearest(list(around))


def _day_word(surface: str, _: Parts, moment: Moment) -> Span | None:
    found = _DAY_WORD.match(surface)
    return cal.spanning(moment.today + dt.timedelta(days=_DAY_WORDS[found.group()]), 1) if found else None


def _near_week(_: str, parts: Parts, moment: Moment) -> Span | None:
    return cal.week_span(moment.today, _steps(parts["near"]))


def _week_day(_: str, parts: Parts, moment: Moment) -> Span | None:
    if "near" in parts:
        return _within_week(cal.week_span(moment.today, _steps(parts["near"])), parts["week_day"])
    around = [_within_week(cal.week_span(moment.today, step), parts["week_day"]) for step in (-1, 0, 1)]
    if parts["week_day"] == "末":
        return moment.nearest(list(around))
    # Who means today says 今天.
    return moment.nearest([span for span in around if moment.names_today or span[0] != moment.today])


def _within_week(week: Span, week_day: str) -> Span:
    if week_day == "末":
        return cal.spanning(week[0] + dt.timedelta(days=5), 2)
    return cal.spanning(week[0] + dt.timedelta(days=_WEEK_DAYS[week_day]), 1)


def _part_of_year(_: str, parts: Parts, moment: Moment) -> Span | None:
    year = _year(parts, moment.today)
    return cal.month_span(moment.today.year if year is None else year, _MONTH_OF_YEAR[parts["part"]])


def _whole_year(_: str, parts: Parts, moment: Moment) -> Span | None:
    year = moment.today.year + _REL_YEARS[parts["rel_year"]]
    return dt.date(year, 1, 1), dt.date(year, 12, 31)


def _festival(_: str, parts: Parts, moment: Moment) -> Span | None:
    year = _year(parts, moment.today)
    if year is not None:
        return festival(parts["festival"], year)
    return moment.nearest([festival(parts["festival"], y) for y in range(moment.today.year - 1, moment.today.year + 2)])


def _vague(surface: str, _: Parts, moment: Moment) -> Span | None:
    if surface not in _VAGUE:
        return None
    first, last = _VAGUE[surface]
    if moment.tense > Tense.UNTOLD and surface.startswith("这"):
        first, last = -last, -first
    return moment.today + dt.timedelta(days=first), moment.today + dt.timedelta(days=last)


def _distance(_: str, parts: Parts, moment: Moment) -> Span | None:
    """三天前, 半个月后, 两小时后; 三个多月前 lies between three and four months."""
    counts = _FEW if parts["count"] == "几" else _counts(parts)
    sign = -1 if "前" in parts["side"] else 1
    days = sorted(_away(moment.now, sign * count, parts["unit"]) for count in counts)
    return days[0], days[-1]


def _counts(parts: Parts) -> tuple[float, float]:
    count = 0.5 if parts["count"] == "半" else _number(parts["count"]) + (0.5 if "half" in parts else 0)
    if "more" in parts or "more_after" in parts:
        return count, count + (9 if count >= 10 and "more" in parts else 1)
    return count, count


def _away(now: dt.datetime, count: float, unit: str) -> dt.date:
    if unit in ("月", "年"):
        months = count * (12 if unit == "年" else 1)
        rest = dt.timedelta(days=round(30 * (months - int(months))))  # half a month is 15 days
        return cal.months_later(now.date(), int(months)) + rest
    lengths = {"小时": 60, "钟头": 60, "分钟": 1, "天": 1440, "日": 1440}
    return (now + dt.timedelta(minutes=count * lengths.get(unit, 7 * 1440))).date()


_RESOLVERS: dict[str, Callable[[str, Parts, Moment], Span | None]] = {
    "year_day": _year_day,
    "month": _month,
    "near_month_day": _near_month,
    "near_month": _near_month,
    "day_of_month": _day_of_month,
    "day_word": _day_word,
    "part_of_month": _part_of_month,
    "near_week": _near_week,
    "week_day": _week_day,
    "part_of_year": _part_of_year,
    "year": _whole_year,
    "festival": _festival,
    "vague": _vague,
    "distance": _distance,
}
