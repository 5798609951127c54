"""The terms that a statement is read by, and one pass over a text that finds them all.

A term belongs to one or more *lists* (such as ``theme:prisons`` or ``names``). Latin terms match whole words, with an
optional final s; one that ends with * matches what begins so. Terms in CJK script match anywhere, with or without
spaces inside.
"""

import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from nkwatch.domain.reading import Evidence
from nkwatch.domain.theme import Theme
from nkwatch.reading.folding import CJK, INSIDE, OUTSIDE, fold, insides


@dataclass(frozen=True, slots=True)
class Term:
    """A phrase of one list; `exact` compares capitals too (WHO is no pronoun); `language` limits it to one."""

    phrase: str
    list: str
    exact: bool = False
    language: str = ""


#: What begins like a term may go on for thousands of letters; so many of them explain (code points).
SHOWN = 80


class Hit(NamedTuple):
    """A term found: where (code points of the original field), and in which list it stands.

    A text has some fifty, and evidence of them all would take 45 us: it is made only of what is kept.
    """

    field: str
    start: int
    end: int
    list: str
    phrase: str

    @property
    def evidence(self) -> Evidence:
        """The same as evidence, at most `SHOWN` letters of it."""
        return Evidence(self.field, self.start, min(self.end, self.start + SHOWN), self.phrase[:SHOWN])


class _Listed(NamedTuple):
    """A list that a term stands in; `exact` are the letters that it must be written with, if any."""

    list: str
    exact: str


class _Pattern(NamedTuple):
    """What one pattern of the automaton finds in one language; `begun` match where a word only begins so."""

    apart: bool
    terms: tuple[_Listed, ...]
    begun: tuple[_Listed, ...]


@dataclass(frozen=True)
class Lexicon:
    """All terms, compiled. `rules` is the version of the rules that readings carry."""

    rules: str
    themes: tuple[Theme, ...]
    terms: tuple[Term, ...]
    masks: tuple[str, ...] = ()

    @cached_property
    def by_code(self) -> Mapping[str, Theme]:
        """The themes by their codes."""
        return {theme.code: theme for theme in self.themes}

    @cached_property
    def _terms_by_pattern(self) -> Mapping[str, Sequence[Term]]:
        by_pattern: dict[str, list[Term]] = defaultdict(list)
        for term in self.terms:
            for pattern in _patterns(term.phrase):
                by_pattern[pattern].append(term)
        for mask in self.masks:
            by_pattern[fold(mask).text].append(Term(mask, MASK))
        return dict(by_pattern)

    @cached_property
    def _by_language(self) -> Mapping[str, "_Patterns"]:
        told = tuple(self._terms_by_pattern.items())
        return {language: _Patterns(told, language) for language in {"", *(t.language for t in self.terms)}}

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(list(self._terms_by_pattern), matchkind=MatchKind.Standard)

    def hits(self, field_name: str, text: str, language: str) -> list[Hit]:
        """Every term in `text`, in order; what a mask covers (South Korea, 북한산) is not looked at for names."""
        folded = fold(text)
        found: list[Hit] = []
        matches = self._automaton.find_matches_as_indexes(folded.text, overlapping=True)
        patterns = self._by_language.get(language[:2], self._by_language[""])
        for terms, start, end in _standing(matches, patterns, insides(folded.text)):
            first, last = folded.span(start, end) if folded.places else (start, end)
            phrase = text[first:last]
            for name, exact in terms:
                if not exact or _letters(phrase).startswith(exact):
                    found.append(Hit(field_name, first, last, name, phrase))
        return _unmasked(found)


class _Patterns(dict[int, _Pattern]):
    """What the patterns find in one language, by their numbers; each is compiled when first met, and most never are."""

    def __init__(self, told: Sequence[tuple[str, Sequence[Term]]], language: str) -> None:
        super().__init__()
        self._told, self._language = told, language

    def __missing__(self, number: int) -> _Pattern:
        self[number] = made = _compiled(*self._told[number], self._language)
        return made


def _compiled(pattern: str, terms: Iterable[Term], language: str) -> _Pattern:
    listed = [
        (t, _Listed(t.list, _letters(t.phrase) if t.exact else "")) for t in terms if t.language in {"", language}
    ]
    begun = tuple(one for t, one in listed if t.phrase.endswith(BEGINS))
    return _Pattern(CJK.search(pattern) is None, tuple(one for _, one in listed), begun)


def _standing(
    matches: Iterable[tuple[int, int, int]], patterns: Mapping[int, _Pattern], marks: str
) -> Iterator[tuple[tuple[_Listed, ...], int, int]]:
    """The terms that stand as words where patterns match, and where the last word ends; `marks` are those of `insides`.

    CJK is written without the boundaries of words.
    """
    for index, start, end in matches:
        apart, terms, begun = patterns[index]
        if apart:
            if marks[start] == INSIDE:
                continue
            if marks[end] == INSIDE:
                if begun:
                    yield begun, start, marks.index(OUTSIDE, end)
                continue
        if terms:
            yield terms, start, end


MASK = "mask"
#: Ends a Latin term that matches every word that begins so.
BEGINS = "*"


def _patterns(phrase: str) -> Iterable[str]:
    """The folded forms of a phrase that the automaton looks for."""
    folded = fold(phrase.removesuffix(BEGINS)).text.strip()
    if CJK.search(folded):
        return {folded, folded.replace(" ", "")}
    return {folded} if phrase.endswith(BEGINS) else {folded, f"{folded}s"}


def _letters(phrase: str) -> str:
    """The letters of a phrase with their capitals, without the spaces, hyphens and apostrophes that may differ."""
    return "".join(char for char in unicodedata.normalize("NFKC", phrase) if char.isalnum())


def _unmasked(hits: list[Hit]) -> list[Hit]:
    """Hits without those that lie inside a mask. A mask hides names and hints, never themes."""
    covered = _covered([(h.start, h.end) for h in hits if h.list == MASK])
    if not covered:
        return hits
    starts = [start for start, _ in covered]

    def hidden(hit: Hit) -> bool:
        before = bisect_right(starts, hit.start)
        return hit.list in NAMING and before > 0 and hit.end <= covered[before - 1][1]

    return [h for h in hits if h.list != MASK and not hidden(h)]


def _covered(masks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest mask from each start on, in order; one that lies inside another adds nothing."""
    covered: list[tuple[int, int]] = []
    for start, end in sorted(masks, key=lambda mask: (mask[0], -mask[1])):
        if not covered or end > covered[-1][1]:
            covered.append((start, end))
    return covered


#: Lists that tell whether a text is on North Korea.
NAMES, HINTS = "names", "hints"
NAMING = frozenset({NAMES, HINTS})
#: Lists of a theme, of turns of phrase that tell urgency, and of single words with a weight of their own.
THEME, WEAK, SIGNS, CUE, WORD = "theme:", "weak:", "signs:", "urgency:", "word:"
