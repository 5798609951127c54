"""The *poll state*: what is remembered of a source between polls, when it is due next, and how it is.

The next due time is computed here, from the outcome of the last poll, and nowhere else. The numbers follow
what publishers of feeds ask for (Kroll's feed-reader criteria; RFC 9110, 10.2.3 for Retry-After).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nkwatch.domain.errand import Rest
from nkwatch.domain.identity import Sifted
from nkwatch.domain.outcome import Failed, Fetched, Found, Outcome, Trouble, Unchanged
from nkwatch.domain.rhythm import (
    DAY,
    HOUR,
    SHORTEST,
    SHORTEST_WITHOUT_VALIDATORS,
    SPREAD,
    backoff,
    gaps,
    jitter,
    spread,
    usual_interval,
)
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.source import Pace, Source
from nkwatch.domain.statement import plausible
from nkwatch.domain.timeline import ahead

LONGEST_RETRY_AFTER = 7 * DAY
#: A validator that has gone wrong (a Last-Modified in 2041) says "not modified" for ever: once a week it is left out.
FULL_EVERY = 7 * DAY
#: When our own line was down, nobody is to blame, and it may be back soon.
LINE_PAUSE = timedelta(minutes=10)
#: Fewer new entries than this at once are news.
REDESIGN = 10
#: A permanent redirect is believed after so many sightings over so long a time.
SIGHTINGS, SIGHTED_FOR = 3, 7 * DAY
#: An adopted address that fails as often in a row is given back.
ADOPTED_FAILURES = 5
#: One failure is an accident; the second in a row is a state.
CONFIRMED = 2
#: No source is silent before this.
SILENT_AFTER = 14 * DAY


class Health(StrEnum):
    """How a source is."""

    OK = "ok"
    #: it shuts us out
    BLOCKED = "blocked"
    FAILING = "failing"
    #: its publisher says that it is gone for good
    GONE = "gone"
    #: it answers, but shows nothing new for longer than it ever did
    SILENT = "silent"
    #: nothing it shows was there at the last poll: something may have been missed
    GAP = "gap suspected"


@dataclass(frozen=True, slots=True)
class PollState:
    """What is remembered of a source between polls. All instants are UTC.

    `url` is the address of the catalogue that all this is about, `adopted` the one to which it has moved. `body` is
    the hash of the last body, `shown` the number of its entries. `full_at` is the last poll without validators.
    """

    source_id: str
    due_at: datetime
    url: str = ""
    adopted: str = ""
    etag: str = ""
    last_modified: str = ""
    body: str = ""
    shown: int = 0
    interval: timedelta = SHORTEST
    failures: int = 0
    trouble: Trouble | None = None
    reason: str = ""
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None
    full_at: datetime | None = None
    newest_at: datetime | None = None
    longest_gap: timedelta = timedelta(0)
    gap: bool = False
    moved_to: str = ""
    moved_at: datetime | None = None
    moved_seen: int = 0
    health: Health = Health.OK
    health_since: datetime | None = None

    @property
    def first_ingest(self) -> bool:
        """True until a poll has succeeded once: what such a poll finds is old news."""
        return self.last_ok_at is None

    @property
    def validated(self) -> bool:
        """Whether the source gives validators, so that asking it costs its publisher little."""
        return bool(self.etag or self.last_modified)

    def about(self, source: Source) -> "PollState":
        """This state, without what belonged to another address where the catalogue's has changed."""
        if self.url in {"", source.url}:
            return self if self.url else replace(self, url=source.url)
        forgotten = PollState(self.source_id, self.due_at, source.url)
        kept = ("interval", "last_ok_at", "last_new_at", "newest_at", "longest_gap", "health", "health_since")
        return replace(forgotten, **{name: getattr(self, name) for name in kept})

    def address(self, source: Source) -> str:
        """The address to ask: that of the catalogue, or the one to which it moved for good."""
        return self.adopted or source.url

    def conditional(self, now: datetime) -> bool:
        """Whether validators go along: always, but for one poll a week."""
        return self.validated and self.full_at is not None and now - self.full_at < FULL_EVERY

    def after(
        self, outcome: Outcome, now: datetime, found: Found | None = None, pace: Pace | None = None
    ) -> "PollState":
        """The state after a poll at `now` that `found` so many statements of a source of that `pace`."""
        match outcome:
            case Failed():
                return self._failed(outcome, now).judged(now, self.trouble)
            case Unchanged():
                state = self._unchanged(outcome, now)
            case Fetched():
                state = self._fetched(outcome, now, found or Found())
        due_at = now + _wait(state, outcome.max_age, pace or Pace())
        return replace(state, due_at=due_at).judged(now)

    def put_off(self, now: datetime) -> "PollState":
        """This state when our own line was down: the source is asked again soon, and nothing is held against it."""
        return replace(self, due_at=now + LINE_PAUSE * (1 + jitter(self.source_id)))

    def resting(self, until: datetime, now: datetime) -> "PollState":
        """This state when its host asked to be left alone `until` then; its sources do not come back all at once."""
        return replace(self, due_at=until + (until - now) * jitter(self.source_id) / 10)

    def sane(self, now: datetime, pace: Pace, rests_until: datetime) -> "PollState":
        """This state without what a wrong clock wrote: due now where it is due later than any rule says.

        `rests_until` is when its host is to be asked again, `now` or earlier where it does not rest.
        """
        if ahead(self.last_ok_at, now):
            return replace(self, due_at=min(self.due_at, now), last_ok_at=now)
        usual = backoff(self.failures) if self.failures else max(pace.fixed, DAY)
        longest = max(usual, rests_until - now) * SPREAD
        return replace(self, due_at=now) if ahead(self.due_at, now + longest) else self

    def judged(self, now: datetime, before: Trouble | None = None) -> "PollState":
        """This state with the health that it shows at `now`; `before` is what was wrong at the poll before."""
        found = _health(self, now, before)
        return self if found is self.health else replace(self, health=found, health_since=now)

    def _failed(self, failed: Failed, now: datetime) -> "PollState":
        failures = self.failures + 1
        wait = max(backoff(failures), min(failed.retry_after, LONGEST_RETRY_AFTER))
        state = replace(
            self,
            failures=failures,
            trouble=failed.trouble,
            reason=failed.reason,
            due_at=now + spread(wait, self.source_id),
        )
        if failures < ADOPTED_FAILURES or not self.adopted:
            return state
        # the validators are those of the address that is given back
        return replace(state, adopted="", etag="", last_modified="", body="")

    def _unchanged(self, unchanged: Unchanged, now: datetime) -> "PollState":
        fresh = unchanged.full or unchanged.etag or unchanged.last_modified
        ok = replace(
            self,
            etag=unchanged.etag if fresh else self.etag,
            last_modified=unchanged.last_modified if fresh else self.last_modified,
            failures=0,
            trouble=None,
            reason="",
            last_ok_at=now,
            full_at=now if unchanged.full else self.full_at,
        )
        return _sighted(ok, unchanged.moved_to, now)

    def _fetched(self, fetched: Fetched, now: datetime, found: Found) -> "PollState":
        gap = not found.known and (self.gap or (found.new > 1 and self.shown > 0))
        dates = [e.published for e in fetched.entries if e.published and plausible(e.published, now)]
        rhythm = usual_interval(dates, validated=bool(fetched.etag or fetched.last_modified))
        state = replace(
            self,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            body=fetched.body,
            shown=len(fetched.entries),
            interval=max(SHORTEST, min(rhythm, self.interval) / 2) if gap else rhythm,
            failures=0,
            trouble=None,
            reason="",
            last_ok_at=now,
            last_new_at=now if found.new else self.last_new_at,
            full_at=now,
            newest_at=self._newest(dates, now, found),
            longest_gap=max(gaps(dates), default=self.longest_gap),
            gap=gap,
        )
        return _moved(_sighted(state, fetched.moved_to, now), found, now)

    def _newest(self, dates: Iterable[datetime], now: datetime, found: Found) -> datetime:
        """When the source last published: by its dates at first, later also by what it shows for the first time.

        Never earlier than was known, though the newest entry be taken away; a source that is empty counts from now.
        """
        known = () if self.newest_at is None else (self.newest_at,)
        seen = (now,) if found.new and not self.first_ingest else ()
        return max((*known, *seen, *dates), default=now)


def _sighted(state: PollState, moved_to: str, now: datetime) -> PollState:
    """One more sighting of a permanent redirect, or the end of all sightings."""
    if moved_to == state.moved_to:
        return replace(state, moved_seen=state.moved_seen + 1) if moved_to else state
    return replace(state, moved_to=moved_to, moved_at=now if moved_to else None, moved_seen=1 if moved_to else 0)


def _moved(state: PollState, found: Found, now: datetime) -> PollState:
    """The new address is adopted once it was seen often enough and shows what the old one did.

    A redirect to a login page, or to a stranger's feed, would else overwrite the address (Vienna #1546, selfoss #1178).
    """
    first = state.moved_at
    if first is None or now - first < SIGHTED_FOR or state.moved_seen < SIGHTINGS:
        return state
    if found.since is None or found.since >= first:
        return state
    return replace(state, adopted=state.moved_to, moved_to="", moved_at=None, moved_seen=0)


def _wait(state: PollState, max_age: timedelta, pace: Pace) -> timedelta:
    """How long a source that answered is left alone, which by its publisher's word is never less than `max_age`.

    Sources asked every hour have no jitter: an hour is both their least and their most. They keep apart by the order
    in which they were asked, one request a host at a time.
    """
    polite = min(max_age, DAY)
    if pace.hourly and state.validated and not pace.fixed:
        return max(HOUR, polite)
    floor = SHORTEST if state.validated else SHORTEST_WITHOUT_VALIDATORS
    return spread(max(pace.fixed or max(state.interval, floor), polite), state.source_id)


@dataclass(frozen=True, slots=True)
class Polled:
    """All that one poll leaves behind, to be written in one transaction.

    `at` is when the source was asked (UTC); None where it was put off, or our own line lost the poll.
    """

    state: PollState
    publisher: str
    sifted: Sifted = Sifted()  # noqa: RUF009  it is frozen
    rest: Rest | None = None
    snapshot: Snapshot | None = None
    at: datetime | None = None

    @property
    def answered(self) -> bool:
        """Whether the source was asked and answered, be it that nothing changed."""
        return self.at is not None and not self.state.failures


def redesigned(unknown: int, shown: int) -> bool:
    """Whether so many of the entries shown are unknown that the site was rather rebuilt than so busy (promise 5)."""
    return unknown >= REDESIGN and unknown > shown / 2


def _health(state: PollState, now: datetime, before: Trouble | None) -> Health:
    if state.failures:
        return _troubled(state, before) if state.failures >= CONFIRMED else state.health
    quiet_for = now - (state.newest_at or now)
    if quiet_for > max(3 * state.longest_gap, SILENT_AFTER):
        return Health.SILENT
    return Health.GAP if state.gap else Health.OK


def _troubled(state: PollState, before: Trouble | None) -> Health:
    """One kind of trouble is believed when it comes twice in a row (one 410 does not mean that a source is gone)."""
    kinds = {Trouble.BLOCKED: Health.BLOCKED, Trouble.GONE: Health.GONE}
    found, found_before = (kinds.get(t or Trouble.FAILING, Health.FAILING) for t in (state.trouble, before))
    if found is found_before:
        return found
    return state.health if state.health in {*kinds.values(), Health.FAILING} else Health.FAILING
