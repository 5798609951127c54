"""Schema 1: sources, statements, readings, stories, subscribers, bulletins, deliveries."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant, Number

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "block",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block")),
    )
    op.create_table(
        "bulletin",
        sa.Column("number", Number, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("date", Instant(), nullable=False),
        sa.Column("window_start", Instant(), nullable=True),
        sa.Column("window_end", Instant(), nullable=True),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_bulletin")),
        sa.UniqueConstraint("key", name=op.f("uq_bulletin_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "composition",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_composition")),
    )
    op.create_table(
        "latch",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("closed_until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_latch")),
    )
    op.create_table(
        "source_state",
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("last_ok_at", Instant(), nullable=True),
        sa.Column("last_new_at", Instant(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_state")),
    )
    op.create_index(op.f("ix_source_state_due_at"), "source_state", ["due_at"], unique=False)
    op.create_table(
        "statement",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("published", Instant(), nullable=False),
        sa.Column("published_estimated", sa.Boolean(), nullable=False),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.Column("backlog", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("edited_at", Instant(), nullable=True),
        sa.Column("read_revision", sa.Integer(), nullable=False),
        sa.Column("read_rules", sa.String(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
    )
    op.create_index(op.f("ix_statement_published"), "statement", ["published"], unique=False)
    op.create_index(op.f("ix_statement_story_id"), "statement", ["story_id"], unique=False)
    op.create_index(
        "ix_statement_unread",
        "statement",
        ["first_seen"],
        unique=False,
        sqlite_where=sa.text("read_revision < revision"),
        postgresql_where=sa.text("read_revision < revision"),
    )
    op.create_table(
        "story",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ready_at", Instant(), nullable=False),
        sa.Column("alert", sa.String(), nullable=False),
        sa.Column("alert_reason", sa.Text(), nullable=False),
        sa.Column("alert_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
    )
    op.create_index(op.f("ix_story_alert"), "story", ["alert"], unique=False)
    op.create_index(op.f("ix_story_ready_at"), "story", ["ready_at"], unique=False)
    op.create_table(
        "subscriber",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("address_key", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("monthday", sa.Integer(), nullable=False),
        sa.Column("alerts", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("covered_until", Instant(), nullable=False),
        sa.Column("closes_at", Instant(), nullable=True),
        sa.Column("joined_at", Instant(), nullable=False),
        sa.Column("consent_origin", sa.Text(), nullable=False),
        sa.Column("consent_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("address_key", name=op.f("uq_subscriber_address_key")),
    )
    op.create_index("ix_subscriber_standing_alerts_id", "subscriber", ["standing", "alerts", "id"], unique=False)
    op.create_index("ix_subscriber_standing_closes_at", "subscriber", ["standing", "closes_at"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", Number, nullable=False),
        sa.Column("bulletin", Number, nullable=False),
        sa.Column("subscriber_id", sa.String(), nullable=False),
        sa.Column("composition_id", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("date", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["bulletin"], ["bulletin.number"], name=op.f("fk_delivery_bulletin")),
        sa.ForeignKeyConstraint(["composition_id"], ["composition.id"], name=op.f("fk_delivery_composition_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_delivery_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("bulletin", "subscriber_id", name=op.f("uq_delivery_bulletin_subscriber_id")),
    )
    op.create_index(op.f("ix_delivery_subscriber_id"), "delivery", ["subscriber_id"], unique=False)
    op.create_index(
        "ix_delivery_undone",
        "delivery",
        ["priority", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'deferred', 'leased')"),
        postgresql_where=sa.text("state IN ('pending', 'deferred', 'leased')"),
    )
    op.create_table(
        "mark",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_mark_statement_id")),
        sa.PrimaryKeyConstraint("mark", "statement_id", name=op.f("pk_mark")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reading",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.Column("about_nk", sa.Boolean(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_reading_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "revision", "rules", name=op.f("pk_reading")),
    )
    op.create_table(
        "statement_key",
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_statement_key_statement_id")),
        sa.PrimaryKeyConstraint("publisher", "key", name=op.f("pk_statement_key")),
    )
    op.create_table(
        "statement_revision",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("replaced_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_statement_revision_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "revision", name=op.f("pk_statement_revision")),
    )
