"""What editors say of stories and alerts is kept, and stands on the stories."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import event, select

from nkwatch.domain.bulletin import Window
from nkwatch.domain.correction import Correction
from nkwatch.domain.desk import UNMARKED, Marks, Note, Precision, Ruling, RulingKind, Translation
from nkwatch.domain.reading import Urgency
from nkwatch.domain.story import AlertState
from nkwatch.store import schema
from nkwatch.store.marks import Marking
from nkwatch.store.traces import TraceStore
from tests.making import NOW, placement, polled, sifted, statement
from tests.store.conftest import KEYRING, Stores
from tests.store.people import DAY
from tests.store.test_waiting import alert, readers

HOUR = timedelta(hours=1)
NOTE = Note((("en", "Seen before."), ("ko", "전에 본 것.")), "Ann", NOW)
WHOLE = Window(NOW - 99 * DAY, NOW + 99 * DAY)


async def told(
    stores: Stores, *names: str, story: str = "", urgency: Urgency = Urgency.URGENT, **fields: object
) -> None:
    """Statements an hour apart, in stories of their own unless one is named."""
    for n, name in enumerate(names):
        one = statement(name, **fields)
        await stores.statements.record_polls([polled(sifted(one), one.source_id)])
        await stores.statements.record_readings([placement(one, story, urgency=urgency)], NOW + n * HOUR)


async def ready(stores: Stores, window: Window = WHOLE) -> list[str]:
    """The ids of the stories of a window."""
    return [s.id for s in await stores.statements.ready_between(window)]


async def marks(stores: Stores, story: str = "s1") -> Marks:
    """What editors said of a story."""
    (found,) = await stores.statements.stories([story])
    return found.marks


async def test_marks_stand_on_the_story_and_can_be_taken_back(stores: Stores) -> None:
    await told(stores, "s1", "s2")
    assert await marks(stores) == UNMARKED
    assert await stores.desk.hold("s1", "Ann", NOW)
    assert await stores.desk.pin("s1", "Ann", NOW, on=True)
    assert await stores.desk.drop("s1", "Ann", NOW, on=True)
    assert await stores.desk.note("s1", NOTE, NOW)
    assert await marks(stores) == Marks(held=True, pinned=True, dropped=True, note=NOTE)
    assert await stores.desk.free("s1", "Ben", NOW)
    assert await stores.desk.pin("s1", "Ann", NOW, on=False)
    assert await stores.desk.drop("s1", "Ann", NOW, on=False)
    assert await stores.desk.note("s1", None, NOW)
    assert await marks(stores) == Marks()
    assert await marks(stores, "s2") == Marks()


async def test_nothing_is_said_of_a_story_that_is_none(stores: Stores) -> None:
    assert not await stores.desk.hold("s1", "Ann", NOW)
    assert not await stores.desk.free("s1", "Ann", NOW)
    assert not await stores.desk.pin("s1", "Ann", NOW, on=True)
    assert not await stores.desk.drop("s1", "Ann", NOW, on=True)
    assert not await stores.desk.note("s1", NOTE, NOW)
    assert not await stores.desk.translate(Translation("s1", "ko", "제목", "", "Ann", NOW))
    assert await stores.desk.rule(Ruling("s1", RulingKind.RELEASE, "Ann", NOW)) == []


async def test_a_held_story_goes_nowhere_until_it_is_freed_and_is_news_then(stores: Stores) -> None:
    await told(stores, "s1", "s2")
    await stores.desk.hold("s1", "Ann", NOW)
    assert await ready(stores) == ["s2"]
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s2"]
    assert await stores.statements.held(NOW) == 1
    await stores.subscribers.announce_closing(NOW + 3 * HOUR)
    assert await stores.desk.free("s1", "Ann", NOW + 2 * HOUR)
    assert not await stores.desk.free("s1", "Ann", NOW + 2 * HOUR)
    assert await stores.statements.held(NOW + 2 * HOUR) == 0
    assert await ready(stores, Window(NOW + 2 * HOUR, NOW + 3 * HOUR)) == []
    assert await ready(stores, Window(NOW + 3 * HOUR, NOW + 4 * HOUR)) == ["s1"]
    assert await ready(stores, Window(NOW, NOW + HOUR)) == ["s1"]
    assert await ready(stores) == ["s1", "s2"]
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s1", "s2"]


async def test_what_is_asked_of_a_story_that_was_taken_back_is_not_hidden(durable: Stores) -> None:
    await told(durable, "s1")
    await durable.desk.rule(Ruling("s1", RulingKind.WITHDRAW, "Ann", NOW), NOTE)
    assert [s.id for s in await durable.statements.alert_candidates(9)] == ["s1"], "an editor must look at what is new"
    assert await marks(durable) == Marks(correction=NOTE, withdrawn=True)


async def test_a_correction_stands_on_the_story(stores: Stores) -> None:
    await told(stores, "s1")
    await stores.desk.rule(Ruling("s1", RulingKind.CORRECT, "Ann", NOW, "in the note"), NOTE)
    assert await marks(stores) == Marks(correction=NOTE)


async def test_translations_stand_on_the_story_of_their_statement(stores: Stores) -> None:
    await told(stores, "s1", "s2")
    await told(stores, "s3", story="s1")
    given = [
        Translation("s1", "ko", "제목", "본문", "Ann", NOW),
        Translation("s3", "ja", "題名", "", "Ben", NOW),
        Translation("s1", "fr", "Titre", "", "Ben", NOW),
    ]
    for one in given:
        assert await stores.desk.translate(one)
    assert set((await marks(stores)).translations) == set(given)
    assert (await marks(stores, "s2")).translations == ()
    better = Translation("s1", "ko", "더 나은 제목", "", "Ben", NOW + DAY)
    assert await stores.desk.translate(better)
    assert await stores.desk.translate(Translation("s1", "fr", "", "", "Ben", NOW + DAY))
    assert await stores.desk.translate(Translation("s1", "fr", "", "", "Ben", NOW + DAY))
    assert set((await marks(stores)).translations) == {better, given[1]}


async def test_marks_of_many_stories_are_read_in_few_statements(durable: Stores) -> None:
    names = [f"s{n}" for n in range(40)]
    await told(durable, *names)
    for name in names:
        await durable.desk.pin(name, "Ann", NOW, on=True)
        await durable.desk.translate(Translation(name, "ko", "제목", "", "Ann", NOW))
    said: list[str] = []

    def note(*told: object) -> None:
        said.append(str(told[2]))

    event.listen(durable.database.engine, "before_cursor_execute", note)
    found = await durable.statements.stories(names)
    event.remove(durable.database.engine, "before_cursor_execute", note)
    assert all(s.marks.pinned and s.marks.translations for s in found)
    assert len([s for s in said if s.startswith("SELECT")]) <= 4


async def test_whatever_editors_do_is_kept_with_who_and_when(durable: Stores) -> None:
    await told(durable, "s1")
    for _ in range(2):  # said twice it is kept once
        await durable.desk.hold("s1", "Ann", NOW)
        await durable.desk.note("s1", NOTE, NOW)
        await durable.desk.translate(Translation("s1", "ko", "제목", "", "Ben", NOW))
        await durable.desk.rule(Ruling("s1", RulingKind.WITHHOLD, "Ann", NOW, "not sure"))
    await durable.desk.free("s1", "Ben", NOW + HOUR)
    await durable.desk.pin("s1", "Ben", NOW, on=True)
    await durable.desk.pin("s1", "Ann", NOW, on=False)
    await durable.desk.drop("s1", "Ann", NOW, on=False)
    traces = TraceStore(durable.database, KEYRING)
    trace = await traces.desk("s1")
    assert trace.marks == await marks(durable)
    assert trace.markings == (
        Marking("Ann", NOW, "held"),
        Marking("Ann", NOW, "noted"),
        Marking("Ben", NOW, "translation into ko kept"),
        Marking("Ben", NOW + HOUR, "freed"),
        Marking("Ben", NOW, "pinned"),
        Marking("Ann", NOW, "not pinned any longer"),
    )
    assert trace.rulings == (Ruling("s1", RulingKind.WITHHOLD, "Ann", NOW, "not sure"),)
    assert (await traces.story("s1")).freed_at == NOW + HOUR
    assert (await traces.desk("s9")).marks is UNMARKED


async def test_a_story_that_was_told_is_not_forgotten_when_its_reports_leave_it(durable: Stores) -> None:
    await told(durable, "s1")
    await durable.outbox.enqueue(alert("s1", *await readers(durable, 1)))
    await durable.statements.record_alert("s1", AlertState.SENT, "", NOW)
    await told(durable, "s2", story="s1")  # perhaps an update
    await told(durable, "s3")
    for name in ("s1", "s2", "s3"):
        off = Correction(name, 1, "test.1", NOW, "Ann", about_nk=False)
        assert await durable.readings.record_correction(off, "", (), NOW)
    assert durable.rows(select(schema.story.c.id)) == [("s1",)]


# Rulings


async def test_rulings_come_back_in_their_order_each_once(stores: Stores) -> None:
    await told(stores, "s1", "s2")
    first = Ruling("s1", RulingKind.RELEASE, "Ann", NOW)
    second = Ruling("s1", RulingKind.RELEASE, "Ben", NOW, "looks right")
    assert await stores.desk.rule(first) == [first]
    assert await stores.desk.rule(first) == [first]
    assert await stores.desk.rule(second) == [first, second]
    assert await stores.desk.rulings("s1") == [first, second]
    assert await stores.desk.rulings("s2") == []


async def test_of_editors_who_rule_at_once_one_sees_all_rulings(opened: Callable[[], Stores]) -> None:
    stores = [opened() for _ in range(3)]
    await told(stores[0], "s1")
    rulings = [Ruling("s1", RulingKind.RELEASE, f"editor {n}", NOW) for n in range(3)]
    seen = await asyncio.gather(*(s.desk.rule(r) for s, r in zip(stores, rulings, strict=True)))
    assert sorted(map(len, seen)) == [1, 2, 3]


# How often a source was right


async def ruled(stores: Stores, name: str, kind: RulingKind, editor: str = "Ann") -> None:
    """An alert that an editor ruled on, recorded as it is then."""
    await stores.desk.rule(Ruling(name, kind, editor, NOW), NOTE if kind is RulingKind.WITHDRAW else None)
    states = {
        RulingKind.RELEASE: AlertState.SENT,
        RulingKind.WITHHOLD: AlertState.WITHHELD,
        RulingKind.RULE: AlertState.SENT,
    }
    if states.get(kind) is AlertState.SENT:
        await stores.outbox.enqueue(alert(name, *await readers(stores, 1)))
    if kind in states:
        await stores.statements.record_alert(name, states[kind], "", NOW)


async def test_a_source_was_right_where_an_editor_let_its_alert_go_and_nobody_took_it_back(durable: Stores) -> None:
    await told(durable, "s1", "s2", "s3", "s4", "s5")
    await told(durable, "s6", source_id="b")
    await ruled(durable, "s1", RulingKind.RELEASE)
    await ruled(durable, "s2", RulingKind.RELEASE)
    await ruled(durable, "s2", RulingKind.WITHDRAW)
    await ruled(durable, "s3", RulingKind.WITHHOLD)
    await durable.statements.record_alert("s4", AlertState.HELD, "look", NOW)
    await ruled(durable, "s5", RulingKind.RULE, "")
    await ruled(durable, "s6", RulingKind.RELEASE)
    assert await durable.desk.precisions(NOW) == [Precision("a", 1, 2, 1), Precision("b", 1)]
    assert await durable.desk.precisions(NOW + DAY) == [Precision("a", waiting=1)]


async def test_an_update_that_is_withheld_makes_the_alert_no_less_right(durable: Stores) -> None:
    await told(durable, "s1")
    await ruled(durable, "s1", RulingKind.RELEASE)
    await ruled(durable, "s1", RulingKind.WITHHOLD)
    assert await durable.desk.precisions(NOW) == [Precision("a", 1)]
    await durable.statements.record_alert("s1", AlertState.HELD, "an update", NOW)
    assert await durable.desk.precisions(NOW) == [Precision("a", 1)]


async def test_one_yes_of_two_says_nothing_yet(durable: Stores) -> None:
    await told(durable, "s1")
    await durable.statements.record_alert("s1", AlertState.HELD, "look", NOW)
    await durable.desk.rule(Ruling("s1", RulingKind.RELEASE, "Ann", NOW))
    assert await durable.desk.precisions(NOW) == [Precision("a", waiting=1)]


async def test_the_source_is_that_of_the_earliest_urgent_report(durable: Stores) -> None:
    await told(durable, "s1", urgency=Urgency.ROUTINE, published=NOW - DAY)
    await told(durable, "s2", story="s1", source_id="b", published=NOW - HOUR)
    await told(durable, "s3", story="s1", published=NOW)
    await ruled(durable, "s1", RulingKind.RELEASE)
    assert await durable.desk.precisions(NOW) == [Precision("b", 1)]
    # what was read as urgent was raised by it, whatever an editor said after
    said = Correction("s2", 1, "test.1", NOW, "Ann", urgency=Urgency.ROUTINE)
    assert await durable.readings.record_correction(said, "", (), NOW)
    assert await durable.desk.precisions(NOW) == [Precision("b", 1)]


# Calls


async def test_held_alerts_are_called_for_since_they_were_held(stores: Stores) -> None:
    await told(stores, "s1", "s2", "s3")
    await stores.statements.record_alert("s1", AlertState.HELD, "look", NOW + HOUR)
    await stores.statements.record_alert("s2", AlertState.HELD, "look", NOW)
    assert sorted(await stores.desk.calls(NOW + DAY)) == [("s1", 0, NOW + HOUR), ("s2", 0, NOW)]
    await stores.desk.called("s1", 1, NOW + 2 * HOUR)
    await stores.desk.called("s1", 1, NOW + 3 * HOUR)
    await stores.desk.called("s3", 1, NOW)
    assert sorted(await stores.desk.calls(NOW + DAY)) == [("s1", 1, NOW + 2 * HOUR), ("s2", 0, NOW)]


async def test_an_alert_that_is_asked_about_anew_keeps_its_calls_until_it_is_decided(stores: Stores) -> None:
    await told(stores, "s1")
    await stores.statements.record_alert("s1", AlertState.HELD, "look", NOW)
    await stores.desk.called("s1", 1, NOW + HOUR)
    await told(stores, "s2", story="s1")
    await stores.statements.record_alert("s1", AlertState.HELD, "look again", NOW + 2 * HOUR)
    assert await stores.desk.calls(NOW + DAY) == [("s1", 1, NOW + HOUR)]
    await stores.statements.record_alert("s1", AlertState.SENT, "", NOW + 3 * HOUR)
    await told(stores, "s3", story="s1")
    await stores.statements.record_alert("s1", AlertState.HELD, "an update", NOW + 4 * HOUR)
    assert await stores.desk.calls(NOW + DAY) == [("s1", 0, NOW + 4 * HOUR)]


async def test_nobody_is_called_for_what_an_editor_holds_back_but_for_what_is_new_of_something_withdrawn(
    durable: Stores,
) -> None:
    for name in ("s1", "s2"):
        await told(durable, name)
        await durable.statements.record_alert(name, AlertState.HELD, "look", NOW)
    await durable.desk.hold("s1", "Ann", NOW)
    await durable.desk.rule(Ruling("s2", RulingKind.WITHDRAW, "Ann", NOW), NOTE)
    assert [story for story, _, _ in await durable.desk.calls(NOW)] == ["s2"]
