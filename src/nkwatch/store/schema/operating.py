"""What whoever runs this is told, and whether the database can be written."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, String, Table, false

from nkwatch.store.schema.columns import Instant, Number, metadata

#: Notices as they came, the same within some seconds as one. Kept for `domain.retention.NOTICES`.
notice = Table(
    "notice",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("last_at", Instant, nullable=False),
    Column("event", String, nullable=False),
    # names and words, without any address, title, or text
    Column("facts", JSON, nullable=False),
    Column("times", Integer, nullable=False),
    # the day of the mail that tells of it
    Column("morning", String, index=True),
)

#: Mornings, by the day (ISO date in the operator's zone): who has it in hand, and whether it is done, by a mail or
#: without one, as there was nothing to tell.
morning = Table(
    "morning",
    metadata,
    Column("day", String, primary_key=True),
    Column("lease_owner", String, nullable=False),
    Column("leased_until", Instant, nullable=False),
    Column("done_at", Instant),
    Column("mailed", Boolean, nullable=False, server_default=false()),
    # bytes of the database on that morning, for the next week's report
    Column("database_bytes", BigInteger, nullable=False),
)

#: One row, written to see whether the database can be.
pulse = Table(
    "pulse",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", Instant, nullable=False),
)
