"""The tables. Instants are integers: microseconds since 1970 UTC, equal and sortable in every database.

Migrations (in `migrations/versions`) make these tables; a test compares the two.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """A timezone-aware UTC instant, kept as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + timedelta(microseconds=value)


#: SQLite numbers rows by itself only in a column of exactly this type.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

source_state = Table(
    "source_state",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("due_at", Instant, nullable=False, index=True),
    Column("url", Text, nullable=False, server_default=text("''")),
    Column("adopted", Text, nullable=False, server_default=text("''")),
    Column("etag", Text, nullable=False, default=""),
    Column("last_modified", Text, nullable=False, default=""),
    Column("body", String, nullable=False, server_default=text("''")),
    Column("shown", Integer, nullable=False, server_default="0"),
    Column("interval_seconds", Integer, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("trouble", String, nullable=False, server_default=text("''")),
    Column("reason", Text, nullable=False, default=""),
    Column("last_ok_at", Instant),
    Column("last_new_at", Instant),
    Column("full_at", Instant),
    Column("newest_at", Instant),
    Column("longest_gap_seconds", BigInteger, nullable=False, server_default="0"),
    Column("gap", Boolean, nullable=False, server_default=false()),
    Column("moved_to", Text, nullable=False, server_default=text("''")),
    Column("moved_at", Instant),
    Column("moved_seen", Integer, nullable=False, server_default="0"),
    Column("health", String, nullable=False, server_default="ok"),
    Column("health_since", Instant),
    # the health that the operator was told last, and when
    Column("told", String, nullable=False, server_default="ok"),
    Column("told_at", Instant),
    Column("lease_owner", String, nullable=False, default=""),
    Column("leased_until", Instant),
)

#: Hosts that asked to be left alone (Retry-After).
host = Table(
    "host",
    metadata,
    Column("host", String, primary_key=True),
    Column("not_before", Instant, nullable=False),
)

statement = Table(
    "statement",
    metadata,
    Column("id", String, primary_key=True),
    Column("source_id", String, nullable=False),
    Column("publisher", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String, nullable=False),
    Column("author", Text, nullable=False),
    Column("published", Instant, nullable=False, index=True),
    Column("published_estimated", Boolean, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("backlog", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("edited_at", Instant),
    Column("teaser", Text, nullable=False, server_default=text("''")),
    Column("embargo", Instant),
    Column("read_from", Instant, nullable=False, server_default="0"),
    Column("presence", String, nullable=False, server_default="shown"),
    # which reading is in force: of which revision, by which rules
    Column("read_revision", Integer, nullable=False, default=0),
    Column("read_rules", String, nullable=False, default=""),
    # which correction is in force, null without one
    Column("correction_id", BigInteger),
    Column("story_id", String, nullable=False, default="", index=True),
    Index("ix_statement_source_id_published", "source_id", "published"),
    # covers the search for what other rules have read: rows are long
    Index("ix_statement_rules_in_force", "id", "read_rules", "read_revision", "revision"),
)
unread = text("read_revision < revision")
Index("ix_statement_unread", statement.c.first_seen, sqlite_where=unread, postgresql_where=unread)

statement_key = Table(
    "statement_key",
    metadata,
    Column("publisher", String, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("statement_id", ForeignKey("statement.id"), nullable=False),
)

statement_revision = Table(
    "statement_revision",
    metadata,
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("replaced_at", Instant, nullable=False),
)

#: Pages to be fetched for statements; those without a due time are done.
errand = Table(
    "errand",
    metadata,
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("url", Text, nullable=False),
    Column("host", String, nullable=False),
    Column("source_id", String, nullable=False),
    Column("due_at", Instant, index=True),
    Column("attempts", Integer, nullable=False),
    Column("lease_owner", String, nullable=False, default=""),
    Column("leased_until", Instant),
)

#: Bytes as they came, compressed with zstd, by their SHA-256.
snapshot = Table(
    "snapshot",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("zstd", LargeBinary, nullable=False),
)

#: Which bytes show a statement, where they came from, when, and with which headers.
capture = Table(
    "capture",
    metadata,
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    Column("sha256", ForeignKey("snapshot.sha256"), primary_key=True),
    Column("url", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("headers", JSON, nullable=False),
)

reading = Table(
    "reading",
    metadata,
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("rules", String, primary_key=True),
    Column("read_at", Instant, nullable=False),
    Column("about_nk", Boolean, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("findings", JSON, nullable=False),
)

#: What editors said of readings, and which reading they saw. Rows are never changed.
correction = Table(
    "correction",
    metadata,
    Column("id", Number, primary_key=True),
    Column("statement_id", ForeignKey("statement.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("rules", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("editor", Text, nullable=False),
    Column("note", Text, nullable=False),
    # null where nothing was said of that part
    Column("about_nk", Boolean),
    Column("themes", JSON(none_as_null=True)),
    Column("urgency", Integer),
    sqlite_autoincrement=True,
)

mark = Table(
    "mark",
    metadata,
    Column("mark", BigInteger, primary_key=True, autoincrement=False),
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    sqlite_with_rowid=False,
)

story = Table(
    "story",
    metadata,
    Column("id", String, primary_key=True),
    Column("ready_at", Instant, nullable=False, index=True),
    Column("alert", String, nullable=False, index=True),
    Column("alert_reason", Text, nullable=False, default=""),
    Column("alert_at", Instant),
)

#: One row, locked by whoever closes a window or makes a story ready.
latch = Table(
    "latch",
    metadata,
    Column("name", String, primary_key=True),
    Column("closed_until", Instant, nullable=False),
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", String, primary_key=True),
    Column("address_key", LargeBinary, nullable=False, unique=True),
    Column("address", LargeBinary, nullable=False),
    Column("standing", String, nullable=False),
    Column("rhythm", String, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("zone", String, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("monthday", Integer, nullable=False),
    Column("alerts", Boolean, nullable=False),
    Column("language", String, nullable=False),
    Column("format", String, nullable=False),
    Column("wishes", JSON, nullable=False),
    Column("covered_until", Instant, nullable=False),
    # the next closing instant after covered_until; null without a rhythm
    Column("closes_at", Instant),
    Column("joined_at", Instant, nullable=False),
    Column("consent_origin", Text, nullable=False, default=""),
    Column("consent_at", Instant),
    Column("ended_at", Instant),
    Column("end_reason", Text, nullable=False, default=""),
    # a keyed hash of the address's domain, for limits
    Column("domain_key", LargeBinary, nullable=False, server_default=text("''"), index=True),
    # phrase, and the words and cases of wishes and mutes; null where there are none
    Column("sealed", LargeBinary),
    Column("mutes", JSON(none_as_null=True)),
    Column("neutral", Boolean, nullable=False, server_default=false()),
    Column("paused_until", Instant),
    # when the mail that answers a sign-up was asked for
    Column("asked_at", Instant),
    Index("ix_subscriber_standing_closes_at", "standing", "closes_at"),
    Index("ix_subscriber_standing_alerts_id", "standing", "alerts", "id"),
)

#: Addresses that are not mailed: nothing but their keyed hash is kept.
suppression = Table(
    "suppression",
    metadata,
    Column("address_key", LargeBinary, primary_key=True),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
)

#: Changes of address under way.
move = Table(
    "move",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("address_key", LargeBinary, nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("old_confirmed", Boolean, nullable=False),
    Column("new_confirmed", Boolean, nullable=False),
    Column("asked_at", Instant, nullable=False),
)

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
    Column("story_id", String, nullable=False, default=""),
    sqlite_autoincrement=True,
)

block = Table(
    "block",
    metadata,
    Column("id", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

composition = Table(
    "composition",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("language", String, nullable=False),
    Column("subject", Text, nullable=False),
    # {"text": [...], "html": [...]}: block ids, and slots as "slot:NAME"
    Column("pieces", JSON, nullable=False),
    Column("neutral", Boolean, nullable=False, server_default=false()),
    # the number of the alert or digest whose content it is; null for personal mails
    Column("bulletin", BigInteger),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Number, primary_key=True),
    Column("bulletin", ForeignKey("bulletin.number"), nullable=False),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
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
    UniqueConstraint("bulletin", "subscriber_id"),
)
undone = text("state IN ('pending', 'deferred', 'leased')")
Index("ix_delivery_undone", delivery.c.priority, delivery.c.id, sqlite_where=undone, postgresql_where=undone)
