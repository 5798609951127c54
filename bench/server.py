"""A server for benchmarks, in a process of its own: answers 304 to whoever sends back the validator, else a feed.

As little as HTTP/1.1 needs: what is measured is who asks, not who answers.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ETAG = b'"bench-1"'
UNCHANGED = b'HTTP/1.1 304 Not Modified\r\nETag: "bench-1"\r\n\r\n'


class _Answering(asyncio.Protocol):
    """One connection; requests have no body and may follow each other."""

    def __init__(self, feeds: Sequence[bytes]) -> None:
        self._feeds = feeds
        self._buffer = b""
        self._count = time.time_ns()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            request, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._transport.write(self._answer(request))  # type: ignore[attr-defined]

    def _answer(self, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1]
        if ETAG in request and not path.startswith(b"/changed"):
            return UNCHANGED
        number = int(path.rsplit(b"/", 1)[-1] or b"0")
        body = self._feeds[number % len(self._feeds)]
        if path.startswith(b"/changed"):
            self._count += 1
            body = body.replace(b"</language>", b"</language>" + _news(number, self._count), 1)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"ETag: " + ETAG + b"\r\n\r\n" + body


def _news(number: int, count: int) -> bytes:
    """An item that was never shown before."""
    link = f"http://s{number}.localhost/{number}/news-{count}"
    return (
        f"<item><title>News {count}</title><link>{link}</link><guid>{link}</guid>"
        f"<pubDate>Sat, 21 Nov 2026 08:00:00 GMT</pubDate><description>Text {count}.</description></item>"
    ).encode()


async def serve(feeds: Sequence[bytes]) -> None:
    """Serve on a free port of loopback, print it, and go on until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(feeds), "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve([path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]))
