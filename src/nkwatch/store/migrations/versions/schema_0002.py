"""Schema 2: how sources are, hosts that rest, errands, snapshots; teasers, embargoes, deleted statements."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (
        sa.Column("url", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("adopted", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("body", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("shown", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("full_at", Instant(), nullable=True),
        sa.Column("newest_at", Instant(), nullable=True),
        sa.Column("longest_gap_seconds", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("gap", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("moved_to", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("moved_at", Instant(), nullable=True),
        sa.Column("moved_seen", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("health", sa.String(), nullable=False, server_default="ok"),
        sa.Column("health_since", Instant(), nullable=True),
        sa.Column("told", sa.String(), nullable=False, server_default="ok"),
        sa.Column("told_at", Instant(), nullable=True),
    ):
        op.add_column("source_state", column)
    for column in (
        sa.Column("teaser", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("embargo", Instant(), nullable=True),
        sa.Column("read_from", Instant(), nullable=False, server_default="0"),
        sa.Column("presence", sa.String(), nullable=False, server_default="shown"),
    ):
        op.add_column("statement", column)
    op.create_index("ix_statement_source_id_published", "statement", ["source_id", "published"])
    op.create_table(
        "host",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host")),
    )
    op.create_table(
        "errand",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_errand_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "purpose", name=op.f("pk_errand")),
    )
    op.create_index("ix_errand_due_at", "errand", ["due_at"])
    op.create_table(
        "snapshot",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("zstd", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "capture",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["snapshot.sha256"], name=op.f("fk_capture_sha256")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_capture_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "sha256", name=op.f("pk_capture")),
    )
