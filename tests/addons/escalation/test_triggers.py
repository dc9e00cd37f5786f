"""Every trigger of playbook/escalation.yml: what fires it and what must not."""

from __future__ import annotations

from typing import Any

import pytest

from addons.escalation.events import read_conversation
from addons.escalation.playbook import load
from addons.escalation.rules import evaluate, requested
from addons.escalation.wording import first_words
from tests.addons.escalation.tracker_lines import (
    Event,
    answered,
    did,
    handed_back,
    handed_over,
    loop,
    not_understood,
    said,
    slot,
    uttered,
)


def codes(*events: Event | list[Event]) -> list[str]:
    """The triggers that the newest message fires, the primary first."""
    flat = [event for item in events for event in (item if isinstance(item, list) else [item])]
    decision = evaluate(read_conversation(flat), load())
    return [trigger.code for trigger in decision.triggers] if decision else []


def order_finding(amount_fen: int, **more: Any) -> Event:
    return slot("findings", [{"what": "查订单", "result": "待发货", "order": {"amount_fen": amount_fen}, **more}])


ANGRY, CALM = "angry", ("neutral", 0)

FIRES = {
    "a threat of somebody the shop has marked": (
        "malicious_complaint",
        [slot("customer_profile", {"risk_tags": ["extortion"]}), said("不赔我就去投诉", "complain")],
    ),
    "asks for a person": ("customer_request", [said("转人工", "request_human")]),
    "asks for a person and more": (
        "customer_request",
        [said("重开发票 我要转人工", "request_invoice", "request_human")],
    ),
    "asks for a person inside a transaction": (
        "customer_request",
        [
            said("开发票", "request_invoice", message_id="m1"),
            loop("transaction_form"),
            uttered("开给个人还是公司？"),
            said("不想弄了 给我找个人", "request_human", message_id="m2"),
        ],
    ),
    "a button": ("customer_request", [said("转人工", "request_human", payload="/request_human")]),
    "without metadata, as in rasa test core": ("customer_request", [said("转人工", "request_human", bare=True)]),
    "anger 3": ("anger", [said("太离谱", "query_logistics", emotion=(ANGRY, 3))]),
    "anger 2 twice": (
        "anger",
        [
            answered(said("怎么搞的", "query_logistics", emotion=(ANGRY, 2), message_id="m1")),
            answered(said("订单号呢", "inform", emotion=CALM, message_id="m2")),
            said("还是没有", "query_logistics", emotion=(ANGRY, 2), message_id="m3"),
        ],
    ),
    "anger rising": (
        "anger",
        [
            answered(said("怎么还没到啊", "query_logistics", emotion=(ANGRY, 1), message_id="m1")),
            said("说了半天没用", "query_logistics", emotion=(ANGRY, 2), message_id="m2"),
        ],
    ),
    "strong words, emotion unknown": ("anger", [said("再也不买你家东西", "query_logistics")]),
    "strong words, only disappointed": ("anger", [said("再也不来了", "query_logistics", emotion=("disappointed", 1))]),
    "strong words in traditional characters": ("anger", [said("騙子", "query_logistics", emotion=(ANGRY, 1))]),
    "abuse": ("abuse", [said("去你的", "abuse", emotion=(ANGRY, 2))]),
    "anxiety the answer did not help": (
        "anxiety_deadline",
        [
            answered(said("明天要用，能到吗", "query_logistics", emotion=("anxious", 2), message_id="m1")),
            said("后天就要出发了啊", "query_logistics", emotion=("anxious", 2), message_id="m2"),
        ],
    ),
    "extreme anxiety": ("anxiety_deadline", [said("急用！今天必须到", "urge_order", emotion=("anxious", 3))]),
    "not understood twice": (
        "repeated_failure",
        [
            not_understood(said("啊吧啊吧", "nlu_fallback", message_id="m1")),
            said("呜噜呜噜", "nlu_fallback", message_id="m2"),
        ],
    ),
    "the same question again and again": (
        "repeated_failure",
        [
            answered(said("我的快递到哪了", "query_logistics", message_id="m1")),
            answered(said("我的快递到底到哪了", "query_logistics", message_id="m2")),
            said("我的快递到哪了啊", "query_logistics", message_id="m3"),
        ],
    ),
    "proof refused three times, then again": (
        "repeated_failure",
        [
            said("查订单", "query_order_status", message_id="m1"),
            did("order_form"),
            slot("verify_failures", 3),
            uttered("不对"),
            said("那我再报一次 5678", "inform", message_id="m2"),
        ],
    ),
    "three things open after the bot had its turn": (
        "multi_issue",
        [
            not_understood(said("积分没退", "report_points_issue", message_id="m1")),
            not_understood(said("券没到", "report_coupon_issue", message_id="m2")),
            said("发票也错了", "request_invoice", message_id="m3"),
        ],
    ),
    "three things at once, upset": (
        "multi_issue",
        [
            said(
                "积分没退 券没到 发票错了",
                "report_points_issue",
                "report_coupon_issue",
                "request_invoice",
                emotion=("disappointed", 2),
            )
        ],
    ),
    "complaint by intent": ("complaint", [said("你们服务太不负责", "complain", emotion=CALM)]),
    "formal complaint whatever the intent": ("complaint", [said("我要投诉快递", "query_logistics")]),
    "safety by intent": ("safety", [said("孩子吞下去了", "report_safety_issue")]),
    "safety by words": ("safety", [said("用了之后脸都过敏了", "report_quality_issue")]),
    "a blast beside praise": ("safety", [said("壶好看是好看，就是炸了", "report_quality_issue")]),
    "an electric shock": ("safety", [said("吹风机漏电，手被电到了", "report_quality_issue")]),
    "legal 12315": ("legal_threat", [said("再不退我打 1 2 3 1 5", "query_refund_status")]),
    "legal in full-width digits": ("legal_threat", [said("我要打１２３１５", "query_refund_status")]),
    "legal lawyer": ("legal_threat", [said("我让律师联系你们", "complain")]),
    "legal media": ("legal_threat", [said("我找媒体曝光你们", "complain")]),
    "legal traditional": ("legal_threat", [said("我要找律師起訴", "complain")]),
    "legal consumers' association": ("legal_threat", [said("我去消协告", "complain")]),
    "high value": (
        "high_value",
        [
            said("查订单", "query_order_status", message_id="m1"),
            did("action_answer_order"),
            order_finding(1_200_000),
            uttered("好"),
            said("屏幕是碎的", "report_damaged_item", message_id="m2"),
        ],
    ),
    "beyond policy": (
        "policy_exception",
        [
            said("我要退货", "request_return", message_id="m1"),
            did("action_answer_order"),
            order_finding(100, code="not_eligible", message_id="m1"),
            uttered("超期了"),
            said("那也得退给我", "request_return", message_id="m2"),
        ],
    ),
}

STAYS = {
    "three wishes, of which the bot asks for one and keeps the others": [
        said(
            "积分没退 券没到 发票错了", "report_points_issue", "report_coupon_issue", "request_invoice", message_id="m1"
        ),
        did("order_form"),
        loop("order_form"),
        slot("topic", "report_points_issue"),
        slot("pending", [{"topic": "report_coupon_issue"}, {"topic": "request_invoice"}]),
        uttered("是哪一单？"),
        said("抬头应该是杭州云杉科技有限公司", "request_invoice", message_id="m2"),
    ],
    "for a person, misheard inside a transaction": [
        said("开发票", "request_invoice", message_id="m1"),
        did("action_answer_order", "transaction_form"),
        loop("transaction_form"),
        uttered("开给个人还是公司？"),
        said("个人吧", "request_human", message_id="m2"),
    ],
    "no word of a person inside a transaction": [
        said("app闪退", "report_technical_issue", message_id="m1"),
        did("action_begin_transaction", "transaction_form"),
        loop("transaction_form"),
        uttered("重装一下，好了吗？"),
        said("重装了也没用", "request_human", message_id="m2"),
    ],
    "a fault that is not one of the dear order": [
        said("查订单", "query_order_status", message_id="m1"),
        did("action_answer_order"),
        order_finding(1_200_000),
        uttered("好"),
        said("app登不上", "report_account_issue", message_id="m2"),
    ],
    "a greeting": [said("你好", "greet", emotion=CALM)],
    "a question": [said("我的快递到哪了", "query_logistics", emotion=("anxious", 1))],
    "a button for a topic": [said("查物流", "query_logistics", payload="/query_logistics")],
    "anger 1": [said("有点慢", "query_logistics", emotion=(ANGRY, 1))],
    "anger 2 once": [said("怎么搞的", "query_logistics", emotion=(ANGRY, 2))],
    "anger calmed by thanks": [
        answered(said("怎么搞的", "query_logistics", emotion=(ANGRY, 2), message_id="m1")),
        answered(said("好的谢谢", "thank", emotion=("pleased", 1), message_id="m2")),
        said("还有一件怎么没发", "query_order_status", emotion=(ANGRY, 2), message_id="m3"),
    ],
    "anger cooled over three quiet messages": [
        answered(said("怎么搞的", "query_logistics", emotion=(ANGRY, 2), message_id="m1")),
        *(answered(said(f"第{n}句", "inform", emotion=CALM, message_id=f"q{n}")) for n in range(3)),
        said("又来了", "query_order_status", emotion=(ANGRY, 2), message_id="m3"),
    ],
    "falling anger": [
        answered(said("怎么搞的", "query_logistics", emotion=(ANGRY, 2), message_id="m1")),
        said("哦", "inform", emotion=(ANGRY, 1), message_id="m2"),
    ],
    "strong words said in good mood": [said("比那家骗子店强多了", "thank", emotion=("pleased", 2))],
    "anxiety with a deadline that the bot can answer": [
        said("明天要用，能到吗", "query_logistics", emotion=("anxious", 2))
    ],
    "anxiety answered, then content": [
        answered(said("明天要用，能到吗", "query_logistics", emotion=("anxious", 2), message_id="m1")),
        said("那就好", "affirm", emotion=("pleased", 1), message_id="m2"),
    ],
    "anxiety without a deadline": [
        answered(said("怎么还没到", "query_logistics", emotion=("anxious", 2), message_id="m1")),
        said("好慢啊", "query_logistics", emotion=("anxious", 2), message_id="m2"),
    ],
    "not understood once": [said("啊吧啊吧", "nlu_fallback")],
    "not understood, then understood": [
        not_understood(said("啊吧", "nlu_fallback", message_id="m1")),
        said("查物流", "query_logistics", message_id="m2"),
    ],
    "follow-up questions are no repetition": [
        answered(said("我的快递到哪了", "query_logistics", message_id="m1")),
        answered(said("能放丰巢吗", "query_logistics", message_id="m2")),
        said("明天几点送", "query_logistics", message_id="m3"),
    ],
    "the same question about three orders": [
        *(
            answered(
                said("这个到哪了", "query_logistics", entities={"order_id": f"2026111800012{n}"}, message_id=f"m{n}")
            )
            for n in range(2)
        ),
        said("这个到哪了", "query_logistics", entities={"order_id": "20261118000129"}, message_id="m9"),
    ],
    "answers inside a form": [
        loop("order_form"),
        *([*answered(said("我的快递到哪了", "query_logistics", message_id=f"m{n}"), "order_form")] for n in range(2)),
        said("我的快递到哪了", "query_logistics", message_id="m9"),
    ],
    "proof refused, then something else": [
        said("查订单", "query_order_status", message_id="m1"),
        did("order_form"),
        slot("verify_failures", 3),
        uttered("不对"),
        said("积分怎么用", "ask_points_redemption", message_id="m2"),
    ],
    "three things in one breath, calmly": [
        said("积分没退 券没到 发票错了", "report_points_issue", "report_coupon_issue", "request_invoice")
    ],
    "three things, all answered": [
        answered(said("积分没退", "report_points_issue", message_id="m1")),
        answered(said("券没到", "report_coupon_issue", message_id="m2")),
        said("发票也错了", "request_invoice", message_id="m3"),
    ],
    "three things in one breath, anxiously": [
        said(
            "积分没退 券没到 发票错了",
            "report_points_issue",
            "report_coupon_issue",
            "request_invoice",
            emotion=("anxious", 2),
        )
    ],
    "a calm word misread as abuse": [said("柜子吧", "abuse", emotion=CALM)],
    "praise that sounds like a blast": [said("这个颜色好看到爆炸，爱了爱了", "thank", emotion=("pleased", 2))],
    "fury that sounds like a blast, of one not furious": [said("蛋糕甜炸了", "ask_product_info", emotion=CALM)],
    "asks whether something causes allergies": [said("敏感肌用会不会过敏", "ask_product_info")],
    "leak protection": [said("这个插座防漏电吗", "ask_product_info")],
    "a bank": [said("能用工商银行卡付吗", "ask_payment_method")],
    "exposure of a camera": [said("曝光补偿怎么调", "ask_product_info")],
    "digits inside an order number": [said("订单 20261231500123", "inform")],
    "a lawyer's gown": [said("律师袍有没有L码", "ask_stock")],
    "a cheap order with a problem": [
        said("查订单", "query_order_status", message_id="m1"),
        did("action_answer_order"),
        order_finding(9_900),
        uttered("好"),
        said("屏幕是碎的", "report_damaged_item", message_id="m2"),
    ],
    "a question about a dear order": [
        said("查订单", "query_order_status", message_id="m1"),
        did("action_answer_order"),
        order_finding(1_200_000),
        uttered("好"),
        said("什么时候发", "query_order_status", message_id="m2"),
    ],
    "a refusal that is accepted": [
        said("我要退货", "request_return", message_id="m1"),
        did("action_answer_order"),
        order_finding(100, code="not_eligible", message_id="m1"),
        uttered("超期了"),
        said("那算了", "deny", message_id="m2"),
    ],
    "was here before, nothing else": [
        said("你好", "greet", context={"previous_contacts": [{"conversation_id": "c0"}]})
    ],
    "marked by the shop, asks a question": [
        slot("customer_profile", {"risk_tags": ["malicious_complaint"]}),
        said("我的快递到哪了", "query_logistics"),
    ],
    "after a handoff the window is new": [
        handed_over(said("你们什么破玩意", "complain", emotion=(ANGRY, 3), message_id="m1")),
        said("怎么搞的", "query_logistics", emotion=(ANGRY, 2), message_id="m2"),
    ],
    "after a hand-back the window is new": [
        not_understood(said("啊吧", "nlu_fallback", message_id="m1")),
        handed_back(),
        said("呜噜", "nlu_fallback", message_id="m2"),
    ],
}


@pytest.mark.parametrize("name", FIRES)
def test_fires(name: str) -> None:
    code, events = FIRES[name]
    assert code in codes(*events)


@pytest.mark.parametrize("name", STAYS)
def test_stays_with_the_bot(name: str) -> None:
    assert codes(*STAYS[name]) == []


def test_every_code_of_the_playbook_has_a_case() -> None:
    by_action_or_channel = {"technical_fault", "bot_unavailable"}
    assert {code for code, _ in FIRES.values()} | by_action_or_channel == set(load().triggers)


THREAT = said("不赔一千我就打12315投诉", "complain", emotion=(ANGRY, 2))


def test_a_malicious_complaint_goes_to_a_supervisor_and_sounds_like_any_other() -> None:
    marked = read_conversation([slot("customer_profile", {"risk_tags": ["malicious_complaint"]}), THREAT])
    plain = read_conversation([THREAT])
    decision, other = evaluate(marked, load()), evaluate(plain, load())
    assert decision is not None
    assert other is not None
    assert [trigger.code for trigger in decision.triggers] == [*(t.code for t in other.triggers), "malicious_complaint"]
    assert decision.triggers[-1].evidence == (THREAT["metadata"]["message_id"],)
    assert "supervisor" in decision.tags
    assert "supervisor" not in other.tags
    assert (decision.priority, decision.skill_group) == (other.priority, other.skill_group)
    assert first_words(marked, decision, load()) == first_words(plain, other, load())


@pytest.mark.parametrize("tags", [["complaint_prone"], ["frequent_returns"], "malicious_complaint", None, [7]])
def test_only_the_shops_own_mark_makes_it_malicious(tags: Any) -> None:
    assert "malicious_complaint" not in codes(slot("customer_profile", {"risk_tags": tags}), THREAT)


def test_what_was_refused_when_an_order_was_chosen_is_the_wish_before() -> None:
    events = [
        said("我要退货", "request_return", message_id="m1"),
        *did("order_form"),
        said("第一个", "inform", message_id="m2"),
        *did("action_answer_order"),
        order_finding(100, code="not_eligible", message_id="m2"),
        uttered("超期了"),
        said("我就要退", "request_return", message_id="m3"),
    ]
    assert "policy_exception" in codes(*events)


def test_an_action_asks_for_a_person_in_the_middle_of_its_turn() -> None:
    events = [
        said("app闪退", "report_technical_issue"),
        *did("action_begin_transaction"),
        slot("escalation", "technical_fault"),
    ]
    decision = requested(read_conversation(events), load())
    assert decision is not None
    assert (decision.primary.code, decision.skill_group, decision.level) == ("technical_fault", "technical", 3)


def test_an_earlier_wish_of_an_action_does_not_count_again() -> None:
    events = [
        said("app闪退", "report_technical_issue"),
        *did("action_begin_transaction"),
        slot("escalation", "technical_fault"),
        *did("action_handoff"),
        slot("escalation", None),
        said("你好", "greet", message_id="m2"),
    ]
    assert requested(read_conversation(events), load()) is None


@pytest.mark.parametrize("value", ["nonsense", {"code": 3}, ["anger"], 7, {"code": "anger", "words": "x"}])
def test_a_malformed_wish_never_raises(value: Any) -> None:
    decision = requested(read_conversation([said("x", "greet"), slot("escalation", value)]), load())
    assert decision is None or decision.primary.code == "anger"


def test_evidence_words_and_version_are_kept() -> None:
    events = [said("又坏了！！什么破玩意", "report_quality_issue", emotion=(ANGRY, 3), message_id="m_7")]
    decision = evaluate(read_conversation(events), load())
    assert decision is not None
    assert decision.primary.rule_version == load().rule_version
    assert decision.primary.evidence == ("m_7",)
    assert "破玩意" in "".join(decision.primary.words)


def test_words_are_given_as_the_customer_wrote_them() -> None:
    events = [said("我要找律 師", "complain", emotion=CALM)]
    decision = evaluate(read_conversation(events), load())
    assert decision is not None
    assert decision.primary.words == ("律 師",)


PRIORITIES: list[tuple[str, dict[str, Any], list[Event], str, str]] = [
    ("nobody special", {}, [said("转人工", "request_human")], "normal", ""),
    ("gold", {"tier": "gold"}, [said("转人工", "request_human")], "high", "金卡会员"),
    ("angry VIP", {"tier": "vip"}, [said("滚", "query_logistics", emotion=(ANGRY, 3))], "urgent", "VIP客户，情绪激动"),
    ("safety", {}, [said("漏电了，被电到", "report_safety_issue")], "urgent", ""),
]


@pytest.mark.parametrize(("name", "profile", "events", "priority", "reason"), PRIORITIES)
def test_priority(name: str, profile: dict[str, Any], events: list[Event], priority: str, reason: str) -> None:
    decision = evaluate(read_conversation([slot("customer_profile", profile), *events]), load())
    assert decision is not None, name
    assert decision.priority == priority
    assert not reason or reason in decision.priority_reasons


def test_lateness_raises_the_priority_with_its_reason() -> None:
    finding = slot("findings", [{"what": "查物流", "result": "x", "logistics": {"days_late": 4}}])
    decision = evaluate(read_conversation([finding, said("转人工", "request_human")]), load())
    assert decision is not None
    assert (decision.priority, decision.priority_reasons) == ("high", ("已晚到 4 天",))


@pytest.mark.parametrize(
    ("intents", "group"),
    [
        (("query_logistics", "request_human"), "logistics"),
        (("report_damaged_item", "request_human"), "after_sales"),
        (("report_technical_issue", "request_human"), "technical"),
        (("request_human",), "orders"),
        (("complain", "request_human"), "complaints"),
    ],
)
def test_route_follows_the_topic(intents: tuple[str, ...], group: str) -> None:
    decision = evaluate(read_conversation([said("转人工", *intents, emotion=CALM)]), load())
    assert decision is not None
    assert (decision.primary.code, decision.skill_group) == ("customer_request", group)
