"""Which days customers mean, at a fixed moment: Sunday 2026-11-22, noon in Beijing."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from addons.understanding.date_holidays import festival
from addons.understanding.date_patterns import DATE
from addons.understanding.dates import BEIJING, moment_of, resolve
from addons.understanding.entity_rules import EntityRules
from addons.understanding.normalise import normalise

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=BEIJING)


def spans(typed: str, now: dt.datetime = NOW) -> list[tuple[str, str]]:
    """Each date of a message and what it means, as "from" or "from/to" or "?"."""
    found = []
    for entity in EntityRules(lambda: now).combined(normalise(typed), []):
        if entity["entity"] == "date":
            days = entity.get("resolved", {"from": "?", "to": "?"})
            found.append((entity["value"], "/".join(dict.fromkeys((days["from"], days["to"])))))
    return found


ALONE = [
    ("前天", "2026-11-20"),
    ("大前天", "2026-11-19"),
    ("昨晚", "2026-11-21"),
    ("大后天", "2026-11-25"),
    ("明早", "2026-11-23"),
    ("刚才", "2026-11-22"),
    ("上周五", "2026-11-13"),
    ("这周", "2026-11-16/2026-11-22"),
    ("下下周一", "2026-11-30"),
    ("上上个星期天", "2026-11-08"),
    ("下周末", "2026-11-28/2026-11-29"),
    ("上个月底", "2026-10-27/2026-10-31"),
    ("本月初", "2026-11-01/2026-11-05"),
    ("下个月5号", "2026-12-05"),
    ("上个月", "2026-10-01/2026-10-31"),
    ("3号", "2026-11-03"),
    ("三号", "2026-11-03"),
    ("25号", "2026-10-25"),
    ("31号", "2026-10-31"),
    ("11月8日", "2026-11-08"),
    ("九月二十一号", "2026-09-21"),
    ("2026/11/8", "2026-11-08"),
    ("2026年3月1号", "2026-03-01"),
    ("去年3月1号", "2025-03-01"),
    ("25年3月1日", "2025-03-01"),
    ("九月份", "2026-09-01/2026-09-30"),
    ("2月底", "2026-02-24/2026-02-28"),
    ("十月中旬", "2026-10-11/2026-10-20"),
    ("月底", "2026-11-26/2026-11-30"),
    ("双十一", "2026-11-11"),
    ("去年双11", "2025-11-11"),
    ("国庆", "2026-10-01/2026-10-07"),
    ("五一", "2026-05-01/2026-05-05"),
    ("端午节", "2026-06-19"),
    ("去年春节", "2025-01-29/2025-02-04"),
    ("母亲节", "2026-05-10"),
    ("黑五", "2026-11-27"),
    ("除夕前", "2027-02-05"),
    ("三天前", "2026-11-19"),
    ("半个月前", "2026-11-07"),
    ("两周前", "2026-11-08"),
    ("两个半月前", "2026-09-07"),
    ("三个多月前", "2026-07-22/2026-08-22"),
    ("十多天前", "2026-11-03/2026-11-12"),
    ("几天前", "2026-11-13/2026-11-20"),
    ("半年前", "2026-05-22"),
    ("两小时后", "2026-11-22"),
    ("20小时前", "2026-11-21"),
    ("去年", "2025-01-01/2025-12-31"),
    ("前年", "2024-01-01/2024-12-31"),
    ("年底", "2026-12-01/2026-12-31"),
    ("前两天", "2026-11-20/2026-11-21"),
    ("当天", "?"),
    ("年前", "?"),
]


@pytest.mark.parametrize(("typed", "meant"), ALONE)
def test_what_a_date_alone_means(typed: str, meant: str) -> None:
    assert [span for _, span in spans(typed)] == [meant]


IN_A_SENTENCE = [
    ("周二", "2026-11-17"),
    ("礼拜二就签收了", "2026-11-17"),
    ("周二能送来吗", "2026-11-24"),
    ("麻烦改到礼拜二", "2026-11-24"),
    ("我周二买的什么时候能到", "2026-11-17"),
    ("周日收到的", "2026-11-15"),  # who means today says so
    ("今天都周日了", "2026-11-22"),
    ("周三之前要", "2026-11-25"),
    ("月底前要", "2026-11-26/2026-11-30"),
    ("10号前送到行吗", "2026-12-10"),
    ("10号就寄走了", "2026-11-10"),
    ("预计30号到货", "2026-11-30"),
    ("1月5号要用", "2027-01-05"),
    ("1月5号买的", "2026-01-05"),
    ("双十二会便宜点么", "2026-12-12"),
    ("双十二囤的没吃完呢,去年双十二的", "2026-12-12"),
    ("双十二买的", "2025-12-12"),
    ("双十一之前就下单了", "2026-11-11"),
    ("我等双十一再买", "2027-11-11"),
    ("快过年了", "2027-02-06/2027-02-12"),
    ("9.30下的单", "2026-09-30"),
    ("9/30收到", "2026-09-30"),
    ("618那天拍的", "2026-06-18"),
    ("520那天送的", "2026-05-20"),
    ("这几天要出远门", "2026-11-22/2026-11-25"),
]


@pytest.mark.parametrize(("typed", "meant"), IN_A_SENTENCE)
def test_the_words_around_it_tell_past_from_future(typed: str, meant: str) -> None:
    assert spans(typed)[0][1] == meant


NO_DATES = [
    "3号楼2单元",
    "坐2号线",
    "1号色有货吗",
    "换大一号",
    "五一路88号",
    "国庆路店",
    "周六福的项链",
    "每周一都签到",
    "3个月的宝宝",
    "满月礼",
    "12月龄能吃吗",
    "目前天气冷",
    "以后天天来",
    "花了618",
    "618元",
    "价格9.30",
    "版本9.30",
    "9.5折",
    "签收7天后还能退吗",
    "第三天后",
    "提前几天说",
    "20个",
    "一五一十",
]


@pytest.mark.parametrize("typed", NO_DATES)
def test_what_only_looks_like_a_date(typed: str) -> None:
    assert spans(typed) == []


def test_a_phrase_with_next_inside_another_word() -> None:
    assert spans("想了解一下周六发货吗") == [("周六", "2026-11-28")]


def test_a_day_that_does_not_exist_is_found_and_not_resolved() -> None:
    assert spans("2026年2月30号买的") == [("2026年2月30号", "?")]
    assert spans("2月29号买的") == [("2月29号", "2024-02-29")]


def test_the_time_of_the_message_decides() -> None:
    message = Message(data={TEXT: "昨天付的款", "metadata": {"at": "2026-03-01T17:30:00Z"}})  # 2 March in Beijing
    EntityRules().process([message])
    assert message.get(ENTITIES)[0]["resolved"] == {"from": "2026-03-01", "to": "2026-03-01"}


@pytest.mark.parametrize("metadata", [None, {}, {"at": None}, {"at": "soon"}, {"at": 5}])
def test_without_the_time_of_the_message_the_clock_decides(metadata: object) -> None:
    message = Message(data={TEXT: "昨天付的款", "metadata": metadata})
    EntityRules(lambda: NOW).process([message])
    assert message.get(ENTITIES)[0]["resolved"]["from"] == "2026-11-21"


def test_times_of_messages() -> None:
    assert moment_of("2026-11-21T16:00:00.5Z").isoformat() == "2026-11-22T00:00:00+08:00"
    assert moment_of("2026-11-22T00:00:00").date() == dt.date(2026, 11, 22)
    assert moment_of("9999-12-31T23:59:59Z", lambda: NOW) == NOW


def test_a_year_that_the_table_lacks() -> None:
    assert festival("春节", 2099) is None
    assert festival("除夕", 2099) is None
    assert festival("泼水节", 2026) is None
    assert spans("2099年春节") == [("2099年春节", "?")]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"上下前后这去今明大几半多个一二十三0129月号日周天年初底末./-", "双十一", "618"]), max_size=12
    ).map("".join),
    st.dates(dt.date(2024, 1, 1), dt.date(2035, 12, 31)),
)
def test_a_span_never_ends_before_it_begins(text: str, today: dt.date) -> None:
    for match in DATE.finditer(text):
        span = resolve(text, *match.span(), dt.datetime.combine(today, dt.time(12), BEIJING))
        assert span is None or span[0] <= span[1]
