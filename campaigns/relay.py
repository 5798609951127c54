"""A mail server that writes down at once what it took and what it answered: ``python -m campaigns.relay LOG [FAULT]``.

It prints its port, and then a line for each that it reads: `mark NAME` waits until no connection is open and writes
the mark into the log, `note NAME` writes it at once.

A line of the log: verdict, the name it gave to the message, Message-ID, recipient, SHA-256 of the content.
"""

import asyncio
import hashlib
import os
import re
import sys
from collections import Counter
from pathlib import Path

from bench.sink import Answer, Envelope, Judge, Session

_MESSAGE_ID = re.compile(rb"^Message-ID: *(\S+)", re.MULTILINE | re.IGNORECASE)
#: What is answered at RCPT to every fifth recipient, at first; every tenth is refused for good.
REPLIES = {
    "421": b"421 4.3.2 Shutting down",
    "450": b"450 4.2.0 Greylisted",
    "451": b"451 4.3.0 Try again later",
    "452": b"452 4.2.2 Mailbox full",
    "550": b"550 5.1.1 No such user",
    "552": b"552 5.3.4 Too big",
}
#: Those that come after the final dot.
AFTER_THE_DOT = tuple(f"{code} after the dot" for code in REPLIES)
FAULTS = (
    *REPLIES,
    *AFTER_THE_DOT,
    "takes and drops",
    "drops",
    "takes and stalls",
    "stalls",
    "refuses every tenth",
)


class Recording(Judge):
    """Takes everything, unless its fault says otherwise, and writes it down before it answers."""

    def __init__(self, log: Path, fault: str = "") -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._fault = fault
        self._count = 0
        self._offered: Counter[bytes] = Counter()

    def note(self, *words: str) -> None:
        """Write one line."""
        os.write(self._log, (" ".join(words) + "\n").encode())

    def recipient(self, address: bytes) -> Answer:
        """Some faults are answered here."""
        number = _number(address)
        if self._fault == "refuses every tenth" and number % 10 == 0:
            return self._no(REPLIES["550"], address)
        reply = REPLIES.get(self._fault)
        if reply is None or number % 5 or self._enough(address):
            return Answer(b"250 2.1.5 Ok")
        return self._no(reply, address)

    def message(self, envelope: Envelope) -> Answer:
        """The others here."""
        address = envelope.recipients[0]
        late = any(word in self._fault for word in ("drops", "stalls", "dot"))
        if not late or _number(address) % 5 or self._enough(address):
            return self._take("taken", envelope)
        if "dot" in self._fault:
            return self._no(REPLIES[self._fault[:3]], address)
        if self._fault.startswith("takes"):
            self._take("taken-in-silence", envelope)
        else:
            self.note("lost", "-", "-", address.decode(), "-")
        return Answer(b"", drop="drops" in self._fault)

    def cut(self, recipients: tuple[bytes, ...], content: bytes) -> None:
        """The sender broke off in the middle."""
        self.note("cut", "-", _message_id(content), recipients[0].decode(), "-")

    def _take(self, verdict: str, envelope: Envelope) -> Answer:
        self._count += 1
        name = f"{os.getpid():X}{self._count:06X}"
        digest = hashlib.sha256(envelope.content).hexdigest()
        self.note(verdict, name, _message_id(envelope.content), b",".join(envelope.recipients).decode(), digest)
        return Answer(f"250 2.0.0 Ok: queued as {name}".encode())

    def _no(self, reply: bytes, address: bytes) -> Answer:
        self.note(reply[:3].decode(), "-", "-", address.decode(), "-")
        return Answer(reply, drop=reply.startswith(b"421"))

    def _enough(self, address: bytes) -> bool:
        """A fault happens once to some, twice to others."""
        self._offered[address] += 1
        return self._offered[address] > 1 + _number(address) // 5 % 2


def _number(address: bytes) -> int:
    """Always the same for an address, and as good as drawn by lot."""
    return int.from_bytes(hashlib.sha256(address).digest()[:4])


def _message_id(content: bytes) -> str:
    found = _MESSAGE_ID.search(content)
    return found[1].decode() if found else "-"


async def serve(log: Path, fault: str) -> None:
    """Serve until standard input ends."""
    judge, sessions = Recording(log, fault), set[Session]()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(judge, sessions=sessions), "127.0.0.1", 0)
    _say(str(server.sockets[0].getsockname()[1]))
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        what, name = line.decode().split()
        while what == "mark" and sessions:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        judge.note(what, name)
        _say("done")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
