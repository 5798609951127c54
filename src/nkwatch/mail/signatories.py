"""A process that signs, as seen from here: started, asked, given up when it hangs, and started again.

Only hashes travel there, and signatures back: a body of 36 KB stays where it is.
"""

import asyncio
import sys
from asyncio import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nkwatch.mail.signatory import Job, Private, greeting, request, size

COMMAND = (sys.executable, "-P", "-m", "nkwatch.mail.signatory")
#: Seconds for the signatures that were asked for at a time.
PATIENCE = 30.0
#: Seconds for a process to end once its input has ended.
GOODBYE = 2.0
#: Seconds before a process that failed is replaced, doubled each time until one has signed again.
PAUSE, LONGEST_PAUSE = 1.0, 300.0


class Signatory:
    """At most one process at a time, started when something is to be signed."""

    def __init__(
        self, keys: Sequence[Private], notice: Callable[[str], object], command: Sequence[str], patience: float
    ) -> None:
        self._keys = [key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) for key in keys]
        self._sizes = [size(key) for key in keys]
        self._notice = notice
        self._command = command
        self._patience = patience
        self._process: _Process | None = None
        self._starting = asyncio.Lock()
        self._pause = PAUSE
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        """How many requests it has not answered yet."""
        return len(self._process.asked) if self._process else 0

    async def signatures(self, jobs: Sequence[Job]) -> list[bytes]:
        """The signatures, in their order; none where no process can make them now."""
        process = await self._living()
        if process is None:
            return []
        sizes = [self._sizes[key] for key, _ in jobs]
        try:
            async with asyncio.timeout(self._patience):
                octets = await process.ask(request(jobs), sum(sizes))
        except TimeoutError:
            await self._failed(process, "hangs")
            return []
        except ConnectionError:
            await self._failed(process, "ended")
            return []
        self._pause = PAUSE
        return [*_cut(octets, sizes)]

    async def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process:
            await process.end()

    async def _living(self) -> "_Process | None":
        async with self._starting:
            now = asyncio.get_running_loop().time()
            if self._process is None and now >= self._not_before:
                self._not_before, self._pause = now + self._pause, min(2 * self._pause, LONGEST_PAUSE)
                self._process = await self._started()
            return self._process

    async def _started(self) -> "_Process | None":
        loop, pipe = asyncio.get_running_loop(), subprocess.PIPE
        try:
            _, process = await loop.subprocess_exec(
                _Process, *self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
            )
        except OSError as wrong:
            self._notice(f"No process that signs mails can be started ({wrong}); they are signed in the main process.")
            return None
        process.tell(greeting(self._keys))
        return process

    async def _failed(self, process: "_Process", how: str) -> None:
        """The first to notice replaces it; what it was asked for is signed by who asked."""
        if self._process is process:
            self._process = None
            self._notice(f"A process that signs mails {how}; until another runs they are signed in the main process.")
            await process.end()


class _Process(asyncio.SubprocessProtocol):
    """One process while it lives. `asked` are the answers that are still to come, with their lengths."""

    def __init__(self) -> None:
        self.asked: deque[tuple[asyncio.Future[bytes], int]] = deque()
        self._answered = bytearray()
        self._transport: asyncio.SubprocessTransport
        self._alive = True
        self._ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:  # noqa: ARG002  there is one pipe to read
        self._answered += cast("bytes", data)
        while self.asked and len(self._answered) >= self.asked[0][1]:
            future, length = self.asked.popleft()
            if not future.done():
                future.set_result(bytes(self._answered[:length]))
            del self._answered[:length]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002  any lost pipe ends it
        self._lost()

    def process_exited(self) -> None:
        self._lost()
        self._ended.set()

    def tell(self, octets: bytes) -> None:
        """Write to its standard input."""
        pipe = cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(0))
        if pipe is not None:
            pipe.write(octets)

    async def ask(self, octets: bytes, length: int) -> bytes:
        """The answer of this length. Raises `ConnectionError` when the process ended."""
        if not self._alive:
            raise ConnectionError
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.asked.append((future, length))
        self.tell(octets)
        return await future

    async def end(self) -> None:
        """End it: in peace if it can, and leave nothing behind."""
        pipe = self._transport.get_pipe_transport(0)
        if pipe is not None and not self.asked:
            pipe.close()
        else:
            self._kill()
        try:
            await asyncio.wait_for(self._ended.wait(), GOODBYE)
        except TimeoutError:
            self._kill()
            await self._ended.wait()
        self._transport.close()

    def _kill(self) -> None:
        if self._transport.get_returncode() is None:
            self._transport.kill()

    def _lost(self) -> None:
        self._alive = False
        for future, _ in self.asked:
            if not future.done():
                future.set_exception(ConnectionError())
        self.asked.clear()


def _cut(octets: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    start = 0
    for length in sizes:
        yield octets[start : start + length]
        start += length
