"""Stories that editors merge and split: where statements stand, where ids lead, and who had what."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from nkwatch.domain.alert import Told
from nkwatch.domain.bulletin import Addressed, Mailing, Window
from nkwatch.domain.correction import Correction
from nkwatch.domain.desk import Note, Ruling, RulingKind
from nkwatch.domain.merging import Merged, Obstacle, Split, Unfit, Word
from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import EARLIEST
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Rhythm, Subscriber
from nkwatch.reading.stories import marks
from nkwatch.store import removing, schema
from nkwatch.store.archive import ArchiveStore
from nkwatch.store.editions import EditionStore
from nkwatch.store.traces import TraceStore
from tests.making import NOW, placement, polled, prose, sifted, statement
from tests.store.conftest import KEYRING, SOURCES, Stores
from tests.store.people import DAY, KINDS
from tests.store.test_telling import LONG_AGO, got, hand_over
from tests.store.test_waiting import alert, content, readers, together, wait
from tests.workflow.memory import (
    Memory,
    MemoryDesk,
    MemoryOutbox,
    MemoryReadings,
    MemoryStatements,
    MemorySubscribers,
)

HOUR = timedelta(hours=1)
LATER = NOW + DAY
WHOLE = Window(NOW - 99 * DAY, NOW + 99 * DAY)


def word(at: datetime = LATER, why: str = "") -> Word:
    """Ann's."""
    return Word("Ann", at, why)


async def told(stores: Stores, name: str, story: str = "", at: datetime = NOW, **fields: object) -> None:
    """A statement that was seen then, in a story of its own unless one is named."""
    urgency = fields.pop("urgency", Urgency.ROUTINE)
    one = statement(name, first_seen=at, published=at, text=prose(name), **fields)
    await stores.statements.record_polls([polled(sifted(one), one.source_id)])
    await stores.statements.record_readings([placement(one, story, urgency=urgency)], at)


async def standing(stores: Stores, *stories: str) -> dict[str, list[str]]:
    """The statements of these stories that are shown, by story."""
    found = await stores.statements.stories(stories)
    return {s.id: sorted(r.statement.id for r in s.reports) for s in found}


async def merge(stores: Stores, into: str, *others: str, at: datetime = LATER) -> Merged:
    done = await stores.desk.merge(into, others, word(at))
    assert isinstance(done, Merged), done
    return done


async def split(stores: Stores, *statements: str, at: datetime = LATER + HOUR, news: bool = False) -> Split:
    done = await stores.desk.split(statements, word(at), news=news)
    assert isinstance(done, Split), done
    return done


async def had(stores: Stores, reader: Subscriber, since: datetime = LONG_AGO) -> frozenset[str]:
    found = await stores.outbox.had([reader.id], since)
    return found.get(reader.id, frozenset())


async def digest(stores: Stores, reader: Subscriber, *stories: str, at: datetime = NOW + HOUR) -> None:
    """A digest that tells somebody of these stories."""
    mails = (Addressed(reader, content(*stories, kind=KINDS.DIGEST)),)
    await stores.outbox.enqueue(Mailing(f"digest {stories} {at} {reader.id}", KINDS.DIGEST, at, mails))


# Merging


async def test_a_merged_story_is_empty_and_its_id_leads_to_the_other(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2")
    await told(stores, "s3", "s2")
    tried = await stores.desk.merge("s1", ["s2"], word(), dry=True)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1"], "s2": ["s2", "s3"]}
    assert await merge(stores, "s1", "s2") == tried == Merged("s1", ("s2",), ("s2", "s3"))
    assert await standing(stores, "s1", "s2") == {"s1": ["s1", "s2", "s3"]}
    assert await stores.statements.home("s2") == "s1"
    assert {i: s.id for i, s in (await stores.statements.named(["s2", "s1", "s9"])).items()} == {"s2": "s1", "s1": "s1"}


async def test_what_was_merged_into_a_story_goes_on_with_it(stores: Stores) -> None:
    for name in ("s1", "s2", "s3"):
        await told(stores, name)
    await merge(stores, "s2", "s3")
    await merge(stores, "s1", "s2", at=LATER + HOUR)
    assert [await stores.statements.home(i) for i in ("s1", "s2", "s3")] == ["s1", "s1", "s1"]
    for named in ("s2", "s3"):
        done = await stores.desk.merge("s1", [named], word())
        assert done == Unfit(Obstacle.MERGED, named, "s1")
    assert await stores.desk.merge("s3", ["s1"], word()) == Unfit(Obstacle.MERGED, "s3", "s1")


async def test_of_several_that_do_not_all_fit_none_is_merged(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2")
    assert await stores.desk.merge("s1", ["s2", "s9"], word()) == Unfit(Obstacle.NO_STORY, "s9")
    assert await standing(stores, "s1", "s2") == {"s1": ["s1"], "s2": ["s2"]}


async def test_a_story_that_is_held_or_taken_back_is_not_merged_away(stores: Stores) -> None:
    for name in ("s1", "s2", "s3"):
        await told(stores, name)
    await stores.desk.hold("s2", "Ann", NOW)
    await stores.desk.rule(Ruling("s3", RulingKind.CORRECT, "Ann", NOW), Note((("en", "No."),), "Ann", NOW))
    assert await stores.desk.merge("s1", ["s2"], word()) == Unfit(Obstacle.HELD, "s2")
    assert await stores.desk.merge("s1", ["s3"], word()) == Unfit(Obstacle.TAKEN_BACK, "s3")
    await merge(stores, "s3", "s1")


async def test_a_statement_that_was_about_to_join_a_merged_story_joins_the_other(stores: Stores) -> None:
    for name in ("s1", "s2"):
        await told(stores, name)
    await merge(stores, "s1", "s2")
    await told(stores, "s4", "s2", at=LATER + HOUR)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1", "s2", "s4"]}
    # one that was being read anew, too
    one = statement("s2", first_seen=NOW, text=prose("s2"))
    await stores.statements.record_readings([placement(one, "s2")], LATER + HOUR)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1", "s2", "s4"]}


async def test_an_alert_that_was_under_way_ends_with_the_reason_and_the_other_is_not_asked(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", urgency=Urgency.URGENT)
    assert await stores.statements.record_alert("s2", AlertState.HELD, "wait", NOW)
    done = await merge(stores, "s1", "s2")
    assert done.ended == ("s2",)
    (story,) = await stores.statements.stories(["s1"])
    assert (story.alert, story.urgency) == (AlertState.NONE, Urgency.URGENT)
    assert await stores.statements.alert_candidates(9) == []
    assert await stores.desk.calls(LATER) == []
    # taken apart again, it waits again
    assert (await split(stores, "s2")).asked
    (again,) = await stores.statements.stories(["s2"])
    assert again.alert is AlertState.OPEN


async def test_an_alert_that_is_leaving_is_not_merged_away(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", urgency=Urgency.URGENT)
    await stores.statements.record_alert("s2", AlertState.RELEASED, "", NOW)
    assert await stores.desk.merge("s1", ["s2"], word()) == Unfit(Obstacle.LEAVING, "s2")


async def test_who_had_either_has_had_both(stores: Stores) -> None:
    one, other, third = await readers(stores, 3)
    for name in ("s1", "s2", "s3"):
        await told(stores, name)
    await stores.outbox.enqueue(alert("s1", one))
    await stores.outbox.enqueue(alert("s2", other))
    await merge(stores, "s1", "s2")
    assert [("s1" in await had(stores, r)) for r in (one, other, third)] == [True, True, False]
    # also where the one that was told was ready long before the other
    await told(stores, "s5", at=LATER + 9 * DAY)
    await merge(stores, "s5", "s1", at=LATER + 9 * DAY)
    assert "s5" in await had(stores, other, LATER + 9 * DAY)


async def test_what_alerts_told_of_either_counts_for_updates_stops_and_corrections(stores: Stores) -> None:
    one, other, third = await readers(stores, 3)
    for name in ("s1", "s2"):
        await told(stores, name)
    await stores.outbox.enqueue(alert("s1", one))
    await stores.outbox.enqueue(alert("s2", other))
    await hand_over(stores)
    await wait(stores, "s2", third)
    await merge(stores, "s1", "s2")
    assert await stores.outbox.told("s1") == Told(1, NOW, frozenset({"s1", "s2"}), frozenset({2}))
    assert await stores.outbox.told("s2") == await stores.outbox.told("s1")
    assert await stores.outbox.bulletins_with("s1") == await stores.outbox.bulletins_with("s2") == [1, 2]
    assert await stores.outbox.alerts([1, 2]) == {1: "s1", 2: "s1"}
    assert await got(stores, "s1") == [one.id, other.id]
    assert await stores.outbox.stop("s1", LATER) == 1
    assert await stores.outbox.due(LATER, 9) == []


async def test_who_got_a_mail_of_several_alerts_with_a_merged_one_in_it_is_told_of_its_correction(
    stores: Stores,
) -> None:
    one, other = await readers(stores, 2)
    for name in ("s1", "s2", "s3"):
        await told(stores, name)
    numbers = [await wait(stores, name, one) for name in ("s2", "s3")]
    numbers.append(await wait(stores, "s1", other))
    await stores.outbox.enqueue(together(numbers[:2], one, stories=("s2", "s3"), now=NOW))
    await hand_over(stores)
    await merge(stores, "s1", "s2")
    assert await got(stores, "s1") == [one.id]


async def test_what_waits_for_the_next_digest_is_found_there_under_the_other_story(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    for name in ("s1", "s2"):
        await told(stores, name)
    number = await wait(stores, "s2", one, due_at=None)
    await merge(stores, "s1", "s2")
    assert await stores.outbox.beyond([one.id]) == {one.id: {"s1": number}}
    if stores.database:  # that a digest holds it is noted by the store alone
        await digest(stores, one, "s1", at=LATER)
        assert await stores.outbox.beyond([one.id]) == {}


async def test_a_story_keeps_its_own_time_of_becoming_ready(stores: Stores) -> None:
    await told(stores, "s1", at=NOW)
    await told(stores, "s2", at=NOW + HOUR)
    await merge(stores, "s1", "s2")
    assert [(s.id, s.ready_at) for s in await stores.statements.ready_between(WHOLE)] == [("s1", NOW)]


# Splitting


async def test_what_is_split_off_makes_a_story_that_was_ready_when_it_came(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", "s1", at=NOW + HOUR)
    await told(stores, "s3", "s1", at=NOW + 2 * HOUR)
    tried = await stores.desk.split(["s3", "s2"], word(LATER + HOUR), dry=True)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1", "s2", "s3"]}
    assert await split(stores, "s3", "s2") == tried == Split("s2", "s1", ("s2", "s3"), NOW + HOUR)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1"], "s2": ["s2", "s3"]}
    (new,) = await stores.statements.stories(["s2"])
    assert (new.ready_at, new.alert) == (NOW + HOUR, AlertState.NONE)
    assert new.alert_reason == "split off from s1 by Ann"
    # windows that are open hold both; to those that have closed it is no news
    assert [s.id for s in await stores.statements.ready_between(WHOLE)] == ["s1", "s2"]
    assert await stores.statements.ready_between(Window(LATER, LATER + DAY)) == []


async def test_with_news_it_is_news_now_for_who_did_not_have_it(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    await told(stores, "s1")
    await told(stores, "s2", "s1", urgency=Urgency.URGENT)
    await digest(stores, one, "s1")
    assert await stores.statements.record_alert("s1", AlertState.NONE, "no", NOW)
    done = await split(stores, "s2", news=True)
    assert (done.asked, done.news) == (True, True)
    assert [s.id for s in await stores.statements.ready_between(Window(LATER, LATER + DAY))] == ["s2"]
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s2"]
    (story,) = await stores.statements.stories(["s2"])
    assert ["s2" in await had(stores, r, story.ready_at) for r in (one, other)] == [True, False]


async def test_who_had_a_story_has_had_what_stood_in_it_then_and_nothing_that_came_later(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await told(stores, "s1")
    await told(stores, "s2", "s1")
    await digest(stores, one, "s1", at=NOW + HOUR)
    await told(stores, "s3", "s1", at=NOW + 2 * HOUR)
    await split(stores, "s2")
    await split(stores, "s3", at=LATER + 2 * HOUR)
    assert await had(stores, one) == {"s1", "s2"}


async def test_a_merge_is_undone_by_splitting_what_came_with_it(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    await told(stores, "s1")
    await told(stores, "s2", at=NOW + HOUR)
    await told(stores, "s3", "s2", at=NOW + HOUR)
    await digest(stores, one, "s1", at=NOW + 2 * HOUR)
    await digest(stores, other, "s2", at=NOW + 2 * HOUR)
    await merge(stores, "s1", "s2")
    done = await split(stores, "s2", "s3")
    assert (done.story, done.reopened) == ("s2", True)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1"], "s2": ["s2", "s3"]}
    assert await stores.statements.home("s2") == "s2"
    (again,) = await stores.statements.stories(["s2"])
    assert again.ready_at == NOW + HOUR
    assert [await had(stores, r) for r in (one, other)] == [{"s1"}, {"s2"}]


async def test_who_had_all_of_a_merged_story_has_had_each_part_of_it(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    for name, story in (("s1", ""), ("s2", ""), ("s3", "s2")):
        await told(stores, name, story)
    await digest(stores, one, "s2", at=NOW + 2 * HOUR)
    await merge(stores, "s1", "s2")
    await split(stores, "s2")
    assert await standing(stores, "s1", "s2") == {"s1": ["s1", "s3"], "s2": ["s2"]}
    assert await had(stores, one) == {"s1", "s2"}


async def test_names_that_are_split_off_together_lead_to_one_story(stores: Stores) -> None:
    for name in ("s1", "s2", "s3"):
        await told(stores, name)
    await merge(stores, "s1", "s2", "s3")
    assert (await split(stores, "s2", "s3")).story == "s2"
    assert [await stores.statements.home(i) for i in ("s1", "s2", "s3")] == ["s1", "s2", "s2"]
    assert await standing(stores, "s1", "s2", "s3") == {"s1": ["s1"], "s2": ["s2", "s3"]}


async def test_what_cannot_be_split_off_stays(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", "s1")
    await told(stores, "s3")
    for wanted, obstacle in (
        (["s9"], Unfit(Obstacle.NO_STATEMENT, "s9")),
        ([], Unfit(Obstacle.NO_STATEMENT)),
        (["s2", "s3"], Unfit(Obstacle.SEVERAL)),
        (["s1"], Unfit(Obstacle.NAMESAKE, "s1")),
    ):
        assert await stores.desk.split(wanted, word()) == obstacle
    assert await standing(stores, "s1", "s3") == {"s1": ["s1", "s2"], "s3": ["s3"]}


async def test_a_waiting_alert_goes_with_what_was_urgent(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", "s1", urgency=Urgency.URGENT)
    await stores.statements.record_alert("s1", AlertState.HELD, "wait", NOW)
    done = await split(stores, "s2")
    assert (done.asked, done.calmed) == (True, True)
    one, other = await stores.statements.stories(["s1", "s2"])
    assert (one.alert, one.alert_reason) == (AlertState.NONE, "what was urgent was split off by Ann")
    assert other.alert is AlertState.OPEN


# Matching never puts back what an editor took apart


async def test_what_was_split_off_does_not_come_back_by_a_reading_made_anew(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", "s1")
    await split(stores, "s2")
    assert await stores.statements.apart(["s1", "s2"]) == {"s2": frozenset({"s1"})}
    one = statement("s2", first_seen=NOW, text=prose("s2"))
    await stores.statements.record_readings([placement(one, "s1")], LATER + DAY)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1"], "s2": ["s2"]}


async def test_nor_by_a_correction_that_brings_it_on_north_korea_again(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", "s1")
    await split(stores, "s2")
    one = statement("s2", first_seen=NOW, text=prose("s2"))
    for about_nk in (False, True):
        said = Correction("s2", 1, "test.1", LATER + DAY, "Jin", about_nk=about_nk)
        await stores.readings.record_correction(said, "s1", marks(one), LATER + DAY)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1"], "s2": ["s2"]}


async def test_it_does_not_belong_to_the_story_into_which_that_one_went_either(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", "s1")
    await told(stores, "s3")
    await split(stores, "s2")
    await merge(stores, "s3", "s1", at=LATER + 2 * HOUR)
    assert await stores.statements.apart(["s2"]) == {"s2": frozenset({"s3"})}


async def test_an_editor_who_merges_them_after_all_says_that_they_belong_together(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", "s1")
    await split(stores, "s2")
    await merge(stores, "s1", "s2", at=LATER + 2 * HOUR)
    assert await stores.statements.apart(["s2"]) == {}
    one = statement("s2", first_seen=NOW, text=prose("s2"))
    await stores.statements.record_readings([placement(one, "s1")], LATER + DAY)
    assert await standing(stores, "s1", "s2") == {"s1": ["s1", "s2"]}


# What is in the tables only


async def test_what_was_moved_is_indexed_anew_and_what_was_done_is_kept(durable: Stores) -> None:
    for name in ("s1", "s2", "s3"):
        await told(durable, name)
    with durable.database.engine.begin() as connection:
        connection.execute(update(schema.statement).values(indexed=True))
    assert isinstance(await durable.desk.merge("s1", ["s2"], word(why="one march")), Merged)
    await split(durable, "s2")
    rows = durable.rows(select(schema.statement.c.id, schema.statement.c.indexed).order_by(schema.statement.c.id))
    assert [tuple(r) for r in rows] == [("s1", True), ("s2", False), ("s3", True)]
    traced = await TraceStore(durable.database, KEYRING).desk("s1")
    assert [m.what for m in traced.markings] == ["s2 merged into it: one march", "s2 split off"]


async def test_a_redaction_looks_in_the_mails_of_all_stories_in_which_a_statement_ever_stood(durable: Stores) -> None:
    for name, story in (("s1", ""), ("s2", ""), ("s3", "s2"), ("s4", "s1")):
        await told(durable, name, story)
    await merge(durable, "s1", "s2")
    await split(durable, "s3")
    with durable.database.engine.connect() as connection:
        found = [removing.material(connection, name) for name in ("s3", "s4")]
    assert [gone and gone.stories for gone in found] == [{"s1", "s2", "s3"}, {"s1", "s4"}]


async def test_imported_old_news_stays_so_unless_it_is_said_to_be_news(durable: Stores) -> None:
    old = NOW - 100 * 366 * DAY
    for name, story in (("s1", ""), ("s2", "s1"), ("s3", "s1"), ("s4", "")):
        await told(durable, name, story, backlog=True)
    with durable.database.engine.begin() as connection:
        connection.execute(update(schema.story).where(schema.story.c.id == "s1").values(ready_at=old))
    assert await durable.desk.merge("s1", ["s4"], word()) == Unfit(Obstacle.OLD, "s4")
    await split(durable, "s2")
    await split(durable, "s3", news=True, at=LATER + 2 * HOUR)
    ready = {s.id: s.ready_at for s in await durable.statements.stories(["s2", "s3"])}
    assert ready == {"s2": old, "s3": LATER + 2 * HOUR}
    assert ready["s2"] < EARLIEST


async def test_the_page_of_a_story_tells_of_the_alerts_of_both_and_explains_where_it_went(durable: Stores) -> None:
    one, other = await readers(durable, 2)
    for name in ("s1", "s2"):
        await told(durable, name)
    await durable.outbox.enqueue(alert("s1", one))
    await durable.outbox.enqueue(alert("s2", other))
    await hand_over(durable)
    await merge(durable, "s1", "s2")
    past = await ArchiveStore(durable.database).history("s1", ["s1", "s2"])
    assert [a.number for a in past.alerts] == [1, 2]
    traces = TraceStore(durable.database, KEYRING)
    traced = await traces.story("s2")
    assert traced
    assert (traced.id, [(t.id, t.by, t.at) for t in traced.took_in]) == ("s1", [("s2", "Ann", LATER)])
    assert [b.number for b in await traces.bulletins(traced)] == [1, 2]
    await split(durable, "s2")
    assert await traces.apart("s2") == ("s1",)
    assert await traces.apart("s1") == ()


async def test_an_edition_tells_of_a_story_under_each_of_its_names(durable: Stores) -> None:
    for name, story in (("s1", ""), ("s2", ""), ("s3", "s2"), ("s4", "")):
        await told(durable, name, story)
    editions = EditionStore(durable.database)
    mails = (content("s2", kind=KINDS.DIGEST),)
    number = await durable.outbox.number("digest e", KINDS.DIGEST, NOW + HOUR)
    with durable.database.engine.begin() as connection:
        row = {"window_start": NOW, "window_end": NOW + HOUR}
        connection.execute(update(schema.bulletin).where(schema.bulletin.c.number == number).values(row))
    assert await editions.keep(
        Rhythm.WEEKLY, number, Window(NOW, NOW + HOUR), mails, NOW + HOUR, await durable.outbox.as_of()
    )
    await merge(durable, "s1", "s2")
    await split(durable, "s3")
    assert await editions.told(Rhythm.WEEKLY, ["s1", "s3", "s4"]) == {"s1", "s3"}


async def test_stories_that_share_marks_are_offered_the_likest_first(durable: Stores) -> None:
    for name, words in (("s1", "one two"), ("s2", "one two"), ("s3", "other")):
        one = statement(name, text=" ".join(prose(w, 40) for w in words.split()))
        await durable.statements.record_polls([polled(sifted(one))])
        await durable.statements.record_readings([placement(one)], NOW)
    assert (await durable.desk.alike("s1", 5))[:1] == ["s2"]
    assert await durable.desk.alike("s9", 5) == []


# Whatever happens


@dataclass
class Course:
    """What happened so far to the stories of one example: every statement has the example's number before its own."""

    stores: Stores
    number: int
    readers: Sequence[Subscriber]
    now: datetime = NOW
    names: list[str] = field(default_factory=list)
    told: dict[str, set[str]] = field(default_factory=dict)
    merged: bool = False

    async def arrive(self, place: int) -> None:
        """One more statement, in a story that is there or in one of its own."""
        name = f"x{self.number}.{len(self.names)}"
        there = sorted(await self.stories())
        joins = there[place % len(there)] if place % 3 and there else ""
        await told(self.stores, name, joins, at=self.now)
        self.names.append(name)

    async def merge(self, into: int, other: int) -> None:
        name = self.names
        done = await self.stores.desk.merge(name[into % len(name)], [name[other % len(name)]], word(self.now))
        self.merged = self.merged or isinstance(done, Merged)

    async def split(self, one: int, other: int, *, news: bool) -> None:
        wanted = {self.names[one % len(self.names)], self.names[other % len(self.names)]}
        await self.stores.desk.split(sorted(wanted), word(self.now), news=news)

    async def tell(self, reader: Subscriber, place: int) -> None:
        """Whoever did not have a story yet is told of it."""
        there = await self.stories()
        name = sorted(there)[place % len(there)]
        if name not in await self.had(reader, name):
            self.told.setdefault(reader.id, set()).update(there[name])
            await digest(self.stores, reader, name, at=self.now)

    async def had(self, reader: Subscriber, name: str) -> frozenset[str]:
        """What the reader had, as who is about to tell of this story asks."""
        (story,) = await self.stores.statements.stories([name])
        return await had(self.stores, reader, story.ready_at)

    async def stories(self) -> dict[str, set[str]]:
        """The statements of each story, by its id; every statement stands in exactly one."""
        found = await self.stores.statements.named(self.names)
        every = {s.id: {r.statement.id for r in s.reports} for s in found.values()}
        # one that gave its story away still leads to a story that is there
        assert set(found) >= {i for i in self.names if await self.stores.statements.home(i) != i}
        standing = [i for ids in every.values() for i in ids]
        assert len(standing) == len(set(standing))
        return every

    async def check(self) -> None:
        every = await self.stories()
        homes = {i: await self.stores.statements.home(i) for i in self.names}
        assert all(homes[home] == home for home in homes.values()), "redirects are flat"
        loose = set(self.names) - {i for ids in every.values() for i in ids}
        assert not loose, "every statement stands in a story"
        apart = await self.stores.statements.apart(self.names)
        assert not any(i in every.get(story, ()) for i, taken in apart.items() for story in taken)
        for reader in self.readers:
            told = self.told.get(reader.id, set())
            for name, statements in every.items():
                has_had = name in await self.had(reader, name)
                assert has_had or told.isdisjoint(statements), "nobody is told a thing twice"
                assert self.merged or not has_had or told & statements, "and where nothing is merged, nothing is lost"


STEP = st.tuples(
    st.sampled_from(["arrive", "merge", "merge", "split", "split", "news", "tell", "tell"]), *[st.integers(0, 8)] * 2
)
NUMBERS = count()


STEPS = st.lists(STEP, min_size=4, max_size=20)


async def run(stores: Stores, steps: Sequence[tuple[str, int, int]]) -> None:
    """Let it happen, with two readers."""
    course = Course(stores, next(NUMBERS), await readers(stores, 2))
    for place in (0, 0, 1, 2):
        await course.arrive(place)
    for what, one, other in steps:
        course.now += HOUR
        match what:
            case "arrive":
                await course.arrive(one)
            case "merge":
                await course.merge(one, other)
            case "tell":
                await course.tell(course.readers[other % 2], one)
            case _:
                await course.split(one, other, news=what == "news")
        await course.check()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_whatever_is_merged_and_split_nothing_is_lost_and_nobody_is_told_a_thing_twice(
    stores: Stores, steps: Sequence[tuple[str, int, int]]
) -> None:
    await run(stores, steps)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
async def test_nor_in_many_more_ways(steps: Sequence[tuple[str, int, int]]) -> None:
    memory = Memory(SOURCES)
    ports = (MemoryStatements(memory), MemorySubscribers(memory), MemoryOutbox(memory))
    await run(Stores(*ports, MemoryReadings(memory), MemoryDesk(memory)), steps)
