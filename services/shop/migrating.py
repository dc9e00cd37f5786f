"""Brings the database to the newest schema, safely when several processes start at the same time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from shop.kernel.db import Database


def migrate(database: Database) -> None:
    """Run all missing migrations in one transaction that no other process of the shop shares."""
    with database.exclusive() as connection:
        command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
