"""Sources, what was fetched from them, and the statements in it."""

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
    false,
    text,
)

from nkwatch.store.schema.columns import Instant, metadata

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

#: How often a source was asked on a day (of UTC, counted from 1970), how often it answered, and how many statements
#: were new. Kept for good; what was before this table nobody knows.
source_day = Table(
    "source_day",
    metadata,
    Column("source_id", String, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("polls", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Index("ix_source_day_day", "day"),
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
    # whether the index of the search has it as it is now, and under which number; null where it is not in the index
    Column("indexed", Boolean, nullable=False, server_default=false()),
    Column("number", BigInteger),
    Index("ix_statement_source_id_published", "source_id", "published"),
    # covers what is asked of every hit of a search: rows are long
    Index("ix_statement_number", "number", "presence", "embargo", "story_id", "id"),
    # covers the search for what other rules have read: rows are long
    Index("ix_statement_rules_in_force", "id", "read_rules", "read_revision", "revision"),
)
unread = text("read_revision < revision")
Index("ix_statement_unread", statement.c.first_seen, sqlite_where=unread, postgresql_where=unread)
#: What was read, and is not in the index as it is now.
unindexed = text("NOT indexed AND read_revision > 0")
Index("ix_statement_unindexed", statement.c.published, sqlite_where=unindexed, postgresql_where=unindexed)

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
