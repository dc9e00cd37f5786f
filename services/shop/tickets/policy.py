"""The numbers of tickets, section `tickets` of the playbook's policies."""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.playbook import PolicyFacts


@dataclass(frozen=True, slots=True)
class TicketPolicy:
    """Hours until the technicians answer."""

    answer_hours: int = 4


def load_ticket_policy(facts: PolicyFacts) -> TicketPolicy:
    """The policy as the playbook has it; SettingsError when a number makes no sense."""
    return TicketPolicy(answer_hours=facts.number("tickets", "answer_hours", TicketPolicy().answer_hours))
