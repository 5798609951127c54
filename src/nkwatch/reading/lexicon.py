"""The terms that a statement is read by, and one pass over a text that finds them all.

A term belongs to one or more *lists* (such as ``theme:prisons`` or ``names``). Latin terms match whole words, with an
optional final s; one that ends with * matches what begins so. Terms in CJK script match anywhere, with or without
spaces inside.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick, MatchKind

from nkwatch.domain.reading import Evidence
from nkwatch.domain.theme import Theme
from nkwatch.reading.folding import LETTER, NO_LETTER, fold, letters

_CJK = re.compile(r"[぀-ヿ㐀-鿿가-힣]")


@dataclass(frozen=True, slots=True)
class Term:
    """A phrase of one list; `exact` compares capitals too (WHO is no pronoun); `language` limits it to one."""

    phrase: str
    list: str
    exact: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found: where (code points of the original field), and in which list it stands."""

    list: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The terms of one pattern of the automaton; `begun` are those that match where a word only begins so."""

    cjk: bool
    terms: tuple[Term, ...]
    begun: tuple[Term, ...]


@dataclass(frozen=True)
class Lexicon:
    """All terms, compiled. `rules` is the version of the rules that readings carry."""

    rules: str
    themes: tuple[Theme, ...]
    terms: tuple[Term, ...]
    masks: tuple[str, ...] = ()
    _patterns: tuple[_Pattern, ...] = field(init=False, repr=False, compare=False)
    _automaton: AhoCorasick = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_pattern: dict[str, list[Term]] = defaultdict(list)
        for term in self.terms:
            for pattern in _patterns(term.phrase):
                by_pattern[pattern].append(term)
        for mask in self.masks:
            by_pattern[fold(mask).text].append(Term(mask, MASK))
        object.__setattr__(self, "_patterns", tuple(_compiled(p, terms) for p, terms in by_pattern.items()))
        object.__setattr__(self, "_automaton", AhoCorasick(list(by_pattern), matchkind=MatchKind.Standard))

    def hits(self, field_name: str, text: str, language: str) -> list[Hit]:
        """Every term in `text`, in order; what a mask covers (South Korea, 북한산) is not looked at for names."""
        folded = fold(text)
        within = letters(folded.text)
        found: list[Hit] = []
        for index, start, end in self._automaton.find_matches_as_indexes(folded.text, overlapping=True):
            terms, whole = _standing(self._patterns[index], within, start, end)
            if terms:
                first, last = folded.original(start), folded.original(whole - 1) + 1
                evidence = Evidence(field_name, first, last, text[first:last])
                found += [Hit(t.list, evidence) for t in terms if _applies(t, evidence, language)]
        return _unmasked(found)


def _compiled(pattern: str, terms: Sequence[Term]) -> _Pattern:
    begun = tuple(t for t in terms if t.phrase.endswith(BEGINS))
    return _Pattern(_CJK.search(pattern) is not None, tuple(terms), begun)


def _standing(pattern: _Pattern, within: str, start: int, end: int) -> tuple[tuple[Term, ...], int]:
    """The terms of a pattern that stand there as words, and where the last word ends; `within` marks the letters.

    CJK is written without the boundaries of words.
    """
    if pattern.cjk:
        return pattern.terms, end
    if within[start] == LETTER and start and within[start - 1] == LETTER:
        return (), end
    if within[end : end + 1] == LETTER == within[end - 1]:
        return pattern.begun, _word_end(within, end)
    return pattern.terms, end


def _word_end(within: str, place: int) -> int:
    end = within.find(NO_LETTER, place)
    return len(within) if end < 0 else end


MASK = "mask"
#: Ends a Latin term that matches every word that begins so.
BEGINS = "*"


def _patterns(phrase: str) -> Iterable[str]:
    """The folded forms of a phrase that the automaton looks for."""
    folded = fold(phrase.removesuffix(BEGINS)).text.strip()
    if _CJK.search(folded):
        return {folded, folded.replace(" ", "")}
    return {folded} if phrase.endswith(BEGINS) else {folded, f"{folded}s"}


def _applies(term: Term, evidence: Evidence, language: str) -> bool:
    if term.language and term.language != language[:2]:
        return False
    return not term.exact or _letters(evidence.phrase).startswith(_letters(term.phrase))


def _letters(phrase: str) -> str:
    """The letters of a phrase with their capitals, without the spaces, hyphens and apostrophes that may differ."""
    return "".join(char for char in unicodedata.normalize("NFKC", phrase) if char.isalnum())


def _unmasked(hits: list[Hit]) -> list[Hit]:
    """Hits without those that lie inside a mask. A mask hides names and hints, never themes."""
    covered = _covered((h.evidence.start, h.evidence.end) for h in hits if h.list == MASK)
    starts = [start for start, _ in covered]

    def hidden(hit: Hit) -> bool:
        before = bisect_right(starts, hit.evidence.start)
        return hit.list in NAMING and before > 0 and hit.evidence.end <= covered[before - 1][1]

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
