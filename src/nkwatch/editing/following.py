"""What a reader follows, found in a text: words as words, names in any spelling.

A word is looked for whole where its script writes words apart, unless it ends with `*`, which leaves its end open;
and anywhere in Chinese, Japanese and Korean, with or without the spaces inside.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from nkwatch.domain.surroundings import Earlier
from nkwatch.reading.folding import CJK, INSIDE, fold, insides
from nkwatch.reading.lexicon import BEGINS
from nkwatch.reading.names import name_key, same_name


class Pattern(NamedTuple):
    """What is looked for in a folded text: `apart` from other letters, but for those behind where it is `open`."""

    text: str
    apart: bool
    open: bool


@lru_cache(maxsize=4096)
def patterns(word: str) -> tuple[Pattern, ...]:
    """The forms in which a followed word is looked for; none where it has neither letter nor digit."""
    bare = word.strip()
    folded = _folded(bare.rstrip(BEGINS)).strip()
    if not any(map(str.isalnum, folded)):
        return ()
    if CJK.search(folded):
        return tuple(Pattern(form, apart=False, open=True) for form in dict.fromkeys((folded, folded.replace(" ", ""))))
    return (Pattern(folded, apart=True, open=bare.endswith(BEGINS)),)


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to look in: `folded`, and a mark for each place, `insides` of it."""

    folded: str
    marks: str

    @classmethod
    def of(cls, text: str) -> "Passage":
        """The passage of a text as its source wrote it."""
        folded = _folded(text)
        return cls(folded, insides(folded))

    def has(self, pattern: Pattern) -> bool:
        """Whether a pattern stands anywhere in it."""
        start = self.folded.find(pattern.text)
        while start >= 0 and not self.stands(pattern, start, start + len(pattern.text)):
            start = self.folded.find(pattern.text, start + 1)
        return start >= 0

    def stands(self, pattern: Pattern, start: int, end: int) -> bool:
        """Whether a pattern, whose letters are found from `start` to `end`, is a word of its own there."""
        if not pattern.apart:
            return True
        return self.marks[start] != INSIDE and (pattern.open or self.marks[end] != INSIDE)


@dataclass(frozen=True, slots=True)
class Named:
    """A person whom a report names: the spelling there, and all keys under which readers may follow the case."""

    spelling: str
    keys: frozenset[str]

    def by(self, name: str) -> bool:
        """Whether `name` is the same person's, in any spelling."""
        key = name_key(name)
        return key in self.keys and (key != name_key(self.spelling) or same_name(name, self.spelling))


def last_named(name: str, persons: Iterable[Named], before: Mapping[str, Earlier]) -> Earlier | None:
    """When somebody followed as `name` was in the news last, going by who of these persons is meant.

    `before` has, by the keys of names, the newest earlier story that names somebody so.
    """
    keys = {key for person in persons if person.by(name) for key in person.keys}
    found = [before[key] for key in keys if key in before]
    return max(found, key=lambda earlier: (earlier.day, earlier.story_id), default=None)


def _folded(text: str) -> str:
    # what people type may have its letters in parts (NFD); places do not matter here
    return fold(unicodedata.normalize("NFC", text)).text
