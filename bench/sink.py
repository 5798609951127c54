"""A mail server for measurements and campaigns (RFC 5321, RFC 2920): it takes everything, unless its judge says no.

``python -m bench.sink [--delay SECONDS] [--tls CERTIFICATE]`` serves on a free port of loopback, prints it, and goes on
until it is killed. Each reply leaves `delay` after what it answers has come: a round trip takes so long.
"""

import argparse
import asyncio
import re
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HELLO = b"250-sink.invalid\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES"
_ADDRESS = re.compile(rb"(?:FROM|TO):\s*<([^>]*)>", re.IGNORECASE)
_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said; then perhaps the connection is dropped. Who says nothing and drops nothing has stalled for good."""

    text: bytes = b"250 2.0.0 Ok"
    drop: bool = False


TAKEN = Answer()


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a message is for, and its octets, dots no longer doubled."""

    sender: bytes
    recipients: tuple[bytes, ...]
    content: bytes = field(repr=False)


class Judge:
    """Decides on everything that is offered; this one takes it."""

    def sender(self) -> Answer:
        """At MAIL."""
        return TAKEN

    def recipient(self, _address: bytes) -> Answer:
        """At RCPT."""
        return TAKEN

    def message(self, _envelope: Envelope) -> Answer:
        """After the final dot."""
        return TAKEN

    def cut(self, _recipients: tuple[bytes, ...], _content: bytes) -> None:
        """The line broke in the middle of a message; so much of it had come."""


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, judge: Judge, delay: float = 0.0, sessions: "set[Session] | None" = None) -> None:
        self._judge, self._delay = judge, delay
        self._sessions = set() if sessions is None else sessions
        self._buffer = bytearray()
        self._searched = 0
        self._in_content = self._stalled = False
        self._sender = b""
        self._recipients: list[bytes] = []
        self._saying: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._sessions.add(self)
        self._say(b"220 sink.invalid ESMTP")
        self._flush()

    def connection_lost(self, _why: Exception | None) -> None:
        """What was begun and not ended is told."""
        if self._in_content and self._buffer:
            self._judge.cut(tuple(self._recipients), bytes(self._buffer))
        self._sessions.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer all that is whole; what comes together is answered together."""
        self._buffer += data
        while self._goes_on() and (self._content() if self._in_content else self._line()):
            pass
        self._flush()

    def _goes_on(self) -> bool:
        return not self._stalled and not self._transport.is_closing()

    def _content(self) -> bool:
        """Whether a whole message was there."""
        if self._buffer.startswith(b".\r\n"):
            content, rest = b"", 3
        else:
            end = self._buffer.find(_END, max(0, self._searched - len(_END)))
            if end < 0:
                self._searched = len(self._buffer)
                return False
            content, rest = bytes(self._buffer[: end + 2]), end + len(_END)
        del self._buffer[:rest]
        self._searched, self._in_content = 0, False
        plain = content.removeprefix(b".").replace(b"\r\n.", b"\r\n")
        self._answer(self._judge.message(Envelope(self._sender, tuple(self._recipients), plain)))
        self._recipients.clear()
        return True

    def _line(self) -> bool:
        """Whether a whole command was there."""
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._answer(self._command(line[:4].upper(), line))
        return True

    def _command(self, verb: bytes, line: bytes) -> Answer:  # noqa: PLR0911
        found = _ADDRESS.search(line)
        match verb:
            case b"EHLO" | b"HELO":
                return Answer(HELLO)
            case b"MAIL":
                self._sender, self._recipients = found[1] if found else b"", []
                return self._judge.sender()
            case b"RCPT":
                address = found[1] if found else b""
                answer = self._judge.recipient(address)
                if answer.text.startswith(b"2"):
                    self._recipients.append(address)
                return answer
            case b"DATA" if self._recipients:
                self._in_content = True
                return Answer(b"354 Go ahead")
            case b"DATA":
                return Answer(b"554 5.5.1 No valid recipients")
            case b"QUIT":
                return Answer(b"221 2.0.0 Bye", drop=True)
            case b"RSET" | b"NOOP":
                return TAKEN
            case _:
                return Answer(b"502 5.5.2 Unknown command")

    def _answer(self, answer: Answer) -> None:
        if answer.text:
            self._say(answer.text)
        self._stalled = not (answer.text or answer.drop)
        if answer.drop:
            self._flush()
            self._later(self._transport.close)
            self._buffer.clear()

    def _say(self, text: bytes) -> None:
        self._saying.append(text + b"\r\n")

    def _flush(self) -> None:
        if self._saying:
            said = b"".join(self._saying)
            self._saying.clear()
            self._later(self._write, said)

    def _write(self, said: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(said)

    def _later(self, do: Callable[..., None], *arguments: bytes) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, do, *arguments)
        else:
            do(*arguments)


async def serve(judge: Judge, delay: float = 0.0, certificate: Path | None = None) -> None:
    """Serve on a free port of loopback and print it, until killed."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(judge, delay), "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.sink", description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--tls", type=Path)
    wanted = parser.parse_args()
    asyncio.run(serve(Judge(), wanted.delay, wanted.tls))


if __name__ == "__main__":
    main()
