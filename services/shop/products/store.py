"""Reads products and their stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shop.kernel.errors import ConflictError, NotFoundError
from shop.products.documents import Product, Sku
from shop.products.search import MINIMUM_SCORE, score
from shop.tables import ProductRow, SkuRow

# Built once: building it anew costs more than running it.
_ONE = select(ProductRow).where(ProductRow.product_id == bindparam("product_id"))


def read_product(session: Session, product_id: str) -> Product:
    """One product; NotFoundError `product_not_found`."""
    row = session.scalars(_ONE, {"product_id": product_id}).one_or_none()
    if row is None:
        raise NotFoundError("product_not_found", f"There is no product {product_id}.")
    return _documents(session, [row])[0]


def search_products(session: Session, query: str, limit: int) -> list[Product]:
    """The products that fit the words, best first, at most `limit`; all of them for an empty query."""
    rows = session.scalars(select(ProductRow).order_by(ProductRow.product_id)).all()
    scored = [(score(query, row.title, f"{row.category} {row.keywords}"), row) for row in rows]
    fitting = sorted((pair for pair in scored if pair[0] >= MINIMUM_SCORE), key=lambda pair: -pair[0])
    return _documents(session, [row for _, row in fitting[:limit]])


def lock_skus(session: Session, skus: Iterable[str]) -> dict[str, SkuRow]:
    """The rows of versions known to exist, kept from other writers, always in the same order so that none deadlock."""
    return {sku: session.get_one(SkuRow, sku, with_for_update=True) for sku in sorted(set(skus))}


def require_stock(row: SkuRow, quantity: int) -> None:
    """ConflictError `sku_out_of_stock` (details `sku`, `stock`, `restock_at`) when there is less than `quantity`."""
    if row.stock < quantity:
        raise ConflictError(
            "sku_out_of_stock",
            f"There are {row.stock} left of this version.",
            {"sku": row.sku, "stock": row.stock, "restock_at": row.restock_at},
        )


def _documents(session: Session, rows: Sequence[ProductRow]) -> list[Product]:
    skus: dict[str, list[Sku]] = defaultdict(list)
    ids = [row.product_id for row in rows]
    for sku in session.scalars(select(SkuRow).where(SkuRow.product_id.in_(ids)).order_by(SkuRow.sku)):
        skus[sku.product_id].append(Sku(sku.sku, sku.text, sku.stock, sku.restock_at))
    return [_document(row, skus[row.product_id]) for row in rows]


def _document(row: ProductRow, skus: list[Sku]) -> Product:
    facts = {name: getattr(row, name) for name in Product.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert({**facts, "skus": skus, "url_path": f"/products/{row.product_id}"}, Product)
