"""The parts of the summary about the customer: who, where, how they feel, when they were here. No I/O."""

from __future__ import annotations

import re
from typing import Any

from addons.escalation.context_mood import Reason, adjust, newest_feeling
from addons.escalation.events import mapping
from addons.escalation.views import MessageView
from addons.summary.masking import mask_name, mask_phone
from addons.summary.material import Json, Material, dicts, text_of, whole_of

TIERS = ("normal", "silver", "gold", "vip")
TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$")


def channel(material: Material) -> Json:
    context = material.conversation.context
    page, device = mapping(context.get("page")), mapping(context.get("device"))
    kind = context.get("channel")
    found: Json = {"kind": kind if isinstance(kind, str) and kind else "unknown"}
    url = text_of(page, "url").get("url")
    if url:
        # A query can carry a session or a phone number; the path is enough to know the page.
        found["page_url"] = material.shown(url.split("?")[0].split("#")[0])
    title = text_of(page, "title").get("title")
    if title:
        found["page_title"] = material.shown(title)
    found.update(text_of(device, "system", "browser"))
    found.update(text_of(context, "locale"))
    return found


def customer(material: Material) -> Json | None:
    context, profile = material.conversation.context, material.profile or {}
    given = mapping(context.get("customer"))
    proven = material.conversation.slots.get("verified_orders")
    found: Json = {"verified": bool(given.get("customer_id"))}
    if found["verified"]:
        found["verified_by"] = "signed"
    elif isinstance(proven, list) and proven:
        found.update(verified=True, verified_by="order_and_phone")
    identifier = given.get("customer_id") or profile.get("customer_id")
    if isinstance(identifier, str) and identifier:
        found["customer_id"] = identifier
    if isinstance(profile.get("name"), str) and profile["name"].strip():
        found["display_name"] = mask_name(profile["name"])
    if isinstance(profile.get("phone"), str) and profile["phone"]:
        found["masked_phone"] = mask_phone(profile["phone"])
    for source in (profile, given):
        if source.get("tier") in TIERS:
            found.setdefault("tier", source["tier"])
    if isinstance(profile.get("risk_tags"), list):
        found["risk_tags"] = [str(tag) for tag in profile["risk_tags"]]
    found.update(whole_of(context, "contacts_last_30_days", "open_tickets"))
    found.update(whole_of(profile, "open_tickets"))  # asked of the shop just now
    return found


def emotion(material: Material) -> Json:
    """The newest message's own feeling, how it came to that, and apart from it what the conversation adds."""
    known = [message for message in material.conversation.window if message.emotion is not None]
    family, intensity = newest_feeling(material.conversation)
    found: Json = {
        "family": family,
        "intensity": intensity,
        "adjusted": _adjusted(material),
        "course": [_point(material, message) for message in known],
        "first_action": material.book.first_action[material.mood[0]],
    }
    levels = [message.negative for message in known]
    if len(levels) >= 2:
        found["trend"] = _trend(levels)
    if levels and max(levels) > 0:
        found["peak_message_id"] = max(enumerate(known), key=_heat)[1].message_id
    words = _words(material, known)
    if words:
        found["words"] = words
    return found


def _point(material: Material, message: MessageView) -> Json:
    family, intensity = message.emotion or ("neutral", 0)
    point: Json = {"message_id": message.message_id, "family": family, "intensity": intensity}
    if message.emotion_words:
        point["words"] = [material.shown(word, 20) for word in message.emotion_words]
    return point


def _adjusted(material: Material) -> Json | None:
    """None when the conversation adds nothing to the message's own feeling."""
    adjustment = adjust(material.conversation, material.rules)
    if adjustment.raised_by == 0:
        return None
    return {
        "family": adjustment.family,
        "intensity": adjustment.intensity,
        "reasons": [_reason(material, reason) for reason in adjustment.reasons],
    }


def _reason(material: Material, reason: Reason) -> Json:
    wording = material.book.adjusted_mood[reason.code]
    text = wording.format(count=reason.count, minutes=(reason.seconds or 0) // 60)
    return {"code": reason.code, "text": text, "evidence": list(reason.message_ids)}


def _words(material: Material, known: list[MessageView]) -> list[str]:
    """The words that fired a trigger of anger, then those that speak for a negative feeling, each once."""
    heated = [trigger for trigger in material.decision.triggers if trigger.code in ("anger", "abuse", "complaint")]
    words = list(dict.fromkeys(material.shown(word, 20) for trigger in heated for word in trigger.words))
    for message in known:
        for word in message.emotion_words if message.negative else ():
            shown = material.shown(word, 20)
            if not any(shown in other for other in words):  # 太差 says nothing beside 太差了
                words.append(shown)
    return words


def _heat(numbered: tuple[int, MessageView]) -> tuple[int, bool, int]:
    """Orders messages by strength; of equals anger comes first, then the later one."""
    number, message = numbered
    return message.negative, bool(message.emotion and message.emotion[0] == "angry"), number


def previous_contacts(material: Material) -> list[Json]:
    found = []
    for contact in dicts(material.conversation.context.get("previous_contacts")):
        entry: Json = text_of(contact, "conversation_id", "at", "agent", "topic", "outcome")
        if not {"conversation_id", "at", "outcome"} <= set(entry) or not TIME.match(entry["at"]):
            continue
        for name in ("topic", "outcome"):
            if name in entry:
                entry[name] = material.shown(entry[name])
        kept: Any = contact.get("promise_kept")
        if "promise_kept" in contact and (kept is None or isinstance(kept, bool)):
            entry["promise_kept"] = kept
        found.append(entry)
    return found


def last_messages(material: Material) -> list[Json]:
    """The newest six lines of customer and bot; times only where the message itself brought one."""
    lines: list[Json] = []
    for message in material.conversation.messages:
        line: Json = {"sender": "customer", "text": material.shown(message.text, 200), "message_id": message.message_id}
        if message.at and TIME.match(message.at):
            line["at"] = message.at
        lines.append(line)
        lines += [{"sender": "bot", "text": material.shown(text, 200)} for text in message.bot_texts]
    return lines[-6:]


def _trend(levels: list[int]) -> str:
    """The newest level against the mean of those before it."""
    before = levels[:-1]
    mean = sum(before) / len(before)
    if levels[-1] > mean:
        return "rising"
    return "falling" if levels[-1] < mean else "steady"
