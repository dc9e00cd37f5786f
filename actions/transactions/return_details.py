"""What a return or an exchange asks for: the reason, the goods, the other version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from actions.answer import Button, Reply
from actions.order_choice import names
from actions.shop_types import Line, Product, Sku
from actions.texts import text
from actions.transactions.case import Case, Progress
from actions.transactions.detail import Detail, Option, choice, chosen
from actions.transactions.modify_details import says
from actions.words import deadline, parse_time

ALL_LINES = "all"
QUALITY, DESCRIBED = "quality", "not_as_described"
REASONS = ("unwanted", "size", DESCRIBED, QUALITY, "late", "other")
# What a customer tells of a fault when asked for the reason, without using its name.
REASON_OF_INTENT = {
    "report_quality_issue": QUALITY,
    "report_damaged_item": QUALITY,
    "report_wrong_item": DESCRIBED,
}
_SIZE = re.compile(r"^(?:\d+(?:\.\d+)?|X*[SL]|M)$", re.IGNORECASE)
_STEP = re.compile(r"([大小])(?:一|1)?(?:码|号)")


def only_faults(case: Case) -> bool:
    """Whether nothing but a fault is a reason any more."""
    return bool(case.facts["eligibility"]["kind"] == "quality_only")


def reason_detail() -> Detail:
    """The reason; once the no-reason days are over, whether it is a fault."""

    def options(case: Case) -> list[Option]:
        names = (QUALITY, "other") if only_faults(case) else REASONS
        return [Option(name, _title(case, name), text(f"transactions.returns.reads.{name}")) for name in names]

    def every(case: Case) -> list[Option]:
        # A fault wins over the rest: 不喜欢，质量太差.
        names = (QUALITY, *(name for name in REASONS if name != QUALITY))
        return [Option(name, _title(case, name), text(f"transactions.returns.reads.{name}")) for name in names]

    reading = choice("reason", "returns.ask_reason", every)

    def ask(case: Case, again: bool) -> Reply:
        question = "ask_fault" if only_faults(case) else "ask_reason"
        words = case.say(f"returns.{question}{'_again' if again else ''}")
        return Reply(words, buttons=tuple(Button(one.title, chosen(one.value)) for one in options(case)))

    def read(case: Case, asked: bool) -> str | None:
        if asked and only_faults(case) and re.search(text("transactions.returns.reads.no_fault"), case.turn.text):
            return "other"
        named = reading.read(case, asked) or (REASON_OF_INTENT.get(case.turn.intent) if asked else None)
        return named or (None if asked else _told_before(case))

    return replace(reading, ask=ask, read=read)


def _title(case: Case, name: str) -> str:
    own = "not_a_fault" if name == "other" and only_faults(case) else name
    return text(f"transactions.returns.reasons.{own}")


def _told_before(case: Case) -> str | None:
    """The reason given to another wish about the same goods that this one takes over from."""
    earlier = Progress.read(case.turn.slots.get("transaction"))
    if earlier is None or earlier.topic == case.turn.intent or earlier.order_id != case.the_order["order_id"]:
        return None
    told = earlier.details.get("reason") or REASON_OF_INTENT.get(earlier.topic)
    return str(told) if told in REASONS else None


def line_options(case: Case) -> Sequence[Option]:
    """The goods of the order."""
    lines = case.the_order["lines"]
    return [Option(line["line_id"], line["title"], re.escape(line["title"])) for line in lines]


def returnable(case: Case) -> list[Line]:
    """The lines that may go back as the shop sees it."""
    ids = case.facts["eligibility"]["line_ids"]
    return [line for line in case.the_order["lines"] if line["line_id"] in ids] or case.the_order["lines"]


def beside_the_order(words: str) -> str:
    """背包那单 杯子不想要了: goods that only say which order are left out."""
    return re.sub(r"[\u4e00-\u9fff]{1,8}那(一|个)?(单|订单|笔)", "", words)


def return_line_detail() -> Detail:
    """Which goods of an order with several go back, or all of them."""

    def options(case: Case) -> list[Option]:
        lines = [Option(line["line_id"], line["title"]) for line in returnable(case)]
        return [*lines, Option(ALL_LINES, text("transactions.returns.all_lines"))]

    asking = choice("line", "returns.ask_return_line", options)

    def read(case: Case, asked: bool) -> str | None:
        if re.search(text("transactions.returns.reads.all_lines"), case.turn.text):
            return ALL_LINES
        named = [line for line in returnable(case) if names(line["title"], beside_the_order(case.turn.text))]
        if len(named) == 1:
            return named[0]["line_id"]
        return asking.read(case, True) if asked else None

    return replace(asking, read=read)


def line_id(case: Case) -> str:
    """The line that is exchanged."""
    lines = case.the_order["lines"]
    return str(case.details.get("line") or lines[0]["line_id"])


def version_text(case: Case) -> str:
    """The wished version in words."""
    return next(sku["text"] for sku in _product(case)["skus"] if sku["sku"] == case.details["version"])


def version_detail() -> Detail:
    """Which version, those in stock as buttons; one that is sold out is named with the day it comes again."""

    def options(case: Case) -> list[Option]:
        now = _sku_text_now(case)
        in_stock = [sku for sku in _product(case)["skus"] if sku["stock"] > 0]
        # The like of a faulty one comes first; whoever wants another size needs it last.
        same_first = case.details.get("reason") == QUALITY or only_faults(case)
        in_stock.sort(key=lambda sku: (sku["text"] != now) == same_first)
        return [Option(sku["sku"], sku["text"]) for sku in in_stock]

    asking = choice("version", "returns.ask_version", options)

    def ask(case: Case, again: bool) -> Reply:
        gone = named_version(case)
        reply = asking.ask(case, again)
        if gone is None or gone["stock"] > 0:
            return reply
        restock = case.say("orders.restock_open")
        if gone["restock_at"]:
            day = deadline(parse_time(gone["restock_at"]), case.turn.now)
            restock = case.say("orders.restock_at", restock_at=day)
        return replace(reply, text=case.say("orders.version_gone", version=gone["text"], restock=restock))

    def read(case: Case, asked: bool) -> str | None:
        named = named_version(case)
        if named is not None:
            return named["sku"] if named["stock"] > 0 else None
        return asking.read(case, asked)

    return replace(asking, ask=ask, read=read)


def named_version(case: Case) -> Sku | None:
    """The one version the words fit best, sold out or not; what they leave open stays as it is in the order."""
    now = _sku_text_now(case)
    present = now.split()
    skus = _product(case)["skus"]
    step = _STEP.search(case.turn.text)
    if step and not re.search(r"[太偏有了]" + re.escape(step[0]), case.turn.text):
        return _next_size(skus, now, 1 if step[1] == "大" else -1)
    scored = []
    for sku in skus:
        parts = sku["text"].split()
        named = sum(says(case.turn.text, part) for part in parts)
        kept = sum(part in present for part in parts)
        scored.append(((named, kept), sku))
    best = max(score for score, _ in scored)
    winners = [sku for score, sku in scored if score == best]
    return winners[0] if best[0] and len(winners) == 1 else None


def _next_size(skus: Sequence[Sku], now: str, step: int) -> Sku | None:
    """The next size up or down in the same colour; the shop lists sizes from small to large."""
    rest = [part for part in now.split() if not _SIZE.match(part)]
    row = [sku for sku in skus if [part for part in sku["text"].split() if not _SIZE.match(part)] == rest]
    places = [place for place, sku in enumerate(row) if sku["text"] == now]
    place = places[0] + step if places else -1
    return row[place] if 0 <= place < len(row) else None


def _product(case: Case) -> Product:
    line = next(line for line in case.the_order["lines"] if line["line_id"] == line_id(case))
    product: Product = case.facts["products"][line["product_id"]]
    return product


def _sku_text_now(case: Case) -> str:
    return next(line["sku_text"] for line in case.the_order["lines"] if line["line_id"] == line_id(case))
