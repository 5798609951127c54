"""Snapshots: bytes as they came, each kept once, and which statements they show."""

from collections.abc import Iterable

import zstandard
from sqlalchemy import Connection, select

from nkwatch.domain.snapshot import Snapshot
from nkwatch.store import schema
from nkwatch.store.rows import insert_new

#: Writing is rare and reading rarer: the small size is worth some milliseconds.
LEVEL = 9


def snapshots(connection: Connection, statement_id: str) -> list[Snapshot]:
    """The bytes that show this statement, oldest first; without those that were destroyed."""
    query = (
        select(schema.capture, schema.snapshot.c.zstd)
        .join_from(schema.capture, schema.snapshot)
        .where(schema.capture.c.statement_id == statement_id, schema.snapshot.c.zstd != b"")
        .order_by(schema.capture.c.at, schema.capture.c.sha256)
    )
    unpack = zstandard.ZstdDecompressor()
    return [
        Snapshot(r.url, r.at, tuple((n, v) for n, v in r.headers), unpack.decompress(r.zstd))
        for r in connection.execute(query)
    ]


def keep(connection: Connection, kept: Snapshot | None, statement_ids: Iterable[str]) -> None:
    """Keep the bytes once, and for each statement when and where they were had."""
    if kept is None:
        return
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(kept.body)
    insert_new(connection, schema.snapshot, [{"sha256": kept.sha256, "size": len(kept.body), "zstd": packed}])
    where = {"sha256": kept.sha256, "url": kept.url, "at": kept.at, "headers": [list(h) for h in kept.headers]}
    insert_new(connection, schema.capture, [{"statement_id": i} | where for i in statement_ids])
