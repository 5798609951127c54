"""A *source* is a feed, page or API that we poll; its *poll state* says when it is due next.

The next due time is computed here, from the outcome of the last poll, and nowhere else. The numbers follow
what publishers of feeds ask for (Kroll's feed-reader criteria; RFC 9110 section 10.2.3 for Retry-After).
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

from nkwatch.domain.statement import Entry

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: Nobody asks us back sooner than hourly, nor do we stay away longer than a day by our own choice.
SHORTEST, LONGEST = HOUR, DAY
#: Without validators every poll costs the publisher a whole body.
SHORTEST_WITHOUT_VALIDATORS = 6 * HOUR
LONGEST_RETRY_AFTER = 7 * DAY
#: How many of the newest entries say how often a source publishes.
RHYTHM_SAMPLE = 20
#: Fewer new entries than this at once are news.
REDESIGN = 10


class Kind(StrEnum):
    """How a source is read."""

    FEED = "feed"
    PAGE = "page"


class Role(StrEnum):
    """What a source's texts are: its own statements, reprints of others', reports, or state propaganda."""

    STATEMENT = "statement"
    REPRINT = "reprint"
    PRESS = "press"
    STATE_MEDIA = "state-media"


class Scope(StrEnum):
    """Whether everything a source shows is on North Korea, or must be tested for it."""

    NK_ONLY = "nk-only"
    ALL_TOPIC = "all-topic"


@dataclass(frozen=True, slots=True)
class Selectors:
    """CSS selectors for a listing page; all but `item` are tried inside one item."""

    item: str
    title: str
    link: str = "a"
    date: str = ""
    teaser: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One address that we poll, and what is known about its publisher.

    `owner` joins publishers that are not independent of each other. `domains` are the hosts its links may lead to.
    `zone` is the time zone (IANA name) of its dates that name none; empty where nobody knows. `alerts` lets its
    statements go out as alerts without an editor.
    """

    id: str
    url: str
    publisher: str
    kind: Kind = Kind.FEED
    role: Role = Role.PRESS
    scope: Scope = Scope.ALL_TOPIC
    owner: str = ""
    country: str = ""
    languages: tuple[str, ...] = ()
    homepage: str = ""
    domains: tuple[str, ...] = ()
    zone: str = ""
    alerts: bool = False
    enabled: bool = True
    selectors: Selectors | None = None
    strip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """The source answered with entries. Validators are kept verbatim, quotes included (RFC 9110, 8.8)."""

    entries: tuple[Entry, ...]
    etag: str = ""
    last_modified: str = ""
    max_age: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The source says that nothing changed since the last poll (304)."""

    max_age: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Failed:
    """The source could not be read; `reason` is one sentence for the operator."""

    reason: str
    retry_after: timedelta = timedelta(0)


Outcome = Fetched | Unchanged | Failed


@dataclass(frozen=True, slots=True)
class PollState:
    """What is remembered of a source between polls. All instants are UTC."""

    source_id: str
    due_at: datetime
    etag: str = ""
    last_modified: str = ""
    interval: timedelta = SHORTEST
    failures: int = 0
    reason: str = ""
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None

    @property
    def first_ingest(self) -> bool:
        """True until a poll has succeeded once: what such a poll finds is old news."""
        return self.last_ok_at is None

    def after(self, outcome: Outcome, now: datetime, *, new: int = 0) -> "PollState":
        """The state after a poll at `now` that brought `new` statements not seen before."""
        match outcome:
            case Failed():
                wait = max(backoff(self.failures + 1), min(outcome.retry_after, LONGEST_RETRY_AFTER))
                return replace(self, failures=self.failures + 1, reason=outcome.reason, due_at=self._next(now, wait))
            case Unchanged():
                kept = replace(self, failures=0, reason="", last_ok_at=now)
                return replace(kept, due_at=self._next(now, max(self.interval, _capped(outcome.max_age))))
            case Fetched():
                interval = usual_interval(outcome)
                wait = max(interval, _capped(outcome.max_age))
                return PollState(
                    source_id=self.source_id,
                    due_at=self._next(now, wait),
                    etag=outcome.etag,
                    last_modified=outcome.last_modified,
                    interval=interval,
                    last_ok_at=now,
                    last_new_at=now if new else self.last_new_at,
                )

    def _next(self, now: datetime, wait: timedelta) -> datetime:
        return now + wait * (1 + jitter(self.source_id) / 10)


def redesigned(unknown: int, shown: int) -> bool:
    """Whether so many of the entries shown are unknown that the site was rather rebuilt than so busy (promise 5)."""
    return unknown >= REDESIGN and unknown > shown / 2


def jitter(source_id: str) -> float:
    """A fraction from 0 to 1 that is always the same for one source, so that sources spread and tests repeat."""
    return int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:4]) / 2**32


def backoff(failures: int) -> timedelta:
    """1, 2, 4 ... 24 hours: a source is asked less often, and never given up (promise 6)."""
    doublings = min(failures - 1, 10)
    return min(HOUR * (1 << doublings), DAY)


def usual_interval(fetched: Fetched) -> timedelta:
    """Half the median gap between the newest entries, from 1 to 24 hours, 6 at least without validators."""
    floor = SHORTEST if fetched.etag or fetched.last_modified else SHORTEST_WITHOUT_VALIDATORS
    dates = sorted((e.published for e in fetched.entries if e.published), reverse=True)[:RHYTHM_SAMPLE]
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(dates)]
    if not gaps:
        return max(floor, 6 * HOUR)
    return min(max(floor, timedelta(seconds=median(gaps) / 2)), LONGEST)


def _capped(max_age: timedelta) -> timedelta:
    return min(max_age, DAY)
