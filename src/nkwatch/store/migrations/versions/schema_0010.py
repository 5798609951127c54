"""Schema 10: webhooks and their calls."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("stories_until", Instant(), nullable=False),
        sa.Column("bulletin", sa.BigInteger(), nullable=False),
        sa.Column("ruling", sa.BigInteger(), nullable=False),
        sa.Column("correction", sa.BigInteger(), nullable=False),
        sa.Column("free_at", Instant(), nullable=True),
        sa.Column("rests_until", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("off_at", Instant(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_webhook")),
    )
    op.create_table(
        "webhook_call",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hook", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("status", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("reply", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("done_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_call")),
        sa.UniqueConstraint("hook", "key", name=op.f("uq_webhook_call_hook_key")),
    )
    op.create_index("ix_webhook_call_story_id_hook", "webhook_call", ["story_id", "hook"])
    op.create_index("ix_webhook_call_hook_found_at", "webhook_call", ["hook", "found_at"])
    indexes = (
        ("waiting", ["hook", "priority", "at", "id", "due_at"], "state = 'waiting'"),
        ("done", ["done_at"], "state != 'waiting'"),
    )
    for name, columns, which in indexes:
        some = sa.text(which)
        op.create_index(f"ix_webhook_call_{name}", "webhook_call", columns, sqlite_where=some, postgresql_where=some)
