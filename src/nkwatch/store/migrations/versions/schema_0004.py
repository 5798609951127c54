"""Schema 4: what a reader chooses beyond themes, pauses, suppressed addresses, changes of address, personal lines."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from nkwatch.store.schema import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "suppression",
        sa.Column("address_key", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_suppression")),
    )
    op.create_table(
        "move",
        sa.Column("subscriber_id", sa.String(), nullable=False),
        sa.Column("address_key", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("old_confirmed", sa.Boolean(), nullable=False),
        sa.Column("new_confirmed", sa.Boolean(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_move_subscriber_id")),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_move")),
    )
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("domain_key", sa.LargeBinary(), nullable=False, server_default=sa.text("''")),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("mutes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("neutral", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("paused_until", Instant(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
    )
    for column in columns:
        op.add_column("subscriber", column)
    op.create_index("ix_subscriber_domain_key", "subscriber", ["domain_key"])
    op.add_column("composition", sa.Column("neutral", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("composition", sa.Column("bulletin", sa.BigInteger(), nullable=True))
    op.add_column("delivery", sa.Column("slots", sa.LargeBinary(), nullable=True))
    _number_compositions()


def _number_compositions() -> None:
    """Note of which alert or digest each composition is the content."""
    delivery = sa.table("delivery", sa.column("composition_id"), sa.column("bulletin"))
    bulletin = sa.table("bulletin", sa.column("number"), sa.column("kind"))
    composition = sa.table("composition", sa.column("id"), sa.column("bulletin"))
    sent = (
        sa.select(delivery.c.composition_id, sa.func.min(delivery.c.bulletin))
        .join_from(delivery, bulletin, bulletin.c.number == delivery.c.bulletin)
        .where(bulletin.c.kind.in_(["alert", "digest"]))
        .group_by(delivery.c.composition_id)
    )
    connection = op.get_bind()
    rows = [{"row": row[0], "number": row[1]} for row in connection.execute(sent)]
    numbered = sa.update(composition).where(composition.c.id == sa.bindparam("row"))
    if rows:
        connection.execute(numbered.values(bulletin=sa.bindparam("number")), rows)
