"""What the demands of all languages are made of: sentences with a trigger, spans of text, countries.

A trigger is a word that may make a demand. The numbers here bound the cost of a text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TypeAlias

from nkwatch.reading.sentences import sentences
from nkwatch.reading.speech import alternation

#: Start and end of a piece of text, in code points.
Span: TypeAlias = tuple[int, int]
#: Triggers (or lines) of a text, and triggers of a sentence, that are worth looking at.
MOST_LOOKED_AT, MOST_IN_SENTENCE = 400, 8
#: How far from its verb an addressee may stand, and how far a demand may go (code points).
NEAR, LONGEST = 200, 600


def by_sentence(text: str, trigger: re.Pattern[str]) -> Iterator[tuple[Span, list[re.Match[str]]]]:
    """The sentences that have triggers, each with its first ones."""
    matches = list(islice(trigger.finditer(text), MOST_LOOKED_AT))
    if not matches:
        return
    spans = sentences(text)
    starts = [start for start, _ in spans]
    for number, group in groupby(matches, key=lambda m: bisect_right(starts, m.start()) - 1):
        yield spans[number], list(islice(group, MOST_IN_SENTENCE))


def trim(text: str, start: int, end: int) -> Span:
    """A span without white space, commas and stops at its ends."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip(" ,\n\t\xa0"))
    return start, max(start, end - len(piece) + len(piece.rstrip(" .,;:!\n\t\xa0")))


@dataclass(frozen=True, slots=True)
class Countries:
    """Addressees whose country is known: the pattern of their names, and the codes by name."""

    name: re.Pattern[str]
    codes: Mapping[str, str]

    @classmethod
    def of(cls, codes: Mapping[str, str], *, whole: bool) -> "Countries":
        """`codes`: ISO 3166-1 alpha-2 codes by name; `whole` where a name is a word of its own."""
        return cls(re.compile(alternation(codes, whole=whole)), {_key(name): code for name, code in codes.items()})

    def code(self, name: str) -> str:
        """The code of this very name, "" where there is none."""
        return self.codes.get(_key(name), "")

    def first_in(self, addressee: str) -> str | None:
        """The code of the first name in `addressee`; None where no name is in it."""
        named = self.name.search(addressee)
        return self.code(named[0]) if named else None


def _key(name: str) -> str:
    return " ".join(name.replace("’", "'").split())
