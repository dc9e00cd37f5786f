"""What reading whole escalation conversations (docs/escalations.md) has taught the rules and the first words."""

from __future__ import annotations

from addons.escalation.events import read_conversation
from addons.escalation.issues import issues
from addons.escalation.playbook import load
from addons.escalation.rules import evaluate
from addons.escalation.wording import first_words
from tests.addons.escalation.tracker_lines import Event, answered, did, loop, said, slot, uttered

ANGRY = ("angry", 2)


def codes(events: list[Event]) -> list[str]:
    decision = evaluate(read_conversation(events), load())
    return [trigger.code for trigger in decision.triggers] if decision else []


def words_at(events: list[Event]) -> str:
    conversation = read_conversation(events)
    decision = evaluate(conversation, load())
    assert decision is not None
    return first_words(conversation, decision, load())


def asked(intent: str, *texts: str, mood: tuple[str, int] | None = None) -> list[Event]:
    """Questions that were all answered but the last, whose mood is given."""
    events: list[Event] = []
    for number, text in enumerate(texts, 1):
        last = number == len(texts)
        events.append(said(text, intent, emotion=mood if last and mood else ("neutral", 0), message_id=f"m{number}"))
        events += [] if last else answered("action_answer_order")
    return events


def test_a_question_about_goods_is_not_fury() -> None:
    assert codes(asked("ask_product_info", "拍立得曝光能调不", mood=("angry", 3))) == []
    assert codes(asked("report_quality_issue", "拍立得曝光坏了", mood=("angry", 3))) == ["anger"]
    assert codes(asked("ask_product_info", "这什么破玩意", mood=("angry", 1))) == ["anger"]


def test_three_questions_about_goods_are_three_questions() -> None:
    texts = ("防晒霜会不会过敏", "保温杯防烫不", "拍立得曝光能调不")
    assert codes(asked("ask_product_info", *texts, mood=("angry", 1))) == []


def test_the_same_question_in_three_wordings() -> None:
    texts = ("咖啡机退款啥时候到账啊", "所以退款啥时候到账", "我就问退款啥时候能到账")
    assert codes(asked("query_refund_status", *texts)) == ["repeated_failure"]


def test_reproach_in_so_many_words() -> None:
    assert codes([said("你们到底行不行啊", "query_refund_status", emotion=ANGRY)]) == ["anger"]
    assert codes([said("周末退货到底行不行", "ask_return_policy", emotion=ANGRY)]) == []


def test_an_answer_inside_a_form_raises_nothing() -> None:
    events = [
        said("app闪退", "report_technical_issue", message_id="m1"),
        *did("action_begin_transaction", "transaction_form"),
        loop("transaction_form"),
        uttered("清一下缓存，好了吗？"),
        said("清了缓存也没用", "report_coupon_issue", message_id="m2"),
        *did("transaction_form"),
        slot("transaction", {"topic": "report_technical_issue"}),
        uttered("更新一下，好了吗？"),
    ]
    assert [issue.intent for issue in issues(read_conversation(events), load())] == ["report_technical_issue"]
    later = [*events, slot("pending", [{"topic": "report_coupon_issue"}])]
    assert len(issues(read_conversation(later), load())) == 2


def test_a_brisk_wish_for_a_person_needs_no_apology() -> None:
    begun = [*asked("request_invoice", "咖啡机开张发票"), *answered("action_answer_order")]
    brisk = said("叫个真人来 不跟机器人说", "request_human", emotion=ANGRY, message_id="m9")
    assert "对不起" not in words_at([*begun, brisk])
    assert "发票的事" in words_at([*begun, brisk]) or "前面聊的" in words_at([*begun, brisk])
    upset = [*asked("request_invoice", "开张发票怎么这么难", mood=ANGRY), *answered("action_answer_order")]
    assert "对不起" in words_at([*upset, brisk])


def test_beyond_the_policy_nobody_has_done_wrong() -> None:
    refused = {"what": "退货资格", "result": "过期", "code": "not_eligible", "message_id": "m1"}
    events = [
        *asked("request_return", "四件套我想退货"),
        *answered("action_answer_order"),
        slot("findings", [refused]),
        said("我不管 就要退", "request_return", emotion=ANGRY, message_id="m2"),
    ]
    assert codes(events) == ["policy_exception"]
    assert "没做好" not in words_at(events)


def test_the_trouble_is_named_and_not_the_wish_beside_it() -> None:
    both = said("盖子漏水 气死我了 这事没完", "undo_request", "report_quality_issue", emotion=("angry", 3))
    assert "撤销" not in words_at([both])


def test_haste_without_a_date_promises_no_date() -> None:
    words = words_at([said("号被盗了 快叫人工", "report_account_issue", "request_human", emotion=("anxious", 3))])
    assert "时间要求" not in words
