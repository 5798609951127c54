"""How far each webhook was told, and its calls. Rows hold ids alone: what a call says is made when it leaves."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from nkwatch.store.schema.columns import Instant, metadata

#: One row for each hook that was ever in the settings, by its name there.
webhook = Table(
    "webhook",
    metadata,
    Column("name", String, primary_key=True),
    # a hash of its address: with another one it is switched on again
    Column("address", String, nullable=False),
    # nothing from before is told
    Column("began_at", Instant, nullable=False),
    # up to where was looked: stories by the instant at which they became ready, the others by their numbers
    Column("stories_until", Instant, nullable=False),
    Column("bulletin", BigInteger, nullable=False),
    Column("ruling", BigInteger, nullable=False),
    Column("correction", BigInteger, nullable=False),
    # see `domain.webhook.Line`
    Column("free_at", Instant),
    Column("rests_until", Instant),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("told", Boolean, nullable=False, server_default=false()),
    Column("off_at", Instant),
    # who makes its calls now
    Column("lease_owner", String, nullable=False, server_default=text("''")),
    Column("leased_until", Instant),
)

webhook_call = Table(
    "webhook_call",
    metadata,
    Column("id", String, primary_key=True),
    Column("hook", String, nullable=False),
    Column("key", String, nullable=False),
    Column("event", String, nullable=False),
    Column("story_id", String, nullable=False),
    Column("number", BigInteger),
    Column("priority", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("due_at", Instant),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("status", Integer, nullable=False, server_default=text("0")),
    Column("reply", Text, nullable=False, server_default=text("''")),
    Column("done_at", Instant),
    UniqueConstraint("hook", "key"),
    Index("ix_webhook_call_story_id_hook", "story_id", "hook"),
    Index("ix_webhook_call_hook_found_at", "hook", "found_at"),
)
#: Conditions of partial indexes, word for word as queries have them.
calling = text("state = 'waiting'")
called = text("state != 'waiting'")
_row = webhook_call.c
Index(
    "ix_webhook_call_waiting",
    *(_row.hook, _row.priority, _row.at, _row.id, _row.due_at),
    sqlite_where=calling,
    postgresql_where=calling,
)
Index("ix_webhook_call_done", _row.done_at, sqlite_where=called, postgresql_where=called)
