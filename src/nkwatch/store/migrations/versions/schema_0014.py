"""Schema 14: a database knows which installation it belongs to, and where mail leaves from."""

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("marks", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("marked_at", Instant(), nullable=True),
        sa.Column("locked_at", Instant(), nullable=True),
        sa.Column("gap_from", Instant(), nullable=True),
        sa.Column("gap_marks", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("backed_up_at", Instant(), nullable=True),
        sa.Column("keys", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_installation")),
    )
