"""A name server on a free loopback port that says what a test tells it to."""

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from nkwatch.net.dns import Dns


class NameServer(asyncio.DatagramProtocol):
    """Records by (name, kind), as they stand in a zone file; `rcode` refuses all, `silent` says nothing at all."""

    def __init__(self):
        self.records = defaultdict(list)
        self.rcode, self.silent = dns.rcode.NOERROR, False
        self.asked = []

    def has(self, name, kind, *records):
        self.records[name, kind] += records

    def text(self, name, *records):
        """TXT records, cut into strings of 200 letters."""
        for record in records:
            pieces = [record[n : n + 200] for n in range(0, len(record), 200)] or [""]
            self.has(name, "TXT", " ".join(f'"{piece}"' for piece in pieces))

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        query = dns.message.from_wire(data)
        (question,) = query.question
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if self.silent:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        answer.set_rcode(self.rcode)
        if found := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif self.rcode == dns.rcode.NOERROR and name not in {known for known, _ in self.records}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), address)


@asynccontextmanager
async def name_server(**options):
    """The server, and a `Dns` that asks it."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    try:
        port = transport.get_extra_info("sockname")[1]
        yield server, Dns(("127.0.0.1",), port, **options)
    finally:
        transport.close()
