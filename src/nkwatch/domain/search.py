"""What somebody looks for in the archive, and a page of what was found."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from nkwatch.domain.reading import Urgency
from nkwatch.domain.story import Report, Story

#: More than this is not counted.
COUNTED = 1_000
#: Hits on a page at most.
LARGEST_PAGE = 100
#: Numbers count from here: by 1900 seconds, and by as many bits within a second.
_BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)
_BITS = 20
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; everything that is given must be so, and of several values of one filter any.

    `words` are words and phrases as they were written, each found as its tokens one after the other. `since` and
    `until` are days in UTC, both included. `urgency` is the least. `speaker` and `addressee` are found like a phrase in
    the names of who is quoted and of whom is asked; `asked` are countries (ISO 3166-1 alpha-2) of whom is asked. With
    `rights` only what is on human rights. Without anything it finds all.
    """

    words: tuple[str, ...] = ()
    themes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None
    urgency: Urgency | None = None
    speaker: str = ""
    addressee: str = ""
    rights: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A statement that was found, and its story. `number` is its place: the newer, the higher."""

    number: int
    report: Report
    story_id: str


@dataclass(frozen=True, slots=True)
class Hits:
    """A page of statements, the newest first; `next` is what the next page is before, None at the end."""

    hits: tuple[Hit, ...] = ()
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of stories, each where its newest statement stands that was found; `next` as in `Hits`."""

    stories: tuple[Story, ...] = ()
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many statements were found; `more` when it is more than were counted."""

    statements: int
    more: bool = False


def number(published: datetime, statement_id: str) -> int:
    """The place of a statement in the index, where it is free: by its date, then by 20 bits of its id."""
    within = int.from_bytes(hashlib.sha256(statement_id.encode()).digest()[:3], "big") >> 24 - _BITS
    return second(published) << _BITS | within


def second(published: datetime) -> int:
    """Of which second, since 1900, a statement's number is."""
    return (published - _BEGINNING) // timedelta(seconds=1)


def second_of(number: int) -> int:
    """The second, since 1900, of a number."""
    return number >> _BITS


def numbers(since: date | None, until: date | None) -> tuple[int, int]:
    """The first number of these days, both included, and the one behind the last; of all days where none is named."""
    first = 0 if since is None else _days(since)
    end = _days(date.max) if until is None else _days(until) + 1
    return first * _DAY << _BITS, end * _DAY << _BITS


def _days(day: date) -> int:
    return day.toordinal() - _BEGINNING.toordinal()
