"""The record of polls, day by day: written with them, in their transaction, and never made up."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event, select

from nkwatch.domain.polling import Polled
from nkwatch.editing.coverage import SILENCE, Day, Reach, Record, Spell
from nkwatch.store import schema
from nkwatch.store.days import dated, number
from nkwatch.store.exporting import ExportStore
from nkwatch.store.plots import PlotStore
from tests.making import NOW, polled, sifted, state, statement
from tests.store.conftest import SOURCES

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TODAY = NOW.date()


def asked(days_ago: float = 0, source_id: str = "a", *, answers: bool = True, told=()) -> Polled:
    """A poll of so many days ago."""
    after = state(source_id, failures=0 if answers else 2)
    return polled(sifted(*told), source_id, state=after, at=NOW - days_ago * DAY)


async def record(stores, source_id: str = "a") -> Record:
    return await ExportStore(stores.database).record(source_id)


async def reaches(stores, **fields) -> dict[str, Reach]:
    return dict(await PlotStore(stores.database, SOURCES).reaches(NOW, **fields))


async def test_polls_are_counted_by_source_and_day(durable):
    await durable.statements.record_polls([asked(1), asked(told=[statement("s1")]), asked(source_id="b")])
    await durable.statements.record_polls([asked(answers=False), asked(told=[statement("s2", text="Two.")])])
    assert await record(durable) == Record(TODAY - DAY, {TODAY - DAY: Day(1, 1, 0), TODAY: Day(3, 2, 2)})
    assert await record(durable, "b") == Record(TODAY - DAY, {TODAY: Day(1, 1, 0)})
    assert await record(durable, "nobody") == Record(TODAY - DAY)


async def test_nothing_is_recorded_before_the_first_poll(durable):
    assert await record(durable) == Record()
    assert await reaches(durable) == {}
    await durable.statements.record_polls([])
    assert durable.count("source_day") == 0


async def test_what_was_put_off_is_no_poll(durable):
    await durable.statements.record_polls([polled()])
    assert durable.count("source_day") == 0


async def test_a_day_begins_at_midnight_in_utc(durable):
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    at = [midnight - timedelta(microseconds=1), midnight, midnight + DAY]
    await durable.statements.record_polls([replace(asked(), at=moment) for moment in at])
    assert [row.polls for row in durable.rows(select(schema.source_day))] == [1, 1, 1]


async def test_what_another_source_brought_already_is_not_new(durable):
    one = statement("s1")
    await durable.statements.record_polls([asked(told=[one])])
    await durable.statements.record_polls([asked(told=[one])])
    assert (await record(durable)).days == {TODAY: Day(2, 2, 1)}


async def test_a_poll_that_cannot_be_written_leaves_no_count(durable):
    broken = statement("s2", url="https://a.example/2", title=None)
    with pytest.raises(Exception, match=r"NULL|null"):
        await durable.statements.record_polls([asked(), asked(source_id="b", told=[broken])])
    assert durable.count("source_day") == 0


async def test_many_polls_cost_one_statement_of_the_database(durable):
    written = []

    def note_down(connection, cursor, text, *rest):
        if "source_day" in text:
            written.append(text)

    event.listen(durable.database.engine, "before_cursor_execute", note_down)
    await durable.statements.record_polls([asked(source_id=f"s{n}") for n in range(50)] + [asked(0, "s1")])
    event.remove(durable.database.engine, "before_cursor_execute", note_down)
    assert len(written) == 1
    assert durable.count("source_day") == 50


async def test_a_source_is_reached_since_its_first_answer(durable):
    await durable.statements.record_polls([asked(9, answers=False), asked(5), asked(1), asked(3, "b", answers=False)])
    assert await reaches(durable) == {"a": Reach(TODAY - 5 * DAY)}


async def test_a_long_time_without_an_answer_is_a_spell_whether_it_was_asked_or_not(durable):
    long, short = SILENCE.days + 1, SILENCE.days
    answers = [asked(90), asked(90 - long), asked(90 - long - short), asked(2)]
    failures = [asked(n, answers=False) for n in range(3, 90 - long - short)]
    await durable.statements.record_polls([*answers, *failures, asked(long, "b"), asked(short, "c")])
    assert await reaches(durable) == {
        "a": Reach(
            TODAY - 90 * DAY,
            (
                Spell(TODAY - 90 * DAY, TODAY - (90 - long) * DAY),
                Spell(TODAY - (90 - long - short) * DAY, TODAY - 2 * DAY),
            ),
        ),
        "b": Reach(TODAY - long * DAY, (Spell(TODAY - long * DAY),)),
        "c": Reach(TODAY - short * DAY),
    }


def test_days_are_numbered_from_1970():
    assert (number(date(1970, 1, 2)), dated(1), dated(number(TODAY))) == (1, date(1970, 1, 2), TODAY)
