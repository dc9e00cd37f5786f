"""A seeded random customer: who it is, which page, and what is said or pressed next."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.dialogue.world import ANOTHER, ANSWERS, NO, NONSENSE, STOP, YES, Person, World

VISITORS = 0.25
# These call a person and end the walk, so they come seldom; everything else alike.
RARE = {"request_human": 0.1, "complain": 0.1, "report_safety_issue": 0.1, "abuse": 0.15, "nlu_fallback": 0.6}
COLOURS = ("黑色", "白色", "月光白", "红", "雾霾蓝")
SIZES = ("M", "XL", "42", "大号")
AMOUNTS = ("199", "39.9", "5000", "0", "一百")
DATES = ("昨天", "2026-11-20", "双十一", "上周三", "明天")
CARRIERS = ("顺丰", "中通", "京东物流")
PLATFORMS = ("iOS", "安卓", "鸿蒙", "小程序", "PC")
FAMILIES = ("anxious", "disappointed", "pleased", "angry")
STRANGE_NUMBERS = ("20261131000001", "2026111800012", "20261118999999", "abc", "202611180001234567")


@dataclass(frozen=True)
class Said:
    """One message: words, or a pressed button whose payload counts and whose title is shown."""

    text: str
    intents: tuple[str, ...] = ()
    entities: tuple[tuple[str, str], ...] = ()
    emotion: tuple[str, int] = ("neutral", 0)
    payload: str | None = None

    @property
    def wants_person(self) -> bool:
        return self.payload == "/request_human" or "request_human" in self.intents

    def __str__(self) -> str:
        words = self.text if len(self.text) <= 60 else self.text[:60] + "…"
        if self.payload:
            return f"[{words}] {self.payload}"
        feeling = "" if self.emotion[1] == 0 else f" {self.emotion[0]} {self.emotion[1]}"
        return f"{words}   ({' + '.join(self.intents)}{feeling} {dict(self.entities) or ''})"


@dataclass
class Walker:
    """One customer of one dialogue."""

    rng: random.Random
    world: World
    intents: Sequence[str]
    person: Person = field(init=False)
    page: dict[str, Any] = field(init=False)
    turns: int = field(init=False)
    last: Said | None = None

    def __post_init__(self) -> None:
        rng, world = self.rng, self.world
        self.person = Person() if rng.random() < VISITORS else rng.choice(world.people)
        own = rng.choice(self.person.orders or world.orders)
        order = rng.choice([None, None, own, own, rng.choice(world.orders)])
        product = rng.choice(world.products) if order is None and rng.random() < 0.4 else None
        self.page = {"url": "https://shop.example", "title": "页面", "order_id": order, "product_id": product}
        self.turns = rng.randint(3, 10)

    def context(self) -> dict[str, Any]:
        """What the desk knows of the customer."""
        known = {"customer_id": self.person.customer_id, "verified_by": "signed"} if self.person.customer_id else None
        return {"customer": known, "page": self.page, "locale": "zh-CN", "channel": "widget"}

    def next(self, offered: Sequence[tuple[str, str]]) -> Said:
        """The next message; `offered` are title and payload of the buttons on the screen, the newest turn's last."""
        self.last = self._next(offered)
        return self.last

    def _next(self, offered: Sequence[tuple[str, str]]) -> Said:
        rng = self.rng
        move = rng.random()
        pressable = [item for item in offered if item[1] != "/request_human" or rng.random() < 0.1]
        if pressable and move < 0.38:
            title, payload = rng.choice(pressable[-8:] if rng.random() < 0.9 else pressable)
            return Said(title, payload=payload)
        if self.last and move < 0.42:
            return self.last
        if move < 0.56:
            return self._short()
        if move < 0.70:
            return self._answer()
        if move < 0.74:
            return self._several()
        return self._wish()

    def _wish(self) -> Said:
        weights = [RARE.get(name, 1.0) for name in self.intents]
        intent = self.rng.choices(self.intents, weights)[0]
        text = self._line(intent) if self.rng.random() < 0.85 else self.rng.choice(NONSENSE)
        return self._with_entities(text, (intent,), 0.35)

    def _several(self) -> Said:
        intents = self.rng.sample([name for name in self.intents if name not in RARE], self.rng.randint(2, 4))
        return self._with_entities("，".join(self._line(name) for name in intents), tuple(intents), 0.3)

    def _short(self) -> Said:
        rng = self.rng
        words, intents = rng.choice(
            [(YES, ("affirm",)), (YES, ("affirm", "nlu_fallback")), (NO, ("deny",)), (STOP, ("deny", "nlu_fallback")),
             (ANOTHER, ("inform", "deny", "nlu_fallback", "query_order_status"))]
        )  # fmt: skip
        return Said(rng.choice(words), (rng.choice(intents),), emotion=self._emotion())

    def _answer(self) -> Said:
        rng = self.rng
        chance = rng.random()
        if chance < 0.25:
            return self._number()
        text = rng.choice(ANSWERS if chance < 0.85 else NONSENSE)
        return self._with_entities(text, (rng.choice(("inform", "inform", "nlu_fallback", "out_of_scope")),), 0.1)

    def _number(self) -> Said:
        """An order number or a phone ending, right or wrong."""
        rng, world = self.rng, self.world
        own = rng.choice(self.person.orders or world.orders)
        order = rng.choice([own, own, rng.choice(world.orders), rng.choice(STRANGE_NUMBERS)])
        if rng.random() < 0.5:
            return Said(rng.choice(("", "订单号")) + order, ("inform",), (("order_id", order),))
        near = self.page["order_id"] or own
        ending = rng.choice([world.endings.get(order, "1234"), world.endings[near], "0000", "12"])
        words = rng.choice(("尾号", "", "手机尾号是")) + ending
        return Said(words, (rng.choice(("inform", "nlu_fallback")),), (("phone_ending", ending),))

    def _line(self, intent: str) -> str:
        return self.rng.choice(self.world.lines.get(intent) or ANSWERS)

    def _with_entities(self, text: str, intents: tuple[str, ...], chance: float) -> Said:
        found: list[tuple[str, str]] = []
        while self.rng.random() < chance and len(found) < 3:
            found.append(self._entity())
        words = "，".join([text, *(value for _, value in found)])
        return Said(words, intents, tuple(found), self._emotion())

    def _entity(self) -> tuple[str, str]:
        rng, world = self.rng, self.world
        own = rng.choice(self.person.orders or world.orders)
        choices: dict[str, Sequence[str]] = {
            "order_id": (own, own, rng.choice(world.orders), rng.choice(STRANGE_NUMBERS)),
            "tracking_number": (rng.choice(world.tracking), "SF0000000000000"),
            "phone": ("13900001111", "1390000"),
            "phone_ending": (world.endings[own], "0000"),
            "product": (rng.choice(world.titles), rng.choice(world.titles)[-2:], "火箭"),
            "colour": COLOURS,
            "size": SIZES,
            "date": DATES,
            "amount": AMOUNTS,
            "carrier": CARRIERS,
            "platform": PLATFORMS,
            "system_version": ("iOS 17", "17.2"),
            "app_version": ("8.2.1",),
        }
        name = rng.choice(list(choices))
        return name, rng.choice(choices[name])

    def _emotion(self) -> tuple[str, int]:
        if self.rng.random() < 0.75:
            return "neutral", 0
        return self.rng.choice(FAMILIES), self.rng.choice((1, 1, 1, 1, 2))
