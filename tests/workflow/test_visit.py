"""Visits: the page of a statement completes it before it is read, and says whether what vanished is gone."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.errand import ATTEMPTS, Absent, Brought, Errand, Purpose, Unavailable
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import LONGEST_RETRY_AFTER
from nkwatch.domain.rhythm import HOUR
from nkwatch.domain.statement import EARLIEST, Presence, Statement
from nkwatch.workflow.visit import VisitPages, Visits
from tests.making import NOW, article, entry, errand, placement, polled, prose, snapshot, source, statement
from tests.workflow.fakes import FakeClock, Notices, Page, ScriptedVisitor
from tests.workflow.memory import Memory, MemoryStatements

WAIT = timedelta(minutes=15)


class Desk:
    """Statements that wait for their pages, at addresses that end in their names."""

    def __init__(self, pages: dict[str, list[Page]], at_once: int = 2, **fields: object) -> None:
        self.clock = FakeClock()
        self.visitor = ScriptedVisitor({f"https://a.example/{name}": said for name, said in pages.items()})
        self.memory = Memory({"a": source("a", **fields)})
        self.statements = MemoryStatements(self.memory)
        self.notices = Notices()
        self.visit = VisitPages(
            self.memory.sources, self.statements, self.visitor, self.clock, self.notices, "test", at_once
        )

    async def told(self, *told: Statement, purpose: Purpose = Purpose.ARTICLE) -> None:
        """Statements come in, each with an errand."""
        errands = tuple(errand(s.id, purpose, url=s.url, source_id=s.source_id, due_at=self.clock()) for s in told)
        new = tuple(Known(s, frozenset({s.id})) for s in told)
        await self.statements.record_polls([polled(Sifted(new, errands=errands))])

    def one(self, name: str = "s1") -> Statement:
        """The statement as it is now."""
        return self.memory.statements[name]

    @property
    def open(self) -> list[Errand]:
        """The errands that are not done."""
        return [e for e in self.memory.errands.values() if e]

    async def unread(self) -> list[str]:
        """What may be read now."""
        return [p.statement.id for p in await self.statements.unread(999, self.clock())]

    async def again(self, **span: float) -> Visits:
        """One more round, some time later."""
        self.clock.forward(**span)
        return await self.visit()


def waiting(name: str = "s1", **fields: object) -> Statement:
    """A statement that waits for its page."""
    return statement(name, **({"read_from": NOW + WAIT} | fields))


async def test_a_page_completes_its_statement_which_is_read_from_then_on() -> None:
    full, page = article(), snapshot(b"<html>", url="https://a.example/s1")
    desk = Desk({"s1": [Brought(full, page)]})
    await desk.told(waiting())
    assert await desk.unread() == []
    assert await desk.visit() == Visits(articles=1)
    assert await desk.unread() == ["s1"]
    assert (desk.one().text, desk.one().teaser, desk.one().revision) == (full.text, waiting().text, 1)
    assert await desk.statements.snapshots("s1") == [page]
    assert (desk.open, await desk.visit()) == ([], Visits())


async def test_a_page_that_cannot_be_had_is_tried_three_times_and_then_done_without() -> None:
    desk = Desk({"s1": [Unavailable("500")]})
    await desk.told(waiting(read_from=NOW + timedelta(days=9)))
    assert await desk.visit() == Visits(unavailable=1)
    assert await desk.again(minutes=4) == Visits()
    assert await desk.again(minutes=1) == Visits(unavailable=1)
    assert await desk.unread() == []
    assert await desk.again(minutes=9) == Visits()
    assert await desk.again(minutes=1) == Visits(unavailable=1)
    assert len(desk.visitor.asked) == ATTEMPTS
    assert (await desk.unread(), desk.open) == (["s1"], [])
    assert await desk.again(days=9) == Visits()


@pytest.mark.parametrize("page", [Absent(), Brought(), Brought(None, snapshot())])
async def test_a_page_that_is_none_lets_its_statement_be_read_and_says_nothing_of_its_presence(page: Page) -> None:
    desk = Desk({"s1": [page]})
    await desk.told(waiting())
    assert await desk.visit() == Visits(unreadable=isinstance(page, Brought))
    assert (await desk.unread(), desk.open, desk.one().presence) == (["s1"], [], Presence.SHOWN)


async def test_what_vanished_from_its_list_and_from_its_address_is_missing() -> None:
    desk = Desk({"s1": [Absent()]})
    await desk.told(statement(), purpose=Purpose.PRESENCE)
    assert await desk.visit() == Visits(gone=1)
    assert [s.id for s in await desk.statements.missing()] == ["s1"]
    assert desk.open == []


async def test_what_is_still_at_its_address_is_never_asked_for_again() -> None:
    desk = Desk({"s1": [Brought()]})
    await desk.told(statement(), purpose=Purpose.PRESENCE)
    assert await desk.visit() == Visits()
    await desk.told(statement(), purpose=Purpose.PRESENCE)
    assert await desk.again(days=99) == Visits()
    assert (len(desk.visitor.asked), desk.one()) == (1, statement())


async def test_presence_that_cannot_be_known_hides_nothing() -> None:
    desk = Desk({"s1": [Unavailable("500")]})
    await desk.told(statement(), purpose=Purpose.PRESENCE)
    for _ in range(9):
        await desk.again(hours=1)
    assert (len(desk.visitor.asked), desk.one().presence, desk.open) == (ATTEMPTS, Presence.SHOWN, [])


async def test_an_embargo_that_the_page_names_holds() -> None:
    desk = Desk({"s1": [Brought(article(embargo=NOW + HOUR))]})
    await desk.told(waiting())
    await desk.visit()
    assert await desk.unread() == []
    desk.clock.forward(hours=1)
    assert await desk.unread() == ["s1"]


async def test_a_page_that_is_given_up_breaks_no_embargo_that_an_edit_brought() -> None:
    """First seen three weeks ago, edited now, embargoed for two weeks from now."""
    desk = Desk({"s1": [Absent()]})
    old = statement(first_seen=NOW - timedelta(days=21), published=NOW - timedelta(days=21))
    await desk.told(old)
    held = old.after(entry("Changed", text="Changed.", embargo=NOW + timedelta(days=14)), NOW)
    await desk.statements.record_polls([polled(Sifted(edited=(held,)))])
    await desk.visit()
    assert await desk.unread() == []
    assert desk.one().read_from == NOW + timedelta(days=14)


async def test_the_page_of_what_was_read_without_it_makes_a_new_revision() -> None:
    desk = Desk({"s1": [Brought(article(prose("late", 200)))]})
    await desk.told(waiting())
    desk.clock.forward(minutes=15)
    (unread,) = await desk.statements.unread(9, desk.clock())
    await desk.statements.record_readings([placement(unread.statement)], desk.clock())
    assert await desk.visit() == Visits(articles=1)
    assert (desk.one().revision, desk.one().text) == (2, prose("late", 200))
    assert await desk.unread() == ["s1"]


# Hosts


async def test_a_host_that_asks_to_be_left_alone_is_not_asked_for_further_pages() -> None:
    busy = Unavailable("429", retry_after=3 * HOUR)
    desk = Desk({f"s{n}": [busy, Brought()] for n in range(20)}, at_once=1)
    await desk.told(*(waiting(f"s{n}") for n in range(20)))
    assert await desk.visit() == Visits(unavailable=1)
    assert len(desk.visitor.asked) == 1
    assert len(desk.open) == 20
    assert desk.memory.hosts == {"a.example": NOW + 3 * HOUR}
    assert await desk.again(hours=2, minutes=59) == Visits()
    await desk.again(minutes=1)
    assert len(desk.visitor.asked) > 1


async def test_the_pages_of_other_hosts_are_fetched_meanwhile() -> None:
    desk = Desk({})
    desk.memory.hosts["a.example"] = NOW + HOUR
    elsewhere = waiting("s2", url="https://b.example/s2")
    await desk.told(waiting(), elsewhere)
    await desk.visit()
    assert desk.visitor.asked == [elsewhere.url]


async def test_waiting_for_a_host_that_rests_is_no_attempt() -> None:
    desk = Desk({"s1": [Unavailable("429", retry_after=HOUR)], "s2": [Unavailable("500")]}, at_once=1)
    await desk.told(waiting(), waiting("s2"))
    await desk.visit()
    assert {e.statement_id: e.attempts for e in desk.open} == {"s1": 1, "s2": 0}


async def test_a_source_that_is_alone_does_not_make_its_host_rest_and_comes_back_when_it_was_asked_to() -> None:
    desk = Desk({"s1": [Unavailable("429", retry_after=2 * HOUR), Brought()]}, alone=True)
    await desk.told(waiting())
    await desk.visit()
    assert desk.memory.hosts == {}
    assert [e.due_at for e in desk.open] == [NOW + 2 * HOUR]


async def test_a_host_cannot_ask_to_be_left_alone_for_ever() -> None:
    desk = Desk({"s1": [Unavailable("429", retry_after=timedelta(days=4000))]})
    await desk.told(waiting())
    await desk.visit()
    assert desk.memory.hosts == {"a.example": NOW + LONGEST_RETRY_AFTER}


# Sources


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_a_source_that_left_the_catalogue_is_asked_nothing_and_its_statements_are_read(purpose: Purpose) -> None:
    desk = Desk({"s1": [Absent()]})
    await desk.told(waiting(source_id="gone", url="https://a.example/s1"), purpose=purpose)
    assert await desk.visit() == Visits()
    assert (desk.visitor.asked, desk.open) == ([], [])
    assert desk.one().presence is Presence.SHOWN
    assert desk.one().read_from == (EARLIEST if purpose is Purpose.ARTICLE else NOW + WAIT)


async def test_a_source_that_was_switched_off_is_asked_for_no_pages() -> None:
    desk = Desk({}, enabled=False)
    await desk.told(waiting())
    assert await desk.visit() == Visits()
    assert (desk.visitor.asked, await desk.unread()) == ([], ["s1"])


# Side by side


async def test_no_more_pages_are_fetched_at_once_than_allowed_and_all_in_one_round() -> None:
    busy = most = 0

    async def counted() -> Brought:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        return Brought(article())

    desk = Desk({f"s{n}": [counted] for n in range(100)}, at_once=5)
    await desk.told(*(waiting(f"s{n}") for n in range(100)))
    assert await desk.visit() == Visits(articles=100)
    assert most == 5


async def test_a_stop_lets_what_is_under_way_finish_and_begins_nothing_more() -> None:
    gate, flying = asyncio.Event(), asyncio.Event()

    async def wait() -> Brought:
        flying.set()
        await gate.wait()
        return Brought(article())

    desk = Desk({f"s{n}": [wait] for n in range(50)}, at_once=3)
    await desk.told(*(waiting(f"s{n}") for n in range(50)))
    visiting = asyncio.create_task(desk.visit())
    await flying.wait()
    desk.visit.stop.set()
    gate.set()
    assert await visiting == Visits(articles=3)
    assert len(desk.visitor.asked) == 3
    desk.visit.stop.clear()
    assert await desk.again(minutes=10) == Visits(articles=47)


async def test_a_bug_in_one_page_leaves_the_others_unharmed_and_is_told() -> None:
    desk = Desk({f"s{n:02}": [RuntimeError("a bug") if n == 7 else Brought(article())] for n in range(40)})
    await desk.told(*(waiting(f"s{n:02}") for n in range(40)))
    with pytest.raises(RuntimeError, match="a bug"):
        await desk.visit()
    with suppress(RuntimeError):
        await desk.visit()
    assert [(e.statement_id, e.attempts) for e in desk.open] == [("s07", 1)]
    desk.clock.forward(minutes=15)
    assert "s07" in await desk.unread()


async def test_a_page_on_which_we_err_is_tried_as_often_as_one_that_cannot_be_had() -> None:
    desk = Desk({"s1": [RuntimeError("a bug")]})
    await desk.told(waiting())
    for _ in range(99):
        with suppress(RuntimeError):
            await desk.again(minutes=5)
    assert len(desk.visitor.asked) == ATTEMPTS
    assert await desk.unread() == ["s1"]


async def test_a_crash_before_an_errand_is_recorded_runs_it_again_once_its_lease_ends() -> None:
    desk = Desk({"s1": [Brought(article())]})
    await desk.told(waiting())
    record = desk.statements.record_errand

    async def dying(*args: object) -> None:
        raise RuntimeError("killed")

    desk.statements.record_errand = dying  # type: ignore[method-assign]
    with suppress(RuntimeError):
        await desk.visit()
    desk.statements.record_errand = record  # type: ignore[method-assign]
    assert await desk.again(seconds=59) == Visits()
    assert await desk.again(seconds=1) == Visits(articles=1)
    assert await desk.unread() == ["s1"]


async def test_what_is_claimed_stays_so_while_its_hosts_are_slow() -> None:
    gate = asyncio.Event()

    async def slow() -> Brought:
        await gate.wait()
        return Brought(article())

    async def takes_a_while() -> Brought:
        desk.clock.forward(seconds=15)
        await asyncio.sleep(0.001)
        return Brought(article())

    desk = Desk({"s0": [slow]} | {f"s{n}": [takes_a_while] for n in range(1, 7)})
    await desk.told(*(waiting(f"s{n}") for n in range(7)))
    visiting = asyncio.create_task(desk.visit())
    while len(desk.visitor.asked) < 7:
        await asyncio.sleep(0.001)
    assert await replace(desk.visit, owner="another")() == Visits()
    gate.set()
    assert await visiting == Visits(articles=7)


async def test_who_slept_longer_than_its_claim_asks_for_no_page_that_another_may_have() -> None:
    async def sleeps() -> Brought:
        desk.clock.forward(minutes=2)
        await desk.statements.claim_errands(desk.clock(), 99, Lease("another", desk.clock() + HOUR))
        return Brought(article())

    desk = Desk({f"s{n}": [sleeps] for n in range(9)}, at_once=1)
    await desk.told(*(waiting(f"s{n}") for n in range(9)))
    assert await desk.visit() == Visits(articles=1)
    assert len(desk.visitor.asked) == 1


async def test_two_that_visit_at_once_fetch_every_page_once() -> None:
    names = [f"s{n}" for n in range(80)]
    desk = Desk({n: [Brought(article())] for n in names})
    await desk.told(*(waiting(n) for n in names))
    one, other = await asyncio.gather(desk.visit(), desk.visit())
    assert one.articles + other.articles == len(desk.visitor.asked) == 80


async def test_the_operator_is_told_that_a_source_deleted_a_statement() -> None:
    desk = Desk({"s1": [Absent()], "s2": [Absent()]})
    await desk.told(statement("s1"), purpose=Purpose.PRESENCE)
    await desk.told(statement("s2"))
    await desk.visit()
    assert [(event, facts["statement"]) for event, facts in desk.notices.told] == [
        ("statement deleted by its source", "s1")
    ]
