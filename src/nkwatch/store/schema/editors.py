"""How editors are known at the desk, and what was done there."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, LargeBinary, String, Table, Text, false

from nkwatch.store.schema.columns import Instant, Number, metadata

passkey = Table(
    "passkey",
    metadata,
    Column("id", Number, primary_key=True),
    # as names are compared
    Column("editor", Text, nullable=False, index=True),
    Column("credential", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("handle", LargeBinary, nullable=False),
    Column("label", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("synced", Boolean, nullable=False, server_default=false()),
    Column("added_at", Instant, nullable=False),
    Column("used_at", Instant),
    sqlite_autoincrement=True,
)

#: Who is signed in; found by the keyed hash of the name that the browser keeps.
desk_session = Table(
    "desk_session",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("editor", Text, nullable=False, index=True),
    Column("passkey", ForeignKey("passkey.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

#: What works once and not for long: links, permits, challenges. All that is kept are keyed hashes.
desk_ticket = Table(
    "desk_ticket",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    # the browser or session that may spend it; empty where any may
    Column("holder", LargeBinary, nullable=False),
    Column("editor", Text, nullable=False),
    Column("until", Instant, nullable=False, index=True),
)

#: What was done, see `domain.audit`. Rows are never changed.
audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("editor", Text, nullable=False),
    Column("act", String, nullable=False),
    Column("thing", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("hash", String, nullable=False),
)

#: One row: where the audit ends. It is locked by whoever writes to it.
audit_end = Table(
    "audit_end",
    metadata,
    Column("name", String, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
    # a keyed hash of both
    Column("seal", LargeBinary, nullable=False),
)
