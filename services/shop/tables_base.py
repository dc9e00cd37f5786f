"""What every table of the shop stands on: names of constraints, column types, the reference to an order."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shop.kernel.db import UtcDateTime


class Base(DeclarativeBase):
    """Names constraints by one pattern, so that migrations can refer to them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        str: String(200),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
    }


def order_reference() -> Mapped[str]:
    """The column that names the order a row hangs on."""
    return mapped_column(ForeignKey("orders.order_id"), index=True)
