"""Reads what is coming from the operator's iCalendar file (RFC 5545).

The file may come from anybody: it is small, its rules step by days at least, and what repeats is followed only as far
as readers may be told of it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import recurring_ical_events
from icalendar import Calendar, Event
from icalendar.parser import Contentline

from nkwatch.catalogue.entries import DAY, Entry, WrongEntryError, entry_of
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.surroundings import Coming
from nkwatch.editing.coming import HORIZON, STALE

#: A file larger than this (octets), or with more rules, is no list of dates that somebody keeps for readers.
LARGEST, MOST_RULES = 1_000_000, 50
#: Of a file that is wrong all over so many problems are told.
MOST_TOLD = 20
#: An entry is told at most so long before and after it was written down.
REACH = STALE + HORIZON

#: Nobody needs these here, and they may repeat too.
UNREAD = frozenset({"VTIMEZONE", "VALARM"})
#: A calendar holds entries, and an entry may hold what we do not read.
DEEPEST = 4
#: What the library raises at contents that nobody thought of.
UNFIT = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, AssertionError, RecursionError, OSError)

#: The zone of a day or time. Which day it is stands in the file; what a zone is called would be looked up on disk.
_ZONE = re.compile(r'^((?:DTSTART|DTEND|RDATE|EXDATE|RECURRENCE-ID)\b[^:]*?);TZID=(?:"[^"]*"|[^;:]*)', re.IGNORECASE)

#: A line as RFC 5545 counts them (a folded one is one), and the number of the line of the file on which it begins.
Line: TypeAlias = tuple[int, str]


def load_calendar(path: Path) -> tuple[Coming, ...]:
    """The entries of the file, in order; what repeats, as often as readers may be told of it.

    Raises `ConfigError` with every problem and its line.
    """
    entries: list[Entry] = []
    problems: list[str] = []
    for line, event in _parsed(path, list(_lines(_read(path)))):
        try:
            entries.append(entry_of(event, line))
        except (WrongEntryError, *UNFIT) as wrong:
            problems.append(_problem(path, line, wrong))
    rules = sum(e.rules for e in entries)
    if rules > MOST_RULES:
        problems.append(f"{path}: {rules} rules of repetition; only {MOST_RULES} are followed: take some out")
    _raise_any(path, problems)
    told: list[Coming] = []
    for own in _together(entries):
        try:
            told += _times(own)
        except UNFIT as wrong:
            problems.append(_problem(path, own[0].line, wrong))
    _raise_any(path, problems)
    return tuple(told)


def _raise_any(path: Path, problems: Sequence[str]) -> None:
    if problems:
        further = [f"{path}: {len(problems) - MOST_TOLD} problems more"] if len(problems) > MOST_TOLD else []
        raise ConfigError(*problems[:MOST_TOLD], *further)


def _problem(path: Path, line: int, wrong: Exception) -> str:
    why = str(wrong) if isinstance(wrong, WrongEntryError) else "a value that nobody understands; correct it"
    return f"{path}, the entry on line {line}: {_shown(why)}"


def _shown(text: str) -> str:
    """What a file says, so that no terminal takes it for a command."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:200])


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ConfigError(f"{path}: larger than {LARGEST} octets; keep only the entries that readers are to see")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; make it, or take `calendar` out of the settings") from None
    except UnicodeDecodeError as wrong:
        raise ConfigError(f"{path}: not in UTF-8 ({wrong.reason} at octet {wrong.start}); save it as UTF-8") from None
    except OSError as wrong:
        raise ConfigError(f"{path}: cannot be read: {wrong}") from wrong


def _lines(text: str) -> Iterator[Line]:
    """The lines, but for those that define time zones and alarms."""
    within = ""
    for number, line in _unfolded(text):
        what, name = _boundary(line)
        if within:
            within = "" if (what, name) == ("END", within) else within
        elif what == "BEGIN" and name in UNREAD:
            within = name
        else:
            yield number, _ZONE.sub(r"\1", line)


def _boundary(line: str) -> tuple[str, str]:
    """What a line begins or ends: `BEGIN` or `END`, and the kind of component; neither for other lines."""
    what, name = re.split("[;:]", line, maxsplit=1)[0].strip().upper(), line.rpartition(":")[2].strip().upper()
    return (what, name) if what in {"BEGIN", "END"} else ("", "")


def _unfolded(text: str) -> Iterator[Line]:
    joined: list[tuple[int, list[str]]] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if line[:1] in {" ", "\t"} and joined:
            joined[-1][1].append(line[1:])
        elif line.strip():
            joined.append((number, [line]))
    return ((number, "".join(parts)) for number, parts in joined)


def _parsed(path: Path, lines: Sequence[Line]) -> Sequence[tuple[int, Event]]:
    """The entries, and the line on which each begins."""
    _check_nesting(path, lines)
    begins = [number for number, line in lines if _boundary(line) == ("BEGIN", "VEVENT")]
    try:
        calendar = Calendar.from_ical("\r\n".join(line for _, line in lines))
        events = [event for event in calendar.walk("VEVENT") if isinstance(event, Event)]
        return list(zip(begins, events, strict=True))
    except UNFIT:
        for number, line in filter(_is_unreadable, lines):
            raise ConfigError(f"{path}, line {number}: {line[:60]!r} is no line of iCalendar; correct it") from None
        raise ConfigError(f"{path}: no iCalendar; export it anew from the program that made it") from None


def _check_nesting(path: Path, lines: Iterable[Line]) -> None:
    """What begins must end: else entries would be lost without a word."""
    begun: list[Line] = []
    for number, line in lines:
        what, name = _boundary(line)
        if what == "BEGIN" and len(begun) < DEEPEST:
            begun.append((number, name))
        elif what and (what == "BEGIN" or not begun or begun.pop()[1] != name):
            raise ConfigError(f"{path}, line {number}: {line[:60]!r} does not belong here; correct it")
    if begun:
        number, name = begun[-1]
        raise ConfigError(f"{path}, line {number}: BEGIN:{_shown(name)} has no END:{_shown(name)}; add it")


def _is_unreadable(line: Line) -> bool:
    try:
        Contentline(line[1]).parts()  # type: ignore[no-untyped-call]
    except UNFIT:
        return True
    return False


def _together(entries: Iterable[Entry]) -> Iterable[list[Entry]]:
    """Entries that belong together: one that repeats, and times of it that were changed."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[str(entry.plain["UID"])].append(entry)
    return groups.values()


def _times(own: Sequence[Entry]) -> list[Coming]:
    """Each time that these take place and readers may be told of it."""
    by_line = {str(e.line): e for e in own}
    written = max(e.told.as_of for e in own)
    calendar = Calendar()
    calendar.subcomponents = [e.plain for e in own]
    found = recurring_ical_events.of(calendar).between(written - REACH, written + REACH)
    times = [(by_line[event["COMMENT"]], event["DTSTART"].dt, event["DTEND"].dt - DAY) for event in found]
    return [replace(entry.told, day=day, until=until) for entry, day, until in times if not entry.hidden]
