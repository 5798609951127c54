"""What a poll may bring: entries, nothing new, or a failure. Expected outcomes are values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.statement import Entry


class Trouble(StrEnum):
    """Why a source could not be read: it fails, shuts us out, was taken away, or could not be reached at all."""

    FAILING = "failing"
    BLOCKED = "blocked"
    GONE = "gone"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The source answered with entries. Validators are kept verbatim, quotes included (RFC 9110, 8.8).

    `max_age` is how long it asks to be left alone; `moved_to` where it redirects to for good; `body` the SHA-256 of
    what came; `removed` the guids that it says are deleted (RFC 6721).
    """

    entries: tuple[Entry, ...]
    etag: str = ""
    last_modified: str = ""
    max_age: timedelta = timedelta(0)
    moved_to: str = ""
    body: str = ""
    removed: tuple[str, ...] = ()
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing changed since the last poll: the source says so (304), or, where `full`, the same bytes came again.

    Validators are empty where those that we have stay in force.
    """

    max_age: timedelta = timedelta(0)
    moved_to: str = ""
    full: bool = False
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The source could not be read; `reason` is one sentence for the operator."""

    reason: str
    retry_after: timedelta = timedelta(0)
    trouble: Trouble = Trouble.FAILING


Outcome = Fetched | Unchanged | Failed


@dataclass(frozen=True, slots=True)
class Found:
    """How many of the entries shown were not seen before, how many were, and `since` when the oldest of these."""

    new: int = 0
    known: int = 0
    since: datetime | None = None
