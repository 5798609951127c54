"""The canary gets each bulletin once, nothing of anybody's own, and is nobody's address."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Consent, Standing, Suppression
from nkwatch.workflow.canary import CHOICE, ORIGIN, ensure, with_canary
from tests.making import NOW, composition, sign_up, subscriber
from tests.workflow.fakes import FakeClock
from tests.workflow.memory import Memory, MemorySubscribers

ADDRESS = "canary@watch.example"
CANARY = subscriber("canary")


@dataclass
class FakeOutbox:
    """Keeps mailings; everything else is answered with its name."""

    mailings: list[Mailing] = field(default_factory=list)

    async def enqueue(self, mailing: Mailing) -> int:
        self.mailings.append(mailing)
        return len(mailing.deliveries)

    async def stop(self, story_id: str) -> str:
        return f"stopped {story_id}"


def mailing(kind: BulletinKind, *deliveries: Addressed, **more: Any) -> Mailing:
    return Mailing("key", kind, NOW, deliveries, **more)


def addressed(kind: BulletinKind, reader: str = "r1", subject: str = "first") -> Addressed:
    return Addressed(subscriber(reader), composition(subject, kind), (("phrase", "blue heron"),), "<1@a.example>")


@pytest.mark.parametrize("kind", [k for k in BulletinKind if not k.personal])
async def test_each_bulletin_goes_to_the_canary_as_well(kind: BulletinKind) -> None:
    outbox = FakeOutbox()
    given = mailing(kind, addressed(kind), addressed(kind, "r2", "second"), story_id="s1")
    assert await with_canary(outbox, CANARY).enqueue(given) == 3
    (written,) = outbox.mailings
    assert written.deliveries[:2] == given.deliveries
    assert written.deliveries[2] == Addressed(CANARY, composition("first", kind))
    assert (written.key, written.story_id, written.covered) == ("key", "s1", ())


@pytest.mark.parametrize("kind", [k for k in BulletinKind if k.personal])
async def test_what_concerns_one_reader_goes_to_nobody_else(kind: BulletinKind) -> None:
    outbox = FakeOutbox()
    given = mailing(kind, addressed(kind))
    assert await with_canary(outbox, CANARY).enqueue(given) == 1
    assert outbox.mailings == [given]


async def test_a_bulletin_that_goes_to_nobody_does_not_go_to_the_canary() -> None:
    outbox = FakeOutbox()
    empty = mailing(BulletinKind.DIGEST, covered=(subscriber("r1"),))
    assert await with_canary(outbox, CANARY).enqueue(empty) == 0
    assert outbox.mailings == [empty]


async def test_everything_else_is_the_outboxs_own() -> None:
    assert await with_canary(FakeOutbox(), CANARY).stop("s1") == "stopped s1"


# Its row


@pytest.fixture
def register() -> MemorySubscribers:
    return MemorySubscribers(Memory())


async def test_the_canary_is_confirmed_gets_nothing_of_its_own_and_is_marked(register: MemorySubscribers) -> None:
    canary = await ensure(register, ADDRESS, FakeClock())
    own = await register.own(canary.id)
    assert (own.standing, own.address, own.subscriber.choice) == (Standing.CONFIRMED, ADDRESS, CHOICE)
    assert own.consent is not None
    assert own.consent.origin == ORIGIN
    assert await register.with_alerts("", 9, NOW) == []


async def test_it_is_made_once_and_stays(register: MemorySubscribers) -> None:
    clock = FakeClock()
    first = await ensure(register, ADDRESS, clock)
    clock.forward(days=9)
    assert (await ensure(register, ADDRESS, clock)).id == first.id
    assert len(await register.everybody()) == 1


async def test_a_canary_that_left_or_bounced_is_back_at_the_next_start(register: MemorySubscribers) -> None:
    clock = FakeClock()
    first = await ensure(register, ADDRESS, clock)
    await register.end(first.id, "left by one click", clock())
    clock.forward(days=1)
    assert (await ensure(register, ADDRESS, clock)).id == first.id
    await register.suppress(ADDRESS, Suppression.BOUNCED, NOW.replace(year=NOW.year + 1))
    clock.forward(days=400)
    assert (await ensure(register, ADDRESS, clock)).id == first.id


async def test_an_address_that_somebody_reads_with_is_no_canary(register: MemorySubscribers) -> None:
    await register.join(sign_up(ADDRESS), Consent("form", NOW), NOW)
    with pytest.raises(ConfigError, match="somebody subscribed"):
        await ensure(register, ADDRESS, FakeClock())


async def test_an_address_that_may_not_be_mailed_is_no_canary(register: MemorySubscribers) -> None:
    await register.suppress(ADDRESS, Suppression.COMPLAINED, NOW)
    with pytest.raises(ConfigError, match="not to be mailed"):
        await ensure(register, ADDRESS, FakeClock())
