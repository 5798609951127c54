"""The fact that an alert opens with: which danger, how many people or who, where, by whom it is told.

All of it is from one report, so that whose words it is can be told. What the report does not say for sure stays empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from nkwatch.domain.place import around, depth, lies_in
from nkwatch.domain.reading import Evidence, MentionKind, Sighting
from nkwatch.domain.story import Report, Story
from nkwatch.reading.sentences import sentences

#: Where several dangers are named at once, the first of these is what it is about: who is detained and threatened with
#: return is threatened with return, and who is missing after a flood is a victim of the flood.
ORDER = ("forced_return", "execution", "sentence", "detention", "disaster", "disappearance", "epidemic")
#: A text says in so many sentences what happened, to whom, and where.
OPENING = 3
MOST_NAMES, MOST_PLACES = 3, 2


@dataclass(frozen=True, slots=True)
class Fact:
    """What one report says happened; `danger` is a list of urgency.toml, `places` are codes of places.toml."""

    danger: str
    people: int | None
    names: tuple[str, ...]
    places: tuple[str, ...]
    published: datetime
    estimated: bool
    by: str


def fact(story: Story) -> Fact:
    """The fact of a story, by the first of its most urgent reports that names a danger; the leading one comes first."""
    told = [_Told.of(r) for r in (story.lead, *story.others) if r.reading.urgency is story.urgency]
    best = next((one for one in told if one.danger), told[0])
    said = best.report.statement
    return Fact(
        danger=best.danger.code if best.danger else "",
        people=_people(best),
        names=_names(best),
        places=_places(best),
        published=said.published,
        estimated=said.published_estimated,
        by=best.report.by,
    )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A title, or one sentence of a text (code points)."""

    field: str
    start: int
    end: int

    def __contains__(self, seen: Evidence) -> bool:
        return seen.field == self.field and self.start <= seen.start < self.end


@dataclass(frozen=True, slots=True)
class _Told:
    """A report with its danger; `near` is the title or the sentence that names it, `opening` what tells of it."""

    report: Report
    danger: Sighting | None
    near: _Stretch
    opening: Sequence[_Stretch]

    @classmethod
    def of(cls, report: Report) -> "_Told":
        said = report.statement
        title, starts = _Stretch("title", 0, len(said.title)), [start for start, _ in sentences(said.text)]
        parts = [title, *(_Stretch("text", a, b) for a, b in pairwise([*starts, len(said.text)]))]
        named = [d for d in report.reading.dangers if _stands(d.seen, report)]
        opening = parts[: 1 + OPENING]
        told = [d for d in named if any(d.seen in part for part in opening)]
        titled = [d for d in told if d.seen in title]
        decisive = titled or [d for d in told if d.seen in report.reading.urgency_evidence] or told
        near = next((part for part in opening for d in decisive[:1] if d.seen in part), title)
        danger = min((d for d in decisive if d.seen in near), key=lambda d: gravity(d.code), default=None)
        return cls(report, danger, near, opening)

    def tells(self, seen: Evidence) -> bool:
        """Whether this stands where the report tells what happened."""
        return _stands(seen, self.report) and any(seen in part for part in self.opening)


def gravity(danger: str) -> int:
    """The place of a danger in `ORDER`: the smaller, the graver."""
    return ORDER.index(danger) if danger in ORDER else len(ORDER)


def _stands(seen: Evidence, report: Report) -> bool:
    """Whether the report still has these words there: a reading may be of an earlier text."""
    text: str = getattr(report.statement, seen.field)
    return text[seen.start : seen.end] == seen.phrase


def _people(told: _Told) -> int | None:
    """The number of people of the first stretch that has any: beside the danger or of a group at risk, and only one."""
    victims = [m.who for m in told.report.reading.cases if m.kind is MentionKind.GROUP]
    counts = [h for h in told.report.reading.people if told.tells(h.seen)]
    part = next((part for part in told.opening if any(h.seen in part for h in counts)), told.near)
    here = [h for h in counts if h.seen in part]
    at_risk = {h.number for h in here if any(_overlap(h.seen, who) for who in victims)}
    beside = {h.number for h in here if told.danger and part == told.near}
    numbers = at_risk or beside
    return numbers.pop() if len(numbers) == 1 else None


def _overlap(one: Evidence, other: Evidence) -> bool:
    return one.field == other.field and one.start < other.end and other.start < one.end


def _names(told: _Told) -> tuple[str, ...]:
    places = {p.seen.phrase for p in told.report.reading.places}
    persons = (m.who for m in told.report.reading.cases if m.kind is MentionKind.PERSON)
    return tuple(who.phrase for who in persons if told.tells(who) and who.phrase not in places)[:MOST_NAMES]


def _places(told: _Told) -> tuple[str, ...]:
    """The narrowest places of the title, else of the first sentence that names any; later ones may only be narrower.

    A country in the title is the place only where no sentence names a town in it.
    """
    seen = [p for p in told.report.reading.places if told.tells(p.seen)]
    codes: list[str] = []
    for part in told.opening:
        here = [p.code for p in seen if p.seen in part]
        codes = _narrowest([c for c in here if not codes or any(lies_in(c, wide) for wide in codes)]) or codes
    return _few(codes)


def _narrowest(codes: Sequence[str]) -> list[str]:
    """These without those that others lie in, and without countries beside towns or provinces."""
    narrow = [code for code in codes if not any(lies_in(other, code) for other in codes)]
    return [code for code in narrow if depth(code) > 1] or narrow


def _few(codes: Sequence[str]) -> tuple[str, ...]:
    """At most two places; of more, that in which they all lie."""
    if len(codes) <= MOST_PLACES:
        return tuple(codes)
    shared = set(around(codes[0])).intersection(*map(around, codes[1:]))
    return tuple(sorted(shared, key=depth)[-1:])
