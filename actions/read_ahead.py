"""Reads from the shop what a turn will probably ask, while Rasa is still understanding the message.

The next message of a conversation mostly needs what the last one needed; the first one needs who is asking, their
orders, and the order on the page. A guess that is wrong costs the shop one read and nobody any time.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from actions.shop_api import Question, first_questions, shop_api
from addons.turn_memory import TurnMemory, at_start

MOST_QUESTIONS = 6
CONVERSATIONS = 10_000
# Reads beyond what these threads can take at once wait, and whoever needs them meanwhile asks for itself.
_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="read-ahead")
_LAST_ASKED: OrderedDict[str, list[Question]] = OrderedDict()


def likely_questions(last_asked: list[Question] | None, context: Any) -> list[Question]:
    """What the turn will probably ask, most likely first and at most MOST_QUESTIONS."""
    page, customer = context.get("page") or {}, context.get("customer") or {}
    guess = last_asked if last_asked else first_questions(customer.get("customer_id"), page.get("order_id"))
    return list(dict.fromkeys(guess))[:MOST_QUESTIONS]


def begin(memory: TurnMemory) -> None:
    """Start the reads of a turn and return."""
    if not memory.conversation_id:
        return
    last_asked = _LAST_ASKED.pop(memory.conversation_id, None)
    _LAST_ASKED[memory.conversation_id] = memory.asked  # filled while the turn goes on
    while len(_LAST_ASKED) > CONVERSATIONS:
        _LAST_ASKED.popitem(last=False)
    shop = shop_api()
    for question in likely_questions(last_asked, memory.context):
        _POOL.submit(copy_context().run, shop.read, question)


at_start(begin)
