"""Bulletins, what they are made of, and the deliveries to readers."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from nkwatch.store.schema.columns import Instant, Number, metadata

#: Personal mails (confirmations, links) have negative numbers, so that the numbers of bulletins have no gaps.
bulletin = Table(
    "bulletin",
    metadata,
    Column("number", Number, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("date", Instant, nullable=False),
    Column("window_start", Instant),
    Column("window_end", Instant),
    Column("story_id", String, nullable=False, default="", index=True),
    # the number of the bulletin that this one corrects or follows
    Column("answers", BigInteger),
    # the ids of the statements that an alert told of
    Column("reports", JSON(none_as_null=True)),
    # what a correction says: see `desk.note`
    Column("note", JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)

#: Which alerts left together in the mails of another bulletin.
together = Table(
    "together",
    metadata,
    Column("alert", ForeignKey("bulletin.number"), primary_key=True),
    Column("bulletin", ForeignKey("bulletin.number"), primary_key=True, index=True),
)

#: Who must wait for an alert; without `due_at` the next digest holds it. Kept when done, so that nobody gets it twice.
waiting_alert = Table(
    "waiting_alert",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("bulletin", ForeignKey("bulletin.number"), primary_key=True, index=True),
    Column("due_at", Instant),
    Column("done_at", Instant),
    sqlite_with_rowid=False,
)
waits = waiting_alert.c.done_at.is_(None)
Index("ix_waiting_alert_due", waiting_alert.c.due_at, sqlite_where=waits, postgresql_where=waits)
Index("ix_waiting_alert_done", waiting_alert.c.done_at, sqlite_where=~waits, postgresql_where=~waits)

#: Pieces of mails: blocks by their SHA-256, and places of the reader's own, "slot:NAME", without a body. Compositions
#: name them by number, which is short.
block = Table(
    "block",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

composition = Table(
    "composition",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("language", String, nullable=False),
    Column("subject", Text, nullable=False),
    # {"text": [...], "html": [...]}: numbers of blocks; before schema 5 their ids
    Column("pieces", JSON, nullable=False),
    Column("neutral", Boolean, nullable=False, server_default=false()),
    # the number of the alert or digest whose content it is; null for personal mails
    Column("bulletin", BigInteger),
    # the ids of the stories that it tells of, in their order; null where it tells of none
    Column("stories", JSON(none_as_null=True)),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Number, primary_key=True),
    Column("bulletin", ForeignKey("bulletin.number"), nullable=False),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False),
    Column("composition_id", ForeignKey("composition.id"), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("date", Instant, nullable=False),
    Column("due_at", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reply", Text, nullable=False, default=""),
    Column("done_at", Instant),
    Column("lease_owner", String, nullable=False, default=""),
    Column("leased_until", Instant),
    # sealed lines for the reader's own places; null once the delivery is done
    Column("slots", LargeBinary),
    # the Message-ID of an earlier mail to this reader that this one belongs to
    Column("answers", Text),
    # see `domain.delivery.Turn`
    Column("turn", Integer, nullable=False, server_default=text("1")),
    # set while it may be on the line; kept where it was cancelled then, until its outcome is known
    Column("offered_at", Instant),
    # it was offered once and nobody knows what came of that: whatever became of it since, its reader may have it
    Column("risked", Boolean, nullable=False, server_default=false()),
    # the name that the relay gave to it
    Column("relay_id", Text, nullable=False, server_default=text("''")),
    # what a bounce said of it (`domain.bounce.BounceKind`), and when
    Column("bounce", Text, nullable=False, server_default=text("''")),
    Column("bounced_at", Instant),
    UniqueConstraint("bulletin", "subscriber_id"),
    Index("ix_delivery_subscriber_id_date", "subscriber_id", "date"),
)
#: Conditions of partial indexes. A query must have them word for word: SQLite uses such an index only then.
undone = text("state IN ('pending', 'deferred', 'unknown', 'leased')")
leased = text("state = 'leased'")
identified = text("relay_id != ''")
#: refused, and nobody has said yet whether its reader is gone
unjudged = text("state = 'refused' AND bounce = ''")
_row = delivery.c
# with `due_at`, so that what waits for its hour is passed over without a look at its row
Index(
    "ix_delivery_undone",
    *(_row.priority, _row.turn, _row.id, _row.due_at),
    sqlite_where=undone,
    postgresql_where=undone,
)
Index("ix_delivery_leased", _row.id, sqlite_where=leased, postgresql_where=leased)
Index("ix_delivery_relay_id", _row.relay_id, sqlite_where=identified, postgresql_where=identified)
Index("ix_delivery_unjudged", _row.id, sqlite_where=unjudged, postgresql_where=unjudged)

#: Limits of rate, by a keyed hash of the domain, or `TOTAL`.
rate = Table(
    "rate",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    # see `domain.rates.Rate`
    Column("free_at", Instant, nullable=False),
    # the same for what was put off: up to when turns were given away
    Column("given_until", Instant),
    sqlite_with_rowid=False,
)

#: How many deliveries of the bulk lane relays accepted in the hour that begins then.
accepted_hour = Table(
    "accepted_hour",
    metadata,
    Column("hour", Instant, primary_key=True, autoincrement=False),
    Column("bulk", Integer, nullable=False),
)
