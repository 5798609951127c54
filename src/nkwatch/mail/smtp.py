"""The relay that takes our mail (RFC 5321): a few connections, opened when needed, kept open and used again."""

import asyncio
import ssl
from typing import Literal

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported

from nkwatch.domain.bulletin import Deferred, Handover, Message, Refused
from nkwatch.mail.replies import scrubbed
from nkwatch.mail.transaction import begin, finish, goodbye, said, sendable

Security = Literal["tls", "starttls", "none"]


class SmtpRelay:
    """At most `connections` connections to one relay.

    With "tls" and "starttls" there is no falling back to plain text, and the certificate is checked. `timeout` is
    in seconds, for each answer. `context` replaces the system's certificates.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Security = "starttls",
        username: str = "",
        password: str = "",
        connections: int = 5,
        timeout: float = 30,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username or None, password or None
        self._timeout = timeout
        self._context = context
        self._connections = connections
        self._free = asyncio.Semaphore(connections)
        self._idle: list[SMTP] = []

    @property
    def connections(self) -> int:
        """How many messages are handed over at a time."""
        return self._connections

    async def hand_over(self, message: Message) -> Handover:
        """Offer one message to the relay. Never raises for what a relay or an address does.

        What concerns this mailbox or this message decides on the delivery. What concerns the relay or us (no
        connection, login or sender refused) defers it with `line`, so that no reader is lost by our mistake.
        """
        try:
            recipient = sendable(message.recipient)
        except ValueError as why:
            return Refused(str(why))
        async with self._free:
            outcome = await self._offer(message, recipient)
        return _without(message.recipient, outcome)

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        while self._idle:
            await goodbye(self._idle.pop())

    async def _offer(self, message: Message, recipient: str) -> Handover:
        try:
            client = await self._begun(message.sender, recipient)
        except SMTPNotSupported as why:
            return Refused(said(why))
        except (SMTPException, OSError) as why:
            return Deferred(said(why), line=True)
        try:
            outcome = await finish(client, recipient, message.content)
        except BaseException:
            client.close()  # in mid-message: nobody may use it again
            raise
        if client.is_connected:
            self._idle.append(client)
        return outcome

    async def _begun(self, sender: str, recipient: str) -> SMTP:
        """A connection that has accepted the sender. Relays hang up on idle ones: then a new one is opened."""
        if self._idle:
            client = self._idle.pop()
            try:
                await begin(client, sender, recipient)
            except (SMTPException, OSError):
                if client.is_connected:
                    await goodbye(client)
                    raise
                self._drop_idle()
            else:
                return client
        client = self._client(sender)
        try:
            await client.connect()
            await begin(client, sender, recipient)
        except BaseException:
            client.close()
            raise
        return client

    def _client(self, sender: str) -> SMTP:
        return SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            # the name of this machine is nobody's business, and it would stand in each Received field
            local_hostname=sender.rpartition("@")[2] or "localhost",
            timeout=self._timeout,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=self._context,
        )

    def _drop_idle(self) -> None:
        """Where one was hung up on, the others that waited as long were too."""
        for client in self._idle:
            client.close()
        self._idle.clear()


def _without(address: str, outcome: Handover) -> Handover:
    reply = scrubbed(outcome.reply, address)
    if isinstance(outcome, Deferred):
        return Deferred(reply, outcome.line)
    return type(outcome)(reply)
