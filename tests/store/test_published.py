"""What may be told of a bulletin to whoever has its number or the id of its content."""

from dataclasses import replace

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.delivery import Sent
from nkwatch.store.published import content, published
from tests.making import NOW, composition
from tests.store.conftest import Stores
from tests.store.people import claim, confirmed, pending, record, send

ALERT, DIGEST = BulletinKind.ALERT, BulletinKind.DIGEST


async def sent(stores: Stores, kind: BulletinKind, *subjects: str, language: str = "en", neutral: bool = False) -> int:
    """The number of a bulletin that each of these subjects was handed over of, to a reader of its own."""
    made = [replace(composition(s, kind), language=language, neutral=neutral) for s in subjects]
    people = [await confirmed(stores, f"reader{n}.{language}{neutral}@example.org") for n in range(len(made))]
    mails = tuple(Addressed(r, c) for r, c in zip(people, made, strict=True))
    await stores.outbox.enqueue(Mailing("one", kind, NOW, mails))
    found = await claim(stores)
    await record(stores, [(c.delivery, Sent("250 taken")) for c in found])
    return found[0].number


async def test_an_alert_is_known_by_its_number_with_its_subject_in_each_language(durable: Stores) -> None:
    number = await sent(durable, ALERT, "Seven held", "Seven held")
    assert await sent(durable, ALERT, "일곱 명", language="ko") == number
    assert await sent(durable, ALERT, "Your note", neutral=True) == number
    found = await published(durable.database, number)
    assert found is not None
    assert (found.number, found.kind, found.date) == (number, ALERT, NOW)
    assert [(s.language, s.text, s.neutral) for s in found.subjects] == [
        ("en", "Seven held", False),
        ("en", "Your note", True),
        ("ko", "일곱 명", False),
    ]
    assert found.heads == {"Seven held", "Your note", "일곱 명"}
    told = await content(durable.database, found.subjects[2].copy)
    assert told is not None
    assert (told[0].subject, told[1]) == ("일곱 명", number)


async def test_where_readers_got_different_subjects_none_is_told(durable: Stores) -> None:
    number = await sent(durable, ALERT, "Seven held", "Two alerts")
    assert await sent(durable, ALERT, "Your note", neutral=True) == number
    assert await sent(durable, ALERT, "일곱 명", language="ko") == number
    found = await published(durable.database, number)
    assert found is not None
    assert [s.language for s in found.subjects] == ["ko"], "in a neutral mail it would look as if it were the only one"
    assert found.heads == {"Seven held", "Two alerts", "Your note", "일곱 명"}


async def test_of_a_digest_no_subject_is_told(durable: Stores) -> None:
    number = await sent(durable, DIGEST, "Weekly digest")
    found = await published(durable.database, number)
    assert found is not None
    assert (found.kind, found.subjects, found.heads) == (DIGEST, (), frozenset())


async def test_what_nobody_was_sent_is_not_told(durable: Stores) -> None:
    await send(durable, await confirmed(durable), "waits")
    (waiting,) = await claim(durable)
    assert await published(durable.database, waiting.number) is None
    assert await published(durable.database, waiting.number + 1) is None


async def test_what_concerns_one_reader_is_not_told(durable: Stores) -> None:
    await pending(durable)
    (asked,) = await claim(durable)
    await record(durable, [(asked.delivery, Sent("250 taken"))])
    for number in (asked.number, -asked.number, 0):
        assert await published(durable.database, number) is None
    assert await content(durable.database, asked.composition_id) is None
    assert await content(durable.database, "0" * 64) is None
