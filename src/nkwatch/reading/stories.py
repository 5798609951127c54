"""Which statements report the same thing.

A statement is known by *marks*: the smallest hashes of its overlapping word triples (for Korean, Chinese and
Japanese: runs of letters). Reprints share most of their triples; different statements that only open alike share
few. Headlines are not compared: overlap of headlines was measured to fail on real reports of one event.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nkwatch.domain.statement import Statement
from nkwatch.domain.theme import Reading
from nkwatch.reading.folding import fold

#: Reprints follow within days; an anniversary text that repeats last year's is another statement.
SPAN = timedelta(days=14)
#: Share of the shorter text's triples that must stand in the other.
ENOUGH = 0.45
#: Below this many triples a text says too little to be compared by them.
FEWEST = 12
#: How many marks a statement is found by.
MARKS = 48
#: Enough to compare by; what follows in a reprint is the carrier's.
LONGEST = 6_000

_WORD = re.compile(r"[\w'’]+")
_CJK = re.compile(r"[぀-ヿ㐀-鿿가-힣]")


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement that already has its story."""

    statement: Statement
    story_id: str


@dataclass(frozen=True, slots=True)
class Placement:
    """A reading to record: the statement's story (empty where it has none) and the marks it is found by."""

    reading: Reading
    story_id: str = ""
    marks: tuple[int, ...] = ()


def triples(text: str) -> frozenset[int]:
    """The hashed overlapping word triples of `text`; words in CJK script are taken as pairs of letters."""
    units: list[str] = []
    for word in _WORD.findall(fold(text[:LONGEST]).text):
        if _CJK.search(word):
            units += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        else:
            units.append(word)
    grams = (" ".join(units[i : i + 3]) for i in range(len(units) - 2))
    return frozenset(_hash(g) for g in grams)


def marks(statement: Statement) -> tuple[int, ...]:
    """The hashes under which candidates for the same story are looked up, at most `MARKS`."""
    return _smallest(triples(_body(statement)))


class Shelf:
    """Statements that have their story, to be found by their marks. Placing one costs what shares its marks."""

    def __init__(self, placed: Iterable[Placed] = ()) -> None:
        self._by_mark: dict[int, list[Placed]] = defaultdict(list)
        self._triples: dict[str, frozenset[int]] = {}
        for one in placed:
            self.add(one)

    def add(self, placed: Placed) -> None:
        """Put a statement on the shelf under all its marks."""
        grams = self._triples[placed.statement.id] = triples(_body(placed.statement))
        for mark in _smallest(grams):
            self._by_mark[mark].append(placed)

    def place(self, statement: Statement) -> str:
        """The id of the story that `statement` belongs to, its own id when it opens one; it is on the shelf after."""
        own = triples(_body(statement))
        near = {c.statement.id: c for m in _smallest(own) for c in self._by_mark.get(m, ()) if _near(statement, c)}
        scored = [(likeness(own, self._triples[c.statement.id]), c.story_id) for c in near.values()]
        best, story_id = max(scored, default=(0.0, ""))
        found = story_id if best >= ENOUGH else statement.id
        self.add(Placed(statement, found))
        return found


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """The share (0 to 1) of the smaller set that stands in the other; 0 where there is too little to compare."""
    fewer = min(len(one), len(other))
    return len(one & other) / fewer if fewer >= FEWEST else 0.0


def _smallest(grams: frozenset[int]) -> tuple[int, ...]:
    return tuple(sorted(grams)[:MARKS])


def _near(statement: Statement, other: Placed) -> bool:
    return statement.id != other.statement.id and abs(statement.published - other.statement.published) <= SPAN


def since(statements: Sequence[Statement]) -> datetime:
    """The earliest publication that any of these could share a story with."""
    return min(s.published for s in statements) - SPAN


def _body(statement: Statement) -> str:
    return f"{statement.title}\n{statement.text}"


def _hash(gram: str) -> int:
    return int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), signed=True)
