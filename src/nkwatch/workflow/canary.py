"""The canary: an address of the operator's own that gets every bulletin, so that it is seen whether they arrive."""

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, cast

from nkwatch.domain.bulletin import Addressed, Mailing
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Choice, Consent, Rhythm, Schedule, SignUp, Subscriber
from nkwatch.workflow.ports import Clock, Register

#: Recorded in the place of a consent: so the canary is told from readers wherever they are listed.
ORIGIN = "canary"
#: Neither digests nor alerts are its own: it gets a copy of what others get.
CHOICE = Choice(schedule=Schedule(Rhythm.NONE), alerts=False)


class Enqueues(Protocol):
    """What takes mailings."""

    async def enqueue(self, mailing: Mailing) -> int | None:
        """Write the deliveries; answers how many are new."""
        ...


O = TypeVar("O", bound=Enqueues)  # noqa: E741


async def ensure(register: Register, address: str, clock: Clock) -> Subscriber:
    """The canary's row, which is there from now on. Raises `ConfigError` where the address is somebody's."""
    now = clock()
    joining = await register.join(SignUp(address, CHOICE), Consent(ORIGIN, now), now)
    if not joining.confirmed:
        raise ConfigError("watch.canary: this address is not to be mailed, by what is known of it here; take another")
    if joining.subscriber.choice != CHOICE:
        raise ConfigError("watch.canary: somebody subscribed with this address; take one that nobody reads")
    return joining.subscriber


def with_canary(outbox: O, canary: Subscriber) -> O:
    """The same outbox, but for its `enqueue`: each bulletin that goes to anybody goes to the canary as well."""
    return cast("O", WithCanary(outbox, canary))


@dataclass(frozen=True, slots=True)
class WithCanary:
    """An outbox that adds the canary. Batches of one bulletin have one key, so it gets each bulletin once."""

    outbox: Any
    canary: Subscriber

    async def enqueue(self, mailing: Mailing) -> int | None:
        """Write the deliveries, the canary's among them; answers how many are new."""
        added = tuple(self._copy(mailing))
        count: int | None = await self.outbox.enqueue(replace(mailing, deliveries=(*mailing.deliveries, *added)))
        return count

    def _copy(self, mailing: Mailing) -> list[Addressed]:
        """What the first reader gets, without anything of the reader's own."""
        if mailing.kind.personal or not mailing.deliveries:
            return []
        return [Addressed(self.canary, mailing.deliveries[0].composition)]

    def __getattr__(self, name: str) -> Any:
        """Everything else is the outbox's own."""
        return getattr(self.outbox, name)
