"""Reads one entry of an iCalendar file (a VEVENT of RFC 5545): what is told of it, and on which days it takes place.

Only days count: an entry stands on the day that is written in it, in whatever zone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from icalendar import Event

from nkwatch.catalogue.opml import on_the_web
from nkwatch.domain.surroundings import Coming

#: Years in which entries may lie.
EARLIEST, LATEST = 1900, 2199
#: Letters of a title and of a place.
LONGEST = 200
DAY = timedelta(days=1)
LONGEST_LASTING = timedelta(days=366)

_ANY = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"})
_DAYS = _ANY | {"BYDAY", "BYMONTHDAY", "BYSETPOS"}
#: What a rule may say. Others step by less than a day, or may search all of time for a day that there is not.
_PARTS = {"DAILY": _ANY, "WEEKLY": _ANY | {"BYDAY"}, "MONTHLY": _DAYS, "YEARLY": _DAYS | {"BYMONTH"}}
#: The fifth or fifth last of some days is in some months.
LAST_PLACE = 5
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class WrongEntryError(Exception):
    """What is wrong with an entry, and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: what is told of its first time, and an event that has its days and rules and nothing else.

    What is `hidden` (cancelled, or not public) is not told. `rules` is how many rules of repetition it has.
    """

    line: int
    told: Coming
    plain: Event
    hidden: bool
    rules: int


def entry_of(event: Event, line: int) -> Entry:
    """The entry that begins on this line of a file; its `plain` event has the line as a comment.

    Raises `WrongEntryError`, or what the library does at values of another kind than they should be.
    """
    for prop, why in event.errors:
        raise WrongEntryError(f"{prop} is wrong: {why}")
    told = _told(event)
    rules = [_rule(rule) for rule in _all(event, "RRULE")]
    plain = Event()
    plain.add("UID", str(_first(event, "UID") or f"line {line}"))
    plain.add("COMMENT", str(line))
    plain.add("SEQUENCE", int(_first(event, "SEQUENCE") or 0))
    plain.add("DTSTART", told.day)
    plain.add("DTEND", told.until + DAY)
    for rule in rules:
        plain.add("RRULE", rule)
    for repeated in ("RDATE", "EXDATE"):
        if days := list(_listed(event, repeated)):
            plain.add(repeated, days)
    if original := _day(event, "RECURRENCE-ID"):
        ranged = _first(event, "RECURRENCE-ID").params.get("RANGE")
        plain.add("RECURRENCE-ID", original, parameters={"RANGE": "THISANDFUTURE"} if ranged else {})
    return Entry(line, told, plain, _is_hidden(event), len(rules))


def _told(event: Event) -> Coming:
    day, title = _day(event, "DTSTART"), _text(event, "SUMMARY")
    written = _day(event, "LAST-MODIFIED") or _day(event, "DTSTAMP")
    if not title:
        raise WrongEntryError("no SUMMARY; say what will happen")
    if day is None:
        raise WrongEntryError("no DTSTART; say on which day it is")
    if written is None:
        raise WrongEntryError("neither LAST-MODIFIED nor DTSTAMP; readers are told as of when it is")
    place, url = _text(event, "LOCATION"), _address(str(_first(event, "URL") or ""))
    return Coming(title, day, _last(event, day), written, place, url, _language(event))


def _is_hidden(event: Event) -> bool:
    """Whether it is cancelled or not for the public (RFC 5545, 3.8.1.11 and 3.8.1.3)."""
    public = str(_first(event, "CLASS") or "PUBLIC").upper() == "PUBLIC"
    return not public or str(_first(event, "STATUS") or "").upper() == "CANCELLED"


def _all(event: Event, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _first(event: Event, name: str) -> Any:
    return next(iter(_all(event, name)), None)


def _day(event: Event, name: str) -> date | None:
    found = _first(event, name)
    return None if found is None else _dated(getattr(found, "dt", None), name)


def _listed(event: Event, name: str) -> Iterator[date]:
    return (_dated(day.dt, name) for several in _all(event, name) for day in several.dts)


def _dated(value: object, name: str) -> date:
    """The day of a date, a time or the beginning of a period, as it is written."""
    begins = value[0] if isinstance(value, tuple) else value
    day = begins.date() if isinstance(begins, datetime) else begins
    if not isinstance(day, date) or not EARLIEST <= day.year <= LATEST:
        raise WrongEntryError(f"{name} has to be a day from {EARLIEST} to {LATEST}")
    return day


def _last(event: Event, day: date) -> date:
    """The last day: what ends at midnight, or on a day (RFC 5545, 3.6.1), ends on the one before."""
    end, lasts = _first(event, "DTEND"), _first(event, "DURATION")
    if end is None and lasts is None:
        return day
    name, ends = ("DTEND", end.dt) if end is not None else ("DURATION", _after(event, lasts.dt))
    last = _dated(ends, name)
    if not day <= last <= day + LONGEST_LASTING:
        raise WrongEntryError(f"it ends before it begins, or lasts more than a year; correct {name}")
    whole = not isinstance(ends, datetime) or ends.time() == time()
    return max(day, last - DAY) if whole else last


def _after(event: Event, lasts: timedelta) -> datetime:
    begins = _first(event, "DTSTART").dt
    try:
        return (begins if isinstance(begins, datetime) else datetime.combine(begins, time())) + lasts
    except OverflowError:
        raise WrongEntryError("DURATION is no time that anything lasts; correct it") from None


def _rule(rule: Any) -> dict[str, Any]:
    """A rule of repetition that steps by days at least, and ends."""
    often = str(next(iter(rule.get("FREQ", ())), "")).upper()
    if often not in _PARTS:
        raise WrongEntryError(f"RRULE with FREQ={often or 'nothing'}; it may be {', '.join(_PARTS)}")
    if unknown := sorted({str(name).upper() for name in rule} - _PARTS[often]):
        raise WrongEntryError(f"RRULE with FREQ={often} and {', '.join(unknown)}; list the days as RDATE instead")
    if any(number < 1 for name in ("INTERVAL", "COUNT") for number in rule.get(name, ())):
        raise WrongEntryError("RRULE with INTERVAL or COUNT below 1; correct it")
    if any(abs(place) > LAST_PLACE for place in rule.get("BYSETPOS", ())):
        raise WrongEntryError(f"RRULE with BYSETPOS beyond {LAST_PLACE}; list the days as RDATE instead")
    if len(rule.get("UNTIL", ())) > 1:
        raise WrongEntryError("RRULE with more than one UNTIL; leave one")
    until = [_dated(day, "UNTIL") for day in rule.get("UNTIL", ())]
    return {**rule, **({"UNTIL": until} if until else {})}


def _text(event: Event, name: str) -> str:
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in str(_first(event, name) or ""))
    text = " ".join(shown.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _language(event: Event) -> str:
    spoken = _first(event, "SUMMARY").params.get("LANGUAGE", "")
    return spoken if isinstance(spoken, str) and _LANGUAGE.fullmatch(spoken) else ""


def _address(url: str) -> str:
    """An address that a reader can open; empty for anything else."""
    return url if on_the_web(url) and url.isprintable() and " " not in url else ""
