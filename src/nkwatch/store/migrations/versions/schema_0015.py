"""Schema 15: what several processes share out: turns at hosts, statements being read, duties."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "turn",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("lease_owner", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.Column("left_at", Instant(), server_default=sa.text("0"), nullable=False),
        sa.Column("free_at", Instant(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_turn")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_turn_free_at"), "turn", ["free_at"])
    op.create_table(
        "being_read",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_being_read")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "placing",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("times", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_placing")),
    )
    op.create_table(
        "duty",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duty")),
    )
