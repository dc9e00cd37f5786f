"""The audit trail that cannot be changed, identities that count once, and which conversations were erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from desk.kernel.database import Json, UtcTime

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

# Six months, as in settings.MIN_AUDIT_DAYS at the time of this migration.
_SQLITE = (
    """CREATE TRIGGER audit_records_update BEFORE UPDATE ON audit_records
       BEGIN SELECT RAISE(ABORT, 'audit_records is append-only'); END""",
    """CREATE TRIGGER audit_records_delete BEFORE DELETE ON audit_records
       WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-184 days')
       BEGIN SELECT RAISE(ABORT, 'audit_records is append-only'); END""",
    # INSERT OR REPLACE would delete without asking the trigger above.
    """CREATE TRIGGER audit_records_replace BEFORE INSERT ON audit_records
       WHEN EXISTS (SELECT 1 FROM audit_records WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, 'audit_records is append-only'); END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION audit_records_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'DELETE' AND OLD.at <= now() - interval '184 days' THEN RETURN OLD; END IF;
         RAISE EXCEPTION 'audit_records is append-only';
       END $$""",
    """CREATE TRIGGER audit_records_row BEFORE UPDATE OR DELETE ON audit_records
       FOR EACH ROW EXECUTE FUNCTION audit_records_refuse()""",
    """CREATE FUNCTION audit_records_refuse_all() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'audit_records is append-only'; END $$""",
    """CREATE TRIGGER audit_records_all BEFORE TRUNCATE ON audit_records
       FOR EACH STATEMENT EXECUTE FUNCTION audit_records_refuse_all()""",
)


def upgrade() -> None:
    """Add the tables, then what guards the audit trail."""
    op.create_table(
        "audit_records",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("event", sa.String(48), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_id", sa.String(64)),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.String(24), nullable=False),
        sa.Column("subject_id", sa.String(96)),
        sa.Column("address", sa.String(64)),
        sa.Column("details", Json, nullable=False),
    )
    op.create_index("ix_audit_records_subject", "audit_records", ["subject_id", "at"])
    op.create_index("ix_audit_records_actor", "audit_records", ["actor_id", "at"])
    op.create_index("ix_audit_records_at", "audit_records", ["at"])
    op.create_table(
        "identity_nonces",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("expires_at", UtcTime(), nullable=False, index=True),
    )
    op.create_table(
        "erased_conversations",
        sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), primary_key=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; the triggers go with their table."""
    op.drop_table("erased_conversations")
    op.drop_table("identity_nonces")
    op.drop_table("audit_records")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_records_refuse()")
        op.execute("DROP FUNCTION audit_records_refuse_all()")
