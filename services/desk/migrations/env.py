"""Alembic's environment: runs on the connection that desk.kernel.engine.migrate passes in."""

from __future__ import annotations

from alembic import context

import desk.agent_actions.store
import desk.agents.accounts_store
import desk.agents.store
import desk.attachments.store
import desk.audit.store
import desk.conversations.guests
import desk.conversations.store
import desk.customers.nonces
import desk.handoffs.store
import desk.privacy.tables
import desk.private_notes.store
import desk.ratings.store
import desk.webhooks.store  # noqa: F401 - the imports fill the metadata
from desk.kernel.database import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
