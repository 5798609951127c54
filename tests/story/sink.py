"""An SMTP server that takes everything and remembers for whom, with which Message-ID."""

import asyncio
import re
from collections import defaultdict
from contextlib import asynccontextmanager

from bench.sink import Answer, Envelope, Judge, Session

MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE | re.IGNORECASE)


class Sink(Judge):
    """`copies` lists the Message-IDs that came for each recipient."""

    def __init__(self) -> None:
        self.copies: dict[str, list[bytes]] = defaultdict(list)
        self.contents: dict[str, bytes] = {}
        self.port = 0
        self._changed = asyncio.Event()

    @property
    def messages(self) -> int:
        return sum(map(len, self.copies.values()))

    def message(self, envelope: Envelope) -> Answer:
        found = MESSAGE_ID.search(envelope.content)
        for recipient in map(bytes.decode, envelope.recipients):
            self.copies[recipient].append(found[1] if found else b"")
            self.contents[recipient] = envelope.content
        self._changed.set()
        return Answer(b"250 2.0.0 taken")

    async def until(self, condition, seconds: float = 60) -> None:
        """Wait until `condition()` holds; fails loudly when it does not in time."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def open_sink(delay: float = 0):
    """`delay`: seconds that each reply takes."""
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: Session(sink, delay), "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
