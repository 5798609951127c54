"""Schema 16: notices for the morning's mail, the mornings, and the pulse of the database."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant, Number

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", Number, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("morning", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_at"), "notice", ["at"])
    op.create_index(op.f("ix_notice_morning"), "notice", ["morning"])
    op.create_table(
        "morning",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("mailed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("database_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_morning")),
    )
    op.create_table(
        "pulse",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pulse")),
    )
