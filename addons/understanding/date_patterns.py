"""The forms in which customers name days: a core that tells the day, and what must or must not stand around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HAN = "一二三四五六七八九"
_WEEK = "(?:周|星期|礼拜)"
# 了解一下周六 and 赶得上周五 have no 下周 and no 上周.
_NEAR = "(?<![一得])(?P<near>[上下]{1,2}|[这本])"
_PART = "(?P<part>[中上下]旬|[初末底中])"
_YEAR = rf"(?P<year>20\d{{2}}|2\d|二[零〇][{_HAN}零〇]{{2}})"
_REL_YEAR = "(?P<rel_year>前年|去年|今年|明年)"
_HAN_MONTH = f"十[一二]?|[{_HAN}]"
_MONTH = rf"(?P<month>1[0-2]|0?[1-9]|{_HAN_MONTH})"
_DIGIT_MONTH = r"(?P<month>1[0-2]|0?[1-9])"
_DIGIT_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])"
# A day in Chinese numerals needs its 日 or 号 (三月五折), one in digits does not (11月18).
_DAY = rf"(?:{_DIGIT_DAY}(?!\d)[日号]?|(?P<han_day>三十一?|廿[{_HAN}]?|二?十[{_HAN}]?|[{_HAN}])[日号])"
_COUNT = rf"(?P<count>\d{{1,3}}|半|几|[{_HAN}两十]{{1,3}})"
_NO_NUMBER_BEFORE = rf"(?<![\d.{_HAN}十])"
_NO_MEASURE = r"(?!\s?[折次个件元块万])"

# 3号 is a day only where something follows that happens on a day (3号楼, 5号线, 1号口红 are not).
_AFTER_DAY = (
    r"(?=之?前|以前|之?后|那天|当天|上午|上门|左右|的?$|[,。?!;\s]"
    r"|[到收发下买拍要用走出就才也晚早能可寄签说申付换退送给打凌中还又])"
)
_HAPPENS = r"(?=[到买下收签发付拍寄申退订换送](?!折)|[号日]|那天|当天|之?前|之后|开始)"
_NO_STREET = "(?!路|街|广场|大道|村|店|新村|上河)"

# Longer names first: the first that fits at a place is taken.
FESTIVALS = (
    "双十一|双11|双十二|双12|六一八|国庆节?|春节|过年|除夕|元旦|元宵节|中秋节?|端午节?|清明节?|重阳节|圣诞节?|平安夜"
    "|情人节|七夕节?|三八节|妇女节|母亲节|父亲节|六一儿童节|儿童节|六一|五一|劳动节|教师节|感恩节|万圣节|黑五|黑色星期五"
)
_NUMBER_FESTIVALS = "618|520"


@dataclass(frozen=True)
class Form:
    """One way to name a day: `core` is what the customer named; `before` and `after` only guard it."""

    kind: str
    core: str
    before: str = ""
    after: str = ""


# The order matters: at one place the first form that fits is taken.
FORMS = (
    Form("year_day", rf"{_YEAR}\s?[-/.年]\s?{_MONTH}\s?[-/.月]\s?{_DAY}", r"(?<![\d.])", r"(?![\d.])"),
    Form("year_day", rf"{_REL_YEAR}的?{_MONTH}月{_DAY}", "", _NO_MEASURE),
    Form("year_day", rf"{_MONTH}月{_DAY}", rf"(?<![\d.个{_HAN}十])", _NO_MEASURE),
    Form(
        "year_day",
        rf"{_DIGIT_MONTH}[./-]{_DIGIT_DAY}",
        r"(?<![\d./v¥花了块价才只版本号码\-])",
        r"(?![\d./-])" + _HAPPENS,
    ),
    Form("year_day", rf"{_DIGIT_MONTH}/{_DIGIT_DAY}", "(?:(?<=[在从于])|^)", r"(?![\d./-])"),
    Form("month", rf"(?:(?<![\d.]){_YEAR}\s?年|{_REL_YEAR}的?)\s?{_MONTH}月(?:份?{_PART}|份)?"),
    Form(
        "month",
        rf"{_MONTH}月(?:份?{_PART}|份)?",
        rf"(?<!保修)(?<!质保)(?<!免息)(?<![\d.个每几数满包整分{_HAN}十])",
        r"(?![租费卡供饼嫂光龄大内经])(?!\s?[\d一]次)",
    ),
    Form("near_month_day", rf"{_NEAR}个?月的?{_DAY}"),
    Form("near_month", rf"{_NEAR}个?月{_PART}?"),
    Form(
        "day_of_month",
        rf"(?:{_DIGIT_DAY}|(?P<han_day>三十一?|廿[{_HAN}]?|二?十[{_HAN}]?|[{_HAN}]))号",
        rf"(?<![\d.大小第加型编单楼栋{_HAN}十])",
        _AFTER_DAY,
    ),
    Form(
        "day_word",
        "大前天|(?<![目以之])前天|昨天|昨晚|昨夜|昨日|昨儿个?|今天|今晚|今早|今日|今儿个?|大后天|(?<![然以之])后天"
        "|(?<!透)明天|明早|明晚|明日|明儿个?|刚才|刚刚|当天",
    ),
    Form("week_day", rf"{_NEAR}个?{_WEEK}(?P<week_day>[一二三四五六日天末])", "", "(?!福)"),
    Form("near_week", rf"{_NEAR}个?{_WEEK}"),
    Form("week_day", rf"{_WEEK}(?P<week_day>[一二三四五六日天])", rf"(?<![{_HAN}两\d半几每个])", "(?![福年岁边])"),
    Form("week_day", "(?:周|礼拜)(?P<week_day>末)", "(?<!每)"),
    Form(
        "festival",
        rf"(?:(?<![\d.]){_YEAR}年|{_REL_YEAR})的?(?P<festival>{FESTIVALS}|{_NUMBER_FESTIVALS}|十一(?!月))",
    ),
    Form("part_of_month", "月(?P<part>[初底末中])", rf"(?<![\d{_HAN}十个半几每])"),
    Form("part_of_year", rf"{_REL_YEAR}年?(?P<part>[初底中])"),
    Form("part_of_year", "年(?P<part>[初底])", rf"(?<![\d{_HAN}十半几每])"),
    Form("year", _REL_YEAR),
    Form(
        "distance",
        rf"{_COUNT}(?P<half>个半)?(?P<more>个?多|来)?个?(?P<unit>天|日|周|星期|礼拜|月|小时|钟头|分钟|年)(?P<more_after>多)?"
        "(?P<side>之?前|以前|之?后|以后)",
        # 签收7天后 counts from signing, not from now.
        r"(?<!签收)(?<!收货)(?<!到货)(?<!购买)(?<!下单)(?<!发货)(?<!付款)(?<![\d.第])",
        "(?![摄置])",
    ),
    Form("vague", "前几天|前些天|前些日子|前两天|前阵子|前段时间|这两天|这几天", "(?<!提)"),
    Form("vague", "年前", rf"(?<![\d{_HAN}十半几多])"),
    Form(
        "festival",
        "(?P<festival>十一)",
        rf"(?<![双{_HAN}十百千\d第])",
        "(?=期间|假期|长假|放假|之?前|之?后|那天|的时候|买的|下的单)",
    ),
    Form(
        "festival",
        f"(?P<festival>{_NUMBER_FESTIVALS})",
        r"(?<![\d.¥])",
        r"(?=活动|大促|促销|那天|那次|期间|当天|的?时候|之?前|之?后|预售|[买下拍抢](?!了))",
    ),
    Form("festival", f"(?P<festival>{_NUMBER_FESTIVALS})", "(?:(?<=过了)|(?<=等到)|(?<=年中))", r"(?![\d.元块])"),
    Form("festival", f"(?P<festival>{FESTIVALS})", _NO_NUMBER_BEFORE, rf"(?![{_HAN}十])" + _NO_STREET),
)


def _place(index: int, form: Form) -> str:
    """The form inside the one pattern of all forms: its own groups would clash with those of the others."""
    anonymous = re.sub(r"\?P<\w+>", "?:", form.core)
    return f"{form.before}(?P<f{index}>{anonymous}){form.after}"


DATE = re.compile("|".join(_place(index, form) for index, form in enumerate(FORMS)))
_CORES = tuple(re.compile(form.core) for form in FORMS)


def parts_of(match: re.Match[str]) -> tuple[str, dict[str, str]]:
    """Kind of a match of DATE, and its named parts; parts that the customer left out are missing."""
    index = int((match.lastgroup or "f0")[1:])
    core = _CORES[index].match(match.string, match.start())
    # Where a guard reaches into the core it may match shorter alone, which is only worth the kind.
    found = core.groupdict() if core and core.end() == match.end() else {}
    return FORMS[index].kind, {name: value for name, value in found.items() if value}
