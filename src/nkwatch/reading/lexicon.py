"""The terms that a statement is read by, and one pass over a text that finds them all.

A term belongs to one or more *lists* (such as ``theme:prisons`` or ``names``). Latin terms match whole words, with an
optional final s; terms in CJK script match anywhere, with or without spaces inside.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick, MatchKind

from nkwatch.domain.theme import Evidence, Theme
from nkwatch.reading.folding import fold

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


@dataclass(frozen=True)
class Lexicon:
    """All terms, compiled. `rules` is the version of the rules that readings carry."""

    rules: str
    themes: tuple[Theme, ...]
    terms: tuple[Term, ...]
    masks: tuple[str, ...] = ()
    urgent_themes: frozenset[str] = frozenset()
    _by_pattern: Mapping[str, list[Term]] = field(init=False, repr=False)
    _patterns: tuple[str, ...] = field(init=False, repr=False)
    _automaton: AhoCorasick = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_pattern: dict[str, list[Term]] = defaultdict(list)
        for term in self.terms:
            for pattern in _patterns(term.phrase):
                by_pattern[pattern].append(term)
        for mask in self.masks:
            by_pattern[fold(mask).text].append(Term(mask, MASK))
        object.__setattr__(self, "_by_pattern", dict(by_pattern))
        object.__setattr__(self, "_patterns", tuple(by_pattern))
        object.__setattr__(self, "_automaton", AhoCorasick(list(by_pattern), matchkind=MatchKind.Standard))

    def hits(self, field_name: str, text: str, language: str) -> list[Hit]:
        """Every term in `text`, in order; what a mask covers (South Korea, 북한산) is not looked at for names."""
        folded = fold(text)
        found: list[Hit] = []
        for index, start, end in self._automaton.find_matches_as_indexes(folded.text, overlapping=True):
            pattern = self._patterns[index]
            if not _whole(folded.text, start, end, pattern):
                continue
            first, last = folded.original(start), folded.original(end - 1) + 1
            evidence = Evidence(field_name, first, last, text[first:last])
            found += [Hit(t.list, evidence) for t in self._by_pattern[pattern] if _applies(t, evidence, language)]
        return _unmasked(found)


MASK = "mask"


def _patterns(phrase: str) -> Iterable[str]:
    """The folded forms of a phrase that the automaton looks for."""
    folded = fold(phrase).text.strip()
    if _CJK.search(folded):
        return {folded, folded.replace(" ", "")}
    return {folded, f"{folded}s"}


def _whole(text: str, start: int, end: int, pattern: str) -> bool:
    """Whether a Latin match stands at word boundaries; CJK is written without them."""
    if _CJK.search(pattern):
        return True
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_of_word(before) or _of_word(after))


def _of_word(char: str) -> bool:
    return char.isalnum() and not _CJK.match(char)


def _applies(term: Term, evidence: Evidence, language: str) -> bool:
    if term.language and term.language != language[:2]:
        return False
    return not term.exact or unicodedata.normalize("NFKC", evidence.phrase).startswith(term.phrase)


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
