"""Rows of the demo products."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shop.tables import Base, ProductRow, SkuRow


def sku_id(product_id: str, index: int) -> str:
    """`P100-1` is the first version of P100."""
    return f"{product_id}-{index + 1}"


def product_rows(products: Mapping[str, Any], base: datetime) -> list[Base]:
    """Products and their versions of products.yml."""
    rows: list[Base] = []
    for product_id, entry in products.items():
        rows.append(
            ProductRow(
                product_id=product_id,
                title=entry["title"],
                category=entry["category"],
                keywords=entry["words"],
                price_fen=entry["price"],
                attributes=entry["attributes"],
                return_class=entry["return_class"],
                warranty_months=entry["warranty"],
            )
        )
        for index, (text, stock, restock_days) in enumerate(entry["skus"]):
            restock_at = base + timedelta(days=restock_days) if restock_days is not None else None
            rows.append(
                SkuRow(
                    sku=sku_id(product_id, index),
                    product_id=product_id,
                    text=text,
                    stock=stock,
                    restock_at=restock_at,
                )
            )
    return rows
