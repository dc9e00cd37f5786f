"""What a message means inside a transaction: an answer, a correction, yes, no, another order, or something else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from actions.context import order_number_in
from actions.order_choice import goods_word_in, means_another_order, names
from actions.transactions.case import (
    ASKING,
    CANCELLED,
    CONFIRMED,
    CONFIRMING,
    OTHER_ORDER,
    SETTLED,
    STUCK,
    Case,
    Progress,
)
from actions.transactions.detail import FREE_ANSWERS, STOP, WAIT, YES, Detail
from actions.transactions.transaction import Transaction

MAX_MISSED = 3
# What the buttons beside a question mean.
STEP_BACK, STEP_OUT = "back", "stop"
REVISE_BUTTON, REVISE_ONE = "revise", "revise:"
# Said in between they are neither answers nor misses.
POLITE = ("greet", "thank")
MAX_SAID = 60
# 杯子是好的就护手霜: while a question is open, a topic read from it with less than this is no change of topic.
SURE_OF_TOPIC = 0.4
REVISE = re.compile(r"改一下|不对|错了|重新(填|选|来|写)|有误|不是这(个|样)")
# 改一下 names the wish itself when an order is changed, and is the title of a button: never a yes.
ONLY_REVISE = re.compile(
    r"^[那要我想再先，, ]*(改(一下|改|个)?|修改(一下)?|重新(填|选|来|写)(一下)?|有?(不对|错了?|有误))[了吧啊呀。！!]*$"
)
# 那就取消吧, 确认取消: at the confirmation the wish itself is a yes.
WISHED_AGAIN = re.compile(r"^(确认|确定|那就|就|好的?|嗯)|吧[。！!～~]*$")
# 行吧取消, 那帮我查吧: whatever intent the understanding reads from these few characters, they tell the bot to go on.
GO_AHEAD = (
    r"^[嗯那就好行的吧啊，, ]*(可以)?(给我|帮我|麻烦|你)?(赶紧|快点?|现在|直接)?(办|弄|提交|{verbs})"
    r"(上|了)?(一?下|件)?(吧|呗|啊|呀|嘛|哈)?[。！!～~]*$"
)


def begin(transaction: Transaction, case: Case, progress: Progress) -> Progress:
    """The first step: what the first message already tells need not be asked."""
    return _advanced(transaction, case, progress, _volunteered(transaction, case, already=()))


def heard(transaction: Transaction, case: Case, progress: Progress) -> Progress | None:
    """The transaction after this message, or None when the message is about something else."""
    moved = _by_button(transaction, case, progress)
    if moved is not None:
        return moved
    if means_this_order_not(case):
        return replace(progress, step=OTHER_ORDER)
    unsure = progress.revising  # 嗯 to "what is to be changed?" is no yes to the rest
    progress = replace(progress, waiting=False, revising=False)
    if unsure and (case.turn.intent == "affirm" or YES.match(case.turn.text.strip())):
        return progress
    if progress.step == CONFIRMING:
        return progress if transaction.told(case) else _at_confirmation(transaction, case, progress)
    wanted = missing(transaction, case)
    value = wanted.read(case, True) if wanted else None
    if wanted is None or value is None:
        return _without_answer(transaction, case, progress)
    known = {**progress.details, wanted.name: value}
    # 换成黑色的，42 码: one sentence may answer the next questions too.
    return _advanced(
        transaction, case, progress, {**_volunteered(transaction, case, already=progress.details), **known}
    )


def _by_button(transaction: Transaction, case: Case, progress: Progress) -> Progress | None:
    """The way out, the way back, or one answer anew, when a button for it was pressed."""
    pressed = case.turn.entities.get("choice", ())
    if STEP_OUT in pressed:
        return replace(progress, step=CANCELLED)
    if STEP_BACK in pressed:
        return _a_step_back(transaction, case, progress)
    if pressed and pressed[-1].startswith(REVISE_ONE):
        return _without(transaction, case, progress, pressed[-1].removeprefix(REVISE_ONE))
    return None


def _without_answer(transaction: Transaction, case: Case, progress: Progress) -> Progress | None:
    """A message that leaves the question open: a correction, a question about the thing itself, or something else."""
    corrected = _corrected(transaction, case, progress)
    if corrected is None and transaction.told(case):
        return progress
    return corrected or _unanswered(transaction, case, progress)


def _a_step_back(transaction: Transaction, case: Case, progress: Progress) -> Progress:
    """The answer before the open question is forgotten, so that it is asked for again."""
    known = [item.name for item in transaction.details(case) if item.name in progress.details]
    kept = {name: value for name, value in progress.details.items() if name not in known[-1:]}
    return replace(progress, details=kept, step=ASKING, missed=0, failed=False)


def _without(transaction: Transaction, case: Case, progress: Progress, name: str) -> Progress:
    """One answer is forgotten and asked for again, the others stay; a new address keeps the name beside it."""
    revised = transaction.revised(case, {})
    kept = {key: value for key, value in progress.details.items() if key != name}
    return replace(progress, details={**kept, **revised}, step=ASKING, missed=0, failed=False)


def missing(transaction: Transaction, case: Case) -> Detail | None:
    """The first detail that is not known yet."""
    return next((item for item in transaction.details(case) if item.name not in case.details), None)


def means_this_order_not(case: Case) -> bool:
    """不对，是另一单, or the number of another order."""
    if case.order is None:
        return False
    numbers = [order_number_in(value) for value in case.turn.entities.get("order_id", ())]
    if any(number and number != case.order["order_id"] for number in numbers):
        return True
    return means_another_order(case.turn.text) or _names_goods_elsewhere(case)


def _names_goods_elsewhere(case: Case) -> bool:
    """不对，是保温杯那单, of an order without a cup."""
    words = case.turn.text
    goods = case.turn.entities.get("product") or goods_word_in(words)
    elsewhere = not any(names(line["title"], words) for line in case.the_order["lines"])
    return bool(goods) and elsewhere and re.search(r"那(一|个)?(单|订单|笔)", words) is not None


def _at_confirmation(transaction: Transaction, case: Case, progress: Progress) -> Progress | None:
    found = _volunteered(transaction, case, already=())
    changed = {name: value for name, value in found.items() if value != progress.details.get(name)}
    words = case.turn.text.strip()
    # 对，电话是139…: a yes that brings something new is a correction.
    if changed and not YES.match(words):
        return _advanced(transaction, case, progress, {**progress.details, **changed})
    wished_again = case.turn.intent == progress.topic and WISHED_AGAIN.search(words)
    agreed = _goes_ahead(transaction, words) or (not REVISE.search(words) and transaction.agrees(case))
    doubtful = words.endswith(("？", "?"))  # 嗯？ wants to hear it again
    if not doubtful and (case.turn.intent == "affirm" or YES.match(words) or wished_again or agreed):
        return replace(progress, step=CONFIRMED)
    pressed = REVISE_BUTTON in case.turn.entities.get("choice", ())
    if (pressed or REVISE.search(words) or ONLY_REVISE.match(words)) and transaction.details(case):
        if (pressed or ONLY_REVISE.match(words)) and len(revisable(transaction, case)) > 1:
            return replace(progress, revising=True, missed=0)
        # 门牌错了: what is to change is said, so only the new value need be asked for.
        named = {} if pressed else _volunteered(transaction, case.knowing({}), already=())
        return replace(progress, details=dict(transaction.revised(case, named)), step=ASKING, missed=0)
    return _unanswered(transaction, case, progress)


def revisable(transaction: Transaction, case: Case) -> list[Detail]:
    """The answers given so far that a customer may want to give anew."""
    return [item for item in transaction.details(case) if item.name in case.details]


def _goes_ahead(transaction: Transaction, words: str) -> bool:
    return not ONLY_REVISE.match(words) and re.match(GO_AHEAD.format(verbs=transaction.verbs), words) is not None


def _corrected(transaction: Transaction, case: Case, progress: Progress) -> Progress | None:
    """A message that leaves the question open but says something new about the same wish."""
    if case.turn.intent not in (*FREE_ANSWERS, progress.topic) and not transaction.includes(case):
        return None
    found = _volunteered(transaction, case, already=())
    changed = {name: value for name, value in found.items() if value != progress.details.get(name)}
    return _advanced(transaction, case, progress, {**progress.details, **changed}) if changed else None


def _unanswered(transaction: Transaction, case: Case, progress: Progress) -> Progress | None:
    turn = case.turn
    if WAIT.search(turn.text.strip()):
        return replace(progress, waiting=True)
    refused = turn.intent in ("deny", "goodbye") and transaction.no_ends_it
    if refused or STOP.search(turn.text.strip()) or transaction.gives_up(case):
        return replace(progress, step=CANCELLED)
    if turn.intent in POLITE or turn.wordless:  # a photo is kept, and is no miss
        return progress
    if turn.intent == progress.topic or transaction.includes(case):
        # The same wish once more: asked in other words, but nobody is given up on for it.
        return replace(progress, missed=progress.missed + 1)
    if turn.intent not in FREE_ANSWERS and turn.sure >= SURE_OF_TOPIC:
        return None
    missed = progress.missed + 1
    return replace(progress, missed=missed, step=STUCK if missed >= MAX_MISSED else progress.step)


def _advanced(transaction: Transaction, case: Case, progress: Progress, details: Mapping[str, Any]) -> Progress:
    now = case.knowing(details)
    if transaction.ended(now) is not None:
        step = SETTLED
    elif missing(transaction, now):
        step = ASKING
    else:
        step = CONFIRMING if transaction.confirms else CONFIRMED
    new = [name for name, value in details.items() if progress.details.get(name) != value]
    said = {**progress.said, **dict.fromkeys(new, case.turn.text[:MAX_SAID])}
    return replace(progress, details=dict(details), step=step, missed=0, failed=False, said=said)


def _volunteered(transaction: Transaction, case: Case, already: Collection[str]) -> dict[str, Any]:
    """Details the message names without being asked, except those `already` known; one may decide which come next."""
    found: dict[str, Any] = {}
    while True:
        now = case.knowing({**case.details, **found})
        unread = [item for item in transaction.details(now) if item.name not in found and item.name not in already]
        values = ((item.name, item.read(now, False)) for item in unread)
        first = next(((name, value) for name, value in values if value is not None), None)
        if first is None:
            return found
        found[first[0]] = first[1]
