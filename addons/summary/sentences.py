"""The two lines of a summary that people read first: the headline and the one sentence. No I/O."""

from __future__ import annotations

from addons.escalation.rules import days_late
from addons.summary import case, people
from addons.summary.material import Json, Material

HEADLINE_CHARACTERS = 40
RESULT_CHARACTERS = 60
ABOUT_THE_ORDER = ("query_order_status", "urge_order")  # the same question to the customer
STUCK_DAYS = 2  # without movement a parcel is worth naming from here on


def headline(material: Material) -> str:
    """Who, what about which order, mood and wish, as many of them as fit into 40 characters."""
    forms = material.book.headline
    pieces = [
        who(material),
        problem(material),
        _mood(material),
        material.book.labels.outcome[outcome] if (outcome := case.desired_outcome(material)) != "unknown" else "",
        _order(material, forms["order"]),
    ]
    line = ""
    for piece in (piece for piece in pieces if piece):
        candidate = f"{line}，{piece}" if line else piece
        line = candidate if len(candidate) <= HEADLINE_CHARACTERS else line
    return line[:HEADLINE_CHARACTERS] or forms["fallback"]


def one_sentence(material: Material) -> str:
    """What a specialist can act on: the technical form when it is a technical matter, else the order form."""
    diagnosis = case.diagnosis(material)
    if diagnosis is not None and material.is_technical:
        return _technical(material, diagnosis)
    forms, labels = material.book.one_sentence, material.book.labels
    snapshot = case.order(material)
    order = ""
    if snapshot and "order_id" in snapshot:
        order = forms["order_part"].format(tail=snapshot["order_id"][-4:], status=snapshot["status_text"])
    family, intensity = material.mood
    return forms["order"].format(
        who=who(material),
        order=order,
        problem="，" + problem(material),
        offered=_offered(material),
        wants="，" + labels.outcome[case.desired_outcome(material)],
        mood=forms["mood"].format(family=labels.family[family], intensity=intensity) if intensity else "",
    )


def who(material: Material) -> str:
    """王*（金卡）, or 访客 for somebody nobody knows."""
    known = people.customer(material) or {}
    name = known.get("display_name") or material.book.labels.visitor
    tier = known.get("tier")
    if tier and tier != "normal":
        return material.book.headline["who"].format(name=name, tier=material.book.labels.tier[tier])
    return material.book.headline["who_plain"].format(name=name)


def problem(material: Material) -> str:
    """What went wrong, as concretely as the systems know it: lateness before the newest concern before the trigger."""
    forms, late = material.book.headline, days_late(material.conversation)
    raised = _raised(material)
    stuck = _stuck_days(material)
    if late:
        first = forms["late"].format(days_late=late)
    elif stuck >= STUCK_DAYS:
        first = forms["stuck"].format(days=stuck)
    elif raised:
        first = forms["issue"].format(title=material.rules.intents[raised[-1]].title)
    else:
        label = material.book.labels.trigger.get(material.codes[0], material.codes[0])
        first = label.format(score="").strip()
    count = len(_matters(material, parcel=bool(late) or stuck >= STUCK_DAYS))
    return first + (forms["more"].format(count=count) if count > 1 else "")


def is_fault(material: Material) -> bool:
    """Whether `problem` names something that went wrong, and not only what the customer asked for."""
    if days_late(material.conversation) or _stuck_days(material) >= STUCK_DAYS:
        return True
    raised = _raised(material)
    return bool(raised) and raised[-1] != "complain" and material.rules.kind_of(raised[-1]) == "problem"


def _raised(material: Material) -> list[str]:
    """The intents of the customer's matters, the newest last; that it is a complaint is the least telling."""
    return sorted((issue.intent for issue in material.issues), key=lambda intent: intent != "complain")


def _stuck_days(material: Material) -> int:
    return int((case.logistics(material) or {}).get("days_without_movement", 0))


def _matters(material: Material, parcel: bool) -> set[str | None]:
    """What the customer wants settled, by skill group: asking and urging about one parcel is one matter, not two.

    The group of all the rest takes care of many things: there, each is one.
    """
    rest = material.rules.default_group
    infos = [
        (issue.intent, material.rules.intents[issue.intent]) for issue in material.issues if issue.intent != "complain"
    ]
    groups = {
        info.thing if info.group == rest and intent not in ABOUT_THE_ORDER else info.group for intent, info in infos
    }
    return (groups - {"orders", "logistics"}) | {"logistics"} if parcel else groups


def _mood(material: Material) -> str:
    family, intensity = material.mood
    words = material.book.headline_mood.get(family)
    return words[min(intensity, len(words) - 1)] if words and intensity else ""


def _order(material: Material, form: str) -> str:
    snapshot = case.order(material)
    return form.format(tail=snapshot["order_id"][-4:]) if snapshot and "order_id" in snapshot else ""


def _offered(material: Material) -> str:
    forms, tried = material.book.one_sentence, case.attempts(material)
    if not tried:
        return ""
    last = tried[-1]
    text = forms["tried"].format(what=last["what"], result=_cut(last["result"]).rstrip("。"))
    return text + (forms["not_accepted"] if last.get("helped") is False else "")


def _cut(text: str) -> str:
    return text if len(text) <= RESULT_CHARACTERS else text[: RESULT_CHARACTERS - 1] + "…"


def _technical(material: Material, diagnosis: Json) -> str:
    forms = material.book.one_sentence
    known = people.customer(material) or {}
    versions = " ".join(
        diagnosis[name] for name in ("platform", "system_version", "app_version") if diagnosis.get(name)
    )
    tried = (
        forms["technical_tried"].format(items="、".join(diagnosis["tried"]))
        if diagnosis.get("tried")
        else forms["technical_nothing_tried"]
    )
    pieces = {
        "account": diagnosis.get("account") or known.get("customer_id") or forms["unknown_account"],
        "platform": f"{versions}，" if versions else "",
        "steps": f"{diagnosis['steps']}，" if diagnosis.get("steps") else "",
        "symptom": f"{diagnosis['symptom']}，" if diagnosis.get("symptom") else "",
        "since": f"{diagnosis['since']}，" if diagnosis.get("since") else "",
        "tried": tried,
        "need": forms["technical_need"],
    }
    return forms["technical"].format(**pieces) + "。"
