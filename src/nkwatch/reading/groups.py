"""Groups of people: '27 escapees', '탈북민 7명', '脱北者7人', 'sept femmes'; one key in all languages.

First the kinds are found, all at once; a pattern is tried only beside one. Places are those of the folded text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from ahocorasick_rs import AhoCorasick, MatchKind

from nkwatch.reading.cues import Words, either
from nkwatch.reading.folding import CJK, Folded, fold, stands_alone
from nkwatch.reading.speech import NOWHERE

#: One is a person, not a group; more than this is a figure of a report, not people whom one can follow.
FEWEST, MOST, MOST_PLAIN = 2, 9_999, 99
#: How far from what is counted its count is looked for, and where it is but a counter, in code points.
_BESIDE, _BARE = 60, 8
#: No text has more that are worth looking at.
MOST_GROUPS = 60
_FAMILY, _PEOPLE = "family", "people"
_DIGITS = r"(?<![\w.,$£€])\d{1,3}(?:[,. \u202f]\d{3})?(?![\w%])|(?<![\w.,$£€])\d{4}(?![\w%])"
_CJK_DIGITS = r"(?<![\d.,])\d{1,4}(?:,\d{3})?"


@dataclass(frozen=True, slots=True)
class Group:
    """So many of a kind: '27 escapees', and where it stands in the original text.

    `plain` people may be anybody; those who are `held` are said to be by the words that name them.
    """

    start: int
    end: int
    key: str
    plain: bool = False
    held: bool = False


@dataclass(frozen=True)
class Counting:
    """How the groups of one language are found."""

    words: Words
    _kinds: tuple[str, ...] = field(init=False, repr=False)
    _automaton: AhoCorasick = field(init=False, repr=False)
    _before: re.Pattern[str] = field(init=False, repr=False)
    _after: re.Pattern[str] = field(init=False, repr=False)
    _bare: re.Pattern[str] = field(init=False, repr=False)
    _held: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        w = self.words
        kinds = tuple(fold(k).text for k in (*w.kinds, *w.crowds, *w.wholes, *w.households, *w.counters))
        counts, held = (_eastern(w), _held_eastern(w)) if w.verb_final else (_latin(w), _held_latin(w))
        derived = {
            "_kinds": kinds,
            "_automaton": AhoCorasick(kinds, matchkind=MatchKind.LeftmostLongest),
            "_held": tuple((re.compile(before), re.compile(after)) for before, after in held),
            **{name: re.compile(pattern) for name, pattern in counts.items()},
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def groups(self, folded: Folded) -> list[Group]:
        """Every group in a text, whatever happens to it; of those that overlap, the one that says most."""
        kept: list[Group] = []
        found = (g for kind in self._standing(folded.text) for g in self._of(folded, *kind))
        for group in sorted(islice(found, MOST_GROUPS), key=lambda g: (g.plain, g.start)):
            if all(group.end <= k.start or group.start >= k.end for k in kept):
                kept.append(group)
        return kept

    def _standing(self, text: str) -> Iterator[tuple[str, int, int]]:
        for index, start, end in self._automaton.find_matches_as_indexes(text):
            kind = self._kinds[index]
            if CJK.match(kind) or stands_alone(text, start, end):
                yield kind, start, end

    def _of(self, folded: Folded, kind: str, start: int, end: int) -> Iterator[Group]:
        w = self.words
        if kind in w.wholes:
            yield Group(*folded.span(start, end), f"group:{w.wholes[kind]} {_FAMILY}", plain=True)
            return
        name = w.kinds.get(kind) or w.crowds.get(kind) or (_PEOPLE if kind in w.counters else _FAMILY)
        match = self._count(folded.text, kind, start, end)
        count = self._number(match["count"]) if match else 0
        plain = kind not in w.kinds
        if match and FEWEST <= count <= (MOST_PLAIN if plain else MOST):
            span = folded.span(min(start, match.start()), max(end, match.end()))
            yield Group(*span, f"group:{count} {name}", plain)
        elif not match and name in w.unnumbered:
            yield from self._unnumbered(folded, name, start, end)

    def _count(self, text: str, kind: str, start: int, end: int) -> re.Match[str] | None:
        if kind in self.words.counters and self.words.verb_final:
            return self._bare.search(text, max(0, start - _BARE), start)
        if self.words.verb_final and (match := self._after.match(text, end, end + _BESIDE)):
            return match
        if kind in self.words.households:
            return self._after.match(text, end, end + _BESIDE)
        return self._before.search(text, max(0, start - _BESIDE), start)

    def _unnumbered(self, folded: Folded, name: str, start: int, end: int) -> Iterator[Group]:
        for before, after in self._held:
            first = before.search(folded.text, max(0, start - _BESIDE), start)
            last = after.match(folded.text, end, end + _BESIDE)
            if first and last:
                yield Group(*folded.span(first.start(), last.end()), f"group:{name}", held=True)

    def _number(self, written: str) -> int:
        digits = re.sub(r"\D", "", written)
        return int(digits) if digits else sum(self.words.numbers[word] for word in written.split())


def _latin(w: Words) -> dict[str, str]:
    numbers, small = either(w.numbers), either((*w.prepositions, *w.breaks, *w.links))
    ratio = "".join(rf"(?<!\s{word}\s)" for word in w.ratios)
    count = rf"{ratio}(?P<count>{_DIGITS}|{numbers}(?:\s{numbers})?)"
    return {
        "_before": rf"{count}\s(?:(?!{numbers}|{small})(?:u\.s\.|[^\W\d]\w{{0,19}})\s){{0,3}}\Z",
        "_after": rf"\s{count}(?:\s{either(w.counters)})?",
        "_bare": NOWHERE,
    }


def _eastern(w: Words) -> dict[str, str]:
    count, counter = rf"(?P<count>{_CJK_DIGITS}|{either(w.numbers)})\s?여?\s?", either(w.counters)
    return {
        "_before": rf"{count}{counter}(?:\s|의|の|以上の){{0,2}}\Z",
        "_after": rf"(?:\s|[(（]|{either(w.about)}){{0,3}}{count}{counter}",
        "_bare": rf"{count}\Z",
    }


def _held_latin(w: Words) -> list[tuple[str, str]]:
    """The detained missionaries; les missionnaires détenus."""
    the = either(w.definite)
    return [(rf"{the}\s{either(w.done)}\s\Z", ""), (rf"{the}\s\Z", rf"\s{either(w.done)}")]


def _held_eastern(w: Words) -> list[tuple[str, str]]:
    return [(rf"{either(w.before)}\s?\Z", either(w.definite))]
