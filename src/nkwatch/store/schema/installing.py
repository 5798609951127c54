"""What a database knows of the installation that it belongs to."""

from sqlalchemy import JSON, BigInteger, Column, Integer, String, Table, text

from nkwatch.store.schema.columns import Instant, metadata

#: One row; `number` is 1.
installation = Table(
    "installation",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    # random, made once; backups tell whose they are by it
    Column("id", String, nullable=False),
    # from where mail may leave, see `store.host`
    Column("host", String, nullable=False),
    # counts up as sending goes on, here first and then in the file of who left: behind it, this is a restored database
    Column("marks", BigInteger, nullable=False, server_default=text("0")),
    Column("marked_at", Instant),
    # since when nothing is sent; where the gap begins; the highest mark that any file had then
    Column("locked_at", Instant),
    Column("gap_from", Instant),
    Column("gap_marks", BigInteger, nullable=False, server_default=text("0")),
    # when `nkwatch db backup` last wrote one
    Column("backed_up_at", Instant),
    # which master keys are backed up: {"1": {"fingerprint": ..., "at": ISO 8601}}
    Column("keys", JSON(none_as_null=True)),
)
