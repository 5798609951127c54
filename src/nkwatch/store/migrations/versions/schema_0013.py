"""Schema 13: what each source was asked and answered, day by day, from now on."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "source_day",
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "day", name=op.f("pk_source_day")),
    )
    op.create_index(op.f("ix_source_day_day"), "source_day", ["day"])
