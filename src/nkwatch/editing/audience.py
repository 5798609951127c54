"""Many readers, indexed: which of them want a story.

Every wish has a line. For each theme, source, kind of source, word and name the index holds the lines of the wishes
that ask for it, and those of readers who mute it. So a story costs what it touches, and no look at each wish.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import compress
from operator import or_
from typing import TypeAlias

from ahocorasick_rs import AhoCorasick, MatchKind

from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Subscriber
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.following import Pattern, patterns
from nkwatch.editing.matching import ANY, CASE, ROLE, SOURCE, THEME, Offer, Part
from nkwatch.reading.names import name_key

#: What is asked for: a pattern, else a kind (of `matching.KINDS`) and a value.
Key: TypeAlias = Pattern | tuple[str, str]
#: Numbers of lines; of many lines an integer with a bit for each.
Lines: TypeAlias = "array[int] | int"
#: A number of a line takes as much room as one bit for each of so many lines.
SPARSE = 32
#: The keys of wishes that leave a side empty.
ANY_THEME, ANY_SOURCE = (ANY, THEME), (ANY, SOURCE)


def _lists() -> "defaultdict[Key, array[int]]":
    return defaultdict(partial(array, "I"))


@dataclass(slots=True)
class _Gathering:
    """Lines as they come, one reader after the other; nothing of a reader is kept but the lines."""

    #: the number of the reader to whom a line belongs
    owners: "array[int]" = field(default_factory=lambda: array("I"))
    wished: "defaultdict[Key, array[int]]" = field(default_factory=_lists)
    muted: "defaultdict[Key, array[int]]" = field(default_factory=_lists)

    def add(self, reader: int, choice: Choice) -> None:
        """Give each wish of a reader a line."""
        for wish in choice.wishes:
            line = len(self.owners)
            self.owners.append(reader)
            for key in _wished(wish):
                self.wished[key].append(line)
            for key in _muted(choice.mutes):
                self.muted[key].append(line)


def _wished(wish: Wish) -> Iterator[Key]:
    yield from _followed(wish.follows)
    if not wish.only_follows:
        yield from _chosen(wish) if wish.sources or wish.roles else (*_chosen(wish), ANY_SOURCE)
        yield from () if wish.themes else (ANY_THEME,)


def _muted(mutes: Mutes) -> Iterator[Key]:
    if mutes:
        yield from _chosen(mutes)
        yield from _followed(mutes.follows)


def _chosen(asked: Wish | Mutes) -> Iterator[Key]:
    yield from ((THEME, code) for code in asked.themes)
    yield from ((SOURCE, source) for source in asked.sources)
    yield from ((ROLE, role) for role in asked.roles)


def _followed(follows: Follows) -> Iterator[Key]:
    """Each key once: words may share patterns."""
    if follows:
        yield from {p for word in (*follows.words, *follows.cases) for p in patterns(word)}
        yield from ((CASE, name) for name in follows.cases)


@dataclass(frozen=True, slots=True)
class _Heard:
    """The lines that one report touches, one bit each: of wishes that ask for its themes, its source, its words."""

    rights: bool
    themes: int
    sources: int
    followed: int
    #: what in it is muted; and whose readers mute its source, so that it is taken out for them
    muted: int
    without: int


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """An index of readers, who are numbered as they came."""

    owners: "array[int]"
    wished: Mapping[Key, Lines]
    muted: Mapping[Key, Lines]
    words: Sequence[Pattern]
    #: the spellings under which readers follow or mute a name, by its key
    names: Mapping[str, Sequence[str]]
    automaton: AhoCorasick

    @classmethod
    def of(cls, readers: Iterable[Subscriber]) -> "Audience":
        """The index of these readers, of whom any number may come: none is kept."""
        lists = _Gathering()
        for number, reader in enumerate(readers):
            lists.add(number, reader.choice)
        keys = dict.fromkeys((*lists.wished, *lists.muted))
        words = [key for key in keys if isinstance(key, Pattern)]
        automaton = AhoCorasick([word.text for word in words], matchkind=MatchKind.Standard)
        size = len(lists.owners)
        return cls(
            lists.owners, _packed(lists.wished, size), _packed(lists.muted, size), words, _named(keys), automaton
        )

    def wanting(self, story: Story | Offer) -> list[int]:
        """The numbers of the readers who want a story, in order: those for whom `matching.reasons` has any."""
        wanting = 0
        for lines, heard in self._hearing([self._heard(p) for p in Offer.of(story).parts]):
            wanting |= lines & self._wanting(heard)
        flags = f"{wanting:0{len(self.owners)}b}"[::-1].encode().translate(_FLAGS)
        return list(dict.fromkeys(compress(self.owners, flags)))

    def _heard(self, part: Part) -> _Heard:
        themes: Sequence[Key] = [(THEME, code) for code in part.themes]
        sources: Sequence[Key] = [(SOURCE, part.source), (ROLE, part.role)]
        followed = self._followed(part)
        return _Heard(
            part.rights,
            self._lines(self.wished, themes),
            self._lines(self.wished, sources),
            self._lines(self.wished, followed),
            self._lines(self.muted, (*themes, *followed)),
            self._lines(self.muted, sources),
        )

    def _followed(self, part: Part) -> Sequence[Key]:
        """What somebody follows or mutes in a report: patterns that stand in it, spellings of whom it names."""
        standing = self.standing(part)
        names = {s for n in part.named for key in n.keys for s in self.names.get(key, ()) if n.by(s)}
        return [*standing, *((CASE, name) for name in names)]

    def standing(self, part: Part) -> set[Pattern]:
        """The patterns of words that somebody follows or mutes, and that stand in a report."""
        return {
            self.words[number]
            for passage in part.passages
            for number, start, end in self.automaton.find_matches_as_indexes(passage.folded, overlapping=True)
            if passage.stands(self.words[number], start, end)
        }

    def _hearing(self, reports: Iterable[_Heard]) -> Iterator[tuple[int, Sequence[_Heard]]]:
        """The lines to which the same reports are left when those of muted sources are taken out, and these reports."""
        groups: list[tuple[int, Sequence[_Heard]]] = [((1 << len(self.owners)) - 1, ())]
        for report in reports:
            out = report.without
            split = [((lines & ~out, (*heard, report)), (lines & out, heard)) for lines, heard in groups]
            groups = [group for both in split for group in both if group[0]]
        return ((lines, heard) for lines, heard in groups if heard)

    def _wanting(self, heard: Sequence[_Heard]) -> int:
        """The lines that ask for a story of these reports, and do not mute it."""
        on_it = _union(h.themes for h in heard)
        if any(h.rights for h in heard):
            on_it |= self._lines(self.wished, [ANY_THEME])
        from_it = _union(h.sources for h in heard) | self._lines(self.wished, [ANY_SOURCE])
        wished = on_it & from_it | _union(h.followed for h in heard)
        return wished & ~_union(h.muted for h in heard)

    def _lines(self, lists: Mapping[Key, Lines], keys: Iterable[Key]) -> int:
        """The lines of all these keys, one bit each."""
        many, few = 0, bytearray(len(self.owners) // 8 + 1)
        for key in keys:
            lines = lists.get(key, 0)
            if isinstance(lines, int):
                many |= lines
            else:
                _mark(few, lines)
        return many | int.from_bytes(few, "little")


def _union(lines: Iterable[int]) -> int:
    return reduce(or_, lines)


#: The digits of a binary number as flags.
_FLAGS = bytes.maketrans(b"01", b"\0\1")


def _packed(lists: "Mapping[Key, array[int]]", size: int) -> Mapping[Key, Lines]:
    """The same lists; those that a bit for each of `size` lines makes smaller are packed."""
    return {key: _bits(lines, size) if len(lines) * SPARSE > size else lines for key, lines in lists.items()}


def _bits(lines: "array[int]", size: int) -> int:
    marked = bytearray(size // 8 + 1)
    _mark(marked, lines)
    return int.from_bytes(marked, "little")


def _mark(bits: bytearray, lines: "array[int]") -> None:
    for line in lines:
        bits[line >> 3] |= 1 << (line & 7)


def _named(keys: Iterable[Key]) -> Mapping[str, Sequence[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for kind, name in (key for key in keys if not isinstance(key, Pattern)):
        if kind == CASE:
            names[name_key(name)].append(name)
    return dict(names)
