"""Undoes content encodings (RFC 9110, 8.4.1) piece by piece, and never past the room that is left.

aiohttp could do it, but takes a gzip body that is cut off for a whole one, and shows the caller nothing of
bytes that unpack to nothing.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import brotli  # type: ignore[import-untyped]
import zstandard

#: What is asked for (`Accept-Encoding`).
ACCEPTED = "gzip, br, zstd"
#: Nobody joins more gzip members or zstd frames than this in good faith; each costs a copy of all that follows it.
MOST_MEMBERS = 16
#: Bytes that a sender of zstd may have us look back (RFC 9659, 3).
WINDOW = 8 * 1024 * 1024
#: zstandard unpacks whatever it is given without a limit, so it is given little: no block is shorter than 4 bytes
#: or grows beyond 128 KiB (RFC 8878, 3.1.1.2), so a piece of 64 bytes grows to 2 MiB at most.
PIECE = 64
#: What `feed` raises when the bytes are not packed as they claim.
BadlyPacked = (zlib.error, brotli.error, zstandard.ZstdError)


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


class _Member(Protocol):
    """One gzip member or zstd frame, as zlib shows it."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Frame:
    """A zstd frame."""

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        out, at = bytearray(), 0
        while at < len(data) and len(out) < max_length and not self._frame.eof:
            out += self._frame.decompress(data[at : at + PIECE])
            at += PIECE
        self.unused_data = self._frame.unused_data + data[at:]
        return bytes(out[:max_length])


@dataclass(slots=True)
class _Members:
    """Any number of members, one after the other, each of which begins with `mark`; others are padding."""

    begin: Callable[[], _Member]
    mark: bytes = b""
    complete: bool = True
    _begun: int = 0
    _member: _Member | None = None

    def feed(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and len(out) < room:
            if self._member is None:
                if self._begun and not data.startswith(self.mark):
                    break  # padding behind the last member
                self._member = self._next()
            out += self._member.decompress(data, room - len(out))
            data, self.complete = self._member.unused_data, self._member.eof
            if self.complete:
                self._member = None
        return out

    def _next(self) -> _Member:
        self._begun += 1
        if self._begun > MOST_MEMBERS:
            raise zlib.error("too many members")
        return self.begin()


def _gzip() -> Unpacker:
    return _Members(lambda: zlib.decompressobj(wbits=31), mark=b"\x1f")


def _zstd() -> Unpacker:
    return _Members(_Frame)


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
    "gzip": _gzip,
    "x-gzip": _gzip,
    "br": _Brotli,
    "zstd": _zstd,
}
