"""What the workflow needs of mail: how bulletins are composed, assembled and handed over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.alert import Alert
from nkwatch.domain.bulletin import BulletinKind, Composition, Slots
from nkwatch.domain.delivery import Claimed, Handover, Message
from nkwatch.domain.desk import Editor, Note
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Edition, Schedule
from nkwatch.domain.surroundings import Earlier, Surroundings
from nkwatch.editing.digests import Pick, Plan


class Issue(Protocol):
    """The digest of one window, as it is made for many readers."""

    def composed(self, plan: Plan, choice: Choice) -> Composition:
        """The content for readers with this plan; schedule, edition and country of the choice count."""
        ...


class Composer(Protocol):
    """Renders compositions from shared blocks. Raises `ConfigError` when a template is wrong."""

    def issue(self, surroundings: Surroundings, number: int) -> Issue:
        """What composes the digests of one window."""
        ...

    def alert(self, alerts: Sequence[Alert], sent: datetime, edition: Edition) -> Composition:
        """A mail with one alert, or with several that leave together; `sent` is when it was written."""
        ...

    def correction(
        self, kind: BulletinKind, number: int, corrected: int, note: Note, story: Story | None, edition: Edition
    ) -> Composition:
        """The mail that says what was wrong in the bulletin `corrected`; with `story.marks.withdrawn`, all of it."""
        ...

    def lull(self, surroundings: Surroundings, number: int, choice: Choice) -> Composition:
        """The notice that nothing was found in `surroundings.window`, and which sources were looked at."""
        ...

    def confirmation(self, schedule: Schedule, edition: Edition) -> Composition:
        """The mail that asks a new subscriber to confirm."""
        ...

    def letter(self, kind: BulletinKind, edition: Edition) -> Composition:
        """The mail with a link to the settings, or one of those that confirm a change of address."""
        ...

    def slots(self, choice: Choice, picks: Sequence[Pick] = (), earlier: Mapping[str, Earlier] | None = None) -> Slots:
        """What stands in the reader's own places: the phrase, and why each of these stories is sent.

        `earlier` says by followed name (as the reader wrote it) when it was last in the news, and with which story.
        """
        ...


class Assembler(Protocol):
    """Joins blocks and slots into one subscriber's message."""

    def assemble(self, claimed: Claimed) -> Message: ...


class Signer(Protocol):
    """Proves that messages are ours (DKIM), or leaves that to the mail server."""

    async def signed(self, messages: Sequence[Message]) -> list[Message]:
        """The messages in their order, each with its signatures; the same message gets the same ones."""
        ...


class Letters(Protocol):
    """Messages that wait for a connection, and what becomes of them. Each is given to one connection."""

    async def next(self) -> Message | None:
        """The next message, waiting for it; None when this connection is to take no more."""
        ...

    def take(self) -> Message | None:
        """The next message if there is one at this moment."""
        ...

    async def offer(self, message: Message) -> None:
        """Wait until the content may go out: called for each message right before its first octet leaves."""

    def answered(self, message: Message, outcome: Handover) -> None:
        """What became of a message; called once for each that was not given back."""

    def give_back(self, message: Message) -> None:
        """This message was not offered and says nothing of itself: another connection may take it."""


class Relay(Protocol):
    """Hands messages over to the mail relay, over at most `connections` at a time."""

    @property
    def connections(self) -> int: ...

    async def carry(self, letters: Letters) -> str:
        """Hand over what `letters` gives, one after the other over one connection, until it gives no more.

        Answers "" then, and otherwise in one sentence why no relay can be reached. Never raises for what a relay or an
        address does.
        """
        ...

    async def hand_over(self, message: Message) -> Handover:
        """Hand over a single message."""
        ...

    async def close(self) -> None: ...


class Callers(Protocol):
    """Tells editors by mail that an alert waits; no link in it acts."""

    async def call(self, editor: Editor, story: Story, calls: int) -> Handover:
        """Send one call; `calls` were sent before."""
        ...
