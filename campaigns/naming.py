"""A name server on port 53 of an address of loopback: ``python -m campaigns.naming ADDRESS``, until it is killed.

Every name leads to ADDRESS, but for localhost. Stopped (SIGSTOP), it is silent. Only root can listen there.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from subprocess import Popen
from typing import cast

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from campaigns.machines import ready

#: Where it listens: no file names its port to the system's resolver (resolv.conf(5)).
LISTENS = "127.53.53.53"


class NameServer(asyncio.DatagramProtocol):
    """Every name leads to `address`, localhost to 127.0.0.1."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer by this one."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer one question."""
        query = dns.message.from_wire(data)
        (question,) = query.question
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if question.rdtype == dns.rdatatype.A:
            there = "127.0.0.1" if question.name.to_text() == "localhost." else self._address
            # a second: who asks often soon asks again
            answer.answer.append(dns.rrset.from_text(question.name, 1, "IN", "A", there))
        if self._transport is not None:
            self._transport.sendto(answer.to_wire(), address)


def name_server(address: str, before: Sequence[str] = ()) -> AbstractContextManager[Popen[str]]:
    """The server as a process, at work until the end; `before` is a command that starts it."""
    return ready([*before, sys.executable, "-m", "campaigns.naming", address])


async def serve(address: str) -> None:
    """Answer for ever."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: NameServer(address), local_addr=(LISTENS, 53))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
