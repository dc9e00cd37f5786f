"""What a claim must know: which kind, which goods, how they are, and what the customer wants for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from actions.answer import Button, Reply
from actions.order_choice import ordinal_in, overlap
from actions.shop_types import Line, Sku
from actions.texts import text
from actions.transactions.case import Case
from actions.transactions.claim_words import (
    MISSING,
    WRONG,
    is_a_set,
    means_all,
    means_the_whole,
    names_a_part,
    only_a_remedy,
    remedy_in,
    tells,
    without_no,
    wrong_or_missing,
)
from actions.transactions.detail import FREE_ANSWERS, MAX_WORDS, STOP, YES, Detail, Option, choice, chosen
from actions.words import day, parse_time

ALL = "all"
# What a customer may be taken to report while asked how the goods are.
REPORTS = (
    "report_damaged_item",
    "report_wrong_item",
    "report_quality_issue",
    "report_delivery_problem",
    "report_technical_issue",
)
REMEDIES: dict[str, tuple[str, ...]] = {
    "damaged": ("refund", "reship", "part_refund"),
    "wrong": ("exchange", "refund", "part_refund"),
    "missing": ("reship", "refund"),
    "quality": ("exchange", "refund", "part_refund"),
}
# Of a missing present, part or piece nobody gets the price of the whole back.
REMEDIES_OF_A_PART = ("reship", "part_refund")
NEED_STOCK = ("reship", "exchange")
SEPARATOR = "|"
Json = dict[str, Any]


def kind_detail() -> Detail:
    """Wrong or missing."""

    def options(case: Case) -> Sequence[Option]:
        return [Option(kind, text(f"transactions.claims.options.{kind}")) for kind in (WRONG, MISSING)]

    asking = choice("kind", "claims.ask_kind", options)

    def read(case: Case, asked: bool) -> str | None:
        found = _pressed(case, (WRONG, MISSING)) or wrong_or_missing(without_no(case.turn.text.strip()))
        return found or (asking.read(case, True) if asked else None)

    return replace(asking, read=read)


def line_detail() -> Detail:
    """The goods, as line ids joined; those already claimed or on their way back are left out."""

    def options(case: Case) -> list[Option]:
        found = [Option(line["line_id"], line["title"]) for line in free_lines(case)]
        return [*found, Option(ALL, text("transactions.claims.options.all"))] if len(found) > 1 else found

    asking = choice("line", "claims.ask_line", options)

    def found(case: Case, asked: bool) -> str | None:
        values = [option.value for option in options(case)]
        named = named_lines(case.turn.text, free_lines(case))
        if ALL in values and (means_all(case.turn.text) or len(named) > 1):
            return ALL
        if len(named) == 1:
            return named[0]["line_id"]
        return asking.read(case, True) if asked else _pressed(case, values)

    def read(case: Case, asked: bool) -> str | None:
        # Which goods "all" are is settled now: a repeated call must file the same ones.
        chosen_one = found(case, asked)
        return SEPARATOR.join(line["line_id"] for line in free_lines(case)) if chosen_one == ALL else chosen_one

    return replace(asking, read=read)


def words_detail(topic: str, kind: str) -> Detail:
    """What is wrong in the customer's own words; the first message counts when it says more than the bare wish."""

    def ask(case: Case, again: bool) -> Reply:
        return Reply(case.say(f"claims.ask_words{'_again' if again else ''}.{kind}"))

    def read(case: Case, asked: bool) -> str | None:
        words = without_no(case.turn.text.strip())[:MAX_WORDS]
        if case.turn.entities.get("choice"):
            return _told_before(case) if case.turn.intent == topic else None
        if not asked:
            titles = [line["title"] for line in case.the_order["lines"]]
            products = [*titles, *case.turn.entities.get("product", ())]
            return words if case.turn.intent in (topic, "ask_return_policy") and tells(words, kind, products) else None
        if only_a_remedy(words):
            return text(f"transactions.claims.kinds.{kind}")
        if case.turn.intent not in (*FREE_ANSWERS, *REPORTS) or STOP.search(words) or YES.match(words):
            return None
        return words if len(words) > 1 else None

    return Detail("words", ask, read)


def remedy_details(kind: str, case: Case) -> tuple[Detail, ...]:
    """The remedy; one named earlier that is not possible is asked anew."""
    possible = possible_remedies(kind, case)
    name = "remedy" if case.details.get("remedy") in (None, *possible) else "other_remedy"

    def ask(case: Case, again: bool) -> Reply:
        sold_out = no_stock_words(case)
        if sold_out:
            few = "only" if len(possible) == 1 else "no_stock_again" if again else "no_stock"
            title = remedy_title(kind, possible[0])
            words = case.say(f"claims.ask_remedy_{few}", restock=sold_out, remedy=title)
            if few == "no_stock" and words in case.turn.said:
                words = case.say("claims.ask_remedy_no_stock_again")
        else:
            words = case.say("claims.ask_remedy_again" if again else "claims.ask_remedy")
        return Reply(words, buttons=tuple(Button(remedy_title(kind, one), chosen(one)) for one in possible))

    def read(case: Case, asked: bool) -> str | None:
        pressed = _pressed(case, possible)
        if pressed:
            return pressed
        titled = [one for one in possible if remedy_title(kind, one) == case.turn.text.strip()]
        place = ordinal_in(case.turn.text) if asked else None
        if place is not None and place < len(possible):
            titled = [possible[place]]
        if asked and len(possible) == 1 and (case.turn.intent == "affirm" or YES.match(case.turn.text)):
            titled = [possible[0]]
        named = titled[0] if titled else remedy_in(case.turn.text, asked=asked)
        # 换一个 of a broken cup and 补一个 of a faulty one both mean another one.
        another = next((one for one in possible if one in NEED_STOCK), None)
        return another if another and named in NEED_STOCK else named

    def kept(case: Case, asked: bool) -> str | None:
        found = read(case, asked)
        # One that is not possible is kept once, so that the question can say why it is asked.
        return found if found in possible or (not asked and name == "remedy") else None

    return (Detail(name, ask, kept),)


def remedy_of(kind: str, case: Case) -> str:
    """The remedy as the customer has confirmed it, even when it has become impossible since."""
    wished = [case.details[name] for name in ("other_remedy", "remedy") if name in case.details]
    possible = possible_remedies(kind, case)
    return str(next((one for one in wished if one in possible), wished[0]))


def possible_remedies(kind: str, case: Case) -> tuple[str, ...]:
    """What makes sense for this kind and these goods and is in stock."""
    lines = claimed_lines(case)
    sensible = REMEDIES_OF_A_PART if kind == MISSING and _is_partly_there(case, lines) else REMEDIES[kind]
    if kind == "quality" and all(line["return_class"] == "quality_only" for line in lines):
        sensible = tuple("reship" if one == "exchange" else one for one in sensible)
    if missing_sku(case) is None:
        return sensible
    return tuple(one for one in sensible if one not in NEED_STOCK)


def remedy_title(kind: str, remedy: str) -> str:
    """How the remedy reads on a button."""
    name = "exchange_wrong" if (kind, remedy) == (WRONG, "exchange") else remedy_name(kind, remedy)
    return text(f"transactions.claims.remedies.{name}")


def remedy_name(kind: str, remedy: str) -> str:
    """The name of its sentences: what is missing is not sent again but sent after."""
    return f"{remedy}_missing" if kind == MISSING and remedy in REMEDIES_OF_A_PART else remedy


def restart_payload(topic: str, case: Case, remedy: str) -> str:
    """Begins again with another remedy: kind and goods go along, the words are found in the findings."""
    known = [case.details.get("kind"), case.details.get("line"), remedy]
    return f'/{topic}{{"choice":"{SEPARATOR.join(str(one) for one in known if one)}"}}'


def free_lines(case: Case) -> list[Line]:
    """The goods that are in no other claim and not on their way back."""
    returns = {item["return_id"]: item for item in case.facts["returns"]}
    taken: set[str] = set()
    for item in case.facts["claims"]:
        if item["return_id"] is None or returns[item["return_id"]]["state"] != "withdrawn":
            taken.update(item["line_ids"])
    for item in returns.values():
        if item["state"] not in ("completed", "rejected", "withdrawn"):
            taken.update(line["line_id"] for line in item["lines"])
    return [line for line in case.the_order["lines"] if line["line_id"] not in taken]


def claimed_lines(case: Case) -> list[Line]:
    """The goods this claim is about, all free ones while nobody has said which."""
    lines = case.the_order["lines"]
    if "line" in case.details:
        wanted = str(case.details["line"]).split(SEPARATOR)
        return [line for line in lines if line["line_id"] in wanted]
    return lines if len(lines) == 1 else free_lines(case)


def named_lines(words: str, lines: Sequence[Line]) -> list[Line]:
    """The goods the words name best."""
    scores = [(overlap(line["title"], words), line) for line in lines]
    best = max((score for score, _ in scores), default=0)
    return [line for score, line in scores if best and score == best]


def missing_sku(case: Case) -> Sku | None:
    """A version of the claimed goods of which there is not enough left to send again."""
    for line in claimed_lines(case):
        skus: list[Sku] = case.facts["products"][line["product_id"]]["skus"]
        for sku in skus:
            if sku["text"] == line["sku_text"] and sku["stock"] < line["quantity"]:
                return sku
    return None


def no_stock_words(case: Case) -> str:
    """要到 12月1日才有货; nothing when there is enough."""
    sku = missing_sku(case)
    return restock_words(case, sku["restock_at"]) if sku else ""


def restock_words(case: Case, restock_at: str | None) -> str:
    """When the goods come back, as far as anybody knows."""
    if not restock_at:
        return case.say("claims.restock_open")
    return case.say("claims.restock_at", restock_at=day(parse_time(restock_at), case.turn.now))


def _is_partly_there(case: Case, lines: Sequence[Line]) -> bool:
    words = str(case.details.get("words", ""))
    several = any(line["quantity"] > 1 or is_a_set(line["title"] + line["sku_text"]) for line in lines)
    return names_a_part(words) or (several and not means_the_whole(words))


def _pressed(case: Case, values: Sequence[str]) -> str | None:
    pressed = [part for value in case.turn.entities.get("choice", ()) for part in value.split(SEPARATOR)]
    return next((value for value in pressed if value in values), None)


def _told_before(case: Case) -> str | None:
    """The words of an earlier try for this order in this conversation."""
    findings: list[Json] = list(case.turn.slots.get("findings") or [])
    for entry in reversed(findings):
        if entry.get("order_id") == case.the_order["order_id"]:
            for item in entry["facts"]:
                if item["name"] == "issue":
                    return str(item["value"])
    return None
