"""The headline and the one sentence."""

from __future__ import annotations

from typing import Any

from tests.addons.escalation.tracker_lines import said, slot
from tests.addons.summary.late_parcel import WANG, summary_of


def test_the_two_lines(late: dict[str, Any]) -> None:
    assert late["headline"] == "王*（金卡），包裹晚到3天，非常生气，订单…0612"
    assert late["one_sentence"] == (
        "王*（金卡），订单 …0612（运输中），包裹晚到3天，机器人已查询物流："
        "告知暴雨停运与新到达时间，客户不接受，诉求未明，愤怒 3。"
    )


def test_the_technical_sentence() -> None:
    events = [
        slot("customer_profile", WANG),
        slot(
            "diagnosis",
            {
                "platform": "iOS",
                "system_version": "15.0",
                "app_version": "7.3.1",
                "steps": "「我的」→「订单」",
                "symptom": "点击后闪退",
                "since": "11月3日起",
                "tried": ["清缓存", "重装"],
            },
        ),
        said("还是闪退，转人工", "report_technical_issue", "request_human"),
    ]
    summary = summary_of(events)
    assert summary["one_sentence"] == (
        "账号 138****0612，iOS 15.0 7.3.1，「我的」→「订单」，点击后闪退，11月3日起，"
        "已清缓存、重装，未解决，需排查原因。"
    )
    assert summary["route"]["skill_group"] == "technical"
    assert summary["diagnosis"]["tried"] == ["清缓存", "重装"]
