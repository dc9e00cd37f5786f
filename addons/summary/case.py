"""The parts of the summary about the matter itself: issues, facts, snapshots, attempts, promises. No I/O."""

from __future__ import annotations

from addons.escalation.events import mapping
from addons.escalation.words import find_words
from addons.summary.masking import mask_phone
from addons.summary.material import Json, Material, dicts, text_of, whole_of
from addons.summary.people import TIME

SOURCES = ("customer", "order_api", "logistics_api", "member_api", "nlu")
TECHNICAL = ("report_technical_issue", "report_account_issue")
ORDER_TIMES = ("placed_at", "delivered_at", "fetched_at")
LOGISTICS_TIMES = ("last_event_at", "eta", "fetched_at")


def issue_list(material: Material) -> list[Json]:
    """Every concern in the order raised; the wish for a person alone counts when there is no other."""
    found = [
        _issue(material, issue.intent, issue.message.message_id, issue.message.text, issue.state)
        for issue in material.issues
    ]
    newest = material.conversation.messages[-1] if material.conversation.messages else None
    if not found and newest and newest.intents and newest.intents[0] in material.rules.intents:
        found.append(_issue(material, newest.intents[0], newest.message_id, newest.text, "open"))
    return found


def _issue(material: Material, intent: str, message_id: str, text: str, state: str) -> Json:
    entry: Json = {
        "intent": intent,
        "title": material.rules.intents[intent].title,
        "state": state,
        "paraphrase": material.shown(text, 40),
        "message_id": message_id,
    }
    order_id = _order_of(material, message_id)
    if order_id:
        entry["order_id"] = order_id
    return entry


def _order_of(material: Material, message_id: str) -> str | None:
    for finding in material.conversation.findings:
        if finding.get("message_id") == message_id and isinstance(finding.get("order_id"), str):
            return str(finding["order_id"])
    for message in material.conversation.messages:
        if message.message_id == message_id:
            return next((value for name, value in message.entities if name == "order_id"), None)
    return None


def desired_outcome(material: Material) -> str:
    """What the customer says they want, newest first; else what their newest concern asks for; else unknown."""
    for message in reversed(material.conversation.window):
        for outcome, patterns in material.book.outcome_words:
            if find_words(message.text, patterns):
                return outcome
    wants = [(material.rules.intents[issue.intent].wants, issue.state) for issue in reversed(material.issues)]
    for want, state in wants:
        # Who got the information and still needs a person wants something else, and has not said what.
        if want and (want != "information" or state != "answered"):
            return want
    return "unknown"


def facts(material: Material) -> list[Json]:
    """Each fact once, the newest value; what the customer said is verified only when a system knows it too."""
    found: dict[tuple[str, str], Json] = {}
    looked_up = {finding.get("order_id") for finding in material.conversation.findings if finding.get("order")}
    for message in material.conversation.window:
        for name, value in message.entities:
            if name == "phone_ending":  # a proof, not a fact: agents check it themselves
                continue
            found[name, value] = {
                "name": name,
                "label": material.book.labels.fact.get(name, material.book.labels.other_fact),
                "value": mask_phone(value) if name == "phone" else material.shown(value),
                "source": "customer",
                "message_id": message.message_id,
                "verified": name == "order_id" and value in looked_up,
            }
        for file in message.attachments:
            found["attachment", file["id"]] = _attachment(material, message.message_id, file)
    for finding in material.conversation.findings:
        for fact in dicts(finding.get("facts")):
            entry = _fact(material, fact, finding)
            if entry:
                found[entry["name"], entry["source"]] = entry
    return list(found.values())


def _attachment(material: Material, message_id: str, file: Json) -> Json:
    name = f"attachment_{file.get('kind')}"
    return {
        "name": name,
        "label": material.book.labels.fact.get(name, material.book.labels.other_fact),
        "value": material.shown(file.get("name") or file["id"]),
        "source": "customer",
        "message_id": message_id,
        "verified": False,
    }


def _fact(material: Material, fact: Json, finding: Json) -> Json | None:
    name, value, source = fact.get("name"), fact.get("value"), fact.get("source")
    if not isinstance(name, str) or not name or value is None or source not in SOURCES:
        return None
    label = fact.get("label") or material.book.labels.fact.get(name, material.book.labels.other_fact)
    entry: Json = {
        "name": name,
        "label": str(label),
        "source": source,
        "verified": fact.get("verified") is True,
        "value": mask_phone(str(value)) if "phone" in name else material.shown(value),
    }
    entry.update(text_of(fact, "message_id") or text_of(finding, "message_id"))
    fetched = fact.get("fetched_at") or finding.get("at")
    if isinstance(fetched, str) and TIME.match(fetched) and source != "customer":
        entry["fetched_at"] = fetched
    # A fact that neither a message nor the time of a look-up vouches for is none.
    return entry if {"message_id", "fetched_at"} & set(entry) else None


def order(material: Material) -> Json | None:
    """The newest order that was looked up, as of then."""
    findings = material.conversation.findings
    snapshots = [finding["order"] for finding in findings if isinstance(finding.get("order"), dict)]
    source = snapshots[-1] if snapshots else material.fetched_order
    if source is None:
        return None
    status = source.get("status")
    found: Json = text_of(source, "order_id", "status", "status_text")
    found.update(whole_of(source, "amount_fen", "days_late"))
    found.setdefault("status_text", material.book.labels.order_status.get(str(status), str(status)))
    found["items"] = [
        {**text_of(line, "title", "sku_text"), **whole_of(line, "quantity")}
        for line in dicts(source.get("items") or source.get("lines"))
    ]
    found.update(_times(source, ORDER_TIMES))
    found.setdefault("fetched_at", material.ids.now)
    return found


def logistics(material: Material) -> Json | None:
    snapshots = [
        finding["logistics"] for finding in material.conversation.findings if isinstance(finding.get("logistics"), dict)
    ]
    if not snapshots:
        return None
    source = snapshots[-1]
    found: Json = {
        **text_of(source, "tracking_number", "carrier", "status", "anomaly_code"),
        **whole_of(source, "days_without_movement", "days_late"),
        **_times(source, LOGISTICS_TIMES),
    }
    for name, value in text_of(source, "last_event", "anomaly_reason").items():
        found[name] = material.shown(value)
    found.setdefault("fetched_at", material.ids.now)
    return found


def diagnosis(material: Material) -> Json | None:
    """Only for account and technical trouble; what the diagnosis actions noted wins over what was said by the way."""
    reports = [message for message in material.conversation.window if set(message.intents) & set(TECHNICAL)]
    noted = mapping(material.conversation.slots.get("diagnosis"))
    if not reports and not noted:
        return None
    found: Json = {}
    for message in material.conversation.window:
        for name, value in message.entities:
            if name in ("platform", "system_version", "app_version"):
                found[name] = material.shown(value)
    if reports:
        found["symptom"] = material.shown(reports[0].text, 60)
        dates = [value for message in reports for name, value in message.entities if name == "date"]
        found.update({"since": dates[0]} if dates else {})
    for name, value in text_of(noted, "platform", "system_version", "app_version", "steps", "symptom", "since").items():
        found[name] = material.shown(value, 60)
    tried = noted.get("tried")
    if isinstance(tried, list):
        found["tried"] = [material.shown(item, 30) for item in tried if isinstance(item, str)]
    profile = material.profile or {}
    if isinstance(profile.get("phone"), str):
        found["account"] = mask_phone(profile["phone"])
    return found


def attempts(material: Material) -> list[Json]:
    """What the bot looked up or answered, and whether the customer's next messages show that it helped."""
    found: list[Json] = []
    noted = set()
    for finding in material.conversation.findings:
        entry: Json = {"what": finding.get("what"), "result": finding.get("result")}
        if not all(isinstance(value, str) and value for value in entry.values()):
            continue
        entry = {"what": material.shown(entry["what"], 60), "result": material.shown(entry["result"], 120)}
        noted.add(finding.get("message_id"))
        entry.update(text_of(finding, "message_id"))
        if isinstance(finding.get("at"), str) and TIME.match(finding["at"]):
            entry["at"] = finding["at"]
        helped = finding.get("helped")
        entry["helped"] = helped if isinstance(helped, bool) else _helped(material, finding.get("message_id"))
        found.append(entry)
    for issue in material.issues:
        if issue.message.message_id not in noted and issue.message.bot_texts:
            found.append(
                {
                    "what": material.rules.intents[issue.intent].title,
                    "result": material.shown(" ".join(issue.message.bot_texts), 120),
                    "message_id": issue.message.message_id,
                    "helped": _helped(material, issue.message.message_id),
                }
            )
    return found


def _helped(material: Material, message_id: object) -> bool | None:
    """False when a later message is clearly unhappy, True when it is pleased, None when nothing shows it."""
    places = [index for index, message in enumerate(material.conversation.messages) if message.message_id == message_id]
    for message in material.conversation.messages[places[-1] + 1 :] if places else ():
        if message.negative >= 2 or set(message.intents) & {"complain", "abuse"}:
            return False
        if message.emotion and message.emotion[0] == "pleased":
            return True
    return None


def promises(material: Material) -> list[Json]:
    found: dict[str, Json] = {}
    for finding in material.conversation.findings:
        for promise in dicts(finding.get("promises")):
            text, due = promise.get("text"), promise.get("due_at")
            if not isinstance(text, str) or not text:
                continue
            entry: Json = {
                "text": material.shown(text, 80),
                "due_at": due if isinstance(due, str) and TIME.match(due) else None,
                "made_by": promise["made_by"] if isinstance(promise.get("made_by"), str) else "bot",
            }
            entry.update(text_of(promise, "message_id") or text_of(finding, "message_id"))
            found[entry["text"]] = entry
    return list(found.values())


def _times(source: Json, names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in text_of(source, *names).items() if TIME.match(value)}
