"""Names of persons in a text, in any role: what two reports of one event have in common.

Latin names are runs of capitalised words; Korean ones are told by their syllables. In hangul and Japanese a name is
taken for one where a title, an age or hanja follows it, or what makes it a victim precedes it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nkwatch.domain.reading import Evidence
from nkwatch.reading.casebook import CaseBook
from nkwatch.reading.folding import CJK, Folded
from nkwatch.reading.names import korean_name
from nkwatch.reading.romanisation import given, surnames

_LONGEST_WORD = 30
_LONGEST_GAP = 2
_FOREIGN = (2, 3)
_MOST_PARTS = 4
#: Words of this many letters, within so many code points, tell a headline from a sentence.
_TELLING, _AROUND = 4, 50
#: The capital comes first, so that a search skips all else fast.
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-Ž](?<![\w'’.].)[\w'’ʼ‘]{0,40}(?:[\-‐‑][\w'’ʼ‘]{1,40}){0,3}")
_ENDS = "s'’"
_HANGUL = re.compile("[가-힣]")
_KANJI = re.compile("[一-鿿ァ-ヴ]")
_POSSESSIVE = re.compile(r"['’]s?$")


@dataclass(frozen=True, slots=True)
class Person:
    """A name found in a text, whatever its bearer's part in the story. Equal `key` means the same name."""

    who: Evidence
    key: str


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str


def people_in(field: str, text: str, folded: Folded, book: CaseBook) -> list[Person]:
    """The names in one text; where two overlap, a known case wins, then what begins first. Bylines are left out."""
    known = [Person(Evidence(field, s, e, text[s:e]), key) for s, e, key in book.spelt_in(folded)]
    spans = [*_latin(text, book.not_names), *(_eastern(text, book) if CJK.search(text) else ())]
    others = [Person(Evidence(field, s, e, text[s:e]), book.key(text[s:e])) for s, e in spans]
    return _apart([*known, *(p for p in others if p.key)], text, book)


def _apart(found: Sequence[Person], text: str, book: CaseBook) -> list[Person]:
    """Without those that overlap one that came before in `found`, and without bylines; in order of place."""
    kept: list[Person] = []
    starts: list[int] = []
    for person in found:
        start, end = person.who.start, person.who.end
        place = bisect_right(starts, start)
        clear = (not place or kept[place - 1].who.end <= start) and (place == len(kept) or kept[place].who.start >= end)
        if clear and not book.eastern.byline.match(text, end, end + 12):
            kept.insert(place, person)
            starts.insert(place, start)
    return kept


def _latin(text: str, not_names: frozenset[str]) -> Iterator[tuple[int, int]]:
    run: list[_Word] = []
    for match in _CAPITAL.finditer(text):
        word = _POSSESSIVE.sub("", match[0]) if match[0][-1] in _ENDS else match[0]
        found = _Word(match.start(), match.start() + len(word), word)
        near = bool(run) and _near(text, run[-1].end, found.start)
        # UN is no name, and the end of Kim Jong Un
        named = not _no_name(word, not_names) or (near and len(run) > 1 and _is_korean([*run[-2:], found], 3))
        if run and not (named and near):
            yield from _names(run, text, not_names)
            run = []
        if named and len(word) <= _LONGEST_WORD:
            run.append(found)
    yield from _names(run, text, not_names)


def _no_name(word: str, not_names: frozenset[str]) -> bool:
    lower = word.lower()
    return lower in not_names or all(part in not_names for part in lower.split("-"))


def _near(text: str, end: int, start: int) -> bool:
    gap = text[end:start]
    return len(gap) <= _LONGEST_GAP and gap.isspace() and "\n" not in gap


def _names(run: Sequence[_Word], text: str, not_names: frozenset[str]) -> Iterator[tuple[int, int]]:
    """The Korean names in a run of capitalised words; a run of two or three without any is one foreign name."""
    found, place = False, 0
    while place < len(run):
        length = next((n for n in (3, 2) if _is_korean(run[place : place + n], n)), 0)
        if length:
            found = True
            yield run[place].start, run[place + length - 1].end
        place += length or 1
    if not found and _FOREIGN[0] <= len(run) <= _FOREIGN[1] and not _headline(run, text, not_names):
        yield run[0].start, run[-1].end


def _headline(run: Sequence[_Word], text: str, not_names: frozenset[str]) -> bool:
    """Whether most words that are no names are capitalised here, so that capitals do not tell names."""
    around = text[max(0, run[0].start - _AROUND) : run[0].start] + text[run[-1].end : run[-1].end + _AROUND]
    words = [
        w
        for w in around.split()
        if len(w) >= _TELLING and (w[0].islower() or (w[0].isalpha() and not _telling_nothing(w.lower(), not_names)))
    ]
    return sum(w[0].isupper() for w in words) * 2 > len(words) or all(w.text.isupper() for w in run)


def _telling_nothing(word: str, not_names: frozenset[str]) -> bool:
    return word in not_names or word in given().read or word in surnames().read


def _is_korean(words: Sequence[_Word], length: int) -> bool:
    if len(words) < length or sum(w.text.count("-") + 1 for w in words) > _MOST_PARTS:
        return False
    return korean_name(" ".join(w.text for w in words)) is not None


def _eastern(text: str, book: CaseBook) -> Iterator[tuple[int, int]]:
    scripts = ((_HANGUL, book.eastern.hangul), (_KANJI, book.eastern.kanji))
    for pattern in (p for script, patterns in scripts if script.search(text) for p in patterns):
        for match in pattern.finditer(text):
            if match[1] not in book.not_names and (not _HANGUL.match(match[1]) or korean_name(match[1])):
                yield match.span(1)
