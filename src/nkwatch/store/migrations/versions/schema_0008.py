"""Schema 8: redactions, and what they changed."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant, Number

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "redaction",
        sa.Column("id", Number, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("forms", sa.LargeBinary(), nullable=True),
        sa.Column("statement_id", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("lifted_at", Instant(), nullable=True),
        sa.Column("passes", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redaction")),
        sa.UniqueConstraint("key", name=op.f("uq_redaction_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "redacted",
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("redaction", Number, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("what", "id", name=op.f("pk_redacted")),
        sa.ForeignKeyConstraint(["redaction"], ["redaction.id"], name=op.f("fk_redacted_redaction")),
    )
    op.create_index(op.f("ix_redacted_redaction"), "redacted", ["redaction"])
