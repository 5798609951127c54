"""What several processes share out among themselves. Rows come and go; nothing of them is worth keeping."""

from sqlalchemy import BigInteger, Column, String, Table, text

from nkwatch.store.schema.columns import Instant, metadata

#: Hosts that are asked now or were lately, by whichever process. Instants are by the clock of the database.
turn = Table(
    "turn",
    metadata,
    Column("host", String, primary_key=True),
    # who asks it now, and until when that is believed
    Column("lease_owner", String, nullable=False, server_default=text("''")),
    Column("leased_until", Instant),
    # when the last one left it, and from when on that one would ask again
    Column("left_at", Instant, nullable=False, server_default=text("0")),
    Column("free_at", Instant, nullable=False, server_default=text("0"), index=True),
    sqlite_with_rowid=False,
)

#: Statements that somebody reads now.
being_read = Table(
    "being_read",
    metadata,
    Column("statement_id", String, primary_key=True),
    Column("lease_owner", String, nullable=False),
    Column("leased_until", Instant, nullable=False),
    sqlite_with_rowid=False,
)

#: One row, under the latch: how often statements were put into stories.
placing = Table(
    "placing",
    metadata,
    Column("name", String, primary_key=True),
    Column("times", BigInteger, nullable=False, server_default=text("0")),
)

#: Ticks that one process does for all, and which one.
duty = Table(
    "duty",
    metadata,
    Column("name", String, primary_key=True),
    Column("lease_owner", String, nullable=False),
    Column("leased_until", Instant, nullable=False),
)
