"""What a transaction asks the customer: one detail, how to ask for it and how to read it from a message."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from actions.answer import Button, Reply
from actions.order_choice import ordinal_in
from actions.transactions.case import Case

# Intents under which a free sentence may be the answer to a question; anything else is a question of its own.
FREE_ANSWERS = ("inform", "nlu_fallback", "out_of_scope", "affirm", "deny", "greet", "thank")
MAX_WORDS = 300
# A question, whatever else the words say.
ASKS = re.compile(r"[?？]|吗|呢$|多少|几[个天号]|怎么|什么|有没有|哪")
STOP = re.compile(
    r"^(那?(还是)?算了|(那?(就|还是)?先?|还是)不(用|要|想)?(办|弄|退|换|改|申请|开|报|查|提交|补|搞)了|先不(用|办|弄|退|换|改)?|退出|放弃|停下?|不需要了?)"
)
# 稍等, 税号我找一下: nothing to say yet.
WAIT = re.compile(
    r"^[好的嗯行那哦，, ]*(稍等|等等|等我?一?[下会]儿?|别急|马上[找发去])[^?？，, ]{0,4}[。！!～~]*$"
    r"|^(我)?(这)?(有|拍了?)(照片|图片|图|视频).{0,8}$|(照片|图片|视频).{0,3}(发|传)给?(你|您).{0,2}$"
    r"|(让我|我)[去先再]*[找查问看翻想](一?下|看看|看|找|想|问)[哈啊吧]?[。！!～~]*$"
)
YES = re.compile(
    r"^(嗯+|好+(的|滴|吧|呀|啊)?|可以的?|行(吧|的)?|对(的|头)?|是的?|确认(提交)?|提交吧?|没(问题|错)|ok|就这样|办吧|要的?|需要|同意)[。！!~～，,呀啊吧了]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Detail:
    """One thing to find out.

    `read(case, asked)` gives a JSON value, or None when the message does not say it; with `asked` False only what is
    unmistakable counts, so that the first message already fills what it names. `ask(case, again)` is the question;
    `again` is True after an answer that was not understood and must be worded differently.
    """

    name: str
    ask: Callable[[Case, bool], Reply]
    read: Callable[[Case, bool], Any]


@dataclass(frozen=True)
class Option:
    """One of several known answers: `value` is kept, `title` shown, `pattern` (a regular expression) recognised."""

    value: str
    title: str
    pattern: str = ""


def choice(name: str, question: str, options: Callable[[Case], Sequence[Option]]) -> Detail:
    """A detail with buttons. `question` names `transactions.<question>` and `<question>_again`."""

    def ask(case: Case, again: bool) -> Reply:
        words = case.say(f"{question}_again" if again else question)
        buttons = tuple(Button(option.title, chosen(option.value)) for option in options(case))
        return Reply(words, buttons=buttons)

    def read(case: Case, asked: bool) -> str | None:
        found = [option.value for option in options(case)]
        pressed = case.turn.entities.get("choice", ())
        if asked and pressed and pressed[-1] in found:
            return pressed[-1]
        titles = [option.title for option in options(case)]
        if asked and case.turn.intent.startswith("query_") and case.turn.text.strip() not in titles:
            return None  # 之前那笔退款到了没: a question that happens to hold a word of an answer
        named = _named(case.turn.text, options(case))
        if named is None and asked:
            place = ordinal_in(case.turn.text)
            named = found[place] if place is not None and place < len(found) else None
        return named

    return Detail(name, ask, read)


def words_of(
    name: str,
    question: str,
    intents: Sequence[str] = (),
    *,
    usable: Callable[[str], str | None] = lambda words: words if len(words) >= 2 else None,
) -> Detail:
    """A detail in the customer's own words, taken only when asked for and not under an intent of another wish.

    `intents` may bring the answer beside FREE_ANSWERS; `usable` gives the value kept, or None to ask again.
    """

    def ask(case: Case, again: bool) -> Reply:
        return Reply(case.say(f"{question}_again" if again else question))

    def read(case: Case, asked: bool) -> str | None:
        words = case.turn.text.strip()[:MAX_WORDS]
        no_answer = any(pattern.search(words) for pattern in (STOP, YES, WAIT))
        if not asked or case.turn.intent not in (*FREE_ANSWERS, *intents) or no_answer:
            return None
        return usable(words)

    return Detail(name, ask, read)


def chosen(value: str) -> str:
    """The payload of a button that answers a question."""
    return "/inform" + json.dumps({"choice": value}, ensure_ascii=False, separators=(",", ":"))


def _named(words: str, options: Sequence[Option]) -> str | None:
    for option in options:
        if words.strip() == option.title:
            return option.value
    matching = [option.value for option in options if option.pattern and re.search(option.pattern, words)]
    return matching[0] if matching else None
