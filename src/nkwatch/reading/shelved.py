"""Where many statements are kept in little memory: all of them in a few long arrays, found by their marks."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from nkwatch.reading.likeness import Profile, Sketch

#: How many marks stand in one chain on average.
CHAINED = 2
_TAG = 0xFFFFFFFF


class Marks:
    """Which statements have a mark: a hash table that grows by one chain at a time (linear hashing).

    Statements are numbered as they come. A mark is known by 32 bits: of ten million, one in four hundred finds a
    statement too many, which the comparison in full sorts out.
    """

    def __init__(self) -> None:
        #: the last entry of each chain, one more than its place; 0 where there is none
        self._heads = array("I", (0,))
        self._links, self._tags, self._ends = array("I"), array("I"), array("I")
        self._level = 1

    def add(self, marks: Iterable[int]) -> None:
        """Enter the next statement under these marks."""
        for mark in marks:
            tag = mark & _TAG
            chain = self._chain(tag)
            self._tags.append(tag)
            self._links.append(self._heads[chain])
            self._heads[chain] = len(self._tags)
            if len(self._tags) > CHAINED * len(self._heads):
                self._split()
        self._ends.append(len(self._tags))

    def sharing(self, mark: int, at_most: int) -> list[int]:
        """The numbers of the statements that have this mark; none where more than `at_most` have it."""
        tag, tags, links = mark & _TAG, self._tags, self._links
        entry = self._heads[self._chain(tag)]
        found: list[int] = []
        while entry:
            entry -= 1
            if tags[entry] == tag:
                if len(found) == at_most:
                    return []
                found.append(bisect_right(self._ends, entry))
            entry = links[entry]
        return found

    def _chain(self, tag: int) -> int:
        chain = tag & (self._level - 1)
        return chain if chain >= len(self._heads) - self._level else tag & (2 * self._level - 1)

    def _split(self) -> None:
        """Share one chain out between itself and a new one."""
        chain = len(self._heads) - self._level
        entry, self._heads[chain] = self._heads[chain], 0
        self._heads.append(0)
        while entry:
            shared = self._tags[entry - 1] & (2 * self._level - 1)
            following, self._links[entry - 1] = self._links[entry - 1], self._heads[shared]
            self._heads[shared], entry = entry, following
        if len(self._heads) == 2 * self._level:
            self._level *= 2


@dataclass(frozen=True, slots=True)
class Shelved:
    """A statement that has its story."""

    statement_id: str
    story_id: str
    profile: Profile


class Rack:
    """Statements by their numbers."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._known: dict[str, str] = {}
        self._days, self._dated, self._counts = array("d"), array("B"), array("I")
        #: keys, weights, traits, what they say together, triples: of one statement behind the other
        self._rows = tuple(_Rows(code) for code in "iHBfi")

    def add(self, one: Shelved) -> None:
        """Keep the next statement."""
        own = one.profile
        self._names += (one.statement_id, one.story_id, self._once(own.publisher), self._once(own.language))
        self._days.append(own.published)
        self._dated.append(own.dated)
        self._counts.append(own.sketch.count)
        for rows, values in zip(
            self._rows, (own.keys, own.weights, own.traits, own.said, own.sketch.least), strict=True
        ):
            rows.add(values)

    def __getitem__(self, number: int) -> Shelved:
        statement_id, story_id, publisher, language = self._names[4 * number : 4 * number + 4]
        keys, weights, traits, said, least = (rows[number] for rows in self._rows)
        sketch = Sketch(least, self._counts[number])
        dated = bool(self._dated[number])
        own = Profile(self._days[number], dated, publisher, language, keys, weights, traits, said, sketch)
        return Shelved(statement_id, story_id, own)

    def _once(self, name: str) -> str:
        return self._known.setdefault(name, name)


class _Rows:
    """Arrays of one type, each behind the one before it."""

    def __init__(self, code: str) -> None:
        self._values = array(code)
        self._ends = array("Q", (0,))

    def add(self, values: array) -> None:  # type: ignore[type-arg]
        self._values.extend(values)
        self._ends.append(len(self._values))

    def __getitem__(self, number: int) -> array:  # type: ignore[type-arg]
        return self._values[self._ends[number] : self._ends[number + 1]]
