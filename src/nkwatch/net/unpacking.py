"""Undoes content encodings (RFC 9110, 8.4.1) piece by piece, and never past the room that is left.

aiohttp could do it, but takes a gzip body that is cut off for a whole one, and shows the caller nothing of
bytes that unpack to nothing.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import brotli  # type: ignore[import-untyped]

#: What is asked for (`Accept-Encoding`).
ACCEPTED = "gzip, br"
#: Nobody joins more gzip members than this in good faith, and each costs a copy of all that follows it.
MOST_MEMBERS = 16
#: What `feed` raises when the bytes are not packed as they claim.
BadlyPacked = (zlib.error, brotli.error)


class Unpacker(Protocol):
    """One body on its way; `complete` while nothing that began is unfinished."""

    complete: bool

    def feed(self, data: bytes, room: int) -> bytes:
        """The next bytes. Once they fill `room` the rest is lost: the caller must give the body up."""
        ...


@dataclass(slots=True)
class _Plain:
    complete: bool = True

    def feed(self, data: bytes, room: int) -> bytes:
        return data[:room]


@dataclass(slots=True)
class _Gzip:
    complete: bool = True
    _members: int = 0
    _member: Any = None

    def feed(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and len(out) < room:
            if self._member is None:
                if self._members and not data.startswith(b"\x1f"):
                    break  # padding behind the last member
                self._begin()
            out += self._member.decompress(data, room - len(out))
            data, self.complete = self._member.unused_data, self._member.eof
            if self.complete:
                self._member = None
        return out

    def _begin(self) -> None:
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise zlib.error("too many members")
        self._member = zlib.decompressobj(wbits=31)


@dataclass(slots=True)
class _Brotli:
    complete: bool = True
    _stream: Any = field(default_factory=brotli.Decompressor)

    def feed(self, data: bytes, room: int) -> bytes:
        out: bytes = self._stream.process(data, output_buffer_limit=room)
        self.complete = self._stream.is_finished()
        return out


#: By the value of Content-Encoding, in lower case.
UNPACKERS: Mapping[str, Callable[[], Unpacker]] = {
    "": _Plain,
    "identity": _Plain,
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "br": _Brotli,
}
