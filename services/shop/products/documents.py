"""What the API says about products."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

ReturnClass = Literal["no_reason", "quality_only"]


class Sku(msgspec.Struct):
    """One version of a product; `restock_at` is null when none is planned or needed."""

    sku: str
    text: str
    stock: int
    restock_at: datetime | None


class Product(msgspec.Struct):
    """A product with its versions and facts."""

    product_id: str
    title: str
    category: str
    price_fen: int
    skus: list[Sku]
    attributes: dict[str, str]
    return_class: ReturnClass
    warranty_months: int
    url_path: str


class ProductList(msgspec.Struct):
    """Products, best match first."""

    products: list[Product]
