"""What a change of an order asks for: which part, and the new recipient, version or note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from actions.answer import Button, Reply
from actions.context import Turn
from actions.order_choice import overlap
from actions.shop_types import Line, Product, Sku
from actions.texts import text
from actions.transactions.addresses import address_in, bare_name_in, corrected, mobile_in, named_in
from actions.transactions.case import Case
from actions.transactions.detail import FREE_ANSWERS, STOP, Detail, Option, choice, chosen
from actions.words import deadline, parse_time

PART, ADDRESS, PHONE, NAME, VERSION, NOTE = "part", "address", "phone", "name", "version", "note"
RECIPIENT_PARTS = (ADDRESS, PHONE, NAME)
# The order decides when the words fit several: 备注送货前打电话 is a note, not a phone number.
PARTS = (NOTE, ADDRESS, VERSION, PHONE, NAME)
OWN_INTENTS = ("modify_order", "request_exchange", *FREE_ANSWERS)
LONGEST_NOTE = 100
# 缺门牌号？那是5栋302: what was left out, not a whole new address.
LACKS = re.compile(
    r"(缺|少了?|漏了?|没写)(个|的)?(门牌号?|楼号|房号|房间号|单元号?)[？?，,、。 ]*(那|就|应该)?(是|补上)?[：:， ]*"
)
# 再加一句放门口 adds to the note that is there.
ADDS = re.compile(r"^(再|还|另外|顺便)(帮我)?(加|写|备注)(一?句|上|个|一下)?[，,：:]?|^还有[，,：:]?")
_CHANGED_TO = re.compile(r"^.*(?:换成|改成|改为|换为|想换|想要|应该是|要|换|改)")
_FILLER = re.compile(
    r"刚(?:才)?下单|忘了?备注了?|备注|一下|麻烦|帮我|帮忙|能不能|可不可以|可以|请|谢谢|写上|加上|我想|想加个?|改成|改为|改"
    r"|(?:行|好|可以)?吗|你好|不$|[：:]"
)


def is_own(turn: Turn) -> bool:
    """Whether the message may speak of this change at all; a question of another kind must not be swallowed."""
    to_courier = turn.intent == "ask_shipping_policy" and re.search(
        text("transactions.orders.reads_courier"), turn.text
    )
    return (turn.intent in OWN_INTENTS or bool(to_courier)) and not STOP.search(turn.text.strip())


def takes_quantity(turn: Turn) -> bool:
    """More or fewer pieces, which no order can change to."""
    return bool(re.search(text("transactions.orders.reads.quantity"), turn.text))


def part_in(case: Case, *, asked: bool) -> str | None:
    """Which part the message names."""
    if not is_own(case.turn):
        return None
    known = case.details.get(PART)
    if known in RECIPIENT_PARTS and _recipient_in(case.turn, known, asked=False):
        return str(known)  # 电话也改成139… beside an address adds to it
    pressed = case.turn.entities.get("choice", ())
    if pressed and pressed[-1] in PARTS:
        return pressed[-1]
    if re.search(text("transactions.orders.reads_courier"), case.turn.text):
        return NOTE
    for name in PARTS:
        if re.search(text(f"transactions.orders.reads.{name}"), case.turn.text):
            return name
    return _implied(case, asked=asked)


def _implied(case: Case, *, asked: bool) -> str | None:
    turn = case.turn
    if address_in(turn.text, asked=asked):
        return ADDRESS
    if turn.entities.get("colour") or turn.entities.get("size") or turn.intent == "request_exchange":
        return VERSION
    if _CHANGED_TO.search(turn.text) and _names_a_version(case):
        return VERSION
    return PHONE if mobile_in(turn.text) else None


def _names_a_version(case: Case) -> bool:
    products = case.facts.get("products", {})
    words = _CHANGED_TO.sub("", case.turn.text)
    texts = [sku["text"] for product in products.values() for sku in product["skus"]]
    return any(says(words, part) for words_of_sku in texts for part in words_of_sku.split())


def part_detail() -> Detail:
    """What to change, usually read from the words."""

    def options(case: Case) -> list[Option]:
        names = RECIPIENT_PARTS if case.the_order["status"] == "shipped" else (*RECIPIENT_PARTS, VERSION, NOTE)
        return [Option(name, text(f"transactions.orders.parts.{name}")) for name in names]

    buttons = choice(PART, "orders.ask_part", options)
    return Detail(PART, buttons.ask, lambda case, asked: part_in(case, asked=asked) or buttons.read(case, asked))


def recipient_detail(part: str) -> Detail:
    """The new address, phone or name; what stands beside it is taken along."""

    def ask(case: Case, again: bool) -> Reply:
        return Reply(case.say(f"orders.ask_{part}_again" if again else f"orders.ask_{part}"))

    def read(case: Case, asked: bool) -> dict[str, str] | None:
        if not is_own(case.turn):
            return None
        known = case.details.get(part, {})
        right = corrected(_street_now(case), case.turn.text) if part == ADDRESS else None
        found = {"detail": right} if right else _recipient_in(case.turn, part, asked=asked)
        return {**known, **found} if found is not None else None

    return Detail(part, ask, read)


def _street_now(case: Case) -> str:
    """The street that 不对，是5栋 corrects: the wished one, else that of the order."""
    wished = case.details.get(ADDRESS)
    return str((wished or case.the_order["recipient"]).get("detail") or "")


def street_detail() -> Detail:
    """Street and house number, when only the city was named."""

    def ask(case: Case, again: bool) -> Reply:
        place = case.details[ADDRESS]
        names = dict.fromkeys(place.get(key, "") for key in ("city", "district"))
        return Reply(case.say("orders.ask_street_again" if again else "orders.ask_street", place="".join(names)))

    def read(case: Case, asked: bool) -> str | None:
        found = address_in(case.turn.text, asked=asked) if asked and is_own(case.turn) else None
        return found.get("detail") if found else None

    return Detail("street", ask, read)


def _recipient_in(turn: Turn, part: str, *, asked: bool) -> dict[str, str] | None:
    words = LACKS.sub("", turn.text)
    found: dict[str, str] = dict(address_in(words, asked=(asked or words != turn.text) and part == ADDRESS) or {})
    adds = words != turn.text or re.search(text("transactions.orders.reads.addition"), turn.text)
    if found.get("detail") and adds:
        found["added"] = found.pop("detail")
    phone = mobile_in(turn.text)
    name = named_in(turn.text) or (bare_name_in(turn.text) if asked and part == NAME else None)
    found |= {key: value for key, value in (("phone", phone), ("name", name)) if value}
    wanted = {ADDRESS: ("province", "district", "detail", "added"), PHONE: ("phone",), NAME: ("name",)}[part]
    if any(key in found for key in wanted):
        return found
    # Beside a part that is known already any other field is welcome.
    return found if found and not asked else None


def line_of(case: Case) -> Line:
    """The line whose version changes."""
    lines = case.the_order["lines"]
    return next((line for line in lines if line["line_id"] == case.details.get("line")), lines[0])


def with_choice_of_line(case: Case) -> bool:
    """Whether it must be asked which goods are meant."""
    return len(case.the_order["lines"]) > 1


def product_of(case: Case) -> Product:
    """The product whose version changes."""
    product: Product = case.facts["products"][line_of(case)["product_id"]]
    return product


def line_detail() -> Detail:
    """Which goods of an order with several."""

    def ask(case: Case, again: bool) -> Reply:
        buttons = tuple(Button(line["title"], chosen(line["line_id"])) for line in case.the_order["lines"])
        return Reply(case.say("orders.ask_line_again" if again else "orders.ask_line"), buttons=buttons)

    def read(case: Case, asked: bool) -> str | None:
        lines = case.the_order["lines"]
        pressed = case.turn.entities.get("choice", ())
        if pressed and any(line["line_id"] == pressed[-1] for line in lines):
            return pressed[-1]
        named = [line for line in lines if overlap(line["title"], case.turn.text)] if is_own(case.turn) else []
        return named[0]["line_id"] if len(named) == 1 else None

    return Detail("line", ask, read)


def versions(case: Case) -> list[Sku]:
    """The other versions in stock at the price of the order."""
    product, line = product_of(case), line_of(case)
    if product["price_fen"] != line["unit_price_fen"]:
        return []
    return [sku for sku in product["skus"] if sku["stock"] >= line["quantity"] and sku["text"] != line["sku_text"]]


def sku_text(case: Case) -> str:
    """The wished version in words."""
    return next(sku["text"] for sku in product_of(case)["skus"] if sku["sku"] == case.details[VERSION])


def version_detail() -> Detail:
    """Which version, those in stock as buttons; one that is sold out is named with the day it comes again."""

    def ask(case: Case, again: bool) -> Reply:
        buttons = tuple(Button(sku["text"], chosen(sku["sku"])) for sku in versions(case))
        named = _named_version(case)
        gone = named if named and named not in versions(case) else None
        if gone is not None and not again:
            return Reply(
                case.say("orders.version_gone", version=gone["text"], restock=_restock(case, gone)), None, buttons
            )
        return Reply(case.say("orders.ask_version_again" if again else "orders.ask_version"), None, buttons)

    def read(case: Case, asked: bool) -> str | None:
        if "products" not in case.facts:
            return None
        possible = {sku["sku"] for sku in versions(case)}
        pressed = case.turn.entities.get("choice", ())
        if pressed and pressed[-1] in possible:
            return pressed[-1]
        named = _named_version(case) if is_own(case.turn) else None
        return named["sku"] if named and named["sku"] in possible else None

    return Detail(VERSION, ask, read)


def _restock(case: Case, sku: Sku) -> str:
    if not sku["restock_at"]:
        return case.say("orders.restock_open")
    return case.say("orders.restock_at", restock_at=deadline(parse_time(sku["restock_at"]), case.turn.now))


def _named_version(case: Case) -> Sku | None:
    """The one other version the words fit best, sold out or not; what they leave open stays as it is in the order."""
    words = _CHANGED_TO.sub("", case.turn.text) or case.turn.text
    now = line_of(case)["sku_text"]
    present = now.split()
    scored = []
    for sku in product_of(case)["skus"]:
        parts = sku["text"].split()
        if sku["text"] == now:
            continue
        named = sum(says(words, part) for part in parts)
        kept = sum(part in present for part in parts)
        scored.append(((named, kept), sku))
    best = max((score for score, _ in scored), default=(0, 0))
    winners = [sku for score, sku in scored if score == best]
    return winners[0] if best[0] and len(winners) == 1 else None


def says(words: str, part: str) -> bool:
    """Whether the words name this part of a version: 42, 42码, 米白, or its colour alone (换成灰色的)."""
    part = re.sub(r"(?<=\d)(码|号)$", "", part)
    if re.search(rf"(?<![A-Za-z0-9.]){re.escape(part)}(?![A-Za-z0-9])", words, re.IGNORECASE):
        return True
    colour = re.search(r"([\u4e00-\u9fff])色?的?(?:那?[个款件双]|吧|吗|[。！!]|$)", words)
    return bool(colour and len(part) > 1 and part.removesuffix("色").endswith(colour[1]))


def without_goods(words: str, titles: Sequence[str]) -> str:
    """电饭煲帮我备注送货前打电话: the goods at the beginning say which order, not what to write."""
    for title in titles:
        length = overlap(title, words)
        names = {title[start : start + length] for start in range(len(title) - length + 1)} if length else set()
        for name in names:
            words = re.sub(rf"^(我的|我那|那)?(个|双|件)?{re.escape(name)}(那单|那个|的)?", "", words)
    return words


def note_detail() -> Detail:
    """What warehouse and courier shall know."""

    def ask(case: Case, again: bool) -> Reply:
        return Reply(case.say("orders.ask_note_again" if again else "orders.ask_note"))

    def read(case: Case, asked: bool) -> Any:
        words = case.turn.text.strip()
        if not is_own(case.turn) or case.turn.entities.get("choice"):
            return None
        titles = [line["title"] for line in case.the_order["lines"]]
        bare = ADDS.sub("", without_goods(words, titles))
        kept = _FILLER.sub("", bare).strip(" ，。,！!？?~～")[:LONGEST_NOTE]
        present = case.the_order.get("note") or ""
        full = f"{present}，{kept}"[:LONGEST_NOTE] if present and ADDS.search(words) else kept
        if asked:
            return full if len(kept) >= 2 else None
        named = re.search(text(f"transactions.orders.reads.{NOTE}"), words)
        return full if named and len(kept) >= (3 if ADDS.search(words) else 4) else None

    return Detail(NOTE, ask, read)
