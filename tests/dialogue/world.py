"""What random customers can talk about: the demo shop's people and orders, lines of the test set, answers, nonsense."""

from __future__ import annotations

import csv
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.conftest import ROOT, RunningShop

LINES = ROOT / "tests" / "data" / "intents.tsv"
YES = ("好的", "嗯", "可以", "对", "是的", "确认提交", "行吧", "ok", "没问题", "就这样")
NO = ("不用了", "不是", "不对", "算了", "先不要", "不", "别弄了")
STOP = ("算了不办了", "退出", "停", "不想退了", "先不用", "放弃", "那还是算了")
ANOTHER = ("不是这单，是另一单", "那另一单呢", "换一单", "第二个呢", "选错订单了", "另一个订单")
# Answers to what the bot asks inside forms and transactions, fitting or not.
ANSWERS = (
    "第一个", "第二个", "最近那单", "不想要了", "尺码小了", "质量问题", "都有问题", "盖子裂了，一碰就掉",
    "退款", "重新寄一件", "换一件新的", "东西留着，退一部分钱", "个人", "公司普票", "公司专票", "李晓雯",
    "杭州云帆科技有限公司", "税号91330106MA2CFXYT0H", "91330106MA2CFXYT0H", "开户行工商银行西湖支行",
    "6222021234567890", "0571-88886666", "浙江省杭州市西湖区文三路 88 号 2 幢 501",
    "上海市浦东新区世纪大道 100 号", "收件人改成王芳，电话13900001111", "13900001111", "换成黑色的，42 码",
    "备注放门口", "没收到", "物流一直不动", "送错地方了", "快递员不送上门", "重启过了还是不行", "试过了，没用",
    "好了，可以了", "验证码收不到", "iPhone 15，iOS 17", "安卓，8.2.1 版本", "付了两次", "扣了钱没有订单",
    "券没到账", "过期了", "积分没到账", "199 块", "昨天下午三点", "改一下", "重新填", "你看着办", "什么意思",
    "为什么要这个", "在哪看", "多久",
)  # fmt: skip
NONSENSE = (
    "asdkj", "。。。", "？", "1", "0000", "啊啊啊啊", "😂😂", "[图片]", "哈哈哈哈", "12345678901234567890",
    "测试测试", "%s {name}", "今天天气不错", "<b>你好</b>", "好" * 400, "null", "。", "a", "2026-13-45",
    "嗯？？嗯", "第九个", "O(∩_∩)O", "\u200b你好\u200b",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A demo customer, or somebody nobody vouched for."""

    customer_id: str | None = None
    orders: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """Everything the walkers choose from, read once from a fresh shop; `endings` are those that prove an order."""

    people: tuple[Person, ...]
    endings: Mapping[str, str]
    products: tuple[str, ...]
    titles: tuple[str, ...]
    tracking: tuple[str, ...]
    lines: Mapping[str, tuple[str, ...]]
    now: str

    @property
    def orders(self) -> tuple[str, ...]:
        return tuple(self.endings)


@dataclass
class Reset:
    """Gives the shop its first data back, so that every block of dialogues meets fresh orders."""

    live: Path
    kept: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.kept = sqlite3.connect(":memory:")
        with sqlite3.connect(self.live) as source:
            source.backup(self.kept)
        source.close()

    def __call__(self) -> None:
        target = sqlite3.connect(self.live)
        self.kept.backup(target)
        target.close()


def read_world(shop: RunningShop) -> World:
    """The people, orders, products and lines of this shop."""
    people: list[Person] = []
    tracking: list[str] = []
    endings: dict[str, str] = {}
    products: dict[str, str] = {}
    for customer in shop.customers:
        orders = _orders(shop, customer["customer_id"])
        people.append(Person(customer["customer_id"], tuple(order["order_id"] for order in orders)))
        for order in orders:
            endings[order["order_id"]] = order["recipient"]["phone"][-4:]
            tracking += order["tracking_numbers"]
            products.update((line["product_id"], line["title"]) for line in order["lines"])
    return World(
        people=tuple(people),
        endings=endings,
        products=tuple(products),
        titles=tuple(products.values()),
        tracking=tuple(tracking),
        lines=_lines(),
        now=shop.fixtures["now"],
    )


def _orders(shop: RunningShop, customer_id: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{shop.url}/api/v1/customers/{customer_id}/orders",
        headers={"Authorization": f"Bearer {shop.token}"},
        timeout=5,
    )
    answer.raise_for_status()
    return list(answer.json()["orders"])


def _lines() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    with LINES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            found[row["intents"].split("|")[0]].append(row["text"])
    return {name: tuple(texts) for name, texts in found.items()}
