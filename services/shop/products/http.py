"""HTTP face of products."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from shop.context import Shop
from shop.kernel.http import failures
from shop.products.documents import Product, ProductList
from shop.products.store import read_product, search_products


@get("/products", responses=failures({400: "invalid_request"}), sync_to_thread=True)
def get_products(
    shop: NamedDependency[Shop],
    words: Annotated[str, QueryParameter(name="query", max_length=100)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=50)] = 5,
) -> ProductList:
    """Products that fit the words, best first."""
    with shop.database.read() as session:
        return ProductList(search_products(session, words, limit))


@get("/products/{product_id:str}", responses=failures({404: "product_not_found"}), sync_to_thread=True)
def get_product(product_id: FromPath[str], shop: NamedDependency[Shop]) -> Product:
    """One product with versions, stock and attributes."""
    with shop.database.read() as session:
        return read_product(session, product_id)
