"""The numbers of invoices, section `invoices` of the playbook's policies."""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.playbook import PolicyFacts


@dataclass(frozen=True, slots=True)
class InvoicePolicy:
    """How long after completion an invoice can be changed, and how long issuing one takes."""

    apply_days: int = 180
    issue_hours: int = 24


def load_invoice_policy(facts: PolicyFacts) -> InvoicePolicy:
    """The policy as the playbook has it; SettingsError when a number makes no sense."""
    default = InvoicePolicy()
    return InvoicePolicy(
        apply_days=facts.number("invoices", "apply_days", default.apply_days),
        issue_hours=facts.number("invoices", "issue_hours", default.issue_hours),
    )
