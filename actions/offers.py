"""What the bot offers beside an answer: ways that lead on, each a clause with its time and a button."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from actions.answer import Button, button
from actions.policies import facts_of
from actions.texts import text

# way -> (name of the button, what pressing it asks for). Its clause is offers.ways.<way> of the playbook.
WAYS: dict[str, tuple[str, str]] = {
    "urge_delivery": ("urge_delivery", "/urge_order"),
    "trace": ("trace", "/report_delivery_problem"),
    "trace_customs": ("trace", "/report_delivery_problem"),
    "trace_lost": ("trace", "/report_delivery_problem"),
    "trace_refused": ("trace", "/report_delivery_problem"),
    "readdress": ("change_address", "/modify_order"),
    "refund": ("want_refund", "/cancel_order"),
    "refund_back": ("want_refund", "/cancel_order"),
    "refund_lost": ("human_refund", "/request_human"),
    "refund_stuck": ("human_refund", "/request_human"),
    "urge_dispatch": ("urge_dispatch", "/urge_order"),
    "complete_address": ("change_address", "/modify_order"),
    "other_version": ("change_version", "/modify_order"),
    "cancel": ("want_refund", "/cancel_order"),
}


def offer(ways: Sequence[str], without: Collection[str] = ()) -> tuple[str, tuple[Button, ...]]:
    """A sentence that offers at most two ways, and a button for each; `without` are payloads already under way."""
    open_ways = [way for way in ways if WAYS[way][1] not in without]
    if not open_ways:
        return "", ()
    return offer_words(open_ways), buttons_for(open_ways)


def offer_words(ways: Sequence[str]) -> str:
    """可以现在催派送…；也可以不等了直接退款。您要哪个？"""
    times = facts_of("shipping") | {"refund_working_days": facts_of("payments")["refund_working_days"]}
    clauses = [text(f"offers.ways.{way}", **times) for way in ways]
    if len(clauses) == 1:
        return text("offers.one", first=clauses[0])
    return text("offers.two", first=clauses[0], second=clauses[1]) + text("talk.choice")


def buttons_for(ways: Sequence[str]) -> tuple[Button, ...]:
    """One button for each way."""
    return tuple(button(name, payload) for name, payload in (WAYS[way] for way in ways))
