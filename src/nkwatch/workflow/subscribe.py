"""Join, confirm, choose, pause, move, leave. Nobody is mailed a bulletin without a confirmed consent (promise 3).

A sign-up is answered alike, and with equal work, whether its address is new, known or suppressed: one row is looked at,
one mail is written. Only the claim of deliveries knows which of these mails may go.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nkwatch.domain.bulletin import Addressed, BulletinKind, Composition, Mailing
from nkwatch.domain.subscriber import (
    Choice,
    Consent,
    Joining,
    Rhythm,
    SignUp,
    Standing,
    Subscriber,
    Suppression,
    Tidied,
)
from nkwatch.editing.windows import beginning
from nkwatch.workflow.ports import Clock, Composer, Outbox, Register

#: A link to the settings is mailed at most once in this time.
BETWEEN_LINKS = timedelta(minutes=10)


class Joined(StrEnum):
    """What became of a sign-up."""

    CONFIRMED = "confirmed"
    ASKED = "asked to confirm"
    KNOWN = "already known"
    #: left, erased or complained: the consent at hand does not bring them back
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A subscriber's way in, around and out."""

    register: Register
    outbox: Outbox
    composer: Composer
    clock: Clock

    async def join(
        self, sign_up: SignUp, consent: Consent | None = None, *, not_before: datetime | None = None
    ) -> Joined:
        """Add a subscriber. Without consent on record, one mail asks for it and nothing else is sent.

        Who is subscribed already gets a link to the settings instead. `not_before` puts that mail off.
        """
        joining = await self.register.join(sign_up, consent, self.clock())
        if consent:
            return _joined(joining, sign_up)
        known = joining.standing is Standing.CONFIRMED
        kind = BulletinKind.SETTINGS if known else BulletinKind.CONFIRMATION
        # the key is the same until another mail may be asked for
        key = f"answer {joining.subscriber.id} {joining.asked_at.isoformat()}"
        answer = self._answer(kind, joining.subscriber, sign_up.choice)
        await self.outbox.enqueue(Mailing(key, kind, joining.asked_at, (answer,), due_at=not_before))
        return Joined.KNOWN if known else Joined.ASKED

    async def confirm(self, subscriber_id: str, origin: str) -> bool:
        """Record the consent; the first digest covers one usual span. False when nobody was waiting for it."""
        now = self.clock()
        found = await self.register.find(subscriber_id)
        if found is None:
            return False
        covered_until = beginning(found[0].choice.schedule, now)
        return await self.register.confirm(subscriber_id, Consent(origin, now), covered_until)

    async def ask_settings(self, subscriber_id: str) -> bool:
        """Mail a link to the settings, good for half an hour; false when nobody is subscribed under this id."""
        now = self.clock()
        found = await self._confirmed(subscriber_id)
        if found is None:
            return False
        slot = int(now.timestamp() // BETWEEN_LINKS.total_seconds())
        await self._write(BulletinKind.SETTINGS, f"settings {subscriber_id} {slot}", found, now)
        return True

    async def choose(self, subscriber_id: str, choice: Choice) -> bool:
        """Take another choice. What the reader has covered stays covered; false when nobody is subscribed."""
        found = await self._confirmed(subscriber_id)
        if found is None:
            return False
        covered_until = found.covered_until
        if found.choice.schedule.rhythm is Rhythm.NONE:  # nothing was covered meanwhile, and nothing is to be made up
            covered_until = beginning(choice.schedule, self.clock())
        return await self.register.choose(subscriber_id, choice, covered_until)

    async def pause(self, subscriber_id: str, until: datetime | None) -> bool:
        """Send nothing before `until` (UTC), or go on at once; in force for everything not yet handed over."""
        return await self.register.pause(subscriber_id, until, self.clock())

    async def ask_move(self, subscriber_id: str, address: str) -> bool:
        """Ask both addresses whether the subscription may move; false when nobody is subscribed under this id."""
        now = self.clock()
        found = await self._confirmed(subscriber_id)
        if found is None or await self.register.ask_move(subscriber_id, address, now) is None:
            return False
        for kind in (BulletinKind.MOVE_OLD, BulletinKind.MOVE_NEW):
            await self._write(kind, f"{kind} {subscriber_id} {now.isoformat()}", found, now)
        return True

    async def leave(self, subscriber_id: str, reason: str) -> bool:
        """End a subscription, in force at once for everything not yet handed over; twice is once."""
        return await self.register.end(subscriber_id, reason, self.clock())

    async def erase(self, subscriber_id: str, why: Suppression = Suppression.ERASED) -> bool:
        """Delete everything but the keyed hash of the address, which keeps it from being mailed again."""
        return await self.register.erase(subscriber_id, why, self.clock())

    async def tidy(self) -> Tidied:
        """Erase what is kept no longer (`domain.retention`)."""
        return await self.register.tidy(self.clock())

    async def _confirmed(self, subscriber_id: str) -> Subscriber | None:
        found = await self.register.find(subscriber_id)
        return found[0] if found and found[1] is Standing.CONFIRMED else None

    def _answer(self, kind: BulletinKind, reader: Subscriber, asked: Choice) -> Addressed:
        """The mail that answers a sign-up. Whichever it is, the same is made, and nobody can tell by the time it took.

        That is both mails, and the line of a phrase where there is none.
        """
        choice = reader.choice
        made = {
            BulletinKind.CONFIRMATION: self._composition(BulletinKind.CONFIRMATION, asked),
            BulletinKind.SETTINGS: self._composition(BulletinKind.SETTINGS, choice),
        }
        lines = self.composer.slots(replace(choice, phrase=choice.phrase or "-"))
        return Addressed(reader, made[kind], lines if choice.phrase else ())

    async def _write(self, kind: BulletinKind, key: str, reader: Subscriber, date: datetime) -> None:
        choice = reader.choice
        addressed = Addressed(reader, self._composition(kind, choice), self.composer.slots(choice))
        await self.outbox.enqueue(Mailing(key, kind, date, (addressed,)))

    def _composition(self, kind: BulletinKind, choice: Choice) -> Composition:
        if kind is BulletinKind.CONFIRMATION:
            return self.composer.confirmation(choice.schedule, choice.edition)
        return self.composer.letter(kind, choice.edition)


def _joined(joining: Joining, sign_up: SignUp) -> Joined:
    if not joining.confirmed:
        return Joined.SUPPRESSED
    return Joined.CONFIRMED if joining.subscriber.choice == sign_up.choice else Joined.KNOWN
