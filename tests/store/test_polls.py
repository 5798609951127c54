"""Sources and their statements: what a poll brings is written whole or not at all."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Fetched, Found
from nkwatch.domain.polling import Polled
from nkwatch.domain.statement import Statement
from nkwatch.store import schema
from tests.making import NOW, entry, placement, source, state, statement
from tests.store.conftest import SOURCES, Stores

MINE, THEIRS = Lease("mine", NOW + timedelta(minutes=10)), Lease("theirs", NOW + timedelta(minutes=20))
NAMES = tuple(SOURCES)


def new(*told: Statement) -> Sifted:
    """New statements, each known by its address."""
    return Sifted(tuple(Known(s, frozenset({f"url:{s.url}"})) for s in told))


async def registered(stores: Stores) -> Stores:
    """The stores, with both sources due now."""
    await stores.statements.register(SOURCES.values(), NOW)
    return stores


async def test_a_source_is_registered_once_and_due_at_once(stores: Stores) -> None:
    await registered(stores)
    await stores.statements.record_polls(
        [Polled(state("a", due_at=NOW + timedelta(hours=3), failures=2), "Publisher a", Sifted())]
    )
    await stores.statements.register(SOURCES.values(), NOW + timedelta(hours=9))
    assert [(s.source_id, s.due_at, s.failures) for s in await stores.statements.states()] == [
        ("a", NOW + timedelta(hours=3), 2),
        ("b", NOW, 0),
    ]


async def test_registering_nothing_is_no_mistake(stores: Stores) -> None:
    await stores.statements.register([], NOW)
    assert await stores.statements.states() == []


async def test_the_state_of_a_source_comes_back_as_it_was_written(stores: Stores) -> None:
    await registered(stores)
    shown = tuple(entry(published=NOW - timedelta(hours=5 * n, seconds=n)) for n in range(8))
    polled = state("a").after(Fetched(shown, 'W/"x"', "Sun, 22 Nov 2026 07:00:00 GMT"), NOW, Found(new=8))
    await stores.statements.record_polls([Polled(polled, "Publisher a", Sifted())])
    (back, _) = await stores.statements.states()
    assert replace(back, interval=polled.interval) == polled
    assert abs(back.interval - polled.interval) < timedelta(seconds=1)


# Claiming


async def test_the_longest_due_is_claimed_first_and_what_is_not_due_is_left(stores: Stores) -> None:
    await stores.statements.register([source("late")], NOW)
    await stores.statements.register([source("early")], NOW - timedelta(hours=1))
    await stores.statements.register([source("not yet")], NOW + timedelta(seconds=1))
    await stores.statements.register([source("not asked")], NOW - timedelta(hours=2))
    claimed = await stores.statements.claim_due(["late", "early", "not yet"], NOW, 9, MINE)
    assert [s.source_id for s in claimed] == ["early", "late"]


async def test_no_more_is_claimed_than_asked_for(stores: Stores) -> None:
    await registered(stores)
    assert len(await stores.statements.claim_due(NAMES, NOW, 1, MINE)) == 1
    assert len(await stores.statements.claim_due(NAMES, NOW, 1, MINE)) == 1
    assert await stores.statements.claim_due(NAMES, NOW, 1, MINE) == []
    assert await stores.statements.claim_due([], NOW, 1, MINE) == []


async def test_a_second_claimer_gets_nothing_until_the_lease_ends(stores: Stores) -> None:
    await registered(stores)
    assert len(await stores.statements.claim_due(NAMES, NOW, 9, MINE)) == 2
    assert await stores.statements.claim_due(NAMES, MINE.until - timedelta(seconds=1), 9, THEIRS) == []
    assert len(await stores.statements.claim_due(NAMES, MINE.until, 9, THEIRS)) == 2
    assert await stores.statements.claim_due(NAMES, MINE.until, 9, MINE) == []


async def test_who_claimed_keeps_what_it_claimed_and_nothing_else(stores: Stores) -> None:
    await registered(stores)
    (mine,), (theirs,) = [await stores.statements.claim_due(NAMES, NOW, 1, lease) for lease in (MINE, THEIRS)]
    longer = Lease(MINE.owner, THEIRS.until + timedelta(hours=1))
    await stores.statements.renew_due([mine.source_id, theirs.source_id], longer)
    assert await stores.statements.claim_due(NAMES, THEIRS.until, 9, THEIRS) == [theirs]
    await stores.statements.record_polls([Polled(mine, "Publisher a", Sifted())])
    await stores.statements.renew_due([mine.source_id], longer)
    assert await stores.statements.claim_due(NAMES, NOW, 9, THEIRS) == [mine]


async def test_recording_a_poll_ends_the_lease(stores: Stores) -> None:
    await registered(stores)
    (claimed, _) = await stores.statements.claim_due(NAMES, NOW, 9, MINE)
    await stores.statements.record_polls([Polled(claimed, "Publisher a", Sifted())])
    assert await stores.statements.claim_due(NAMES, NOW, 9, THEIRS) == [claimed]


async def test_two_processes_that_claim_at_once_share_the_work(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    await one.statements.register([source(f"s{n}") for n in range(40)], NOW)
    ids = [f"s{n}" for n in range(40)]
    claims = [(one if n % 2 else other).statements.claim_due(ids, NOW, 5, MINE if n % 2 else THEIRS) for n in range(12)]
    claimed = [s.source_id for states in await asyncio.gather(*claims) for s in states]
    assert len(claimed) == len(set(claimed))
    rest = await one.statements.claim_due(ids, NOW, 99, MINE)
    assert sorted(claimed + [s.source_id for s in rest]) == sorted(ids)


# Recording


async def test_a_poll_brings_its_statements_and_its_state_together(stores: Stores) -> None:
    await registered(stores)
    done = state("a", due_at=NOW + timedelta(hours=2))
    assert (
        await stores.statements.record_polls([Polled(done, "Publisher a", new(statement("s1"), statement("s2")))]) == 2
    )
    assert [p.statement for p in await stores.statements.unread(9, NOW)] == [statement("s1"), statement("s2")]
    assert (await stores.statements.states())[0].due_at == NOW + timedelta(hours=2)


async def test_a_poll_that_cannot_be_written_whole_leaves_nothing_behind(stores: Stores) -> None:
    await registered(stores)
    broken = replace(new(statement("s1")), further_keys=(("guid:1", "no such statement"),))
    with pytest.raises(Exception, match=r"(?i)foreign key|no statement"):
        await stores.statements.record_polls(
            [Polled(state("a", due_at=NOW + timedelta(hours=2)), "Publisher a", broken)]
        )
    assert await stores.statements.unread(9, NOW) == []
    assert await stores.statements.known("Publisher a", ["url:https://a.example/s1"]) == {}
    assert (await stores.statements.states())[0].due_at == NOW


async def test_recording_a_poll_twice_changes_nothing_more(stores: Stores) -> None:
    await registered(stores)
    sifted = replace(new(statement("s1")), further_keys=(("guid:1", "s1"),))
    assert await stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted)]) == 1
    assert await stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted)]) == 0
    edited = Sifted(edited=(statement().after(entry("Four people are missing"), NOW),))
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", edited)])
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", edited)])
    assert [p.statement.revision for p in await stores.statements.unread(9, NOW)] == [2]


async def test_a_statement_is_known_by_every_key_within_its_publisher(stores: Stores) -> None:
    await registered(stores)
    known = Sifted((Known(statement(), frozenset({"guid:1", "url:a.example/1"})),))
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", known)])
    further = Sifted(further_keys=(("title:missing|2026-11-22", "s1"),))
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", further)])
    keys = ["guid:1", "guid:2", "url:a.example/1", "title:missing|2026-11-22"]
    found = await stores.statements.known("Publisher a", keys)
    assert {k: s.id for k, s in found.items()} == dict.fromkeys(keys[:1] + keys[2:], "s1")
    assert await stores.statements.known("Publisher b", keys) == {}
    assert await stores.statements.known("Publisher a", []) == {}


async def test_a_key_keeps_the_statement_that_had_it_first(stores: Stores) -> None:
    await registered(stores)
    for one in ("s1", "s2"):
        sifted = Sifted((Known(statement(one), frozenset({"guid:1", f"url:{one}"})),))
        await stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted)])
    assert (await stores.statements.known("Publisher a", ["guid:1"]))["guid:1"].id == "s1"


async def test_a_large_source_is_written_and_known_whole(stores: Stores) -> None:
    await registered(stores)
    many = [statement(f"s{n:04}") for n in range(1_200)]
    assert await stores.statements.record_polls([Polled(state("a"), "Publisher a", new(*many))]) == 1_200
    found = await stores.statements.known("Publisher a", [f"url:{s.url}" for s in many])
    assert len(found) == 1_200


text = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


@given(text, text, st.datetimes(min_value=NOW.replace(year=1990, tzinfo=None), timezones=st.just(NOW.tzinfo)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
async def test_a_statement_comes_back_as_it_was_written(
    stores: Stores, title: str, body: str, published: object
) -> None:
    one = statement(f"s{title}{body}{published}", title=title, text=body, published=published, edited_at=NOW)
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", new(one))])
    assert (await stores.statements.known("Publisher a", [f"url:{one.url}"]))[f"url:{one.url}"] == one


# Edits


async def test_an_edit_is_unread_again_and_its_old_text_is_kept(durable: Stores) -> None:
    await registered(durable)
    one = statement()
    await durable.statements.record_polls([Polled(state("a"), "Publisher a", new(one))])
    await durable.statements.record_readings([placement(one)], NOW)
    assert await durable.statements.unread(9, NOW) == []
    later = NOW + timedelta(hours=1)
    second = one.after(entry("Four people are missing", text="Four."), later)
    third = second.after(entry("Five people are missing", text="Five."), later)
    for edited in (second, third, second):
        await durable.statements.record_polls([Polled(state("a"), "Publisher a", Sifted(edited=(edited,)))])
    (unread,) = await durable.statements.unread(9, NOW)
    assert (unread.statement, unread.story_id) == (third, "s1")
    kept = durable.rows(select(schema.statement_revision).order_by(schema.statement_revision.c.revision))
    assert [(r.revision, r.title, r.text, r.replaced_at) for r in kept] == [
        (1, one.title, one.text, later),
        (2, second.title, second.text, later),
    ]


async def test_what_is_unread_comes_in_the_order_in_which_it_was_seen(stores: Stores) -> None:
    await registered(stores)
    hour = timedelta(hours=1)
    told = [
        statement("s3", first_seen=NOW),
        statement("s2", first_seen=NOW - hour),
        statement("s1", first_seen=NOW - hour, published=NOW - hour),
    ]
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", new(*told))])
    assert [p.statement.id for p in await stores.statements.unread(2, NOW)] == ["s1", "s2"]
    assert {p.story_id for p in await stores.statements.unread(9, NOW)} == {""}


async def test_a_source_whose_address_was_changed_in_the_catalogue_is_due_at_once_and_without_validators(
    stores: Stores,
) -> None:
    await registered(stores)
    later = NOW + timedelta(hours=20)
    done = state("a", url=SOURCES["a"].url, etag='"old"', due_at=later, last_ok_at=NOW)
    await stores.statements.record_polls([Polled(done, "Publisher a")])
    moved = replace(SOURCES["a"], url="https://a.example/new")
    for _ in range(2):
        await stores.statements.register([moved], NOW)
    now, _ = await stores.statements.states()
    assert (now.url, now.etag, now.due_at, now.last_ok_at) == (moved.url, "", NOW, NOW)
