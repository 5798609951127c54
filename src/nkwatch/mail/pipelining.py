"""One round trip a message (RFC 2920): the end of one, and MAIL, RCPT and DATA of the next, leave in one write.

What RFC 2920, 3.1, asks of a client is kept: each reply is looked at, and where DATA is accepted for nobody a lone full
stop ends it. A message whose recipient was refused costs one as well: the next envelope goes with what ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nkwatch.domain.delivery import Handover, Message, Unknown
from nkwatch.mail.conversation import Conversation
from nkwatch.mail.courier import GOODBYE, End, Patience
from nkwatch.mail.envelopes import Envelope, Extensions, enveloped, on_the_line
from nkwatch.mail.letters import Post
from nkwatch.mail.verdicts import CLOSING, START, LineBroken, Reply, of_message, of_recipient, of_refusal

_END = b".\r\n"
_RESET = b"RSET\r\n"


@dataclass(slots=True)
class _Parcel:
    """A message in turn, or the one after it. `said`: its envelope has left."""

    message: Message
    envelope: Envelope
    said: bool = False
    begun: bool = False

    @property
    def commands(self) -> bytes:
        return b"%b\r\n%b\r\nDATA\r\n" % (self.envelope.mail, self.envelope.rcpt)


class _SenderRefusedError(Exception):
    """MAIL was refused: the relay does not want what is ours."""


class Pipeline:
    """A connection to a relay that announces PIPELINING, opened in `name`. One trip at a time."""

    def __init__(self, conversation: Conversation, extensions: Extensions, name: str, patience: Patience) -> None:
        self._conversation, self._extensions, self._name, self._patience = conversation, extensions, name, patience
        #: replies to come that decide nothing
        self._idle_replies = 0
        self._heard = False
        self._post: Post
        self._current: _Parcel | None = None
        self._ahead: _Parcel | None = None

    @property
    def alive(self) -> bool:
        """Whether it can carry more, as far as is known."""
        return self._conversation.alive

    async def carry(self, first: Message, post: Post, *, fresh: bool) -> End:
        """See `Courier.carry`."""
        self._post, self._heard = post, fresh
        self._current = self._parcel(first) or self._taken()
        try:
            while self._current is not None:
                await self._envelope(self._current)
            await self._skip()
        except _SenderRefusedError as refused:
            self._settle(str(refused))
            await self._leave()
            return End(str(refused), refused=True)
        except LineBroken as broken:
            self._settle(str(broken))
            self.close()
            return End(str(broken))
        except BaseException:
            self._heard = False  # whoever stops us does not do so for the message in turn
            self._settle("the hand-over was stopped")
            self.close()
            raise
        return End()

    async def quit(self) -> None:
        """End the connection politely, or at least end it."""
        await self._conversation.quit(min(GOODBYE, self._patience.answer))

    def close(self) -> None:
        """End it at once."""
        self._conversation.close()

    # ---- one message

    async def _envelope(self, parcel: _Parcel) -> None:
        """Read what the relay says to an envelope, and go on accordingly."""
        await self._skip()
        if not parcel.said:
            await self._introduce(parcel)
        mail = await self._reply()
        if not mail.positive:
            of_refusal(mail)
            raise _SenderRefusedError(str(mail))
        refusal = of_recipient(await self._reply())
        if refusal is not None:
            self._decided(parcel, refusal)
        data = await self._reply()
        if data.code != START:
            refused = of_refusal(data)
            if refusal is None:
                self._decided(parcel, refused)
            await self._move_on(_RESET)
        elif refusal is None:
            await self._content(parcel)
        else:
            await self._move_on(_END)

    async def _introduce(self, parcel: _Parcel) -> None:
        """Say the envelope. A sender of another domain must not be known by this name: EHLO again (RFC 5321, 4.1.4)."""
        if parcel.envelope.name not in ("", self._name):
            await self._say([f"EHLO {parcel.envelope.name}\r\n".encode()], 1)
            hello = await self._reply()
            if not hello.positive:
                raise LineBroken(f"the relay does not go on: {hello}")
            self._name = parcel.envelope.name
        await self._say([parcel.commands], 3)
        parcel.said = True

    async def _content(self, parcel: _Parcel) -> None:
        """Hand over the content, and with it the next envelope."""
        content = on_the_line(parcel.message)
        await self._post.offer(parcel.message)
        self._conversation.check()
        self._ahead = self._taken()
        parcel.begun = True
        whole = await self._say_with_next([content, _END])
        reply = await self._conversation.reply(self._patience.last)
        outcome = of_message(reply)
        if not whole and reply.positive:
            raise LineBroken(f"the relay answered before the end of the message: {reply}")
        self._decided(parcel, outcome)
        if not whole or reply.code == CLOSING:
            raise LineBroken(str(reply))
        self._current, self._ahead = self._ahead, None

    async def _move_on(self, ending: bytes) -> None:
        """End a refused transaction, the next one in the same write."""
        self._ahead = self._taken()
        self._idle_replies += 1
        await self._say_with_next([ending])
        self._current, self._ahead = self._ahead, None

    async def _say_with_next(self, pieces: list[bytes]) -> bool:
        replies = 1
        if self._ahead is not None and self._ahead.envelope.name in ("", self._name):
            pieces.append(self._ahead.commands)
            self._ahead.said = True
            replies += 3
        return await self._say(pieces, replies)

    async def _say(self, pieces: Sequence[bytes], replies: int) -> bool:
        return await self._conversation.send(pieces, replies, self._patience.answer)

    async def _reply(self) -> Reply:
        """The next reply, unless it ends the connection."""
        reply = await self._conversation.reply(self._patience.answer)
        if reply.code == CLOSING:
            raise LineBroken(str(reply))
        self._heard = True
        return reply

    async def _skip(self) -> None:
        """Read what is owed for the end of a refused transaction: nobody was to get anything of it."""
        while self._idle_replies:
            self._idle_replies -= 1
            await self._reply()

    async def _leave(self) -> None:
        """Leave after MAIL was refused; where DATA was accepted all the same, a word more might be a mail."""
        try:
            await self._reply()
            start = await self._reply()
        except LineBroken:
            self.close()
            return
        if start.code == START:
            self.close()
        else:
            await self.quit()

    # ---- what becomes of them

    def _taken(self) -> _Parcel | None:
        while (message := self._post.take()) is not None:
            if parcel := self._parcel(message):
                return parcel
        return None

    def _parcel(self, message: Message) -> _Parcel | None:
        """Answers at once for what this relay cannot take."""
        envelope = enveloped(message, self._extensions)
        if isinstance(envelope, Envelope):
            return _Parcel(message, envelope)
        self._post.not_sent(message, envelope)
        return None

    def _decided(self, parcel: _Parcel, outcome: Handover) -> None:
        self._current = None
        self._post.answered(parcel.message, outcome)

    def _settle(self, why: str) -> None:
        """Account for what was on its way when the line broke."""
        current, ahead, self._current, self._ahead = self._current, self._ahead, None, None
        if current is not None and current.begun:
            self._post.answered(current.message, Unknown(f"connection lost after the message: {why}"))
        elif current is not None and self._heard:
            self._post.line_broke(current.message, why)
        elif current is not None:
            self._post.give_back(current.message)
        if ahead is not None:
            self._post.give_back(ahead.message)
