"""The relay that takes our mail (RFC 5321): a few connections, opened when needed, kept open and used again."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from aiosmtplib import SMTP, SMTPException, SMTPHeloError

from nkwatch.domain.delivery import Handover, Message
from nkwatch.mail.conversation import Conversation
from nkwatch.mail.courier import Courier, End, Patience
from nkwatch.mail.envelopes import Envelope, Extensions, enveloped, named
from nkwatch.mail.letters import Letters, Post, Single, Suspects
from nkwatch.mail.pipelining import Pipeline
from nkwatch.mail.replies import scrubbed
from nkwatch.mail.transaction import Careful, said

Security = Literal["tls", "starttls", "none"]

#: Seconds that a connection may lie idle and still be used: what stands between forgets sooner than the relay does.
_IDLE = 100.0
#: New connections over which not one message went: then the relay is as good as not there.
_FRUITLESS = 3
#: Whatever a relay offers, for looking at a message before there is a connection.
_ANYTHING = Extensions(smtputf8=True)


class SmtpRelay:
    """At most `connections` connections to one relay.

    With "tls" and "starttls" there is no falling back to plain text, and the certificate is checked. `timeout` is
    in seconds, for each answer, and `last_timeout` for the one to a whole message. `context` replaces the system's
    certificates.

    What concerns this mailbox or this message decides on the delivery. What concerns the relay or us (no connection,
    login or sender refused) puts it off with `line`, so that no reader is lost by our mistake.
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
        last_timeout: float = 300,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username or None, password or None
        self._patience = Patience(timeout, last_timeout)
        self._context = context
        self._connections = connections
        self._free = asyncio.Semaphore(connections)
        self._waiting = 0
        self._idle: list[tuple[float, Courier]] = []
        self._suspects = Suspects()

    @property
    def connections(self) -> int:
        """How many messages are handed over at a time."""
        return self._connections

    @property
    def name(self) -> str:
        """The relay, for people."""
        return f"{self._host}:{self._port}"

    async def carry(self, letters: Letters) -> str:
        """Hand over what `letters` gives, one after the other over one connection at a time, until it gives no more.

        Answers "" then, and otherwise in one sentence why the relay cannot be reached. Never raises for what a relay or
        an address does.
        """
        fruitless = 0
        while (message := await letters.next()) is not None:
            post = Post(letters, self._suspects, self._is_awaited)
            wrong = enveloped(message, _ANYTHING)
            if not isinstance(wrong, Envelope):
                post.not_sent(message, wrong)
                continue
            end, fresh = await self._trip(message, post)
            if post.decided or not (end.why and fresh):
                fruitless = 0 if post.decided else fruitless
                continue
            fruitless += 1
            if end.refused or fruitless >= _FRUITLESS:
                return scrubbed(end.why, message.recipient)
        return ""

    async def hand_over(self, message: Message) -> Handover:
        """Hand over a single message."""
        return await Single(message).by(self.carry)

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(courier.quit() for _, courier in idle))

    async def _trip(self, message: Message, post: Post) -> tuple[End, bool]:
        """One connection's turn; true when it was opened for it. One that cannot be opened refuses all that is ours."""
        started = False
        try:
            async with self._slot():
                courier = self._idle_one()
                fresh = courier is None
                if courier is None:
                    courier = await self._opened(message)
                started = True
                end = await courier.carry(message, post, fresh=fresh)
        except (SMTPException, OSError, ValueError) as why:
            if started:
                raise
            post.give_back(message)
            return End(said(why), refused=True), True
        except BaseException:
            if not started:
                post.give_back(message)
            raise
        self._keep(courier, end, fresh=fresh)
        return end, fresh

    def _keep(self, courier: Courier, end: End, *, fresh: bool) -> None:
        if courier.alive and not end.why:
            self._idle.append((asyncio.get_running_loop().time(), courier))
            return
        courier.close()
        if not fresh:
            # where one was hung up on, the others that waited as long were too
            for _, other in self._idle:
                other.close()
            self._idle.clear()

    def _idle_one(self) -> Courier | None:
        """A connection that lay idle for a short time, the latest first. Relays hang up on idle ones."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            since, courier = self._idle.pop()
            if courier.alive and now - since < _IDLE:
                return courier
            courier.close()
        return None

    async def _opened(self, message: Message) -> Courier:
        """A new connection, secured and logged in. Raises what aiosmtplib raises."""
        name = named(message)
        client = self._client(name)
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await _hello(client)
        except BaseException:
            client.close()
            raise
        extensions = Extensions.of(client.esmtp_extensions)
        if not extensions.pipelining or client.transport is None:
            return Careful(client, extensions, name, self._patience)
        conversation = Conversation()
        conversation.take_over(client.transport)
        return Pipeline(conversation, extensions, name, self._patience)

    def _client(self, name: str) -> SMTP:
        return SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            local_hostname=name,
            timeout=self._patience.answer,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=self._context,
        )

    def _is_awaited(self) -> bool:
        """Whether somebody waits for a connection: then none is kept for longer than a message."""
        return self._waiting > 0

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


async def _hello(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()
