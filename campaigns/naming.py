"""A name server on port 53 of an address of loopback, which may fall silent; only root can listen there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

#: Where it listens: no file names its port to the system's resolver (resolv.conf(5)).
ADDRESS = "127.53.53.53"


class NameServer(asyncio.DatagramProtocol):
    """Every name leads to 127.0.0.1. `asked` has the names in the order in which they were asked for."""

    def __init__(self) -> None:
        self.silent = False
        self.asked: list[str] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer by this one."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer one question, unless it is silent."""
        query = dns.message.from_wire(data)
        (question,) = query.question
        self.asked.append(question.name.to_text(omit_final_dot=True))
        if self.silent or self._transport is None:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if question.rdtype == dns.rdatatype.A:
            # a second: who asks often soon asks again
            answer.answer.append(dns.rrset.from_text(question.name, 1, "IN", "A", "127.0.0.1"))
        self._transport.sendto(answer.to_wire(), address)


@asynccontextmanager
async def name_server() -> AsyncIterator[NameServer]:
    """The server, at work until the end. Raises `OSError` where it may not listen."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=(ADDRESS, 53))
    try:
        yield server
    finally:
        transport.close()
