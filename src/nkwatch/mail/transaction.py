"""The careful way (RFC 5321, 3.3): MAIL, RCPT, DATA, each answer read before the next command, all by aiosmtplib."""

import socket
import ssl
from collections.abc import Awaitable

from aiosmtplib import SMTP, SMTPException, SMTPResponse, SMTPResponseException

from nkwatch.domain.delivery import Deferred, Handover, Message, Unknown
from nkwatch.mail.courier import GOODBYE, End, Patience
from nkwatch.mail.envelopes import Envelope, Extensions, enveloped, on_the_line
from nkwatch.mail.letters import Post
from nkwatch.mail.verdicts import CLOSING, START, LineBroken, Reply, of_message, of_recipient, of_refusal


class Careful:
    """A connection to a relay that does not announce PIPELINING. One trip at a time."""

    def __init__(self, client: SMTP, extensions: Extensions, name: str, patience: Patience) -> None:
        self._client, self._extensions, self._name, self._patience = client, extensions, name, patience
        self._post: Post
        self._current: Message | None = None
        self._heard = self._begun = False

    @property
    def alive(self) -> bool:
        """Whether it can carry more, as far as is known."""
        return self._client.is_connected

    async def carry(self, first: Message, post: Post, *, fresh: bool) -> End:
        """See `Courier.carry`."""
        self._post, self._heard, self._current = post, fresh, first
        try:
            while self._current is not None:
                if refused := await self._one(self._current):
                    await self.quit()
                    return End(refused, refused=True)
                self._current = post.take()
        except LineBroken as broken:
            return self._settled(str(broken))
        except BaseException:
            self._heard = False
            self._settled("the hand-over was stopped")
            raise
        return End()

    async def quit(self) -> None:
        """End the connection politely, or at least end it."""
        try:
            await self._client.quit(timeout=min(GOODBYE, self._patience.answer))
        except (SMTPException, OSError):
            self.close()

    def close(self) -> None:
        """End it at once."""
        self._client.close()

    async def _one(self, message: Message) -> str:
        """Hand over one message; answers why the relay wants none that is ours. Raises for a broken line."""
        self._begun = False
        envelope = enveloped(message, self._extensions)
        if not isinstance(envelope, Envelope):
            self._current = None
            self._post.not_sent(message, envelope)
            return ""
        await self._introduce(envelope.name)
        mail = await self._say(envelope.mail)
        if not mail.positive:
            of_refusal(mail)
            self._current = None
            self._post.line_broke(message, str(mail))
            return str(mail)
        outcome = of_recipient(await self._say(envelope.rcpt)) or await self._data(message)
        self._current = None
        self._post.answered(message, outcome)
        if isinstance(outcome, Deferred) and outcome.line:
            raise LineBroken(outcome.reply)
        if not self._begun:
            await self._reset()
        return ""

    async def _introduce(self, name: str) -> None:
        if name not in ("", self._name):
            await _heard(self._client.ehlo(hostname=name))
            self._name = name

    async def _data(self, message: Message) -> Handover:
        start = await self._say(b"DATA")
        if start.positive:
            raise LineBroken(f"the relay gave an answer that does not belong here: {start}")
        if start.code != START:
            return of_refusal(start)
        await self._post.offer(message)
        protocol = self._client.protocol
        if protocol is None or not protocol.is_connected:
            raise LineBroken("the relay closed the connection")
        self._begun = True
        protocol.write(on_the_line(message) + b".\r\n")
        response = await _heard(protocol.read_response(timeout=self._patience.last))
        return of_message(Reply(response.code, response.message))

    async def _reset(self) -> None:
        """End a refused transaction."""
        reply = await self._say(b"RSET")
        if not reply.positive:
            raise LineBroken(str(reply))

    async def _say(self, command: bytes) -> Reply:
        """One command and its reply, unless that ends the connection."""
        response = await _heard(self._client.execute_command(*command.split(b" ", 1)))
        if response.code == CLOSING:
            raise LineBroken(f"{response.code} {response.message}")
        self._heard = True
        return Reply(response.code, response.message)

    def _settled(self, why: str) -> End:
        """Account for what was on its way when the line broke."""
        current, self._current = self._current, None
        if current is not None and self._begun:
            self._post.answered(current, Unknown(f"connection lost after the message: {why}"))
        elif current is not None and self._heard:
            self._post.line_broke(current, why)
        elif current is not None:
            self._post.give_back(current)
        self.close()
        return End(why)


async def _heard(answer: Awaitable[SMTPResponse]) -> SMTPResponse:
    """The answer; whatever aiosmtplib finds wrong with it breaks the line."""
    try:
        return await answer
    except (SMTPException, OSError) as why:
        raise LineBroken(said(why)) from why


def said(problem: Exception) -> str:
    """What the relay answered, or what went wrong on the line."""
    if isinstance(problem, SMTPResponseException):
        return f"{problem.code} {problem.message}"
    return unreached(problem) or str(problem) or type(problem).__name__


def unreached(problem: Exception) -> str:
    """The usual reasons why there is no connection, in words; else nothing."""
    match problem.__cause__ or problem:
        case socket.gaierror():
            return "no address is found for that name"
        case ConnectionRefusedError():
            return "the connection was refused: nobody listens there"
        case ssl.SSLCertVerificationError() as wrong:
            return f"its certificate does not hold: {wrong.verify_message}"
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return "it does not speak TLS there"
        case _:
            return ""
