"""Schema 3: corrections of readings; statements are found by the rules that read them."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant, Number

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "correction",
        sa.Column("id", Number, nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("about_nk", sa.Boolean(), nullable=True),
        sa.Column("themes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_correction_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_correction_statement_id", "correction", ["statement_id"])
    op.add_column("statement", sa.Column("correction_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_statement_rules_in_force", "statement", ["id", "read_rules", "read_revision", "revision"])
