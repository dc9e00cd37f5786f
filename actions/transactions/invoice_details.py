"""What must be known for an invoice, or for a change of one, and how each thing is asked for and read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.answer import Button, Reply, button
from actions.shop_types import Invoice
from actions.texts import text
from actions.transactions.case import Case
from actions.transactions.detail import FREE_ANSWERS, STOP, WAIT, YES, Detail, Option, choice, chosen
from actions.transactions.invoice_words import (
    TAX_LENGTHS,
    digits_in,
    is_firm,
    is_tax_number,
    read_block,
    tax_number_tried,
)

PERSONAL, COMPANY, SPECIAL_VAT = "personal", "company", "special_vat"
KINDS = (PERSONAL, COMPANY, SPECIAL_VAT)
BANK_DETAILS = ("bank", "account", "address", "phone")
FIELDS = ("person", "title", "tax_number", *BANK_DETAILS)
TOPIC = "request_invoice"
MAX_TITLE, MAX_NAME = 100, 20
# Under these intents a free sentence may still be the answer (an address sounds like 改地址).
ANSWERS = (*FREE_ANSWERS, TOPIC, "modify_order")


def invoice_of(case: Case) -> Invoice:
    """The order's invoice as the shop tells it."""
    return case.the_order["invoice"]


def changing(case: Case) -> bool:
    """Whether an invoice is changed. What has begun stays what it is, so that trying again never does the other."""
    return "change" in case.details or (not case.details and invoice_of(case)["state"] != "none")


def kind_of(case: Case) -> str | None:
    """The kind of the invoice to be, None when it must be asked for."""
    if "kind" in case.details:
        return str(case.details["kind"])
    change = case.details.get("change")
    needs_firm = change == "tax_number" and invoice_of(case)["kind"] == PERSONAL
    return None if change in (None, "kind") or needs_firm else invoice_of(case)["kind"]


def kept_title(case: Case) -> str | None:
    """The title that stays when something else is changed."""
    invoice = invoice_of(case)
    same_holder = (kind_of(case) == PERSONAL) == (invoice["kind"] == PERSONAL)
    return invoice["title"] if changing(case) and case.details.get("change") != "title" and same_holder else None


def details_of(case: Case) -> tuple[Detail, ...]:
    """Everything still to be known, in the order of asking, and whatever else the message names."""
    gate = [_change_detail()] if changing(case) else []
    kind = kind_of(case)
    if (gate and "change" not in case.details) or kind is None:
        return (*gate, _kind_detail(), *_DETAILS.values())
    if "kind" in case.details or not gate or _read_kind(case, False):
        gate.append(_kind_detail())
    needed = _needed(case, kind)
    named = [name for name in FIELDS if name not in needed and _is_named(case, name)]
    return (*gate, *(_DETAILS[name] for name in (*needed, *named)))


def reads(case: Case, name: str) -> bool:
    """Whether the message matches `reads.<name>`."""
    return bool(re.search(text(f"transactions.invoices.reads.{name}"), case.turn.text))


def pressed(case: Case) -> str | None:
    """The change a button stands for; such a button may begin the transaction."""
    named = case.turn.entities.get("choice", ())
    return named[-1] if named and named[-1] in ("title", "tax_number", "kind", "bank") else None


def _needed(case: Case, kind: str) -> Sequence[str]:
    title = () if kept_title(case) else ("person" if kind == PERSONAL else "title",)
    if kind == PERSONAL:
        return title
    tax_number = () if kept_tax_number(case) else ("tax_number",)
    return (*title, *tax_number, *(BANK_DETAILS if kind == SPECIAL_VAT else ()))


def present_tax_number(case: Case) -> str | None:
    """The tax number on the invoice that is changed, None when a person's is."""
    return invoice_of(case).get("tax_number") if changing(case) else None


def kept_tax_number(case: Case) -> str | None:
    """The tax number that stays because the title does; a firm with another name is asked about it."""
    stays = case.details.get("change") not in ("title", "tax_number") and kept_title(case) is not None
    return present_tax_number(case) if stays and "title" not in case.details else None


def _is_named(case: Case, name: str) -> bool:
    return name in case.details or _DETAILS[name].read(case, False) is not None


def _change_detail() -> Detail:
    return Detail("change", _ask_change, _read_change)


def _ask_change(case: Case, again: bool) -> Reply:
    reply = choice("change", "invoices.ask_change", _change_options).ask(case, again)
    return Reply(reply.text, buttons=(*reply.buttons, button("no_thanks", "/deny")))


def _kind_detail() -> Detail:
    return Detail("kind", choice("kind", "invoices.ask_kind", _kind_options).ask, _read_kind)


def _change_options(case: Case) -> Sequence[Option]:
    kind = invoice_of(case)["kind"]
    names = ["title"] + ([] if kind == PERSONAL else ["tax_number"]) + (["bank"] if kind == SPECIAL_VAT else [])
    return [Option(name, text(f"transactions.invoices.change_options.{name}")) for name in (*names, "kind")]


def _kind_options(case: Case) -> Sequence[Option]:
    present = invoice_of(case)["kind"] if changing(case) else None
    return [Option(name, text(f"transactions.invoices.kind_options.{name}")) for name in KINDS if name != present]


def _read_change(case: Case, asked: bool) -> str | None:
    wanted = pressed(case)
    if wanted and (asked or case.turn.intent == TOPIC):
        return wanted
    if _read_kind(case, False):
        return "kind"
    block = read_block(case.turn.text)
    for name in ("title", "tax_number"):
        if name in block or reads(case, f"change_{name}"):
            return name
    if invoice_of(case)["kind"] == SPECIAL_VAT and reads(case, "change_bank"):
        return "bank"
    return "kind" if reads(case, "change_kind") else None


def _read_kind(case: Case, asked: bool) -> str | None:
    chosen_kind = case.turn.entities.get("choice", ())
    if chosen_kind and chosen_kind[-1] in KINDS:
        return chosen_kind[-1]
    found = _kind_named(case, asked) or _kind_implied(case)
    unchanged = changing(case) and "kind" not in case.details and found == invoice_of(case)["kind"]
    return None if unchanged and not asked else found


def _kind_named(case: Case, asked: bool) -> str | None:
    words = re.sub(text("transactions.invoices.reads.target"), "", case.turn.text)
    if re.search(text("transactions.invoices.reads.special_vat"), words):
        return SPECIAL_VAT
    present = case.details.get("kind") or (invoice_of(case)["kind"] if changing(case) else None)
    general = re.search(text("transactions.invoices.reads.general"), words)
    if general and (present == SPECIAL_VAT or _firm_named(case)):
        return COMPANY
    loosely = "company_asked" if asked else "company"
    # 公司抬头 said of a special VAT invoice is no wish for another kind.
    if re.search(text(f"transactions.invoices.reads.{loosely}"), words) and (present != SPECIAL_VAT or general):
        return COMPANY
    return PERSONAL if re.search(text("transactions.invoices.reads.personal"), words) else None


def _kind_implied(case: Case) -> str | None:
    """A firm with its tax number and no bank wants an ordinary invoice; so does a firm in place of a person."""
    if "kind" in case.details:
        return None
    block = read_block(case.turn.text)
    if "account" in block or not _firm_named(case):
        return None
    if changing(case):
        return COMPANY if invoice_of(case)["kind"] == PERSONAL else None
    return COMPANY if "tax_number" in block else None


def _firm_named(case: Case) -> bool:
    return is_firm(read_block(case.turn.text).get("title") or str(case.details.get("title") or ""))


def _own_words(case: Case) -> str:
    """The message as a free answer, "" when it is none: yes, stop, thanks, a question, another wish."""
    words = case.turn.text.strip()
    is_answer = case.turn.intent in ANSWERS and not any(item.search(words) for item in (STOP, YES, WAIT))
    return "" if not is_answer or reads(case, "no_answer") or reads(case, "courtesy") else words


def _ask(case: Case, question: str, again: bool, **values: object) -> Reply:
    return Reply(case.say(f"invoices.{question}_again" if again else f"invoices.{question}", **values))


def _ask_person(case: Case, again: bool) -> Reply:
    right = case.details.get("change") == "title" and not again
    reply = _ask(case, "ask_person_right" if right else "ask_person", again)
    title = text("transactions.invoices.write_personal")
    names = [title, *filter(None, (_own_name(case),))]
    wrong = invoice_of(case)["title"] if right else None
    return Reply(reply.text, buttons=tuple(Button(name, chosen(name)) for name in names if name != wrong))


def _own_name(case: Case) -> str:
    """The recipient of the customer's own order, "" when somebody else's order was only proven."""
    own = case.turn.customer_id == case.the_order["customer_id"]
    return str(case.the_order["recipient"]["name"]) if own else ""


def _read_person(case: Case, asked: bool) -> str | None:
    title = read_block(case.turn.text).get("title")
    if title and not is_firm(title):
        return title[:MAX_NAME]
    name = case.turn.entities.get("choice", ())
    if asked and name and name[-1] not in KINDS:
        return name[-1][:MAX_NAME]
    if reads(case, "personal_title") or (asked and reads(case, "personal")):
        return text("transactions.invoices.write_personal")
    if case.turn.text.strip() == _own_name(case):
        return _own_name(case)
    if "person" in case.details:
        named = re.search(text("transactions.invoices.reads.person_corrected"), case.turn.text)
        return named[1] if named else None
    words = re.sub(text("transactions.invoices.reads.before_name"), "", _own_words(case)) if asked else ""
    return words if re.fullmatch(r"[\u4e00-\u9fffA-Za-z·. ]{2,20}", words) else None


def _ask_title(case: Case, again: bool) -> Reply:
    right = case.details.get("change") == "title" and not again
    return _ask(case, "ask_title_right" if right else "ask_title", again)


def _read_title(case: Case, asked: bool) -> str | None:
    title = read_block(case.turn.text).get("title")
    if title or not asked:
        return title
    words = _own_words(case)
    return words if 4 <= len(words) <= MAX_TITLE and "\n" not in words else None


def _ask_tax_number(case: Case, again: bool) -> Reply:
    tried = tax_number_tried(case.turn.text, asked=again)
    if tried and not is_tax_number(tried):
        return _ask(case, "tax_number_length", False, count=len(tried), lengths=TAX_LENGTHS)
    change, present = case.details.get("change"), present_tax_number(case)
    if present and change == "title" and not again:
        same = Button(text("transactions.invoices.same_tax_number"), chosen(present))
        reply = _ask(case, "ask_tax_number_same", False, ending=present[-4:])
        return Reply(reply.text, buttons=(same,))
    if again or change is None or case.details.get("kind"):
        firm = case.details.get("title") or invoice_of(case)["title"]
        return _ask(case, "ask_tax_number", again, firm=firm)
    return _ask(case, "ask_tax_number_right" if change == "tax_number" else "ask_tax_number_resent", False)


def _read_tax_number(case: Case, asked: bool) -> str | None:
    present = present_tax_number(case) if asked and case.details.get("change") == "title" else None
    if present and (present in case.turn.entities.get("choice", ()) or _says_unchanged(case)):
        return present
    tried = read_block(case.turn.text).get("tax_number") or tax_number_tried(case.turn.text, asked=asked)
    return tried if tried and is_tax_number(tried) else None


def _says_unchanged(case: Case) -> bool:
    words = case.turn.text.strip()
    return reads(case, "unchanged") or case.turn.intent == "affirm" or YES.match(words) is not None


def _read_bank(case: Case, asked: bool) -> str | None:
    bank = read_block(case.turn.text).get("bank")
    words = _own_words(case) if asked and not bank else ""
    return bank or (words if len(words) >= 4 and re.search(r"行|社", words) else None)


def _read_account(case: Case, asked: bool) -> str | None:
    return read_block(case.turn.text).get("account") or (digits_in(case.turn.text, 6, 32) if asked else None)


def _read_address(case: Case, asked: bool) -> str | None:
    address = read_block(case.turn.text).get("address")
    words = _own_words(case) if asked and not address else ""
    return address or (words if 6 <= len(words) <= 200 else None)


def _read_phone(case: Case, asked: bool) -> str | None:
    return read_block(case.turn.text).get("phone") or (digits_in(case.turn.text, 7, 15) if asked else None)


_DETAILS = {
    "person": Detail("person", _ask_person, _read_person),
    "title": Detail("title", _ask_title, _read_title),
    "tax_number": Detail("tax_number", _ask_tax_number, _read_tax_number),
    "bank": Detail("bank", lambda case, again: _ask(case, "ask_bank", again), _read_bank),
    "account": Detail("account", lambda case, again: _ask(case, "ask_account", again), _read_account),
    "address": Detail("address", lambda case, again: _ask(case, "ask_address", again), _read_address),
    "phone": Detail("phone", lambda case, again: _ask(case, "ask_phone", again), _read_phone),
}
