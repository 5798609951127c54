"""Lists of recommendations: lines that begin with an imperative, under an addressee or in a review."""

from collections.abc import Iterator
from itertools import islice

from nkwatch.domain.reading import Ask
from nkwatch.reading.asks.clauses import Found, asks_in
from nkwatch.reading.asks.demands import clause, party_of
from nkwatch.reading.asks.latin import Latin, latin
from nkwatch.reading.asks.parts import LONGEST, MOST_IN_SENTENCE, MOST_LOOKED_AT, NEAR, Span, trim
from nkwatch.reading.speech import Tongue

#: A list that names nobody: those whom it asks stand in no span.
_UNNAMED: Span = (0, 0)


def recommendations(title: str, text: str, tongue: Tongue) -> Iterator[Ask]:
    """Lines that begin with an imperative, under a title that names a country or a review, or under "X should:"."""
    words = latin(tongue)
    country = words.countries.code(title)
    lead = _UNNAMED if country or words.review.search(title[:NEAR]) else None
    if lead is None and ":" not in text:
        return
    under = lead
    for start, end in _lines(text):
        item = words.imperative.match(text, *trim(text, start, end))
        if item and under is not None:
            span = trim(text, start, end)
            one = Found(item.start("what"), under, item.start("what"))
            yield from asks_in("text", text, span, one, min(span[1], span[0] + LONGEST), words, country)
        elif line := text[start:end].strip():
            under = _lead(text, (start, end), words) if line.endswith(":") else lead


def _lines(text: str) -> Iterator[Span]:
    place = 0
    for line in islice(text.splitlines(keepends=True), MOST_LOOKED_AT):
        yield place, place + len(line)
        place += len(line)


def _lead(text: str, span: Span, words: Latin) -> Span | None:
    """Who is asked in a line that announces a list: "X should:", "We call on X to:", or just "Recommendations:"."""
    for trigger in islice(words.trigger.finditer(text, max(span[0], span[1] - NEAR), span[1]), MOST_IN_SENTENCE):
        if trigger["modal"]:
            party = party_of(text, clause(text, span[0], trigger.start(), words), trigger.start(), words)
        else:
            named = words.object.match(text, trigger.end(), span[1])
            party = trim(text, *named.span("object")) if named else None
        if party:
            return party
    return _UNNAMED if words.review.search(text, *span) else None
