"""What a reader of cases knows: public cases, and the words that make a name a victim's, an official's or none."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ahocorasick_rs import AhoCorasick, MatchKind

from nkwatch.reading.cues import Cues, Words, either
from nkwatch.reading.folding import CJK, Folded, fold, stands_alone
from nkwatch.reading.groups import Counting
from nkwatch.reading.names import name_key
from nkwatch.reading.romanisation import surnames


@dataclass(frozen=True, slots=True)
class Case:
    """A person whose case is public: its spellings, and who is named only because of it (`through`)."""

    name: str
    spellings: tuple[str, ...] = ()
    through: tuple[str, ...] = ()


#: Surnames as the North writes them and the South does not.
_NORTHERN = ("리", "림", "류", "로", "량", "려", "렴", "라")
_KANJI = (
    r"[一-鿿々]{2,6}|[一-鿿々]{1,3}(?![のはがをにでとへもかや])[ぁ-ん]{2,3}?|"
    r"[ァ-ヴー]{2,15}(?:[・＝=][ァ-ヴー]{1,15}){1,3}"
)
#: A place is looked for this far from a group, in code points.
_AROUND = 300
_AGED = r"\s?[(（](?:[一-鿿]{2,4}|\d\d\D|[^()（）]{1,12}\d\d)"


@dataclass(frozen=True, slots=True)
class EasternNames:
    """Patterns for names in hangul and in Japanese: a name stands where a title, an age or a cue says so (group 1)."""

    hangul: tuple[re.Pattern[str], ...]
    kanji: tuple[re.Pattern[str], ...]
    byline: re.Pattern[str]


def _eastern(words: Iterable[Words]) -> EasternNames:
    lists = list(words)
    titles = [t for w in lists for t in (*w.honorifics, *w.officials, *w.bylines) if CJK.search(t)]
    several = [c for w in lists for c in (*w.before, *w.titles) if CJK.search(c)]
    cues = either(c for c in several if len(c) > 1)
    near = rf"(?:{cues}|(?<![가-힣]){either(c for c in several if len(c) == 1)})"
    name = either([*surnames().rank, *_NORTHERN]) + "[가-힣]{2}"
    particle = "(?=(?:은|는|이|가|을|를|의|과|와|도|에)?(?![가-힣]))"
    return EasternNames(
        (
            re.compile(rf"(?<![가-힣])({name})(?=\s?{either(titles)}|{_AGED})"),
            re.compile(rf"{near}[\s·‘“]{{1,2}}({name}){particle}"),
        ),
        (re.compile(rf"(?<![一-鿿々ァ-ヴー])(?:{cues}|[母父娘])?({_KANJI})(?={either(titles)})"),),
        re.compile(rf"\s?{either(b for w in lists for b in w.bylines if CJK.search(b))}"),
    )


@dataclass(frozen=True)
class CaseBook:
    """All of it, compiled. `never` are names that are never a case: leaders above all."""

    known: tuple[Case, ...]
    words: Mapping[str, Words]
    never: tuple[str, ...] = ()
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wide_places: frozenset[str] = frozenset()

    # compiled when they are first asked for: most commands read no text
    @cached_property
    def cues(self) -> Mapping[str, Cues]:
        """What makes a name a victim, by language."""
        return {language: Cues(words) for language, words in self.words.items()}

    @cached_property
    def counting(self) -> Mapping[str, Counting]:
        """How groups are counted, by language."""
        return {language: Counting(words) for language, words in self.words.items()}

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """The key of the case that the key of a spelling leads to."""
        return {name_key(s): name_key(c.name) for s, c in reversed(self._spelt)}

    @cached_property
    def known_keys(self) -> frozenset[str]:
        """The keys of the known cases."""
        return frozenset(name_key(c.name) for c in self.known)

    @cached_property
    def never_keys(self) -> frozenset[str]:
        """The keys of names that are never a case."""
        return frozenset(map(name_key, self.never))

    @cached_property
    def not_names(self) -> frozenset[str]:
        """Words that are no names, though they may be written as such, in small letters."""
        lists = [(*w.titles, *w.officials, *w.kinds, *w.crowds, *w.numbers) for w in self.words.values()]
        titles = {part for words in lists for phrase in words for part in phrase.lower().split()}
        not_names = {n.lower() for w in self.words.values() for n in w.not_names}
        return frozenset(not_names | (titles - surnames().read.keys()))

    @cached_property
    def eastern(self) -> EasternNames:
        """How names stand in Korean and Japanese."""
        return _eastern(self.words.values())

    @cached_property
    def place_pattern(self) -> re.Pattern[str]:
        """Any spelling of any place."""
        return re.compile(either(s for some in self.places.values() for s in some), re.IGNORECASE)

    @cached_property
    def places_spelt(self) -> Mapping[str, str]:
        """The place that a spelling, in small letters, names."""
        return {s.lower(): name for name, some in self.places.items() for s in some}

    @cached_property
    def _spelt(self) -> Sequence[tuple[str, Case]]:
        return [(s, c) for c in self.known for s in (c.name, *c.spellings, *c.through)]

    @cached_property
    def _patterns(self) -> Sequence[tuple[str, str]]:
        return [(fold(s).text, name_key(c.name)) for s, c in self._spelt]

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick([p for p, _ in self._patterns], matchkind=MatchKind.LeftmostLongest)

    def key(self, name: str) -> str:
        """The key under which a name is followed: of a known case, whatever the script, else `name_key`."""
        key = name_key(name)
        return self.keys.get(key, key)

    def spelt_in(self, folded: Folded) -> list[tuple[int, int, str]]:
        """Where a text has a spelling of a known case: start and end in its original, key."""
        found = []
        for index, start, end in self._automaton.find_matches_as_indexes(folded.text):
            spelling, key = self._patterns[index]
            if CJK.search(spelling) or stands_alone(folded.text, start, end):
                found.append((*folded.span(start, end), key))
        return found

    def place(self, text: str, near: int, start: int, end: int) -> str:
        """The place between `start` and `end` that a group at `near` is said to be in; empty where there is none.

        A town or province goes before a country, then the nearest before the others.
        """
        found = (
            (name in self.wide_places, abs(match.start() - near), name)
            for match in self.place_pattern.finditer(text, max(start, near - _AROUND), min(end, near + _AROUND))
            if (name := self.places_spelt.get(match[0].lower()))
        )
        return min(found, default=(False, 0, ""))[2]
