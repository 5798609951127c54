"""What is kept of a story on its way can be told."""

from dataclasses import replace

from nkwatch.domain.bounce import Bounced, BounceKind
from nkwatch.domain.bulletin import Addressed, Mailing, Window
from nkwatch.store.bounces import BounceStore
from nkwatch.store.traces import TraceStore
from tests.making import NOW
from tests.store.conftest import KEYRING, Stores
from tests.store.people import DAY, KINDS, claim
from tests.store.test_desk import told
from tests.store.test_waiting import alert, content, readers, together, wait


async def test_the_bulletins_of_a_story_are_its_alerts_digests_and_mails_with_others(durable: Stores) -> None:
    one, other = await readers(durable, 2)
    await told(durable, "s1", "s2")
    traces = TraceStore(durable.database, KEYRING)
    await durable.outbox.enqueue(alert("s1", one))
    numbers = await wait(durable, "s1", other), await wait(durable, "s2", other)
    await durable.outbox.enqueue(together(numbers, other, stories=("s1", "s2")))
    windows = [Window(NOW - DAY, NOW + DAY), Window(NOW + DAY, NOW + 2 * DAY)]
    for n, window in enumerate(windows):
        digest = Mailing(f"digest {n}", KINDS.DIGEST, NOW, (), window)
        mails = (Addressed(one, content("s1")), Addressed(other, content("s9")))
        await durable.outbox.enqueue(replace(digest, deliveries=mails))
    found = await traces.bulletins(await traces.story("s1"))
    assert [(b.kind, b.stories, b.deliveries) for b in found] == [
        ("alert", ("s1",), {"pending": 1}),
        ("alert", ("s1", "s2"), {"pending": 1}),
        ("digest", found[2].stories, {"pending": 1}),
    ]
    assert set(found[2].stories) == {"s1", "s9"}
    # held back and freed, it is in the next window as well
    await durable.desk.hold("s1", "Ann", NOW)
    await durable.desk.free("s1", "Ann", NOW + DAY)
    assert len(await traces.bulletins(await traces.story("s1"))) == 4
    assert await traces.story("s9") is None


async def test_a_delivery_tells_of_the_stories_in_it(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    await durable.outbox.enqueue(Mailing("digest 1", KINDS.DIGEST, NOW, (Addressed(one, content("s2", "s1")),)))
    (claimed,) = await claim(durable)
    trace = await TraceStore(durable.database, KEYRING).delivery(claimed.delivery.id)
    assert trace.stories == trace.bulletin.stories == ("s2", "s1")
    assert (trace.subscriber, trace.bulletin.answers) == (replace(one, heard_at=NOW), None)


async def test_a_bulletin_tells_how_many_of_its_mails_came_back_and_as_what(durable: Stores) -> None:
    one, other = await readers(durable, 2)
    mails = tuple(Addressed(reader, content("s1")) for reader in (one, other))
    await durable.outbox.enqueue(Mailing("digest 1", KINDS.DIGEST, NOW, mails))
    first, _ = await claim(durable)
    traces, bounces = TraceStore(durable.database, KEYRING), BounceStore(durable.database, KEYRING)
    assert (await traces.bulletin(first.number)).came_back == {}
    await bounces.mark(Bounced(first.subscriber_id, BounceKind.SOFT, "", first.delivery.id), NOW)
    found = await traces.bulletin(first.number)
    assert (found.deliveries, found.came_back) == ({"leased": 2}, {"soft": 1})


async def test_a_correction_tells_what_it_corrects(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    mails = (Addressed(one, content("s1", kind=KINDS.DIGEST_CORRECTION)),)
    await durable.outbox.enqueue(Mailing("c", KINDS.DIGEST_CORRECTION, NOW, mails, answers=7))
    number = await durable.outbox.number("c", KINDS.DIGEST_CORRECTION, NOW)
    trace = await TraceStore(durable.database, KEYRING).bulletin(number)
    assert trace.answers == 7
