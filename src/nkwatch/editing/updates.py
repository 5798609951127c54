"""What later reports change in an alert that was sent: only that is told as an update."""

from collections.abc import Callable, Iterable, Sequence

from nkwatch.domain.alert import Change, ChangeKind
from nkwatch.domain.correction import alarming
from nkwatch.domain.place import around
from nkwatch.domain.reading import MentionKind, Reading
from nkwatch.domain.source import Role
from nkwatch.domain.story import Report
from nkwatch.editing.facts import ORDER, gravity
from nkwatch.reading.folding import fold

#: How many names, places and the like are told of each kind.
MOST = 3
#: More people than this are those of a country, not those in danger.
MOST_PEOPLE = 1_000_000
#: A number of people is told when it is so many times what was told before.
MORE = 1.25

#: What a reading says of one kind: what it is told by, and how it is told.
Said = Iterable[tuple[str, str]]


def changed(told: Iterable[Report], new: Iterable[Report]) -> tuple[Change, ...]:
    """What the urgent reports on rights among `new` add to those that were `told`, in the order of `ChangeKind`.

    State media add nothing. Numbers of people are compared by the highest, names by `Mention.key`, those who are asked
    by their country, else by their name.
    """
    before = tuple(told)
    later = [r for r in new if r.role is not Role.STATE_MEDIA and alarming(r.reading)]
    later.sort(key=lambda r: (r.statement.published, r.statement.id))
    found = (
        (ChangeKind.PRIMARY, _primary(before, later)),
        (ChangeKind.PEOPLE, _people(before, later)),
        (ChangeKind.CASES, _new(_persons, before, later)),
        (ChangeKind.PLACES, _elsewhere(before, later)),
        (ChangeKind.DANGERS, _graver(before, later)),
        (ChangeKind.ASKS, _asks(before, later)),
    )
    return tuple(Change(kind, values) for kind, values in found if values)


def _primary(told: Sequence[Report], new: Sequence[Report]) -> tuple[str, ...]:
    """Who speaks for themselves now, where nobody did."""
    if any(r.role is Role.STATEMENT for r in told):
        return ()
    return tuple(dict.fromkeys(r.by for r in new if r.role is Role.STATEMENT))[:MOST]


def _people(told: Sequence[Report], new: Sequence[Report]) -> tuple[str, ...]:
    before, now = (max(_numbers(reports), default=0) for reports in (told, new))
    return (str(now),) if now > before and now >= MORE * before else ()


def _numbers(reports: Sequence[Report]) -> list[int]:
    return [h.number for r in reports for h in r.reading.people if h.number <= MOST_PEOPLE]


def _asks(told: Sequence[Report], new: Sequence[Report]) -> tuple[str, ...]:
    """Whom somebody asks now and nobody did; an empty name where it is the first request and does not say whom."""
    before, now = (_said(_addressees, reports) for reports in (told, new))
    named = tuple(name for key, name in now.items() if name and key not in before)
    return named[:MOST] or (("",) if now and not before else ())


def _elsewhere(told: Sequence[Report], new: Sequence[Report]) -> tuple[str, ...]:
    """Places that nobody named: neither what they lie in, nor what lies in them."""
    before = {code for code, _ in (pair for r in told for pair in _places(r.reading))}
    known = before.union(*map(around, before))
    added = (value for value in _new(_places, told, new) if value not in known)
    return tuple(value for value in added if before.isdisjoint(around(value)))


def _graver(told: Sequence[Report], new: Sequence[Report]) -> tuple[str, ...]:
    """Dangers graver than all that were told: who is threatened with return is detained, and that is no news."""
    least = min((gravity(code) for r in told for code, _ in _dangers(r.reading)), default=len(ORDER) + 1)
    return tuple(code for code in _new(_dangers, told, new) if gravity(code) < least)


def _new(say: Callable[[Reading], Said], told: Sequence[Report], new: Sequence[Report]) -> tuple[str, ...]:
    before = _said(say, told)
    return tuple(value for key, value in _said(say, new).items() if key not in before)[:MOST]


def _said(say: Callable[[Reading], Said], reports: Sequence[Report]) -> dict[str, str]:
    """What all these reports say, each once; the first that says how it is told counts."""
    said: dict[str, str] = {}
    for key, value in (pair for report in reports for pair in say(report.reading)):
        said[key] = said.get(key) or value
    return said


def _persons(reading: Reading) -> Said:
    return ((m.key, m.who.phrase) for m in reading.cases if m.kind is MentionKind.PERSON)


def _places(reading: Reading) -> Said:
    return ((s.code, s.code) for s in reading.places)


def _dangers(reading: Reading) -> Said:
    return ((s.code, s.code) for s in reading.dangers)


def _addressees(reading: Reading) -> Said:
    return ((a.country or fold(a.addressee).text.strip().removeprefix("the "), a.addressee) for a in reading.asks)
