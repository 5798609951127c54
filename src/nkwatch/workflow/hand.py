"""The messages that one connection has."""

import asyncio

from nkwatch.domain.delivery import Handover, Message, Unknown
from nkwatch.workflow.tray import Letter, Tray

_CUT_OFF = Unknown("the connection was given up before the relay answered")


class Hand:
    """The port `Letters`, for one connection."""

    def __init__(self, tray: Tray) -> None:
        self._tray = tray
        # by the identity of the message: to compare contents would cost
        self._letters: dict[int, Letter] = {}
        #: whether the relay said anything of any message
        self.reached = False

    async def next(self) -> Message | None:
        """The next message, waiting for it; None when this connection is to take no more."""
        return self._taken(await self._tray.next())

    def take(self) -> Message | None:
        """The next message if there is one at this moment."""
        return self._taken(self._tray.take())

    async def offer(self, message: Message) -> None:
        """Wait until the content may go out. Where it must not go any more, the connection's work is cancelled."""
        if not await self._tray.offer(self._letters[id(message)]):
            # whatever the connection says of it while it is torn down, nothing of it was sent
            self.give_back(message)
            raise asyncio.CancelledError

    def answered(self, message: Message, outcome: Handover) -> None:
        """What became of a message; called once for each that was not given back."""
        if letter := self._letters.pop(id(message), None):
            self.reached = True
            self._tray.answer(letter, outcome)

    def give_back(self, message: Message) -> None:
        """This message was not offered and says nothing of itself: another connection may take it."""
        if letter := self._letters.pop(id(message), None):
            self._tray.give_back(letter)

    def settle(self) -> None:
        """The connection is gone: nothing stays with it."""
        letters, self._letters = self._letters, {}
        for letter in reversed(letters.values()):
            if self._tray.has_left(letter):
                self._tray.answer(letter, _CUT_OFF)
            else:
                self._tray.give_back(letter)

    def _taken(self, letter: Letter | None) -> Message | None:
        if letter is None:
            return None
        self._letters[id(letter.message)] = letter
        return letter.message
