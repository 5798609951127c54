"""Errands, snapshots, hosts that rest, health: what polls and visits leave behind, in every store."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from nkwatch.domain.errand import Purpose, Ran, Rest
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Trouble
from nkwatch.domain.polling import Health
from nkwatch.domain.statement import EARLIEST, Article, Presence, Statement
from nkwatch.store import schema
from tests.making import NOW, article, entry, errand, placement, polled, prose, sifted, snapshot, state, statement
from tests.store.conftest import SOURCES, Stores

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MINE, THEIRS = Lease("mine", NOW + 10 * MINUTE), Lease("theirs", NOW + 10 * MINUTE)


async def told(stores: Stores, *statements: Statement, **fields: Any) -> None:
    """What one poll brought."""
    await stores.statements.record_polls([polled(sifted(*statements, **fields))])


async def one(stores: Stores, statement_id: str = "s1") -> Statement:
    """A statement as it is now."""
    key = f"url:https://a.example/{statement_id}"
    found: Statement = (await stores.statements.known("Publisher a", [key]))[key]
    return found


async def edited(stores: Stores, shown: str, *, ask: bool = False, embargo: Any = None) -> Statement:
    """The statement after its source showed another text."""
    after = (await one(stores)).after(entry("Edited", text=shown, embargo=embargo), NOW + HOUR)
    errands = (errand(due_at=NOW + HOUR),) if ask else ()
    await stores.statements.record_polls([polled(Sifted(edited=(after,), errands=errands))])
    return after


# Statements


async def test_every_field_of_a_statement_comes_back(stores: Stores) -> None:
    full = statement(
        teaser="Three.", embargo=NOW + HOUR, read_from=NOW + HOUR, backlog=True, published_estimated=True,
        revision=3, edited_at=NOW, author="Somebody", presence=Presence.KEPT,
    )  # fmt: skip
    await told(stores, full)
    assert await one(stores) == full


async def test_every_field_of_a_state_comes_back(stores: Stores) -> None:
    await stores.statements.register(SOURCES.values(), NOW)
    full = state(
        "a", url="https://a.example/feed", adopted="https://new.example/", etag='W/"x"', last_modified="yesterday",
        body="0" * 64, shown=9, interval=3 * HOUR, failures=4, trouble=Trouble.BLOCKED, reason="It refuses us.",
        last_ok_at=NOW, last_new_at=NOW - HOUR, full_at=NOW - 2 * HOUR, newest_at=NOW - 3 * HOUR,
        longest_gap=timedelta(days=400), gap=True, moved_to="https://moved.example/", moved_at=NOW - 4 * HOUR,
        moved_seen=2, health=Health.BLOCKED, health_since=NOW - 5 * HOUR,
    )  # fmt: skip
    await stores.statements.record_polls([polled(state=full)])
    back = (await stores.statements.states())[0]
    assert back == full
    assert (type(back.trouble), type(back.health)) == (Trouble, Health)


async def test_a_state_says_how_long_a_gap_was_even_where_a_date_was_absurd(stores: Stores) -> None:
    await stores.statements.register(SOURCES.values(), NOW)
    absurd = timedelta(days=365 * 2025)
    await stores.statements.record_polls([polled(state=state("a", longest_gap=absurd))])
    assert (await stores.statements.states())[0].longest_gap == absurd


async def test_several_polls_are_written_together_or_not_at_all(stores: Stores) -> None:
    await stores.statements.register(SOURCES.values(), NOW)
    good = polled(sifted(statement("s1")), state=state("a", failures=3))
    bad = polled(sifted(statement("s2"), further_keys=(("guid:1", "no such statement"),)), "b")
    with pytest.raises(Exception, match=r"(?i)foreign key|no statement"):
        await stores.statements.record_polls([good, bad])
    assert await stores.statements.unread(9, NOW) == []
    assert [s.failures for s in await stores.statements.states()] == [0, 0]
    assert await stores.statements.record_polls([good, polled(sifted(statement("s2")), "b")]) == 2
    assert [s.failures for s in await stores.statements.states()] == [3, 0]
    assert await stores.statements.record_polls([]) == 0


@pytest.mark.parametrize("length", [2_000, 100_000])
async def test_a_key_of_any_length_is_kept_and_found(stores: Stores, length: int) -> None:
    keys = [f"guid:{os.urandom(length).hex()}{n}" for n in range(2)]
    await stores.statements.record_polls([polled(Sifted((Known(statement(), frozenset(keys[:1])),)))])
    found = await stores.statements.known("Publisher a", keys)
    assert {k: s.id for k, s in found.items()} == {keys[0]: "s1"}


async def test_a_statement_that_another_source_of_the_publisher_brought_meanwhile_is_not_new(stores: Stores) -> None:
    """Both sources were polled at once: neither saw what the other showed."""
    first = Known(statement("s1"), frozenset({"guid:1", "url:x"}))
    second = Known(statement("s2"), frozenset({"url:x", "symbol:X"}))
    assert await stores.statements.record_polls([polled(Sifted((first,)))]) == 1
    found = Sifted((second,), errands=(errand("s2"),))
    page = snapshot()
    assert await stores.statements.record_polls([polled(found, publisher="Publisher a", snapshot=page)]) == 0
    known = await stores.statements.known("Publisher a", ["guid:1", "url:x", "symbol:X"])
    assert {k: s.id for k, s in known.items()} == dict.fromkeys(["guid:1", "url:x", "symbol:X"], "s1")
    assert await stores.statements.claim_errands(NOW, 9, MINE) == []
    assert [p.statement.id for p in await stores.statements.unread(9, NOW)] == ["s1"]


async def test_two_statements_of_one_title_and_day_that_came_at_once_are_two(stores: Stores) -> None:
    first = Known(statement("s1"), frozenset({"guid:1", "title:report|2026-11-22"}))
    second = Known(statement("s2"), frozenset({"guid:2", "title:report|2026-11-22"}))
    await stores.statements.record_polls([polled(Sifted((first,)))])
    assert await stores.statements.record_polls([polled(Sifted((second,)))]) == 1
    known = await stores.statements.known("Publisher a", ["guid:1", "guid:2", "title:report|2026-11-22"])
    assert {k: s.id for k, s in known.items()} == {"guid:1": "s1", "guid:2": "s2", "title:report|2026-11-22": "s1"}


async def test_sources_of_one_publisher_recorded_at_once_do_not_lock_each_other_out(
    opened: Callable[[], Stores],
) -> None:
    one_process, other = opened(), opened()
    await one_process.statements.register(SOURCES.values(), NOW)
    many = [statement(f"s{n:03}") for n in range(300)]
    for _ in range(3):
        await asyncio.gather(
            one_process.statements.record_polls([polled(sifted(*many))]),
            other.statements.record_polls([polled(sifted(*reversed(many)), "b", publisher="Publisher a")]),
        )
        edits = tuple(replace(s, revision=s.revision + 1, title=f"{s.title}!") for s in many)
        await asyncio.gather(
            one_process.statements.record_polls([polled(Sifted(edited=edits))]),
            other.statements.record_polls([polled(Sifted(edited=edits[::-1]), "b", publisher="Publisher a")]),
        )
        many = list(edits)
    assert one_process.count("statement") == 300


async def test_what_is_listed_lies_between_both_dates_with_the_oldest_first(stores: Stores) -> None:
    ages = {f"s{n}": NOW - n * HOUR for n in range(6)}
    await told(stores, *(statement(i, published=at) for i, at in ages.items()))
    await told(stores, statement("s9", source_id="b"))
    found = await stores.statements.listed("a", ages["s4"], ages["s1"], ())
    assert [s.id for s in found] == ["s4", "s3", "s2", "s1"]
    assert await stores.statements.listed("a", NOW + HOUR, NOW, ()) == []


async def test_what_is_deleted_or_was_asked_about_is_listed_no_more(stores: Stores) -> None:
    await told(stores, *(statement(f"s{n}") for n in range(5)), removed=("s1",), errands=(errand("s0"),))
    await told(stores, errands=tuple(errand(f"s{n}", Purpose.PRESENCE) for n in (2, 3)))
    await stores.statements.record_errand(Ran(errand("s3", Purpose.PRESENCE), NOW))
    assert [s.id for s in await stores.statements.listed("a", NOW, NOW, ())] == ["s0", "s4"]
    assert [s.id for s in await stores.statements.listed("a", NOW, NOW, {"s0"})] == ["s4"]


# Errands


async def test_errands_are_claimed_when_due_the_longest_due_first_and_not_all_at_once(stores: Stores) -> None:
    due = [errand(f"s{n}", due_at=NOW - n * MINUTE) for n in range(3)]
    later = errand("s3", due_at=NOW + MINUTE)
    await told(stores, *(statement(f"s{n}") for n in range(4)), errands=(*due, later))
    assert await stores.statements.claim_errands(NOW, 2, MINE) == [due[2], due[1]]
    assert await stores.statements.claim_errands(NOW, 9, THEIRS) == [due[0]]
    assert await stores.statements.claim_errands(NOW + MINUTE, 9, THEIRS) == [later]
    assert await stores.statements.claim_errands(NOW + MINUTE, 9, THEIRS) == []


async def test_an_errand_whose_lease_ended_is_handed_out_again(stores: Stores) -> None:
    await told(stores, statement(), errands=(errand(),))
    assert await stores.statements.claim_errands(NOW, 9, MINE) == [errand()]
    assert await stores.statements.claim_errands(MINE.until - MINUTE, 9, THEIRS) == []
    assert await stores.statements.claim_errands(MINE.until, 9, THEIRS) == [errand()]


async def test_who_claimed_keeps_its_errands_and_no_others(stores: Stores) -> None:
    both = [errand("s1"), errand("s2")]
    await told(stores, statement("s1"), statement("s2"), errands=tuple(both))
    (mine,), (theirs,) = [await stores.statements.claim_errands(NOW, 1, lease) for lease in (MINE, THEIRS)]
    longer = Lease(MINE.owner, MINE.until + HOUR)
    await stores.statements.renew_errands([mine, theirs], longer)
    await stores.statements.renew_errands([], longer)
    assert [mine, theirs] == both
    assert await stores.statements.claim_errands(MINE.until, 9, THEIRS) == [theirs]


async def test_two_owners_never_get_the_same_errand(opened: Callable[[], Stores]) -> None:
    mine, other = opened(), opened()
    names = [f"s{n:03}" for n in range(120)]
    await told(mine, *map(statement, names), errands=tuple(map(errand, names)))
    claims = [(mine if n % 2 else other).statements.claim_errands(NOW, 7, MINE if n % 2 else THEIRS) for n in range(20)]
    claimed = [e.statement_id for errands in await asyncio.gather(*claims) for e in errands]
    claimed += [e.statement_id for e in await mine.statements.claim_errands(NOW, 999, MINE)]
    assert sorted(claimed) == names


async def test_an_article_completes_its_statement_which_may_be_read_from_then_on(stores: Stores) -> None:
    waiting = statement(read_from=NOW + 15 * MINUTE, language="", published_estimated=True)
    await told(stores, waiting, errands=(errand(),))
    assert await stores.statements.unread(9, NOW) == []
    page = article(language="ko", author="Somebody", published=NOW - HOUR)
    for _ in range(2):
        await stores.statements.record_errand(Ran(errand(), NOW, page))
        after = waiting.completed(page, NOW)
        assert [p.statement for p in await stores.statements.unread(9, NOW)] == [after]
        assert (after.text, after.teaser, after.read_from, after.language) == (page.text, waiting.text, EARLIEST, "ko")
    assert await stores.statements.claim_errands(NOW + 99 * HOUR, 9, MINE) == []


async def test_a_page_that_says_less_leaves_the_statement_and_lets_it_be_read(stores: Stores) -> None:
    waiting = statement(read_from=NOW + 15 * MINUTE)
    await told(stores, waiting, errands=(errand(),))
    await stores.statements.record_errand(Ran(errand(), NOW, article("Short.")))
    assert await one(stores) == replace(waiting, read_from=EARLIEST)


async def test_an_article_that_comes_after_the_reading_makes_a_new_revision_once(durable: Stores) -> None:
    first = statement(edited_at=NOW - HOUR)
    await told(durable, first, errands=(errand(),))
    await durable.statements.record_readings([placement(first)], NOW)
    for _ in range(2):
        await durable.statements.record_errand(Ran(errand(), NOW + HOUR, article()))
    after = await one(durable)
    assert (after.revision, after.text, after.edited_at) == (2, article().text, NOW - HOUR)
    (kept,) = durable.rows(select(schema.statement_revision))
    assert (kept.revision, kept.text, kept.replaced_at) == (1, first.text, NOW + HOUR)
    (unread,) = await durable.statements.unread(9, NOW + HOUR)
    assert (unread.statement, unread.story_id) == (after, "s1")


async def test_an_article_like_what_was_read_changes_nothing(stores: Stores) -> None:
    first = statement(text=prose("whole", 200), published_estimated=True)
    await told(stores, first, errands=(errand(),))
    await stores.statements.record_readings([placement(first)], NOW)
    await stores.statements.record_errand(Ran(errand(), NOW, article("Short.", published=NOW - HOUR)))
    assert await one(stores) == first
    assert await stores.statements.unread(9, NOW) == []


async def test_an_errand_that_failed_comes_again_when_it_is_due(stores: Stores) -> None:
    waiting = statement(read_from=NOW + 15 * MINUTE)
    await told(stores, waiting, errands=(errand(),))
    await stores.statements.claim_errands(NOW, 9, MINE)
    again = errand().again(NOW)
    assert again
    await stores.statements.record_errand(Ran(errand(), NOW, again=again))
    assert await stores.statements.claim_errands(again.due_at - MINUTE, 9, MINE) == []
    assert await stores.statements.claim_errands(again.due_at, 9, MINE) == [again]
    assert await one(stores) == waiting


async def test_an_errand_without_result_lets_its_statement_be_read_once_no_embargo_forbids(stores: Stores) -> None:
    await told(stores, statement("s1", read_from=NOW + 15 * MINUTE), errands=(errand("s1"),))
    held = statement("s2", read_from=NOW + HOUR, embargo=NOW + HOUR)
    await told(stores, held, errands=(errand("s2"),))
    for name in ("s1", "s2"):
        await stores.statements.record_errand(Ran(errand(name), NOW))
    assert [p.statement.id for p in await stores.statements.unread(9, NOW)] == ["s1"]
    assert [p.statement.id for p in await stores.statements.unread(9, NOW + HOUR)] == ["s1", "s2"]


async def test_an_embargo_that_came_with_a_late_edit_outlasts_the_errand(stores: Stores) -> None:
    await told(stores, statement(first_seen=NOW - timedelta(days=25)))
    await edited(stores, "Changed.", ask=True, embargo=NOW + timedelta(days=20))
    await stores.statements.record_errand(Ran(errand(due_at=NOW + HOUR), NOW + 2 * HOUR))
    assert (await one(stores)).read_from == NOW + timedelta(days=20)


async def test_the_page_of_an_edited_statement_is_asked_for_anew(stores: Stores) -> None:
    await told(stores, statement(), errands=(errand(),))
    await stores.statements.record_errand(Ran(errand(), NOW, article()))
    assert await stores.statements.claim_errands(NOW + HOUR, 9, MINE) == []
    await edited(stores, "Changed.", ask=True)
    assert await stores.statements.claim_errands(NOW + HOUR, 9, MINE) == [errand(due_at=NOW + HOUR)]


@pytest.mark.parametrize("found", [None, article("late " * 90)], ids=["nothing", "an article"])
async def test_a_visit_that_began_before_an_edit_does_not_end_the_errand_that_the_edit_sent(
    stores: Stores, found: Article | None
) -> None:
    await told(stores, statement(), errands=(errand(),))
    await stores.statements.claim_errands(NOW, 9, MINE)
    await edited(stores, "Changed.", ask=True)
    await stores.statements.record_errand(Ran(errand(), NOW + HOUR, found))
    assert await stores.statements.claim_errands(NOW + HOUR, 9, THEIRS) == [errand(due_at=NOW + HOUR)]


async def test_a_slow_visitor_does_not_undo_what_another_has_done_since(stores: Stores) -> None:
    await told(stores, statement(read_from=NOW + HOUR), errands=(errand(),))
    await stores.statements.record_errand(Ran(errand(), NOW, article()))
    done = await one(stores)
    await stores.statements.record_errand(Ran(errand(), NOW, again=errand().again(NOW)))
    assert await stores.statements.claim_errands(NOW + 9 * HOUR, 9, MINE) == []
    assert await one(stores) == done


async def test_the_presence_of_a_statement_is_asked_once(stores: Stores) -> None:
    asked = errand(purpose=Purpose.PRESENCE)
    await told(stores, statement(), errands=(asked,))
    await told(stores, errands=(replace(asked, due_at=NOW + HOUR),))
    assert await stores.statements.claim_errands(NOW, 9, MINE) == [asked]
    await stores.statements.record_errand(Ran(asked, NOW))
    await told(stores, errands=(replace(asked, due_at=NOW + HOUR),))
    assert await stores.statements.claim_errands(NOW + 9 * HOUR, 9, MINE) == []


async def test_both_errands_of_a_statement_live_side_by_side(stores: Stores) -> None:
    both = (errand(purpose=Purpose.ARTICLE), errand(purpose=Purpose.PRESENCE))
    await told(stores, statement(), errands=both)
    assert {e.purpose for e in await stores.statements.claim_errands(NOW, 9, MINE)} == set(Purpose)
    await stores.statements.record_errand(Ran(both[0], NOW))
    assert await stores.statements.claim_errands(NOW + HOUR, 9, THEIRS) == [both[1]]


# Presence


async def test_what_is_gone_is_missing_until_an_editor_decides_and_then_stays_decided(stores: Stores) -> None:
    gone = errand(purpose=Purpose.PRESENCE)
    await told(stores, statement(), errands=(gone,))
    assert not await stores.statements.record_presence("s1", Presence.HIDDEN)
    await stores.statements.record_errand(Ran(gone, NOW, gone=True))
    assert [s.id for s in await stores.statements.missing()] == ["s1"]
    assert await stores.statements.record_presence("s1", Presence.KEPT)
    assert await stores.statements.missing() == []
    await told(stores, removed=("s1",))
    await stores.statements.record_errand(Ran(gone, NOW, gone=True))
    assert (await one(stores)).presence is Presence.KEPT
    assert await stores.statements.record_presence("s1", Presence.HIDDEN)
    assert (await one(stores)).presence is Presence.HIDDEN
    assert not await stores.statements.record_presence("no such statement", Presence.KEPT)


async def test_an_edit_and_an_article_leave_the_presence_as_it_is(stores: Stores) -> None:
    await told(stores, statement(), errands=(errand(),))
    after = statement().after(entry("Edited", text="Edited."), NOW)
    await told(stores, removed=("s1",))
    await stores.statements.record_polls([polled(Sifted(edited=(after,)))])
    assert await one(stores) == replace(after, presence=Presence.MISSING)
    await stores.statements.record_errand(Ran(errand(), NOW, article()))
    assert (await one(stores)).presence is Presence.MISSING


async def test_an_edit_that_is_being_written_is_not_overwritten_by_an_article(opened: Callable[[], Stores]) -> None:
    """The visitor must wait for the poll, and then see what it wrote (READ COMMITTED lets it read too early)."""
    stores = opened()
    if stores.database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer")
    await told(stores, statement(), errands=(errand(),))
    blocked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with stores.database.engine.connect() as poll, poll.begin():
        poll.execute(schema.statement.update().values(title="Edited", revision=2))
        visit = asyncio.create_task(stores.statements.record_errand(Ran(errand(), NOW, article())))
        while not stores.one(blocked):
            await asyncio.sleep(0.01)
    await visit
    after = await one(stores)
    assert (after.title, after.revision, after.text) == ("Edited", 2, article().text)


# Hosts


async def test_a_host_rests_until_the_later_of_what_it_asked_for(stores: Stores) -> None:
    for span in (2 * HOUR, HOUR, 3 * HOUR, 2 * HOUR):
        await stores.statements.record_polls([polled(rest=Rest("a.example", NOW + span))])
    assert await stores.statements.resting(NOW) == {"a.example": NOW + 3 * HOUR}
    assert await stores.statements.resting(NOW + 3 * HOUR) == {}
    await told(stores, statement(), errands=(errand(),))
    await stores.statements.record_errand(Ran(errand(), NOW, rest=Rest("b.example", NOW + HOUR)))
    assert set(await stores.statements.resting(NOW)) == {"a.example", "b.example"}


async def test_errands_at_a_host_that_rests_are_not_handed_out(stores: Stores) -> None:
    there = errand("s2", url="https://B.example:8443/x")
    await told(stores, statement("s1"), statement("s2"), errands=(errand("s1"), there))
    await stores.statements.record_polls([polled(rest=Rest("b.example", NOW + HOUR))])
    assert await stores.statements.claim_errands(NOW, 9, MINE) == [errand("s1")]
    await stores.statements.record_errand(Ran(errand("s1"), NOW))
    assert await stores.statements.claim_errands(NOW + HOUR - MINUTE, 9, MINE) == []
    assert await stores.statements.claim_errands(NOW + HOUR, 9, THEIRS) == [there]


# Snapshots


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff" * 999, os.urandom(300_000), "북한".encode("cp949") * 9], ids=["", "0", "random", "cp949"]
)
async def test_bytes_come_back_identical_with_their_headers(stores: Stores, body: bytes) -> None:
    headers = (("content-type", "text/html; charset=euc-kr"), ("etag", 'W/"é"'), ("etag", "again"))
    page = snapshot(body, url="https://a.example/1?x=북한", headers=headers)
    await stores.statements.record_polls([polled(sifted(statement("s1"), statement("s2")), snapshot=page)])
    for name in ("s1", "s2"):
        (back,) = await stores.statements.snapshots(name)
        assert back == page
        assert (back.sha256, back.body) == (page.sha256, body)
    assert await stores.statements.snapshots("s3") == []


async def test_the_same_bytes_are_stored_once_and_keep_the_time_at_which_they_came_first(durable: Stores) -> None:
    page = snapshot(b"same")
    await durable.statements.record_polls([polled(sifted(statement("s1")), snapshot=page)])
    later = replace(page, at=NOW + HOUR)
    await durable.statements.record_polls([polled(sifted(statement("s1"), statement("s2")), snapshot=later)])
    assert (durable.count("snapshot"), durable.count("capture")) == (1, 2)
    assert [s.at for s in await durable.statements.snapshots("s1")] == [NOW]
    assert [s.at for s in await durable.statements.snapshots("s2")] == [NOW + HOUR]
    row = durable.rows(select(schema.snapshot))[0]
    assert (row.sha256, row.size) == (page.sha256, 4)


async def test_what_shows_a_statement_comes_oldest_first(stores: Stores) -> None:
    await told(stores, statement(), errands=(errand(),))
    page = snapshot(b"page", at=NOW - HOUR, url="https://a.example/s1")
    edit = Sifted(edited=(statement().after(entry("Edited"), NOW),))
    await stores.statements.record_polls([polled(edit, snapshot=snapshot(b"feed"))])
    await stores.statements.record_errand(Ran(errand(), NOW, snapshot=page))
    assert [s.body for s in await stores.statements.snapshots("s1")] == [b"page", b"feed"]


# Health


async def test_a_health_that_was_told_is_not_told_again_and_the_next_one_not_before_the_morning(
    stores: Stores,
) -> None:
    await stores.statements.register(SOURCES.values(), NOW)
    sick = state("a", health=Health.FAILING, health_since=NOW)
    await stores.statements.record_polls([polled(state=sick)])
    assert await stores.statements.untold_health(NOW) == [sick]
    await stores.statements.told_health([sick], NOW)
    other = state("b", health=Health.SILENT, health_since=NOW)
    await stores.statements.record_polls([polled(state=other, source_id="b")])
    assert await stores.statements.untold_health(NOW) == []
    assert await stores.statements.untold_health(NOW + MINUTE) == [other]
    well = replace(sick, health=Health.OK)
    await stores.statements.record_polls([polled(state=well)])
    assert await stores.statements.untold_health(NOW + MINUTE) == [well, other]
    await stores.statements.told_health([], NOW + HOUR)
    assert len(await stores.statements.untold_health(NOW + MINUTE)) == 2


async def test_a_poll_does_not_forget_what_was_told(stores: Stores) -> None:
    await stores.statements.register(SOURCES.values(), NOW)
    sick = state("a", health=Health.FAILING, health_since=NOW)
    await stores.statements.record_polls([polled(state=sick)])
    await stores.statements.told_health([sick], NOW)
    await stores.statements.record_polls([polled(state=replace(sick, failures=9))])
    assert await stores.statements.untold_health(NOW + HOUR) == []
