"""Decides from a conversation whether a person has to take over: a pure function of its arguments."""

from __future__ import annotations

from addons.escalation.playbook import PRIORITIES, Playbook
from addons.escalation.triggers import CHECKS, Hit, asked_for, risk_tags
from addons.escalation.triggers import Reader as TriggerReader
from addons.escalation.views import Conversation, Decision, FiredTrigger


def evaluate(conversation: Conversation, rules: Playbook) -> Decision | None:
    """The decision about the newest message, or None when the bot can go on.

    Only messages since the last handoff or hand-back count; only the newest message can be the reason.
    """
    if not conversation.window:
        return None
    hits = fired(conversation, rules)
    return decide(hits, conversation, rules) if hits else None


def requested(conversation: Conversation, rules: Playbook) -> Decision | None:
    """The decision that an action asked for in this turn by setting slot `escalation`, or None."""
    if not conversation.window:
        return None
    hit = asked_for(TriggerReader(conversation, rules))
    return decide([hit], conversation, rules) if hit and rules.triggers[hit.code].enabled else None


def forced(conversation: Conversation, rules: Playbook, code: str | None = None) -> Decision:
    """A decision although no check fired, for when the dialogue itself went to the handoff.

    Without `code` it is the trigger that names the newest message's intent, else the customer's request.
    """
    newest = conversation.messages[-1] if conversation.messages else None
    intents = set(newest.intents) if newest else set()
    named = [trigger.code for trigger in rules.triggers.values() if intents & set(trigger.intents)]
    evidence = (newest.message_id,) if newest else ()
    return decide([Hit(code or (named or ["customer_request"])[0], evidence)], conversation, rules)


def fired(conversation: Conversation, rules: Playbook) -> list[Hit]:
    reader = TriggerReader(conversation, rules)
    hits: dict[str, Hit] = {}
    for check in CHECKS.values():
        hit = check(reader)
        if hit and rules.triggers[hit.code].enabled and hit.code not in hits:
            hits[hit.code] = hit
    return list(hits.values())


def decide(hits: list[Hit], conversation: Conversation, rules: Playbook) -> Decision:
    """Orders the hits, the strongest first, and derives priority and route; `hits` must not be empty."""
    triggers = sorted((_trigger(hit, rules) for hit in hits), key=lambda item: (-item.score, item.code))
    priority, reasons = _priority(triggers, conversation, rules)
    primary = rules.triggers[triggers[0].code]
    return Decision(
        triggers=tuple(triggers),
        priority=priority,
        priority_reasons=tuple(reasons),
        skill_group=primary.group or topic_group(conversation, rules),
        level=max(rules.triggers[item.code].level for item in triggers),
        tags=tuple(_tags(triggers, conversation, rules)),
    )


def topic_group(conversation: Conversation, rules: Playbook) -> str:
    """The skill group of the newest concern: a problem before a request before a question."""
    for kinds in (("problem", "request"), ("question",)):
        for message in reversed(conversation.window):
            for intent in message.intents:
                info = rules.intents.get(intent)
                if info and info.group and info.kind in kinds and intent != "complain":
                    # Urging an order that is on its way is the carrier's matter.
                    return "logistics" if intent == "urge_order" and parcel_known(conversation) else info.group
    complained = any("complain" in message.intents for message in conversation.window)
    return "complaints" if complained else rules.default_group


def parcel_known(conversation: Conversation) -> bool:
    return any(finding.get("logistics") for finding in conversation.findings)


def customer_tier(conversation: Conversation) -> str | None:
    """From the profile the actions fetched, or from what the desk sent along."""
    profile = conversation.slots.get("customer_profile")
    customer = conversation.context.get("customer")
    for source in (profile, customer):
        tier = source.get("tier") if isinstance(source, dict) else None
        if tier in ("normal", "silver", "gold", "vip"):
            return str(tier)
    return None


def days_late(conversation: Conversation) -> int:
    """The newest lateness that an action found, in whole days; 0 when none."""
    return _newest_number(conversation, "days_late")


def amount_fen(conversation: Conversation) -> int:
    return _newest_number(conversation, "amount_fen")


def _newest_number(conversation: Conversation, name: str) -> int:
    for finding in reversed(conversation.findings):
        for part in ("logistics", "order"):
            source = finding.get(part)
            value = source.get(name) if isinstance(source, dict) else None
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                return value
    return 0


def _trigger(hit: Hit, rules: Playbook) -> FiredTrigger:
    return FiredTrigger(
        code=hit.code,
        rule_version=rules.rule_version,
        score=rules.triggers[hit.code].score + hit.extra,
        evidence=hit.evidence,
        words=tuple(dict.fromkeys(hit.words)),
    )


def _priority(triggers: list[FiredTrigger], conversation: Conversation, rules: Playbook) -> tuple[str, list[str]]:
    rank = max(PRIORITIES.index(rules.triggers[item.code].priority) for item in triggers)
    reasons: list[str] = []
    late, amount = days_late(conversation), amount_fen(conversation)
    tier, contacts = customer_tier(conversation), _contacts(conversation)
    codes = {item.code for item in triggers}
    for boost in rules.boosts:
        holds = (
            (not boost.tiers or tier in boost.tiers)
            and (not boost.triggers or bool(codes & set(boost.triggers)))
            and (boost.days_late is None or late >= boost.days_late)
            and (boost.amount_fen is None or amount >= boost.amount_fen)
            and (boost.previous_contacts is None or contacts >= boost.previous_contacts)
        )
        if holds:
            rank = max(rank, PRIORITIES.index(boost.at_least))
            reasons.append(
                boost.reason.format(
                    tier=rules.tiers.get(tier or "", ""),
                    days_late=late,
                    previous_contacts=contacts,
                )
            )
    return PRIORITIES[rank], reasons


def _contacts(conversation: Conversation) -> int:
    value = conversation.context.get("contacts_last_30_days")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _tags(triggers: list[FiredTrigger], conversation: Conversation, rules: Playbook) -> list[str]:
    tags = ["vip"] if customer_tier(conversation) in ("gold", "vip") else []
    wanted = [tag for trigger in triggers for tag in rules.triggers[trigger.code].tags]
    return list(dict.fromkeys([*tags, *risk_tags(conversation), *wanted]))
