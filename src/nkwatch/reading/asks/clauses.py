"""How far a demand in Latin letters goes, its parts between semicolons, and the time it names."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nkwatch.domain.reading import Ask, Evidence
from nkwatch.reading.asks.latin import Latin
from nkwatch.reading.asks.parts import LONGEST, Span, trim

#: Quotation marks that close, each with its partner.
_OPENING = {"”": "“", "»": "«", '"': '"'}
_OPENS, _CLOSES = tuple(_OPENING.values()), tuple(_OPENING)
_MARKS = re.compile('[“«”»"]')
#: What may stand between two demands, and how long it is at most (code points).
_JOINED = re.compile(r"(?:[,;]|\s(?:and|but|or|while|et|mais))\s*(?:(?:and|but|et|mais)\s)?\Z")
_JOINED_WITHIN = 9
_ITEM = re.compile(r"\A(?:[^\w“«\"]|and\s|et\s|to\s|de\s)*")
_FURTHER = re.compile(r"\s(?:and|to|so|or|et|pour|afin)\s")
#: What a part of a list of demands does not begin with: it is a sentence of its own.
_SENTENCE = re.compile(r"(?:the|an?|this|these|les?|la|une?)\s|l['’]|[A-Z]")


@dataclass(frozen=True, slots=True)
class Found:
    """A demand before it is cut to length: where its addressee stands (empty span: nowhere) and its clause begins."""

    trigger: int
    party: Span
    start: int


def stops(text: str, span: Span, found: Sequence[Found], words: Latin) -> Iterator[tuple[Found, int]]:
    """Each demand of a sentence with where it ends; those within another are left out."""
    reached = 0
    for number, one in enumerate(found):
        if one.trigger >= reached:
            reached = _stop(text, span, one, found[number + 1 :], words)
            yield one, reached


def _stop(text: str, span: Span, one: Found, later: Sequence[Found], words: Latin) -> int:
    """Where the next demand begins, a quotation closes, a clause on something else begins, or "..., he said"."""
    stop = min(span[1], one.start + LONGEST)
    joined = next((j.start() for after in later if (j := _joined(text, one, after))), stop)
    stop = min(stop, joined)
    ends = words.end.finditer(text, one.start + 2, stop)
    stop = next((m.start() for m in ends if _ends(text, one.start, m)), stop)
    said = words.said_tail.search(text, one.start, stop)
    return said.start() if said else stop


def _joined(text: str, one: Found, after: Found) -> re.Match[str] | None:
    begins = min(after.trigger, after.party[0] if after.party[0] > one.start else after.trigger)
    return _JOINED.search(text, max(one.start, begins - _JOINED_WITHIN), begins)


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a demand ends here: not at a mark that closes a quotation within it."""
    opening = _OPENING.get(match[0])
    return opening is None or opening not in text[start : match.start()]


def asks_in(field: str, text: str, span: Span, one: Found, stop: int, words: Latin, country: str) -> Iterator[Ask]:
    """The parts of a demand; `country` is that of the demand before, for "the government"."""
    addressee = text[slice(*one.party)]
    named = words.countries.first_in(addressee)
    if named is None:
        named = country if not addressee or words.again.fullmatch(addressee) else ""
    for start, end in _items(text, one, stop, words):
        by = _time(text, start, end, words) or _time(text, span[0], one.party[0], words, opening=True)
        at_once = None if by else words.at_once.search(text, start, end)
        what = Evidence(field, start, end, text[start:end])
        yield Ask(what, addressee, named, by=at_once[0] if at_once else by)


def _items(text: str, one: Found, stop: int, words: Latin) -> Iterator[Span]:
    """Where the parts between semicolons stand, up to one that is a sentence of its own."""
    place = one.start
    for piece in text[one.start : stop].split(";"):
        lead = _ITEM.match(piece)
        start, end = trim(text, place + (lead.end() if lead else 0), place + len(piece))
        start, end = trim(text, *_unmarked(text, start, end))
        if place > one.start and _of_its_own(text, start, end, words):
            return
        place += len(piece) + 1
        if start < end:
            yield start, end


def _of_its_own(text: str, start: int, end: int, words: Latin) -> bool:
    if words.imperative.match(text, start, end):
        return False
    return bool(words.never.match(text, start, end) or _SENTENCE.match(text, start, end))


def _unmarked(text: str, start: int, end: int) -> Span:
    """A span without the quotation marks around it, or without one at either end that has no partner in it."""
    piece = text[start:end]
    opens, closes = piece.startswith(_OPENS), piece.endswith(_CLOSES)
    inner = text[start + opens : end - closes]
    return (start, end) if _MARKS.search(inner) else (start + opens, end - closes)


def _time(text: str, start: int, end: int, words: Latin, *, opening: bool = False) -> str:
    """The first phrase that sets a time; with `opening`, only one that the span begins with."""
    for match in words.time.finditer(text, start, max(start, end)):
        if opening and match.start() > start:
            return ""
        when, rest = match["when"], match["rest"]
        vague = when.lower() in words.dating and not words.dated.match(rest)
        if not vague and not words.not_time.match(when + rest):
            return (when + _FURTHER.split(rest, maxsplit=1)[0]).strip()
    return ""
