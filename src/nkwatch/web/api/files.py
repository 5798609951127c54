"""Exports as files: written to a place on the disk first, so that what is sent is whole and says whether there is more.

A stream that breaks off looks like a file that ends. The memory that one takes does not depend on its length.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from nkwatch.editing.columns import Columns
from nkwatch.editing.exporting import heading, line, record
from nkwatch.web.api.answers import CACHE, etag, has

#: Rows of one file at most.
ROWS = 10_000
#: Kept in memory up to here (bytes), then on the disk; sent in pieces of so many.
SPOOLED, PIECE = 1 << 20, 1 << 16
BOM = "\ufeff"
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "jsonl": "application/jsonl; charset=utf-8"}


class File:
    """A file that is being written; `ending` is csv or jsonl."""

    def __init__(self, columns: Columns, ending: str, *, bom: bool = False) -> None:
        self._columns = columns
        self._ending = ending
        # open until it is sent
        self._held: IO[bytes] = SpooledTemporaryFile(SPOOLED)  # noqa: SIM115
        self._hash = hashlib.sha256()
        self.rows = 0
        if ending == "csv":
            self._write((BOM if bom else "") + heading(columns))

    def add(self, row: object) -> None:
        """Write one more row."""
        self.rows += 1
        self._write(written(self._columns, self._ending)(row))

    def answer(self, request: Request, name: str, headers: Mapping[str, str]) -> Response:
        """All of it, or 304 where the asker has these bytes."""
        tag, size = etag(self._hash.hexdigest()), self._held.tell()
        told = {"ETag": tag, "Cache-Control": CACHE, **headers}
        if has(request, tag):
            self._held.close()
            return Response(status_code=304, headers=told)
        told |= {"Content-Length": str(size), "Content-Disposition": f'attachment; filename="{name}.{self._ending}"'}
        self._held.seek(0)
        return StreamingResponse(self._pieces(), headers=told, media_type=MEDIA_TYPES[self._ending])

    def _write(self, text: str) -> None:
        piece = text.encode()
        self._hash.update(piece)
        self._held.write(piece)

    async def _pieces(self) -> AsyncIterator[bytes]:
        with self._held:
            while piece := self._held.read(PIECE):
                yield piece


def written(columns: Columns, ending: str) -> Callable[[object], str]:
    """Writes rows of such a file, each with its line end."""
    if ending == "csv":
        return lambda row: line(columns, row)
    return lambda row: json.dumps(record(columns, row), ensure_ascii=False) + "\n"
