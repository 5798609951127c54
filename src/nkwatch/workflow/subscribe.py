"""Join, confirm, leave. Nobody is mailed a bulletin without a confirmed, recorded consent (promise 3)."""

from dataclasses import dataclass
from enum import StrEnum

from nkwatch.domain.bulletin import BulletinKind, Mailing
from nkwatch.domain.subscriber import Consent, SignUp, Standing
from nkwatch.editing.windows import beginning
from nkwatch.workflow.ports import Clock, Composer, Outbox, Register


class Joined(StrEnum):
    """What became of a sign-up."""

    CONFIRMED = "confirmed"
    ASKED = "asked to confirm"
    KNOWN = "already known"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A subscriber's way in and out."""

    register: Register
    outbox: Outbox
    composer: Composer
    clock: Clock

    async def join(self, sign_up: SignUp, consent: Consent | None = None) -> Joined:
        """Add a subscriber. Without consent on record, one mail asks for it and nothing else is sent."""
        now = self.clock()
        subscriber_id, standing = await self.register.join(sign_up, consent, now)
        if standing is Standing.CONFIRMED:
            return Joined.CONFIRMED if consent else Joined.KNOWN
        found = await self.register.find(subscriber_id)
        if found is None:
            return Joined.KNOWN
        asked = self.composer.confirmation(sign_up.schedule, sign_up.language, sign_up.format)
        # one such mail per address and day: the key is the same until midnight
        key = f"confirmation {subscriber_id} {now:%Y-%m-%d}"
        mailing = Mailing(key, BulletinKind.CONFIRMATION, now, ((found[0], asked),))
        await self.outbox.enqueue(mailing)
        return Joined.ASKED

    async def confirm(self, subscriber_id: str, origin: str) -> bool:
        """Record the consent; the first digest covers one usual span. False when nobody was waiting for it."""
        now = self.clock()
        found = await self.register.find(subscriber_id)
        if found is None:
            return False
        covered_until = beginning(found[0].schedule, now)
        return await self.register.confirm(subscriber_id, Consent(origin, now), covered_until)

    async def leave(self, subscriber_id: str, reason: str) -> bool:
        """End a subscription, in force at once for everything not yet handed over; twice is once."""
        return await self.register.end(subscriber_id, reason, self.clock())
