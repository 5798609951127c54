"""Statements that were found, as lists of them show them: who, when, what on, and the words around what was found."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nkwatch.domain.reading import Urgency
from nkwatch.domain.search import Hit
from nkwatch.mail.views import Address, address, plain
from nkwatch.mail.widths import columns, shorten
from nkwatch.web.views import SHORT, Said, Tag, Themes, said, tagged

#: How far words are looked for in a text (letters), and the room before the first of them (columns).
LOOKED_AT, BEFORE = 20_000, 80
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of an excerpt; `marked` are those that were looked for."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Met:
    """A statement in a list. `story` is the id of its story."""

    id: str
    story: str
    said: Said
    address: Address
    themes: tuple[Tag, ...]
    urgent: bool
    title: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]


def met(hit: Hit, themes: Themes, language: str, words: Sequence[str] = ()) -> Met:
    """A hit for readers of `language` who looked for these words."""
    report = hit.report
    statement, looked_for = report.statement, _pattern(tuple(words))
    seen = said(statement, SHORT, report.by)
    around = _around(plain(statement.text[:LOOKED_AT]), looked_for) if looked_for else ""
    return Met(
        id=statement.id,
        story=hit.story_id,
        said=seen,
        address=address(statement.url, trusted=report.link),
        themes=tagged((f.code for f in report.reading.themes), themes, language),
        urgent=report.reading.urgency is Urgency.URGENT,
        title=tuple(_pieces(seen.title, looked_for)),
        excerpt=tuple(_pieces(around or seen.excerpt, looked_for)),
    )


@lru_cache(64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """Finds these words as they are written, whatever their capitals; words without an end at what begins so.

    The index folds more than that (accents, wide letters): where nothing is found so, the opening is shown.
    """
    written = [re.escape(w.rstrip("*")).replace(r"\ ", r"\s+") for w in words if w.rstrip("*")]
    found = "|".join(sorted(map(_bounded, written), key=len, reverse=True))
    return re.compile(found, re.IGNORECASE) if found else None


def _bounded(written: str) -> str:
    """Latin words begin where a word begins; Chinese, Japanese and Korean ones anywhere."""
    return rf"\b{written}" if written[0].isascii() else written


def _around(text: str, looked_for: re.Pattern[str]) -> str:
    """What stands around the first of the words; nothing where it stands in the opening anyway, or nowhere."""
    found = looked_for.search(text)
    if found is None or columns(text[: found.end()]) < SHORT:
        return ""
    start = found.start()
    while start > 0 and columns(text[start : found.start()]) < BEFORE:
        start -= 1
    space = text.find(" ", start, found.start())
    return ELLIPSIS + shorten(text[space + 1 if space >= 0 else start :][:SHORT], SHORT - 1)[: SHORT - 1]


def _pieces(text: str, looked_for: re.Pattern[str] | None) -> Iterator[Piece]:
    """The text, cut where marks begin and end."""
    reached = 0
    for found in looked_for.finditer(text) if looked_for else ():
        if found.start() > reached:
            yield Piece(text[reached : found.start()])
        if found.end() > found.start():
            yield Piece(found[0], marked=True)
        reached = found.end()
    if text[reached:]:
        yield Piece(text[reached:])
