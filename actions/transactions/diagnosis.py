"""Faults of app, page and account: asked about, checked step by step, then handed to the technicians."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from actions.answer import Answer, Button, Reply, button, fact, finding, human, lead, promise
from actions.context import Turn
from actions.policies import facts_of, policy
from actions.shop_api import Document, ShopApi
from actions.texts import has_text, text
from actions.transactions import device
from actions.transactions.case import Case, Progress
from actions.transactions.detail import MAX_WORDS, Detail, Option, chosen, words_of
from actions.transactions.guide import (
    BOOK,
    ENOUGH,
    FAULTS,
    GONE,
    LATER,
    SOLVED,
    STILL,
    Check,
    Guide,
    check_detail,
    first_match,
    guide_for,
    is_gone,
    person_for,
    picked,
)
from actions.transactions.transaction import Transaction
from actions.words import day_time, parse_time, stamp
from addons.summary.masking import mask, mask_phone

MAX_SENTENCE = 300
MAX_SYMPTOM = 100
# A ticket not answered in time is still spoken of for so long.
OVERDUE = timedelta(days=1)


class Fault(Transaction):
    """What all faults share. Filing a ticket is harmless, so it needs no yes."""

    texts: ClassVar[str] = "diagnosis"
    no_ends_it: ClassVar[bool] = False
    confirms: ClassVar[bool] = False
    # Whether a person goes on at once when every check was tried in vain.
    calls_person: ClassVar[bool] = True
    # Tickets of these topics are about the same kind of fault.
    ticket_topics: ClassVar[tuple[str, ...]] = ()

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        customer_id = case.turn.customer_id
        if customer_id is None:
            return {}
        return {"phone": shop.customer(customer_id)["phone"], "tickets": shop.tickets(customer_id)}

    def refuse(self, case: Case) -> Answer | None:
        words = person_for(self.topic, self.symptom(case))
        if words is None:
            return None
        reply = Reply(words, buttons=(human(),))
        return Answer((reply,), finding(case.turn, "identity_needed", words))

    def opening(self, case: Case) -> str:
        path = f"{BOOK}.opening.{self.topic}"
        if self.open_ticket(case) is not None:
            return lead(case.turn)
        asked = [name for name in self.asks(case) if name not in case.details]
        return (lead(case.turn) or text(f"{path}.sorry")) + text(f"{path}.{'asks' if asked else 'checks'}")

    def details(self, case: Case) -> tuple[Detail, ...]:
        symptom = symptom_detail(self.topic)
        if not self.symptom(case):
            return (symptom,)
        same = (same_detail(self),) if self.open_ticket(case) else ()
        gone = (GONE,) if is_gone(case, self.device_questions(case)) else ()
        return (symptom, *gone, *same, *self.questions(case))

    def questions(self, case: Case) -> tuple[Detail, ...]:
        """What is asked beside the symptom: device and time first, then the checks."""
        return (*self.device_questions(case), *self.check_questions(case))

    def device_questions(self, case: Case) -> tuple[Detail, ...]:
        return tuple(device.DETAILS[name] for name in self.asks(case))

    def check_questions(self, case: Case) -> tuple[Detail, ...]:
        """The checks, until the customer has had enough of them."""
        values = self.check_values(case)
        found: list[Detail] = []
        for check in self.checks(case):
            found.append(check_detail(check, values))
            if case.details.get(check.detail) == ENOUGH:
                break
        return tuple(found)

    def ended(self, case: Case) -> Answer | None:
        # A symptom told only when asked for may turn out to be a theft.
        for_a_person = self.refuse(case)
        if for_a_person is not None:
            return for_a_person
        if case.details.get(GONE.name):
            words = case.say("diagnosis.ended.solved")
            entry = finding(case.turn, "diagnosis", text("findings.solved_itself"))
            return Answer((Reply(words),), {**entry, "helped": True})
        if case.details.get("same") == "same":
            return self._still_open(case)
        for check in self.checks(case):
            result = case.details.get(check.detail)
            if result in (SOLVED, LATER):
                return self._settled(case, check, result)
        return None

    def includes(self, case: Case) -> bool:
        """清过缓存了莫得用, said while something else is asked for."""
        return any(item.done and re.search(item.done, case.turn.text) for item in self.guide(case).checks)

    def restate(self, case: Case) -> Reply:
        return Reply(case.say("diagnosis.restate", sentence=self.sentence(case)))

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        body = {
            "customer_id": case.turn.customer_id,
            "topic": self.ticket_topic(case),
            "facts": self.ticket_facts(case),
            "steps": [check.step for check in self.tried(case)],
            "sentence": self.sentence(case),
        }
        return shop.file_ticket(body, key)

    def done(self, case: Case, document: Document) -> Answer:
        words = case.say(
            f"diagnosis.{self.guide(case).done}",
            ticket_id=document["ticket_id"],
            answer_by=day_time(parse_time(document["answer_by"]), case.turn.now),
            **facts_of("payments"),
        )
        number = fact("document", document["ticket_id"], "order_api", case.turn.now)
        noted = finding(
            case.turn,
            "filed_ticket",
            words,
            facts=[number],
            promises=[promise(case.turn, words, document["answer_by"])],
        )
        entry = {**noted, **self.noted(case)}
        if self.calls_person and self.exhausted(case):
            return Answer((Reply(words),), {**entry, "helped": False}, escalation="technical_fault")
        return Answer((Reply(words + self.bridge(case), buttons=self.next_buttons()),), entry)

    # What the kinds of faults differ in.

    def situation(self, case: Case) -> str | None:
        """What decides which checks fit; None while unknown."""
        return None

    def ticket_topic(self, case: Case) -> str:
        return self.ticket_topics[0]

    def check_values(self, case: Case) -> dict[str, object]:
        """The figures in the words of the checks."""
        return {"lock_minutes": policy("account.lock_minutes")}

    def sentence_parts(self, case: Case) -> Sequence[str]:
        """What the ticket says between the account and what was tried."""
        return (device.device_words(case), self.short_symptom(case), device.since_words(case))

    def ticket_facts(self, case: Case) -> dict[str, str]:
        """What is known, by name."""
        names = [name for name in device.DETAILS if name in case.details]
        told = {name: device.known(case, name) for name in names if name != "account"}
        if "since" in told:
            told["since"] = device.begun_on(case)
        # Technicians find the account of a visitor by it; of a customer they have the id.
        account = {"account_phone": device.known(case, "account")} if device.known(case, "account") else {}
        return {**told, **account, "symptom": self.short_symptom(case)}

    def until(self, case: Case, check: Check) -> str:
        """When to try again after waiting."""
        free_at = case.turn.now + timedelta(minutes=int(policy("account.lock_minutes")))
        return case.say("diagnosis.ended.until_lock", time=day_time(free_at, case.turn.now))

    def next_buttons(self) -> tuple[Button, ...]:
        return (button("see_status", "/query_order_status"), human())

    # What is known of this fault.

    def symptom(self, case: Case) -> str:
        """The fault in the customer's first words; empty when a button brought them here."""
        told = case.details.get("symptom")
        return str(told) if told else _told_in(case, self.topic) or ""

    def guide(self, case: Case) -> Guide:
        return guide_for(self.topic, self.symptom(case))

    def asks(self, case: Case) -> tuple[str, ...]:
        return tuple(name for name in self.guide(case).asks if device.applies(name, case))

    def checks(self, case: Case) -> tuple[Check, ...]:
        return self.guide(case).fitting(self.situation(case))

    def tried(self, case: Case) -> list[Check]:
        """The checks that did not help."""
        return [check for check in self.checks(case) if case.details.get(check.detail) == STILL]

    def exhausted(self, case: Case) -> bool:
        """Whether there are checks and none of them helped; who had enough of them keeps the ticket alone."""
        checks = self.checks(case)
        return bool(checks) and self.tried(case) == list(checks)

    def open_ticket(self, case: Case) -> Document | None:
        """The newest ticket of this kind that technicians still work on."""
        oldest = stamp(case.turn.now - OVERDUE)
        tickets: list[Document] = case.facts.get("tickets", [])
        return next((t for t in tickets if t["topic"] in self.ticket_topics and t["answer_by"] >= oldest), None)

    def sentence(self, case: Case) -> str:
        """The whole matter in one sentence for the technicians."""
        phone = case.facts.get("phone") or device.known(case, "account")
        said = "diagnosis.sentence"
        account = case.say(f"{said}.account", phone=mask_phone(phone)) if phone else case.say(f"{said}.visitor")
        tried = [case.say(f"{said}.tried", step=check.step) for check in self.tried(case)]
        state = ["、".join(tried), case.say(f"{said}.unsolved")] if tried else []
        if not tried and self.checks(case):
            state = [case.say(f"{said}.untried")]
        own = f"{said}.need_payment" if self.ticket_topics == ("payment",) else f"{said}.need"
        parts = [account, *self.sentence_parts(case), *state, case.say(own, need=self.guide(case).need)]
        return "，".join(part for part in parts if part)[: MAX_SENTENCE - 1] + "。"

    def bridge(self, case: Case) -> str:
        """What the bot can do in the meantime."""
        path = f"diagnosis.bridge.{self.topic}{'' if case.turn.customer_id else '_visitor'}"
        return case.say(path) if has_text(f"transactions.{path}") else ""

    def noted(self, case: Case) -> dict[str, Any]:
        """The fault for the escalation summary, kept with a finding."""
        return {"diagnosis": self.known(case)}

    def known(self, case: Case) -> dict[str, Any]:
        """platform, system_version, app_version, symptom, since, tried: as the summary's section diagnosis."""
        platform = device.known(case, "platform")
        told = {
            "platform": text(f"{BOOK}.platforms.labels.{platform}") if platform else "",
            "system_version": device.known(case, "system_version"),
            "app_version": device.known(case, "app_version"),
            "symptom": self.short_symptom(case),
            "since": device.begun_on(case),
            "tried": [check.step for check in self.tried(case)],
        }
        return {name: value for name, value in told.items() if value}

    def short_symptom(self, case: Case) -> str:
        """The symptom for a sentence: masked, without its full stop."""
        return mask(self.symptom(case)).strip("。！!，, \n")[:MAX_SYMPTOM]

    def _settled(self, case: Case, check: Check, result: str) -> Answer:
        if result == SOLVED:
            words = case.say("diagnosis.ended.solved")
            helped = text("findings.solved_by", step=check.step)
            return Answer((Reply(words),), {**finding(case.turn, "diagnosis", helped), "helped": True})
        words = case.say("diagnosis.ended.later", until=self.until(case, check))
        return Answer(
            (Reply(words, buttons=(human(),)),), {**finding(case.turn, "diagnosis", words), **self.noted(case)}
        )

    def _still_open(self, case: Case) -> Answer:
        late, values = _ticket_values(self, case)
        words = case.say("diagnosis.same.ended_late" if late else "diagnosis.same.ended", **values)
        bridge = "" if late else self.bridge(case)
        buttons = (human(),) if late else self.next_buttons()
        return Answer((Reply(words + bridge, buttons=buttons),), finding(case.turn, "diagnosis", words))


class TechnicalIssue(Fault):
    """The app or a page does not work."""

    topic: ClassVar[str] = "report_technical_issue"
    ticket_topics: ClassVar[tuple[str, ...]] = ("app", "page")

    def situation(self, case: Case) -> str | None:
        return device.known(case, "platform") or None

    def ticket_topic(self, case: Case) -> str:
        return "app" if device.known(case, "platform") in device.PHONES else "page"


class AccountIssue(Fault):
    """The customer cannot get in; what takes a proof of identity is for a person (`persons` in the texts)."""

    topic: ClassVar[str] = "report_account_issue"
    ticket_topics: ClassVar[tuple[str, ...]] = ("login",)


def symptom_detail(topic: str) -> Detail:
    """The customer's first message; asked for when a button brought them here."""
    asked_for = words_of("symptom", "diagnosis.symptom.ask", FAULTS)

    def read(case: Case, asked: bool) -> Any:
        return asked_for.read(case, True) if asked else _told_in(case, topic)

    return Detail("symptom", asked_for.ask, read)


def same_detail(fault: Fault) -> Detail:
    """Whether it is the fault of the ticket that is open already."""
    options = [Option(name, text(f"{BOOK}.same.titles.{name}")) for name in ("same", "other")]

    def read(case: Case, asked: bool) -> str | None:
        return first_match(f"{BOOK}.same.reads", case.turn.text) if asked else None

    by_button = picked("same", lambda _: "same.ask", lambda _: options, read)

    def ask(case: Case, again: bool) -> Reply:
        late, values = _ticket_values(fault, case)
        path = "diagnosis.same.ask_again" if again else f"diagnosis.same.ask{'_late' if late else ''}"
        buttons = tuple(Button(item.title, chosen(item.value)) for item in options)
        return Reply(case.say(path, **values), buttons=buttons)

    return Detail("same", ask, by_button.read)


def known_fault(turn: Turn) -> dict[str, Any] | None:
    """What is known of a fault of app or account: of the one under way, else of the last one dealt with."""
    progress = Progress.read(turn.slots.get("transaction"))
    faults: dict[str, Fault] = {item.topic: item for item in (TechnicalIssue(), AccountIssue())}
    if progress is not None and progress.topic in faults:
        return faults[progress.topic].known(Case(turn, details=progress.details))
    noted = [entry["diagnosis"] for entry in turn.slots.get("findings") or [] if entry.get("diagnosis")]
    return noted[-1] if noted else None


def _told_in(case: Case, topic: str) -> str | None:
    """The message when it tells of the fault; the title of a button does not."""
    words = case.turn.text.strip()
    if case.turn.intent != topic or words.startswith("/") or words == text(f"intents.{topic}"):
        return None
    return words[:MAX_WORDS] or None


def _ticket_values(fault: Fault, case: Case) -> tuple[bool, dict[str, object]]:
    """Whether the answer is overdue, and what names the open ticket."""
    ticket = fault.open_ticket(case)
    if ticket is None:
        raise ValueError("there is no open ticket")
    answer_by = parse_time(ticket["answer_by"])
    values: dict[str, object] = {"ticket_id": ticket["ticket_id"], "answer_by": day_time(answer_by, case.turn.now)}
    return answer_by < case.turn.now, values
