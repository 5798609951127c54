"""Whatever polls, visits, readings and editors do in whatever order: SQLite ends up where the store in memory does."""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from nkwatch.domain.bulletin import Window
from nkwatch.domain.correction import Correction
from nkwatch.domain.errand import Purpose, Ran, Rest
from nkwatch.domain.identity import identify, sift
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Fetched, Found
from nkwatch.domain.polling import Polled
from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Origin, Presence
from nkwatch.domain.theme import ThemeKind
from nkwatch.reading.stories import marks
from tests.making import NOW, article, entry, errand, placement, prose, snapshot, state
from tests.store.conftest import SOURCES, Stores, open_stores
from tests.workflow.memory import Memory, MemoryOutbox, MemoryReadings, MemoryStatements, MemorySubscribers

PUBLISHER = "Publisher a"
ADDRESSES = [f"https://a.example/{n}" for n in range(4)]
shown = st.builds(
    entry,
    st.sampled_from(["one", "two"]),
    url=st.sampled_from(["", *ADDRESSES]),
    guid=st.sampled_from(["", "g1", "g2", "g3"]),
    text=st.sampled_from(["", "Three are missing.", "Four are missing.", prose("whole", 60)]),
    published=st.sampled_from([None, NOW - timedelta(days=1), NOW - timedelta(days=2)]),
    embargo=st.sampled_from([None, NOW + timedelta(hours=1), NOW + timedelta(days=20)]),
)
pages = st.sampled_from([None, article("Short."), article(), article(embargo=NOW + timedelta(hours=3))])
spans = st.sampled_from([timedelta(minutes=m) for m in (0, 1, 5, 15, 70, 60 * 24 * 12)])


class OneStoreLikeTheOther(RuleBasedStateMachine):
    """Does the same to both, and compares all that they answer."""

    prepared: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.prepared, self.folder / "nkwatch.db")
        memory = Memory(SOURCES)
        self.memory = Stores(
            MemoryStatements(memory), MemorySubscribers(memory), MemoryOutbox(memory), MemoryReadings(memory)
        )
        self.sqlite = open_stores(f"sqlite:///{self.folder}/nkwatch.db")
        self.now = NOW
        self.claimed: list[Any] = []
        self.same("register", list(SOURCES.values()), NOW)

    def teardown(self) -> None:
        self.sqlite.database.close()
        self.loop.close()
        shutil.rmtree(self.folder)

    def same(self, name: str, *given: Any, of: str = "statements") -> Any:
        """What both answer."""
        one, other = (
            self.loop.run_until_complete(getattr(getattr(s, of), name)(*given)) for s in (self.memory, self.sqlite)
        )
        assert one == other, name
        return one

    @rule(span=spans)
    def time_passes(self, span: timedelta) -> None:
        self.now += span

    @rule(
        entries=st.lists(shown, max_size=4),
        removed=st.lists(st.sampled_from(["g1", "g2"]), max_size=1),
        wanted=st.booleans(),
        asked=st.booleans(),
        stale=st.booleans(),
        body=st.sampled_from([None, b"1", b"2"]),
        source_id=st.sampled_from(["a", "b"]),
    )
    def poll(
        self, entries: list[Any], removed: list[str], body: bytes | None, source_id: str,
        *, wanted: bool, asked: bool, stale: bool,
    ) -> None:  # fmt: skip
        """A poll of a source; a `stale` one saw nothing of what others brought meanwhile."""
        identified = identify(entries)
        keys = {k for _, keys in identified for k in keys} | {f"guid:{g}" for g in removed}
        known = {} if stale else self.same("known", PUBLISHER, sorted(keys))
        found = sift(identified, known, Origin(source_id, PUBLISHER, "en", backlog=False), self.now)
        gone = tuple(sorted({known[f"guid:{g}"].id for g in removed if f"guid:{g}" in known}))
        found = replace(found, removed=gone).awaiting(lambda s: wanted and bool(s.url), self.now)
        if asked:
            listed = self.same("listed", source_id, NOW - timedelta(days=2), self.now, ())
            vanished = [
                replace(e, purpose=Purpose.PRESENCE)
                for s in listed[:1]
                for e in [errand(s.id, url=s.url or "https://a.example/none", due_at=self.now)]
            ]
            found = replace(found, errands=(*found.errands, *vanished))
        after = state(source_id, url=f"https://{source_id}.example/feed").after(
            Fetched(tuple(entries)), self.now, Found(len(found.new), found.known)
        )
        kept = snapshot(body, at=self.now) if body else None
        self.same("record_polls", [Polled(after, PUBLISHER, found, snapshot=kept)])

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        lease = Lease("test", self.now + timedelta(minutes=10))
        self.claimed += self.same("claim_errands", self.now, limit, lease)

    @rule()
    def keep(self) -> None:
        self.same("renew_errands", self.claimed, Lease("test", self.now + timedelta(minutes=10)))

    @rule(page=pages, fails=st.booleans(), gone=st.booleans(), keep=st.booleans(), rests=st.booleans(), data=st.data())
    def visit(self, page: Any, data: Any, *, fails: bool, gone: bool, keep: bool, rests: bool) -> None:
        """An errand ends, also one whose lease ended long ago, or for the second time."""
        if not self.claimed:
            return
        ended = data.draw(st.sampled_from(self.claimed))
        if not keep:
            self.claimed.remove(ended)
        rest = Rest("a.example", self.now + timedelta(hours=1)) if rests else None
        if fails:
            ran = Ran(ended, self.now, again=ended.again(self.now), rest=rest)
        elif ended.purpose is Purpose.PRESENCE:
            ran = Ran(ended, self.now, gone=gone)
        else:
            ran = Ran(ended, self.now, page, snapshot(b"page", at=self.now) if page else None)
        self.same("record_errand", ran)

    @rule(about=st.booleans(), urgency=st.sampled_from(list(Urgency)))
    def read(self, urgency: Urgency, *, about: bool) -> None:
        for unread in self.same("unread", 2, self.now):
            one = placement(unread.statement, unread.story_id, urgency=urgency, about_nk=about)
            story_id = unread.story_id or (one.story_id if about else "")
            self.same("record_readings", [replace(one, story_id=story_id)], self.now)

    @rule(presence=st.sampled_from([Presence.KEPT, Presence.HIDDEN]), n=st.integers(0, 3))
    def decide(self, presence: Presence, n: int) -> None:
        ids = sorted(self.memory.statements.memory.statements)
        if ids:
            self.same("record_presence", ids[n % len(ids)], presence)

    @rule(
        about=st.sampled_from([None, True, False]),
        themes=st.sampled_from([None, (), (("women", ThemeKind.RIGHTS),)]),
        urgency=st.sampled_from([None, *Urgency]),
        n=st.integers(0, 3),
    )
    def correct(self, about: Any, themes: Any, urgency: Any, n: int) -> None:
        ids = sorted(self.memory.statements.memory.readings)
        if not ids:
            return
        filed = self.same("filed", ids[n % len(ids)], of="readings")
        read = filed.reading
        said = Correction(filed.statement.id, read.revision, read.rules, self.now, "Jin", "", about, themes, urgency)
        found = marks(filed.statement)
        self.same("record_correction", said, ids[0], found, self.now, of="readings")

    @rule(about=st.booleans(), urgency=st.sampled_from(list(Urgency)), version=st.sampled_from(["test.1", "test.2"]))
    def read_anew(self, urgency: Urgency, version: str, *, about: bool) -> None:
        outdated = self.same("outdated", version, None, "", 2, of="readings")
        anew = [placement(f.statement, rules=version, urgency=urgency, about_nk=about) for f in outdated]
        self.same("record_anew", anew, self.now, self.now - timedelta(days=3), of="readings")

    @rule()
    def close(self) -> None:
        self.same("announce_closing", self.now, of="subscribers")

    @rule()
    def tell(self) -> None:
        self.same("told_health", self.same("untold_health", self.now - timedelta(hours=1)), self.now)

    @invariant()
    def everything_is_the_same(self) -> None:
        tables = self.memory.statements.memory
        self.same("known", PUBLISHER, sorted(k for _, k in tables.keys))
        for name in ("states", "missing"):
            self.same(name)
        self.same("unread", 99, self.now)
        self.same("resting", self.now)
        self.same("untold_health", self.now)
        for source_id in SOURCES:
            self.same("listed", source_id, NOW - timedelta(days=9), self.now, ())
        for one in tables.statements:
            self.same("snapshots", one)
            self.same("filed", one, of="readings")
        for name in ("corrections", "in_force"):
            self.same(name, of="readings")
        self.same("count_outdated", "test.1", None, of="readings")
        pairs = [
            (
                s.id,
                s.ready_at,
                s.alert,
                s.alert_reason,
                sorted((r.statement.id, r.statement, r.reading) for r in s.reports),
            )
            for s in self.loop.run_until_complete(self.memory.statements.alert_candidates(99))
        ]
        others = [
            (
                s.id,
                s.ready_at,
                s.alert,
                s.alert_reason,
                sorted((r.statement.id, r.statement, r.reading) for r in s.reports),
            )
            for s in self.loop.run_until_complete(self.sqlite.statements.alert_candidates(99))
        ]
        assert sorted(pairs) == sorted(others)
        window = Window(NOW, self.now + timedelta(days=1))
        ready = [
            {
                (s.id, s.ready_at, s.alert, s.alert_reason)
                for s in self.loop.run_until_complete(stores.statements.ready_between(window))
            }
            for stores in (self.memory, self.sqlite)
        ]
        assert ready[0] == ready[1]

    @invariant()
    def nothing_that_waits_for_its_page_waits_for_ever(self) -> None:
        later = self.now + timedelta(days=32)
        tables = self.memory.statements.memory
        read = {i for i, r in tables.readings.items() if r.revision >= tables.statements[i].revision}
        unread = {p.statement.id for p in self.loop.run_until_complete(self.memory.statements.unread(99, later))}
        assert unread == set(tables.statements) - read


@pytest.fixture
def machine(prepared_file: Path) -> type[OneStoreLikeTheOther]:
    """The machine, with a database to begin from."""
    OneStoreLikeTheOther.prepared = prepared_file
    return OneStoreLikeTheOther


def test_sqlite_keeps_what_memory_promises(machine: type[OneStoreLikeTheOther]) -> None:
    case = machine.TestCase()
    case.settings = settings(
        max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case.runTest()
