"""A mailbox behind a real SMTP server on this machine: what is handed over to it can be looked at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


# without slots: aiosmtpd looks at every member, and Python 3.11.2 stumbles over one that slots leave behind
@dataclass
class Mailbox:
    """Messages in the order in which they came; `port` is where the server listens."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd when a message is complete."""
        content = envelope.content or b""
        self.messages.append(content if isinstance(content, bytes) else content.encode())
        return "250 2.0.0 taken into the sample mailbox"


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    """Listen on a free port of this machine until the end of the block."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, hostname="sample.invalid", loop=loop), HOST, 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()
