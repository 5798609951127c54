"""What editors had taken out: people by the forms of their names, and whole statements."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, Text, text

from nkwatch.store.schema.columns import Instant, Number, metadata

#: One row for each redaction. No row says in the open whom it is about.
redaction = Table(
    "redaction",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String, nullable=False),
    # a keyed hash of what it is about: told twice, it is one
    Column("key", LargeBinary, nullable=False, unique=True),
    # the forms of the name, sealed, as a JSON list; null once lifted, and for statements
    Column("forms", LargeBinary),
    Column("statement_id", String, nullable=False, server_default=text("''")),
    Column("editor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    # when everything that was held then had been gone through; null while that is under way, or was broken off
    Column("done_at", Instant),
    Column("lifted_at", Instant),
    # how many transactions changed what processes keep in memory: they look whether the sum has grown
    Column("passes", Integer, nullable=False, server_default=text("0")),
    sqlite_autoincrement=True,
)

#: What was changed: statements, snapshots, blocks and compositions, by their ids (which they keep), the first time.
redacted = Table(
    "redacted",
    metadata,
    Column("what", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("redaction", ForeignKey("redaction.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
)
