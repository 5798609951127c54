"""Reads archived entries: JSON lines, gzipped or not, in any order, of any number of feeds.

A line is an object with the fields `feed`, `publisher`, `url`, `title`, `summary` (mark-up as it was shown) and
`published`; `lang`, `guid` and `author` where they are known. `role` and `scope` say of a feed what the catalogue does
not.
"""

import gzip
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BufferedIOBase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role, Scope, Source, host_of
from nkwatch.domain.statement import EARLIEST
from nkwatch.feeds.dates import published

GZIP = b"\x1f\x8b"
#: So many lines that are left out are told one by one.
TOLD = 10
#: Dates are read before it is known whose they are.
_NOBODY = Source("", "", "")

Say = Callable[[str], None]


def _text(value: object) -> object:
    return "" if value is None else str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_text)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    feed: Text = ""
    publisher: Text = ""
    url: Text = ""
    title: Text = ""
    summary: Text = ""
    published: Text = ""
    lang: Text = ""
    guid: Text = ""
    author: Text = ""
    role: Role | None = None
    scope: Scope | None = None

    @property
    def of(self) -> str:
        """The feed that showed it; where the line does not say, its publisher or host."""
        return self.feed or self.publisher or host_of(self.url)


@dataclass(frozen=True, slots=True)
class Archived:
    """One entry as it was shown, at `published` (UTC); title and summary may hold mark-up."""

    published: datetime
    title: str
    url: str
    summary: str
    language: str = ""
    guid: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed with its entries, the oldest first; it has at least one.

    `publisher`, `host` and `languages` are what its entries say most often, `role` and `scope` None where none says.
    """

    address: str
    publisher: str
    host: str
    languages: tuple[str, ...]
    entries: tuple[Archived, ...]
    role: Role | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """All feeds by address. `left_out` counts lines that are no entries with a date."""

    feeds: tuple[Feed, ...] = ()
    left_out: int = 0

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return sum(len(feed.entries) for feed in self.feeds)


@dataclass(frozen=True, slots=True)
class Span:
    """The days (UTC, both inclusive) whose entries are wanted."""

    since: date | None = None
    until: date | None = None

    def holds(self, instant: datetime) -> bool:
        """Whether an entry of this instant (UTC) is wanted."""
        day = instant.date()
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


def read_archive(files: Sequence[Path], span: Span, now: datetime, say: Say) -> Archive:
    """The entries of these files within `span`; `say` is told which lines are left out, and why.

    What has no date, or one after `now`, cannot be replayed. Raises `ConfigError` for a file that cannot be read.
    """
    feeds: dict[str, list[tuple[_Line, Archived]]] = defaultdict(list)
    left_out = 0
    for place, line in _numbered(files):
        read = _entry(line, now)
        if isinstance(read, str):
            left_out += 1
            if left_out <= TOLD:
                say(f"{place}: left out: {read}")
        elif span.holds(read[1].published):
            feeds[read[0].of].append(read)
    if left_out > TOLD:
        say(f"{left_out - TOLD} more lines are left out")
    return Archive(tuple(_feed(address, feeds[address]) for address in sorted(feeds)), left_out)


def _numbered(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        try:
            with _opened(file) as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield f"{file}, line {number}", line.decode("utf-8-sig", "replace")
        except (OSError, EOFError, zlib.error) as wrong:
            raise ConfigError(f"{file}: cannot be read: {getattr(wrong, 'strerror', None) or wrong}") from wrong


def _opened(file: Path) -> BufferedIOBase:
    with file.open("rb") as raw:
        packed = raw.read(len(GZIP)) == GZIP
    return gzip.open(file) if packed else file.open("rb")


def _entry(line: str, now: datetime) -> tuple[_Line, Archived] | str:
    """What a line holds, or why that is no entry."""
    try:
        said = _Line.model_validate(json.loads(line))
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}"
    except (ValueError, RecursionError) as wrong:
        return f"no JSON: {wrong}"
    when = published(_NOBODY, f"{said.title} {said.lang}", said.published)
    if when is None:
        return f"no date can be read in {said.published!r}" if said.published else "it has no date"
    if not EARLIEST <= when <= now:
        return f"its date cannot be right: {when:%Y-%m-%d}"
    if not said.title and not said.url:
        return "it has neither title nor address"
    return said, Archived(when, said.title, said.url, said.summary, said.lang, said.guid, said.author)


def _feed(address: str, read: Sequence[tuple[_Line, Archived]]) -> Feed:
    lines = [line for line, _ in read]
    return Feed(
        address,
        publisher=_most(line.publisher for line in lines) or address,
        host=_most(host_of(line.url) for line in lines),
        languages=_ordered(line.lang for line in lines),
        entries=tuple(sorted((one for _, one in read), key=lambda e: (e.published, e.url, e.title))),
        role=next((line.role for line in lines if line.role), None),
        scope=next((line.scope for line in lines if line.scope), None),
    )


def _most(values: Iterable[str]) -> str:
    return next(iter(_ordered(values)), "")


def _ordered(values: Iterable[str]) -> tuple[str, ...]:
    """The values that there are, the most frequent first."""
    counts = Counter(v for v in values if v)
    return tuple(sorted(counts, key=lambda v: (-counts[v], v)))
