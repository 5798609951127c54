"""Editions in the database, and which alerts the archive lists. Nothing of a reader's is ever among them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert

from nkwatch.domain.bulletin import Addressed, Block, BulletinKind, Composition, Mailing, Window
from nkwatch.domain.delivery import Sent
from nkwatch.domain.desk import Note, Ruling, RulingKind
from nkwatch.domain.edition import Amendment, Progress, SentAlert, StandardEdition
from nkwatch.domain.subscriber import Rhythm
from nkwatch.store import schema
from nkwatch.store.editions import EditionStore
from nkwatch.store.published import content, published
from tests.making import NOW, composition, placement, polled, sifted, statement
from tests.store.conftest import Stores
from tests.store.people import claim, confirmed, record

ALERT, DIGEST = BulletinKind.ALERT, BulletinKind.DIGEST
WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)
FIRST, SECOND = Window(NOW - WEEK, NOW), Window(NOW, NOW + WEEK)
KEY = "digest of the first week"


@pytest.fixture
def editions(durable: Stores) -> EditionStore:
    """The editions of a database."""
    return EditionStore(durable.database)


def made(*languages: str, stories: tuple[str, ...] = ("s1",), kind: BulletinKind = DIGEST) -> list[Composition]:
    """One composition in each language."""
    return [replace(composition(f"Week in {c}", kind, c), stories=stories) for c in languages or ("en", "ko")]


async def kept(editions: EditionStore, window: Window = FIRST, stories: tuple[str, ...] = ("s1",)) -> int:
    """The number of an edition of this window."""
    number = await editions.begin(Rhythm.WEEKLY, f"digest {window.start}", window, window.end)
    assert await editions.keep(Rhythm.WEEKLY, number, window, made(stories=stories), window.end)
    return number


async def alerted(
    stores: Stores,
    key: str,
    *compositions: Composition,
    sent: bool = True,
    story: str = "s1",
    told: tuple[int, ...] = (),
) -> int:
    """The number of an alert; each composition goes to a reader of its own."""
    people = [await confirmed(stores, f"{key}{n}@example.org", alerts=True) for n in range(len(compositions))]
    mails = tuple(Addressed(r, c) for r, c in zip(people, compositions, strict=True))
    mailing = Mailing(key, ALERT, NOW, mails, story_id=story, reports=(story,) if story else (), told=told)
    await stores.outbox.enqueue(mailing)
    if sent:
        await record(stores, [(c.delivery, Sent("250 taken")) for c in await claim(stores)])
    return await stores.outbox.number(key, ALERT, NOW)


# Windows


async def test_an_edition_is_kept_and_its_window_covered_at_once(durable: Stores, editions: EditionStore) -> None:
    assert await editions.progress(Rhythm.WEEKLY) is None
    number = await editions.begin(Rhythm.WEEKLY, KEY, FIRST, NOW)
    assert await editions.progress(Rhythm.WEEKLY) == Progress(FIRST.start, FIRST.end)
    assert await editions.edition(number) is None, "nothing is shown before it is whole"
    assert await editions.keep(Rhythm.WEEKLY, number, FIRST, made(), NOW)
    assert await editions.progress(Rhythm.WEEKLY) == Progress(FIRST.end)
    found = await editions.edition(number)
    assert found is not None
    assert (found.number, found.rhythm, found.window, found.date) == (1, Rhythm.WEEKLY, FIRST, NOW)
    shown = [(v.language, v.subject, v.fingerprint, v.stories) for v in found.versions]
    assert shown == [(c.language, c.subject, c.fingerprint, ("s1",)) for c in made()]
    for version, one in zip(found.versions, made(), strict=True):
        assert await content(durable.database, version.composition_id) == (one, number)
    assert durable.count("delivery") == 0
    assert await published(durable.database, number) is None, "no mail has this number"


async def test_what_was_closed_by_another_process_is_not_closed_again(editions: EditionStore) -> None:
    number = await kept(editions)
    assert await editions.begin(Rhythm.WEEKLY, "another", FIRST, NOW) == 0
    assert not await editions.keep(Rhythm.WEEKLY, number, FIRST, made("fr"), NOW)
    assert not await editions.pass_over(Rhythm.WEEKLY, FIRST)
    found = await editions.edition(number)
    assert found is not None
    assert [v.language for v in found.versions] == ["en", "ko"]


async def test_a_window_without_an_edition_is_covered_and_takes_no_number(
    durable: Stores, editions: EditionStore
) -> None:
    assert await editions.pass_over(Rhythm.WEEKLY, FIRST)
    assert await editions.progress(Rhythm.WEEKLY) == Progress(FIRST.end)
    assert durable.count("bulletin") == 0
    assert await kept(editions, SECOND) == 1


async def test_readers_digest_of_the_same_window_has_the_same_number_and_content(
    durable: Stores, editions: EditionStore
) -> None:
    reader = await confirmed(durable)
    number = await editions.begin(Rhythm.WEEKLY, KEY, FIRST, NOW)
    await durable.outbox.enqueue(Mailing(KEY, DIGEST, NOW, (Addressed(reader, made("en")[0]),)))
    assert await editions.keep(Rhythm.WEEKLY, number, FIRST, made(), NOW)
    (posted,) = await durable.outbox.deliveries_of(reader.id, 9)
    assert posted.number == number
    assert durable.count("composition") == 2


async def test_two_rhythms_that_close_one_window_have_one_edition(editions: EditionStore) -> None:
    number = await kept(editions)
    assert await editions.begin(Rhythm.DAILY, f"digest {FIRST.start}", FIRST, NOW) == number
    assert not await editions.keep(Rhythm.DAILY, number, FIRST, made(), NOW)
    assert await editions.progress(Rhythm.DAILY) == Progress(FIRST.end)


async def test_what_an_edition_of_a_rhythm_told_is_known(editions: EditionStore) -> None:
    await kept(editions, stories=("s1", "s22"))
    assert await editions.told(Rhythm.WEEKLY, ["s1", "s2", "s22", "%"]) == {"s1", "s22"}
    assert await editions.told(Rhythm.DAILY, ["s1"]) == frozenset()


# What is listed


async def test_editions_and_alerts_are_listed_by_number_page_by_page(durable: Stores, editions: EditionStore) -> None:
    first = await kept(editions)
    alert = await alerted(durable, "one", *made("en", kind=ALERT))
    second = await kept(editions, SECOND)
    listed = await editions.listed()
    assert [(one.number, type(one)) for one in listed] == [
        (second, StandardEdition), (alert, SentAlert), (first, StandardEdition),
    ]  # fmt: skip
    assert [one.number for one in await editions.listed(limit=2)] == [second, alert]
    assert [one.number for one in await editions.listed(alert)] == [first]
    assert await editions.listed(first) == []


async def test_no_digest_of_a_reader_and_no_personal_mail_is_listed(durable: Stores, editions: EditionStore) -> None:
    reader = await confirmed(durable)
    mails = (Addressed(reader, made("en")[0]),)
    await durable.outbox.enqueue(Mailing("a digest", DIGEST, NOW, mails, window=FIRST))
    letter = (Addressed(reader, composition("link", BulletinKind.SETTINGS)),)
    await durable.outbox.enqueue(Mailing("a letter", BulletinKind.SETTINGS, NOW, letter))
    await record(durable, [(c.delivery, Sent("250 taken")) for c in await claim(durable)])
    assert await editions.listed() == []
    assert await editions.edition(await durable.outbox.number("a digest", DIGEST, NOW)) is None
    assert await editions.beside(StandardEdition(1, Rhythm.WEEKLY, FIRST, NOW)) == (None, None)


async def test_an_alert_is_listed_once_somebody_was_sent_it(durable: Stores, editions: EditionStore) -> None:
    html = replace(made("en", kind=ALERT)[0], html=(Block(b"<p>\r\n"),))
    neutral = replace(made("fr", kind=ALERT)[0], neutral=True)
    number = await alerted(durable, "one", *made("en", "ko", kind=ALERT), html, neutral, sent=False)
    assert await editions.alert(number) is None
    await record(durable, [(c.delivery, Sent("250 taken")) for c in (await claim(durable))[:1]])
    found = await editions.alert(number)
    assert found is not None
    assert (found.story_id, found.follows, found.date) == ("s1", 0, NOW)
    assert [v.language for v in found.versions] == ["en", "ko"], "a neutral mail says nothing"
    told = await content(durable.database, found.versions[0].composition_id)
    assert told is not None
    assert told[0].html, "the one that looks like the mail"


async def test_alerts_that_left_together_are_listed_one_by_one(durable: Stores, editions: EditionStore) -> None:
    reader = await confirmed(durable, "r@example.org", alerts=True)
    numbers = [await alerted(durable, key, sent=False, story=key) for key in ("s1", "s2")]
    both = await alerted(durable, "both", *made("en", kind=ALERT), sent=False, story="")
    for number in numbers:
        row = {"alert": number, "bulletin": both}
        await durable.database.write(lambda c, row=row: c.execute(insert(schema.together).values(row)))
    # what had no reader at all is listed, too: editors let it go
    assert [one.number for one in await editions.listed()] == [2, 1]
    await durable.outbox.enqueue(
        Mailing("s1", ALERT, NOW, (Addressed(reader, made("ko", kind=ALERT)[0]),), story_id="s1")
    )
    assert [one.number for one in await editions.listed()] == [2]
    waiting = [c for c in await claim(durable) if c.number == both]
    await record(durable, [(c.delivery, Sent("250 taken")) for c in waiting])
    assert [one.number for one in await editions.listed()] == [2, 1]


async def test_an_alert_that_was_stopped_before_it_left_is_never_listed(
    durable: Stores, editions: EditionStore
) -> None:
    one = statement("s1")
    await durable.statements.record_polls([polled(sifted(one))])
    await durable.statements.record_readings([placement(one)], NOW)
    number = await alerted(durable, "one", *made("en", kind=ALERT), sent=False)
    await durable.outbox.stop("s1", NOW)
    await durable.desk.rule(Ruling("s1", RulingKind.STOP, "Ann", NOW))
    assert await editions.alert(number) is None
    await durable.database.write(lambda c: c.execute(delete(schema.delivery)))
    assert await editions.alert(number) is None, "nor when its deliveries are forgotten"
    other = await alerted(durable, "two", *made("en", kind=ALERT), story="s9")
    await durable.database.write(lambda c: c.execute(delete(schema.delivery)))
    assert await editions.alert(other) is not None


async def test_an_update_names_the_alert_that_it_follows(durable: Stores, editions: EditionStore) -> None:
    first = await alerted(durable, "one", *made("en", kind=ALERT))
    mailing = Mailing("two", ALERT, NOW, story_id="s1", reports=("s2",), answers=first)
    await durable.outbox.enqueue(mailing)
    second = await durable.outbox.number("two", ALERT, NOW)
    found = await editions.alert(second)
    assert found is not None
    assert (found.follows, found.versions) == (first, ())
    assert await editions.beside(found) == (first, None)


async def test_what_is_before_and_behind_is_of_the_same_kind(durable: Stores, editions: EditionStore) -> None:
    first = await kept(editions)
    await alerted(durable, "one", *made("en", kind=ALERT))
    second = await kept(editions, SECOND)
    found = await editions.edition(first)
    assert found is not None
    assert await editions.beside(found) == (None, second)
    other = await editions.edition(second)
    assert other is not None
    assert await editions.beside(other) == (first, None)


async def test_the_corrections_that_readers_were_sent_stand_beside_a_bulletin(
    durable: Stores, editions: EditionStore
) -> None:
    reader = await confirmed(durable)
    number = await kept(editions)
    kind = BulletinKind.DIGEST_CORRECTION
    mails = (Addressed(reader, composition("It was in Hoeryong", kind)),)
    await durable.outbox.enqueue(Mailing("c", kind, NOW + HOUR, mails, answers=number))
    assert await editions.amendments(number) == [], "not before it left"
    await record(durable, [(c.delivery, Sent("250 taken")) for c in await claim(durable, NOW + HOUR)])
    ((correction),) = await editions.amendments(number)
    assert isinstance(correction, Amendment)
    assert (correction.number, correction.date) == (number + 1, NOW + HOUR)
    assert [v.subject for v in correction.versions] == ["It was in Hoeryong"]
    assert await editions.amendments(number + 1) == []


async def test_the_date_of_a_bulletin_and_the_marks_of_stories_are_known(
    durable: Stores, editions: EditionStore
) -> None:
    number = await kept(editions)
    assert (await editions.date(number), await editions.date(99)) == (NOW, None)
    one = statement("s1")
    await durable.statements.record_polls([polled(sifted(one))])
    await durable.statements.record_readings([placement(one)], NOW)
    await durable.desk.note("s1", Note((("en", "A note."),), "Ann", NOW), NOW)
    marks = await editions.marks(["s1", "s1", "s2"])
    assert list(marks) == ["s1"]
