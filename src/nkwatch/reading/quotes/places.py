"""Quotations with what stands around them, and what each language has to tell of them."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from nkwatch.reading.sentences import Quotation, quotations, sentences

#: Quotations of a text that are worth looking at; this also bounds the cost.
MOST_LOOKED_AT = 300
#: How far from a quotation its speaker may stand, and how far its paragraph may go on (code points).
NEAR, ALONE_WITHIN, ALONE_AFTER = 240, 99, 9
WORD = re.compile(r"\w+(?:['’.-]\w+)*")


@dataclass(frozen=True, slots=True)
class Who:
    """Who speaks; `again` when a pronoun stands for the one before, and for this one where nobody spoke before."""

    speaker: str = ""
    role: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A quotation with the rest of its sentence on either side."""

    words: Quotation
    #: what stands between its marks
    said: str
    head: str
    tail: str
    #: the sentence before, up to the quotation before; the sentence behind, up to the next quotation
    lead: str
    follow: str
    #: nothing else stands in its paragraph
    alone: bool
    #: it stands in a headline
    title: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A quotation that is speech; `who` is None where nobody is named with it."""

    place: Place
    who: Who | None


class Manner(Protocol):
    """How a language says who speaks."""

    @property
    def title(self) -> re.Pattern[str]:
        """What stands before a name and is no part of it."""
        ...

    def who(self, place: Place) -> Who | None:
        """Who is named with a quotation; None where nobody is."""
        ...

    def beside(self, place: Place) -> Who | None:
        """Who is named as the speaker in the sentence before a quotation or behind it; None where nobody is."""
        ...

    def speaks(self, place: Place, *, named: bool) -> bool:
        """Whether a quotation is speech, and not a title or a term; `named` when somebody is named with it."""
        ...


def places(text: str, *, title: bool) -> Iterator[Place]:
    """The quotations of `text` that have a word, in order."""
    found = quotations(text)[:MOST_LOOKED_AT]
    spans = sentences(text) if found else []
    starts = [start for start, _ in spans]
    before = 0
    for words, after in zip(found, [*(q.start - 1 for q in found[1:]), len(text)], strict=False):
        opening, closing = words.start - 1, words.end + words.closed
        said = text[words.start : words.end]
        if WORD.search(said):
            one, other = (bisect_right(starts, at) - 1 for at in (opening, max(words.end - 1, opening)))
            first, last = spans[one][0], spans[other][1]
            head = _head(text, first, max(before, opening - NEAR), opening)
            tail = text[closing : min(last, closing + NEAR)]
            lead = text[max(before, spans[one - 1][0], first - NEAR) : first] if one else ""
            follow = text[last : min(after, spans[other + 1][1], last + NEAR)] if other + 1 < len(spans) else ""
            yield Place(words, said, head, tail, lead, follow, _alone(text, opening, closing), title)
        before = closing


def _head(text: str, first: int, begin: int, opening: int) -> str:
    """What stands before a quotation in its sentence, or, where that is nothing, the line before that ends in ':'."""
    head = text[max(first, begin) : opening]
    lead = text[begin:opening].rstrip()
    if not head.strip() and lead.endswith(":"):
        return lead[max(lead.rfind("\n"), lead.rfind(". ")) + 1 :].lstrip()
    return head


def _alone(text: str, opening: int, closing: int) -> bool:
    if text[closing : closing + ALONE_WITHIN].partition("\n")[0].strip(" ."):
        return False
    return not text[max(0, opening - ALONE_AFTER) : opening].rpartition("\n")[2].strip()
