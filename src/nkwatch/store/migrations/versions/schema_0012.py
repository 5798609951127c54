"""Schema 12: stories that editors merged, and statements that they split off."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "merged",
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("into_id", sa.String(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_merged")),
    )
    op.create_index(op.f("ix_merged_into_id"), "merged", ["into_id"])
    op.create_table(
        "apart",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", "story_id", name=op.f("pk_apart")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_apart_statement_id")),
    )
    op.create_table(
        "stood",
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("story_id", "statement_id", "until", name=op.f("pk_stood")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_stood_statement_id")),
    )
    op.create_index(op.f("ix_stood_statement_id"), "stood", ["statement_id"])
