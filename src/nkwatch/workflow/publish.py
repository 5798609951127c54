"""Publish: alerts first, then digests, so that a digest knows what was told at once."""

from dataclasses import dataclass

from nkwatch.workflow.alerts import Alerts
from nkwatch.workflow.digests import Digests


@dataclass(frozen=True, slots=True)
class Published:
    """What one round of publishing wrote.

    `alerts` and `updates` are stories told at once, `held` those that an editor must look at, `together` mails with
    alerts that had waited. `digests` are bulletins, `empty` readers whose window closed with nothing to send, `lulls`
    readers who are told that nothing was found for long. `deliveries` are all mails.
    """

    alerts: int = 0
    updates: int = 0
    together: int = 0
    held: int = 0
    digests: int = 0
    empty: int = 0
    lulls: int = 0
    deliveries: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Publish:
    """One round of both."""

    alerts: Alerts
    digests: Digests

    async def __call__(self) -> Published:
        """Publish what is due. A wrong template holds back what needs it, says so, and loses nothing."""
        alerted = await self.alerts()
        digested = await self.digests()
        return Published(
            alerts=alerted.alerts,
            updates=alerted.updates,
            together=alerted.together,
            held=alerted.held,
            digests=digested.digests,
            empty=digested.empty,
            lulls=digested.lulls,
            deliveries=alerted.deliveries + digested.deliveries,
            failed=alerted.failed + digested.failed,
        )
