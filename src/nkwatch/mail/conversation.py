"""One end of a connection to a relay: replies as they come, and writing no faster than they are read."""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import cast

from nkwatch.mail.verdicts import CLOSING, LineBroken, Reply

#: Octets of one reply. RFC 5321, 4.5.3.1.5, allows lines of 512; some relays write letters in their refusals.
_LONGEST_REPLY = 32 * 1024
#: Octets given to the transport at a time.
_SLICE = 256 * 1024
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


class Conversation(asyncio.Protocol):
    """Takes over a connection that is open, secured and logged in.

    `send` says how many replies are owed for what it writes. A reply that is not owed, or is none, breaks the line.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._rest = b""
        self._code = 0
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._owed = 0
        self._why = ""
        self._paused = False
        self._news: asyncio.Future[None] | None = None
        #: how long and until when something must happen (seconds, the loop's time), and what looks whether it did
        self._timeout = self._late_at = 0.0
        self._look: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    def take_over(self, transport: asyncio.BaseTransport) -> None:
        """Be the protocol of this transport from now on."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_protocol(self)

    @property
    def alive(self) -> bool:
        """Whether something can be said, and nothing is owed."""
        return not self._why and not self._owed and not self._transport.is_closing()

    async def send(self, pieces: Sequence[bytes], replies: int, timeout: float) -> bool:  # noqa: ASYNC109 -- per slice
        """Write; false when a reply came, or the line broke, before all was on its way. Raises `LineBroken`.

        `timeout` is in seconds, for each time that the other end takes nothing.
        """
        if self._why:
            raise LineBroken(self._why)
        self._owed += replies
        size = sum(map(len, pieces))
        if size <= _SLICE:
            self._transport.writelines(pieces)
            return not self._paused or await self._drained(timeout)
        whole = memoryview(b"".join(pieces))
        for start in range(0, size, _SLICE):
            self._transport.write(whole[start : start + _SLICE])
            if self._paused and not await self._drained(timeout):
                return False
        return True

    async def reply(self, timeout: float) -> Reply:  # noqa: ASYNC109 -- it is the relay's, not the caller's
        """The next reply; what came before the line broke is still told. Raises `LineBroken`."""
        while not self._replies:
            if self._why:
                raise LineBroken(self._why)
            await self._something(timeout)
        return self._replies.popleft()

    def check(self) -> None:
        """Raise `LineBroken` unless the other end is there and silent."""
        if self._why or self._transport.is_closing():
            raise LineBroken(self._why or "the relay closed the connection")

    async def quit(self, timeout: float) -> None:  # noqa: ASYNC109
        """End it politely, or at least end it; what is still owed is not looked at."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                if not self._why:
                    await self.send([b"QUIT\r\n"], 1, timeout)
                while self._owed and not self._why:
                    await self._something(timeout)
        self.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._gone.wait()

    def close(self) -> None:
        """End it at once."""
        self._broke("the connection was closed")

    # ---- what asyncio calls

    def data_received(self, data: bytes) -> None:
        """Replies, in any pieces."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if not self._why:
                self._line(line.rstrip(b"\r"))
        if len(self._rest) + sum(len(line) + 2 for line in self._lines) > _LONGEST_REPLY:
            self._broke("the relay gave an answer without end")
        self._wake()

    def eof_received(self) -> None:
        """The other end says no more."""
        self._broke("the relay closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._broke(f"the connection was lost: {exc}" if exc else "the relay closed the connection")
        self._stop_looking()
        self._gone.set()

    def pause_writing(self) -> None:
        """The other end does not keep up."""
        self._paused = True

    def resume_writing(self) -> None:
        """It does again."""
        self._paused = False
        self._wake()

    # ---- our own

    def _line(self, line: bytes) -> None:
        """One line of a reply; the last one has no hyphen (RFC 5321, 4.2.1)."""
        read = _read(line)
        if read is None or (self._lines and read[0] != self._code):
            self._broke(f"the relay gave no proper answer: {_text(line)[:80]}")
            return
        self._code, ends, text = read
        self._lines.append(text)
        if not ends:
            return
        reply = Reply(self._code, "\n".join(self._lines))
        self._lines.clear()
        if self._owed > 0:
            self._owed -= 1
            self._replies.append(reply)
        elif reply.code != CLOSING:
            # those that came with it may belong to something else
            self._replies.clear()
            self._broke(f"the relay spoke without being asked: {reply}")
        if reply.code == CLOSING:
            self._broke(str(reply))

    def _broke(self, why: str) -> None:
        """What was not yet written is not: half a message is none, and a whole one would be of unknown outcome."""
        if not self._why:
            self._why = why
            self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def _something(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait until something happens; a line that stays silent for that long is broken."""
        self._news = self._loop.create_future()
        self._timeout, self._late_at = timeout, self._loop.time() + timeout
        # one timer for many answers: to make and cancel one for each costs more than to read the answer
        if self._look is None or self._look.when() > self._late_at:
            self._look_again()
        try:
            await self._news
        finally:
            self._news = None

    def _look_again(self) -> None:
        self._stop_looking()
        self._look = self._loop.call_at(self._late_at, self._looked)

    def _looked(self) -> None:
        self._look = None
        if self._news is None:
            return
        if self._loop.time() < self._late_at:
            self._look_again()
        else:
            self._broke(f"the relay did not answer within {self._timeout:g} seconds")

    def _stop_looking(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    async def _drained(self, timeout: float) -> bool:  # noqa: ASYNC109
        """Wait until there is room again; false when a reply came first, or the line broke."""
        while self._paused and not self._replies and not self._why:
            await self._something(timeout)
        return not self._paused


@lru_cache(maxsize=64)
def _read(line: bytes) -> tuple[int, bool, str] | None:
    """A line of a reply: its code, whether it is the last one, its text. Most are the same all day."""
    found = _LINE.fullmatch(line)
    return None if found is None else (int(found[1]), found[2] != b"-", _text(found[3] or b""))


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
