"""Groups in danger: '27 escapees', '탈북민 7명', '脱北者7人', 'sept Nord-Coréens'; one key in all languages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from nkwatch.reading.casebook import CJK, CaseBook, Words, either

#: One is a person, not a group; more than this is a figure of a report, not people whom one can follow.
FEWEST, MOST = 2, 9_999
#: A place is looked for this far from a group, in code points.
_AROUND = 300
_DIGITS = r"(?<![\w.,$£€])\d{1,3}(?:[,.\u00a0\u202f]\d{3})?(?![\w%])|(?<![\w.,$£€])\d{4}(?![\w%])"
_CJK_DIGITS = r"(?<![\d.,])\d{1,4}(?:,\d{3})?"
_COUNTERS = r"\s?여?\s?[명人名]"


@dataclass(frozen=True, slots=True)
class Group:
    """So many of a kind: '27 escapees', where it stands in the text."""

    start: int
    end: int
    key: str


def groups(text: str, words: Words) -> Iterator[Group]:
    """Every group of a counted kind in `text`, whatever happens to it."""
    for pattern in _patterns(_Lists(tuple(words.numbers), tuple(words.kinds))):
        for match in pattern.finditer(text):
            count = _count(match["count"], words.numbers)
            kind = words.kinds[" ".join(match["kind"].lower().replace("-", " ").split())]
            if FEWEST <= count <= MOST:
                yield Group(match.start(), match.end(), f"group:{count} {kind}")


def place(text: str, near: int, book: CaseBook) -> str:
    """The place that a group at `near` is said to be in: a town or province before a country, then the nearest."""
    found = (
        (name in book.wide_places, abs(match.start() - near), name)
        for match in _places(tuple(book.places.items())).finditer(text, max(0, near - _AROUND), near + _AROUND)
        for name in _named(match[0].lower(), book.places)
    )
    return min(found, default=(False, 0, ""))[2]


@dataclass(frozen=True, slots=True)
class _Lists:
    numbers: tuple[str, ...]
    kinds: tuple[str, ...]


@lru_cache(maxsize=16)
def _patterns(lists: _Lists) -> tuple[re.Pattern[str], ...]:
    latin = [k for k in lists.kinds if not CJK.search(k)]
    eastern = [k for k in lists.kinds if CJK.search(k)]
    if latin:
        count = rf"(?P<count>{_DIGITS}|{either(lists.numbers)})"
        return (re.compile(rf"{count}\s+(?:[\w\-]{{1,20}}\s+){{0,3}}?(?P<kind>{either(latin)})", re.IGNORECASE),)
    count = rf"(?P<count>{_CJK_DIGITS}|{either(lists.numbers)})"
    kind = f"(?P<kind>{either(eastern)})"
    return (
        re.compile(rf"{kind}(?:\s|약|최소|적어도|약|少なくとも|約|ら|들|の|[(（]){{0,3}}{count}{_COUNTERS}"),
        re.compile(rf"{count}{_COUNTERS}(?:\s|의|の|以上の){{0,2}}{kind}"),
    )


def _count(written: str, numbers: Mapping[str, int]) -> int:
    digits = re.sub(r"\D", "", written)
    return int(digits) if digits else numbers[" ".join(written.lower().replace("-", " ").split())]


@lru_cache(maxsize=4)
def _places(places: tuple[tuple[str, tuple[str, ...]], ...]) -> re.Pattern[str]:
    return re.compile(either(s for _, spellings in places for s in spellings), re.IGNORECASE)


def _named(written: str, places: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    return (name for name, spellings in places.items() if written in map(str.lower, spellings))
