"""The mail server of `bench.scale`: takes everything, and remembers which messages came.

It prints its port; for each line that it reads, how many messages came so far, and how many of them a second time.
"""

import asyncio
import re
import sys

from bench.sink import TAKEN, Answer, Envelope, Judge, Session

_MESSAGE_ID = re.compile(rb"^Message-ID: *(\S+)", re.MULTILINE | re.IGNORECASE)
#: A Message-ID stands in the header, which is shorter than this (octets).
_HEADER = 8_192


class Remembering(Judge):
    """Takes everything."""

    def __init__(self) -> None:
        self.came: set[bytes] = set()
        self.messages = 0

    def message(self, envelope: Envelope) -> Answer:
        """Remember it by its Message-ID."""
        found = _MESSAGE_ID.search(envelope.content, 0, _HEADER)
        self.came.add(found[1] if found else b"")
        self.messages += 1
        return TAKEN


async def serve() -> None:
    """Serve until standard input ends."""
    judge, loop = Remembering(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(judge), "127.0.0.1", 0)
    _say(str(server.sockets[0].getsockname()[1]))
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for _ in reader:
        _say(f"{judge.messages} {judge.messages - len(judge.came)}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve())
