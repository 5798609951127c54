"""An *errand* is one page to be fetched for a statement that we have: for its text, or to see whether it is gone."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.statement import Article
from nkwatch.domain.timeline import ahead

#: A page that could not be had is tried so often, then the statement does without.
ATTEMPTS = 3
AGAIN = timedelta(minutes=5)


class Purpose(StrEnum):
    """Why the page is asked for."""

    #: the statement may be on North Korea, and its source shows only a part of it
    ARTICLE = "article"
    #: its source no longer lists it, though it lists older ones: was it deleted?
    PRESENCE = "presence"


@dataclass(frozen=True, slots=True)
class Errand:
    """One page to be fetched, due at `due_at` (UTC)."""

    statement_id: str
    purpose: Purpose
    url: str
    source_id: str
    due_at: datetime
    attempts: int = 0

    def again(self, now: datetime) -> "Errand | None":
        """The errand after a failed attempt; None when it is given up."""
        attempts = self.attempts + 1
        return None if attempts >= ATTEMPTS else replace(self, attempts=attempts, due_at=now + AGAIN * attempts)

    def overlong(self, now: datetime, rests_until: datetime) -> bool:
        """Whether it is due later than any rule says. `rests_until` is when its host may be asked again."""
        return ahead(self.due_at, max(now + AGAIN * ATTEMPTS, rests_until))


@dataclass(frozen=True, slots=True)
class Brought:
    """The page, and what it says; `article` is None where nobody asked or nothing could be made of it."""

    article: Article | None = None
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no page at that address any more (404, 410)."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The page could not be had for now; `reason` is one sentence. `retry_after` is what its host asks for."""

    reason: str
    retry_after: timedelta = timedelta(0)


Visited = Brought | Absent | Unavailable


@dataclass(frozen=True, slots=True)
class Rest:
    """A host that asked to be left alone until then (UTC)."""

    host: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Ran:
    """All that an errand run at `at` (UTC) leaves behind: an article, a page that is gone, or another attempt."""

    errand: Errand
    at: datetime
    article: Article | None = None
    snapshot: Snapshot | None = None
    gone: bool = False
    again: Errand | None = None
    rest: Rest | None = None
