"""What a transaction says while it waits: the next question, what may be changed, how far it is."""

from __future__ import annotations

import re
from dataclasses import replace

from actions.answer import Button, Reply, button, human
from actions.context import Turn
from actions.texts import has_text, text
from actions.transactions.case import Case, Progress
from actions.transactions.detail import chosen
from actions.transactions.hearing import REVISE_ONE, STEP_BACK, STEP_OUT, missing, revisable
from actions.transactions.transaction import Transaction, confirm_buttons


def repeats(turn: Turn, reply: Reply) -> bool:
    """Whether the message left the question as it was; a name may look like a word of thanks, and is an answer."""
    return any(bubble.endswith(reply.text) for bubble in turn.said)


def question(transaction: Transaction, case: Case, progress: Progress) -> Reply:
    """What to ask now: a detail, or whether to file."""
    wanted = missing(transaction, case)
    if progress.failed:
        return Reply(text("transactions.common.not_filed"), buttons=(button("try_again", "/affirm"), human()))
    # However often it was missed, the same question never sounds the same twice running.
    in_other_words = progress.missed % 2 == 1
    if wanted is not None:
        reply = wanted.ask(case, in_other_words)
        if progress.missed and not in_other_words:
            reply = replace(reply, text=text("transactions.common.still_open") + reply.text)
        return replace(reply, buttons=(*reply.buttons, human())) if progress.missed else reply
    if progress.revising:
        return revision(transaction, case)
    reply = transaction.restate(case)
    if in_other_words:
        reply = replace(reply, text=text("transactions.common.confirm_again") + reply.text)
    yes, revise, no = confirm_buttons()
    return replace(reply, buttons=(yes, revise, no) if transaction.details(case) else (yes, no))


def revision(transaction: Transaction, case: Case) -> Reply:
    """Which of the answers given is to be changed; whoever says the new one at once need not choose."""
    buttons = [
        Button(label_of(transaction, item.name), chosen(REVISE_ONE + item.name))
        for item in revisable(transaction, case)
        if label_of(transaction, item.name)
    ]
    return Reply(text("transactions.common.revise"), buttons=(*buttons, button("no_thanks", "/deny")))


def label_of(transaction: Transaction, name: str) -> str:
    """What an answer is called on a button, "" for one that is not changed by itself."""
    paths = (f"transactions.{transaction.texts}.{group}.{name}" for group in ("parts", "fields"))
    path = next((one for one in (*paths, f"transactions.common.revisable.{name}") if has_text(one)), "")
    return text(path) if path else ""


def last_question(words: str) -> str:
    """The question at the end of what was said before, without what leads up to it."""
    return re.split(r"(?<=[。\n])", words.strip())[-1]


def begun_now(progress: Progress, turn: Turn) -> bool:
    """Whether this message has begun the transaction."""
    return progress.key.startswith(f"{turn.message_id}-")


def with_steps(reply: Reply, transaction: Transaction, case: Case, progress: Progress) -> Reply:
    """The question with how far it is, the way back and the way out; a single question needs none of it."""
    details = transaction.details(case)
    wanted = missing(transaction, case)
    if wanted is None or progress.revising or len(details) < 2 or progress.failed or reply.card is not None:
        return reply
    known = sum(item.name in progress.details for item in details)
    ways = [button("step_out", chosen(STEP_OUT))]
    if known:
        ways.insert(0, button("step_back", chosen(STEP_BACK)))
    # Before the first answer nobody knows which questions there will be.
    steps = len(details) if known else None
    card = {"type": "form", "title": text(f"intents.{progress.topic}"), "step": known + 1, "steps": steps}
    return replace(reply, card={**card, "actions": [way.as_json() for way in ways]})
