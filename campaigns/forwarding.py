"""Carries bytes: ``python -m campaigns.forwarding HOST:PORT=HOST:PORT ...``, until it is killed.

It listens on the first of each pair, in its own network. Stopped (SIGSTOP), it is a line gone silent: what is sent
into it is neither refused nor answered.
"""

import asyncio
import sys
from contextlib import suppress
from typing import cast


class End(asyncio.Protocol):
    """One end of a line; what comes in goes out at the other."""

    def __init__(self) -> None:
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass on what came before."""
        self.transport = cast("asyncio.Transport", transport)
        for piece in self.early:
            self.transport.write(piece)
        self.early.clear()

    def data_received(self, data: bytes) -> None:
        """Pass it on, or keep it until the other end is there."""
        other = self.other
        if other is None:
            return
        if other.transport is None:
            other.early.append(data)
        else:
            other.transport.write(data)

    def connection_lost(self, _why: Exception | None) -> None:
        """The other end is closed as well."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        """Take no more at the other end until this one has got rid of what it has."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Take more."""
        if self.other is not None and self.other.transport is not None:
            with suppress(RuntimeError):
                self.other.transport.resume_reading()


class Near(End):
    """The end that was called: it calls the other."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._place = (host, port)
        self._calling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Call the other end."""
        super().connection_made(transport)
        self.other = far = End()
        far.other = self
        self._calling = asyncio.get_running_loop().create_task(self._call(far))

    async def _call(self, far: End) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, *self._place)
        except OSError:
            if self.transport is not None:
                self.transport.abort()
            return
        if self.transport is not None and self.transport.is_closing() and far.transport is not None:
            far.transport.close()


async def forward(lines: list[str]) -> None:
    """Serve these lines."""
    loop = asyncio.get_running_loop()
    for line in lines:
        near, far = (one.rpartition(":") for one in line.split("="))
        await loop.create_server(lambda h=far[0], p=int(far[2]): Near(h, p), near[0], int(near[2]))  # type: ignore[misc]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1:]))
