"""Schema 6: which deliveries may be on the line, in which turn they go, rates, what bounced."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant

revision = "0006"
down_revision = "0005"

_delivery = sa.table(
    "delivery",
    *(sa.column(name) for name in ("state", "lease_owner", "turn", "offered_at", "due_at", "date", "risked", "bounce")),
)


def upgrade() -> None:
    _columns()
    _mark()
    _indexes()
    op.create_table(
        "rate",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("free_at", Instant(), nullable=False),
        sa.Column("given_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "accepted_hour",
        sa.Column("hour", Instant(), autoincrement=False, nullable=False),
        sa.Column("bulk", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_accepted_hour")),
    )


def _columns() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("turn", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("offered_at", Instant(), nullable=True),
        sa.Column("risked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("relay_id", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("bounce", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("bounced_at", Instant(), nullable=True),
    )
    for column in columns:
        op.add_column("delivery", column)


def _mark() -> None:
    """What was in a worker's hands may have left: no marks told whether it did.

    A worker that died left its name behind: on what was cancelled in its hands, and on what waits again.
    """
    change, held = sa.update(_delivery), _delivery.c.lease_owner != ""
    state, since = _delivery.c.state, sa.func.coalesce(_delivery.c.due_at, _delivery.c.date)
    left = {"risked": sa.true(), "lease_owner": ""}
    op.execute(change.where(state == "leased").values(offered_at=since))
    op.execute(change.where(held, state == "pending").values(state="unknown", turn=0, **left))
    op.execute(change.where(held, state == "cancelled").values(**left))
    # nobody is to lose a subscription on the day of the upgrade for what was refused half a year ago
    op.execute(change.where(state == "refused").values(bounce="none"))


def _indexes() -> None:
    op.drop_index("ix_delivery_undone", "delivery")
    indexes = (
        ("undone", ["priority", "turn", "id", "due_at"], "state IN ('pending', 'deferred', 'unknown', 'leased')"),
        ("leased", ["id"], "state = 'leased'"),
        ("relay_id", ["relay_id"], "relay_id != ''"),
        ("unjudged", ["id"], "state = 'refused' AND bounce = ''"),
    )
    for name, columns, which in indexes:
        some = sa.text(which)
        op.create_index(f"ix_delivery_{name}", "delivery", columns, sqlite_where=some, postgresql_where=some)
