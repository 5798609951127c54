"""What the workflow needs of readers: who gets what, and who joins, changes and leaves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.subscriber import (
    Choice,
    Consent,
    Joining,
    Move,
    Rhythm,
    SignUp,
    Standing,
    Subscriber,
    Suppression,
    Tidied,
)


class Subscribers(Protocol):
    """Who gets what."""

    async def with_alerts(self, after: str, limit: int, now: datetime) -> list[Subscriber]:
        """Confirmed subscribers with alerts on who have not paused, ordered by id, those behind `after`."""
        ...

    async def announce_closing(self, now: datetime) -> None:
        """From now on no story becomes ready before `now`: what is decided after this cannot be overtaken."""

    async def closing(self, now: datetime, limit: int) -> list[Subscriber]:
        """Confirmed subscribers whose next window has closed by `now`, those who have paused too."""
        ...

    async def with_rhythm(self, rhythm: Rhythm, after: str, limit: int, before: datetime) -> list[Subscriber]:
        """Confirmed subscribers with this rhythm whose window began before then, by id, those behind `after`."""
        ...

    async def postpone(self, subscriber_ids: Sequence[str], until: datetime) -> None:
        """Look at these subscribers' windows again at `until`; what the windows cover does not change."""


class Register(Protocol):
    """The roll of subscribers: who joined, confirmed, changed, left."""

    async def join(self, sign_up: SignUp, consent: Consent | None, now: datetime) -> Joining:
        """Add a subscriber, pending unless consent is given.

        Who is pending gets the new choice, who is confirmed keeps the old one, who left begins anew; consent from
        before that does not count. A suppressed address is taken in like a new one, as pending: nothing is ever sent
        there, and nobody can tell.
        """
        ...

    async def find(self, subscriber_id: str) -> tuple[Subscriber, Standing] | None:
        """The subscriber with this id."""
        ...

    async def confirm(self, subscriber_id: str, consent: Consent, covered_until: datetime) -> bool:
        """Confirm a pending subscriber; false when it was none."""
        ...

    async def choose(self, subscriber_id: str, choice: Choice, covered_until: datetime) -> bool:
        """Give a confirmed subscriber another choice; false when there is none."""
        ...

    async def pause(self, subscriber_id: str, until: datetime | None, now: datetime) -> bool:
        """Send nothing before `until`, and cancel every bulletin not yet handed over; None goes on at once.

        False when no such subscriber is confirmed.
        """
        ...

    async def end(self, subscriber_id: str, reason: str, now: datetime) -> bool:
        """End a subscription and cancel everything not yet handed over; false when nothing was to end."""
        ...

    async def erase(self, subscriber_id: str, why: Suppression, now: datetime) -> bool:
        """Delete all that is known of a subscriber but the keyed hash of the address; false when there is none."""
        ...

    async def ask_move(self, subscriber_id: str, address: str, now: datetime) -> Move | None:
        """Open a change of address, in place of an earlier one; None when no such subscriber is confirmed."""
        ...

    async def confirm_move(self, subscriber_id: str, side: BulletinKind, asked_at: datetime) -> Move | None:
        """Note that one side (`MOVE_OLD`, `MOVE_NEW`) confirmed the change asked for then.

        With both, the address changes, unless somebody else has it or it is suppressed. None when there is no such
        change under way.
        """
        ...

    async def tidy(self, now: datetime) -> Tidied:
        """Erase what is kept no longer: see `domain.retention`."""
        ...
