"""What templates see of the fact that an alert opens with, and of what an update changes in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import zip_longest

from babel import Locale as Region
from babel.numbers import format_decimal

from nkwatch.domain.alert import Change, ChangeKind
from nkwatch.domain.place import Place, lies_in
from nkwatch.domain.story import Report, Story
from nkwatch.editing.facts import Fact, fact
from nkwatch.mail.views import Name, Names, name_of, plain, tag
from nkwatch.mail.widths import shorten

#: A round number from here on is not exact, whatever its source says.
ROUND = 100
#: How many values of one kind are told.
NAMED = 5
#: Room for one of them, in columns.
NAME_WIDTH = 100


@dataclass(frozen=True, slots=True)
class FactView:
    """The fact for readers of one language; whatever was not found is empty.

    `danger` is a code, `people` a number as it is written, `one` whether it is one person, `about` whether the number
    is a round one. `published` is in the publisher's zone.
    """

    danger: str
    people: str
    one: bool
    about: bool
    names: tuple[Name, ...]
    places: tuple[str, ...]
    by: Name
    published: datetime
    estimated: bool
    seen: datetime

    @property
    def details(self) -> bool:
        """Whether anything is known besides the danger."""
        return bool(self.people or self.names or self.places)


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One thing that an update changes; `values` are names, numbers, or codes of dangers. They may be empty."""

    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Makes views of facts with these names of places."""

    names: Names

    def view(self, story: Story, language: str) -> FactView:
        """The fact of `story`."""
        found = fact(story)
        said = _teller(story, found).statement
        names = tuple(Name(clean, _letters(clean, said.language)) for n in found.names if (clean := _name(n)))
        # who is named need not be counted
        people = found.people if found.people and found.people > len(names) else 0
        return FactView(
            danger=found.danger,
            people=_number(people, language) if people else "",
            one=people == 1,
            about=people >= ROUND and people % 10 == 0,
            names=names,
            places=self.located(found.places, language),
            by=name_of(found.by, said),
            published=found.published.astimezone(self.names.zone(said)),
            estimated=found.estimated,
            seen=said.first_seen,
        )

    def located(self, codes: Iterable[str], language: str) -> tuple[str, ...]:
        """The names of these places, each with its country, which is said once of those that stand together."""
        known = [place for code in codes if isinstance(place := self.names.places.get(code), Place)]
        # who is told of a town need not be told of its province
        told = [p for p in known if not any(lies_in(other.code, p.code) for other in known)][:NAMED]
        following = zip_longest(told, (place.country for place in told[1:]))
        return tuple(_located(place, language, last=place.country != after) for place, after in following)

    def changes(self, changes: Iterable[Change], language: str) -> tuple[ChangeView, ...]:
        """What an update changes, in the order in which it was found."""
        return tuple(ChangeView(change.kind.value, self._values(change, language)) for change in changes)

    def _values(self, change: Change, language: str) -> tuple[str, ...]:
        match change.kind:
            case ChangeKind.PLACES:
                return self.located(change.values, language)
            case ChangeKind.PEOPLE:
                return tuple(_number(int(v), language) for v in change.values if v.isdecimal())
            case _:
                return tuple(filter(None, map(_name, change.values)))[:NAMED]


def _teller(story: Story, found: Fact) -> Report:
    """The report whose words the fact tells."""
    told = (r for r in (story.lead, *story.others) if (r.by, r.statement.published) == (found.by, found.published))
    return next(told, story.lead)


def _name(words: str) -> str:
    return shorten(plain(words), NAME_WIDTH)


def _number(count: int, language: str) -> str:
    return str(format_decimal(count, locale=language))


def _located(place: Place, language: str, *, last: bool) -> str:
    name, country = place.name(language), _country(place.country, language)
    return f"{name} ({country})" if last and country not in {"", name} else name


@cache
def _country(code: str, language: str) -> str:
    """What a country (ISO 3166-1 alpha-2) is called; nothing where it has no name."""
    return str(Region.parse(language).territories.get(code, ""))


def _letters(name: str, language: str) -> str:
    return "" if name.isascii() else tag(language)
