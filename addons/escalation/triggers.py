"""One small check per trigger of playbook/escalation.yml: a Hit with its evidence, or None. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from addons.escalation.events import mapping
from addons.escalation.issues import answering_actions, in_hand, not_understood, open_issues, order_of, raised_issues
from addons.escalation.playbook import CODES, Playbook, Trigger
from addons.escalation.views import Conversation, MessageView
from addons.escalation.words import find_words, similarity

REQUEST_SLOT = "escalation"
SHORT_CHARACTERS = 20


@dataclass(frozen=True)
class Hit:
    """`evidence` are message ids, `words` the customer's words, `extra` is added to the trigger's score."""

    code: str
    evidence: tuple[str, ...]
    words: tuple[str, ...] = ()
    extra: float = 0


class Reader:
    """What every check needs: the window, the newest message, the rules."""

    def __init__(self, conversation: Conversation, rules: Playbook) -> None:
        self.conversation, self.rules = conversation, rules
        self.window = conversation.window
        self.now = self.window[-1] if self.window else MessageView("", "")

    def trigger(self, code: str) -> Trigger:
        return self.rules.triggers[code]

    def has(self, intents: tuple[str, ...]) -> bool:
        return bool(set(self.now.intents) & set(intents))


def ids(messages: list[MessageView]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(message.message_id for message in messages))


def customer_request(reader: Reader) -> Hit | None:
    trigger = reader.trigger("customer_request")
    words = _words(reader.now, trigger)
    # 个人, asked for whom the invoice is, sounds like 人工 to the model.
    misheard = reader.now.form in reader.rules.fallback_own_forms and find_words(reader.now.text, trigger.unless_words)
    if (not reader.has(trigger.intents) and not words) or misheard:
        return None
    return Hit(trigger.code, ids([reader.now]), words or _clauses(reader.now))


def anger(reader: Reader) -> Hit | None:
    """At a level at once, at a lower level twice, or growing; what was calmed before does not count."""
    trigger = reader.trigger("anger")
    heated = _since_calm(reader.window, trigger)
    if not heated or heated[-1] is not reader.now:
        return None
    level, words = _anger_level(reader.now, trigger)
    earlier = [(message, _anger_level(message, trigger)[0]) for message in heated[:-1]]
    again = [message for message, before in earlier if before >= trigger.limit("twice_level")]
    lower = [message for message, before in earlier if 0 < before < level]
    if level >= trigger.limit("at_level") or (level >= trigger.limit("twice_level") and again):
        evidence = [*again, reader.now]
    elif level >= trigger.limit("rising_to") and lower:
        evidence = [*lower, reader.now]
    else:
        return None
    return Hit(trigger.code, ids(evidence), words or _clauses(reader.now), extra=level - 1)


def abuse(reader: Reader) -> Hit | None:
    trigger = reader.trigger("abuse")
    calm = reader.now.emotion is not None and reader.now.negative == 0
    if not reader.has(trigger.intents) or calm:  # nobody insults without a feeling: a calm short word was misread
        return None
    messages = [message for message in reader.window if set(message.intents) & set(trigger.intents)]
    if len(messages) < trigger.limit("times"):
        return None
    return Hit(trigger.code, ids(messages), _clauses(reader.now))


def anxiety_deadline(reader: Reader) -> Hit | None:
    """Anxious with a deadline: at once when extreme, else only when the bot's answer did not help."""
    trigger = reader.trigger("anxiety_deadline")
    words = _words(reader.now, trigger)
    level = reader.now.emotion[1] if reader.now.emotion and reader.now.emotion[0] == "anxious" else 0
    answered = [
        message
        for message in reader.window[:-1]
        if message.emotion and message.emotion[0] == "anxious" and answering_actions(message, reader.rules)
    ]
    earlier_words = [word for message in answered for word in _words(message, trigger)]
    if not words and not earlier_words:
        return None
    if (level >= trigger.limit("at_once") and words) or (level >= trigger.limit("at_level") and answered):
        return Hit(trigger.code, ids([*answered, reader.now]), (*words, *earlier_words))
    return None


def repeated_failure(reader: Reader) -> Hit | None:
    """Not understood several times in a row, the same question again and again, whatever was answered."""
    trigger = reader.trigger("repeated_failure")
    needed = trigger.limit("fallbacks_in_a_row")
    last = list(reader.window[-needed:])
    if len(last) == needed and all(not_understood(message, reader.rules) for message in last):
        return Hit(trigger.code, ids(last))
    repeats = _same_question(reader, trigger)
    if repeats:
        return Hit(trigger.code, ids(repeats), tuple(message.text for message in repeats))
    return None


def counted(reader: Reader) -> Hit | None:
    """An action's counter reached its limit (proofs of an order refused) and the customer comes back with it."""
    trigger = reader.trigger("repeated_failure")
    for slot, limit in trigger.counters:
        for place, message in enumerate(reader.window[:-1]):
            value = message.fields.get(slot)
            if not isinstance(value, (int, float)) or isinstance(value, bool) or value < limit:
                continue
            before = {
                intent for earlier in reader.window[: place + 1] for intent in raised_issues(earlier, reader.rules)
            }
            if set(reader.now.intents) & (before | {"inform"}):
                return Hit(trigger.code, ids([message, reader.now]))
    return None


def multi_issue(reader: Reader) -> Hit | None:
    """Several things are open and the bot already had its turn, or far too many come at once."""
    trigger = reader.trigger("multi_issue")
    raised = raised_issues(reader.now, reader.rules)
    held = in_hand(reader.conversation)
    unsolved = [issue for issue in open_issues(reader.conversation, reader.rules) if issue.intent not in held]
    had_a_turn = any(issue.message.message_id != reader.now.message_id for issue in unsolved)
    upset = reader.now.negative >= 2 and reader.now.emotion != ("anxious", reader.now.negative)
    enough = len(unsolved) >= trigger.limit("open_issues") and (had_a_turn or upset)
    if not raised or not (enough or len(raised) >= trigger.limit("at_once")):
        return None
    return Hit(trigger.code, ids([issue.message for issue in unsolved] + [reader.now]))


def complaint(reader: Reader) -> Hit | None:
    trigger = reader.trigger("complaint")
    formal = find_words(reader.now.text, trigger.formal_words)
    words = _words(reader.now, trigger)
    complaints = [message for message in reader.window if set(message.intents) & set(trigger.intents)]
    meant = reader.has(trigger.intents) and (
        bool(words) or reader.now.negative >= trigger.limit("at_level") or len(complaints) >= trigger.limit("times")
    )
    if not formal and not meant:
        return None
    extra = trigger.limit("formal_extra") if formal else 0
    return Hit(trigger.code, ids([*complaints, reader.now]), (*formal, *words) or _clauses(reader.now), extra)


def safety(reader: Reader) -> Hit | None:
    return _named_or_said(reader, "safety")


def legal_threat(reader: Reader) -> Hit | None:
    return _named_or_said(reader, "legal_threat")


def high_value(reader: Reader) -> Hit | None:
    """A problem (not a question) about an order whose amount an action has looked up."""
    trigger = reader.trigger("high_value")
    amount = max((_amount(finding) for finding in reader.conversation.findings), default=0)
    raised = [intent for intent in reader.now.intents if intent not in trigger.unless_intents]
    problems = [intent for intent in raised if reader.rules.kind_of(intent) == "problem"]
    if amount < trigger.limit("amount_fen") or not problems:
        return None
    return Hit(trigger.code, ids([reader.now]))


def policy_exception(reader: Reader) -> Hit | None:
    """The bot said that it cannot be done by the rules, and the customer asks for it again."""
    trigger = reader.trigger("policy_exception")
    refused = {
        str(finding.get("message_id"))
        for finding in reader.conversation.findings
        if finding.get("code") in trigger.refused_codes
    }
    wanted = _wishes(reader.now, reader.rules)
    asked: set[str] = set()
    again = []
    for message in reader.window[:-1]:
        # The refusal may answer the choice of an order: what was asked for is the wish before that.
        asked = _wishes(message, reader.rules) or asked
        if message.message_id in refused and wanted & asked:
            again.append(message)
    return Hit(trigger.code, ids([*again, reader.now])) if again else None


def _wishes(message: MessageView, rules: Playbook) -> set[str]:
    return {intent for intent in message.intents if rules.kind_of(intent) in ("request", "problem")}


def asked_for(reader: Reader) -> Hit | None:
    """An action of this turn asked for a person: slot `escalation` holds the code, or {"code", "words"}."""
    value = reader.now.fields.get(REQUEST_SLOT)
    code = value.get("code") if isinstance(value, dict) else value
    if not isinstance(code, str) or code not in CODES:
        return None
    words = value.get("words") if isinstance(value, dict) else None
    spoken = tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else ()
    return Hit(code, ids([reader.now]), spoken)


def malicious_complaint(reader: Reader) -> Hit | None:
    """Only ever added to a complaint or a threat: the shop itself has marked this customer, nothing said can."""
    trigger = reader.trigger("malicious_complaint")
    threat = complaint(reader) or legal_threat(reader)
    if threat is None or not set(risk_tags(reader.conversation)) & set(trigger.risk_tags):
        return None
    return Hit(trigger.code, threat.evidence, threat.words)


def risk_tags(conversation: Conversation) -> list[str]:
    """The shop's marks on the customer; none while the profile has not been fetched."""
    profile = mapping(conversation.slots.get("customer_profile"))
    tags = profile.get("risk_tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


CHECKS: dict[str, Callable[[Reader], Hit | None]] = {
    "requested": asked_for,
    "safety": safety,
    "legal_threat": legal_threat,
    "customer_request": customer_request,
    "anger": anger,
    "abuse": abuse,
    "complaint": complaint,
    "anxiety_deadline": anxiety_deadline,
    "repeated_failure": repeated_failure,
    "multi_issue": multi_issue,
    "high_value": high_value,
    "counted": counted,
    "policy_exception": policy_exception,
    "malicious_complaint": malicious_complaint,
}


def _words(message: MessageView, trigger: Trigger) -> tuple[str, ...]:
    return find_words(message.text, trigger.words)


def _named_or_said(reader: Reader, code: str) -> Hit | None:
    """The intent says it, or the words do and nothing shows that it was only a question about a product."""
    trigger = reader.trigger(code)
    words = _words(reader.now, trigger)
    if reader.has(trigger.intents):
        return Hit(code, ids([reader.now]), words or _clauses(reader.now))
    harmless = find_words(reader.now.text, trigger.unless_words) or reader.has(trigger.unless_intents)
    return Hit(code, ids([reader.now]), words) if words and not harmless else None


def _anger_level(message: MessageView, trigger: Trigger) -> tuple[int, tuple[str, ...]]:
    """Strong words count as 3 unless the customer is plainly calm; a mere question about goods is heard too hot."""
    words = find_words(message.text, trigger.words)
    calm = message.emotion is not None and message.negative == 0
    asks = bool(message.intents) and set(message.intents) <= set(trigger.unless_intents)
    return (3 if words and not calm else max(0, message.anger - asks)), words


def _since_calm(window: tuple[MessageView, ...], trigger: Trigger) -> list[MessageView]:
    """The messages after the customer last calmed down."""
    heated: list[MessageView] = []
    quiet = 0
    for message in window:
        heated.append(message)
        pleased = message.emotion is not None and message.emotion[0] in trigger.calm_families
        thanked = bool(set(message.intents) & set(trigger.calm_intents)) and message.negative == 0
        quiet = quiet + 1 if message.emotion is not None and message.negative == 0 else 0
        if pleased or thanked or quiet >= trigger.calm_neutral_in_a_row:
            heated, quiet = [], 0
    return heated


def _same_question(reader: Reader, trigger: Trigger) -> list[MessageView]:
    """Messages with the intent of the newest one when they are too many; answers inside a form are no questions."""
    if reader.now.is_payload or reader.now.in_form:
        return []
    for intent in reader.now.intents:
        if reader.rules.kind_of(intent) not in ("question", "request", "problem"):
            continue
        same = [
            message
            for message in reader.window
            if intent in message.intents
            and not message.is_payload
            and not message.in_form
            and order_of(message) in (None, order_of(reader.now))
        ]
        # Three questions about goods are seldom the same one, whatever the mood.
        upset = reader.now.negative > 0 and intent not in reader.rules.context_mood.many_questions
        if len(same) >= trigger.limit("same_question_times") and (
            upset or all(similarity(reader.now.text, message.text) >= trigger.similarity for message in same[-3:-1])
        ):
            return same
    return []


def _amount(finding: dict[str, object]) -> int:
    order = finding.get("order")
    value = order.get("amount_fen") if isinstance(order, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _clauses(message: MessageView) -> tuple[str, ...]:
    """What to show as the words when a model and no word list decided: a short message itself, else nothing."""
    return (message.text,) if 0 < len(message.text) <= SHORT_CHARACTERS else ()
