"""Readings of statements with what editors said of them, and the stories that statements stand in."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, Text

from nkwatch.store.schema.columns import Instant, Number, metadata

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

#: Who is named as victim or detainee in the readings in force, by the key of the mention.
named = Table(
    "named",
    metadata,
    Column("key", String, primary_key=True),
    Column("statement_id", ForeignKey("statement.id"), primary_key=True, index=True),
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
