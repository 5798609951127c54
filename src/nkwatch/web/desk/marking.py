"""The words that decided, marked in the text in which they stand."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nkwatch.domain.reading import Evidence, Reading
from nkwatch.domain.statement import Statement
from nkwatch.mail.views import plain
from nkwatch.web.views import Themes

#: What words decided, the weightiest first.
URGENCY, THEME, RELEVANCE = "urgency", "theme", "relevance"
_KINDS = (URGENCY, THEME, RELEVANCE)
#: Code points that are shown on both sides of what is marked; passages that come nearer are one.
AROUND = 160
#: Of a text that is longer only the beginning can be opened whole (code points).
LONGEST = 20_000
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Span:
    """A marked part of a text in code points: what it decided, and for a theme its name."""

    start: int
    end: int
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that is marked for the same reasons throughout, or not at all. `kind` is the weightiest.

    `label` says that it is to be told here what it decided: where that is the first time.
    """

    text: str
    kind: str = ""
    names: tuple[str, ...] = ()
    label: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """A statement with its words marked. `lost` are phrases of a reading that was made of another revision."""

    title: tuple[Piece, ...]
    passages: tuple[tuple[Piece, ...], ...]
    whole: tuple[Piece, ...]
    cut: bool
    lost: tuple[str, ...]


def marked(statement: Statement, reading: Reading, themes: Themes, language: str) -> Marked:
    """A statement as an editor sees it who is to judge its reading."""
    found = list(_evidence(reading, themes, language))
    title, text = (_fitting(statement, found, field) for field in ("title", "text"))
    fitting = {id(e) for field in ("title", "text") for e, *_ in found if _fits(statement, e, field)}
    lost = dict.fromkeys(plain(e.phrase) for e, *_ in found if id(e) not in fitting)
    whole, told = statement.text[:LONGEST], set[tuple[str, ...]]()
    return Marked(
        title=tuple(_labelled(pieces(statement.title, title), told, {URGENCY})),
        passages=tuple(tuple(_labelled(p, told)) for p in passages(statement.text, text)),
        whole=tuple(_labelled(pieces(whole, [s for s in text if s.end <= len(whole)]), set())),
        cut=len(statement.text) > LONGEST,
        lost=tuple(phrase for phrase in lost if phrase),
    )


def pieces(text: str, spans: Iterable[Span], start: int = 0, end: int | None = None) -> Iterator[Piece]:
    """The text from `start` to `end` in pieces; spans may overlap."""
    end = len(text) if end is None else end
    within = [s for s in spans if s.start < end and s.end > start]
    edges = {min(max(edge, start), end) for s in within for edge in (s.start, s.end)}
    places = sorted({start, end, *edges})
    for left, right in pairwise(places):
        over = [s for s in within if s.start <= left and s.end >= right]
        names = dict.fromkeys(s.name for s in sorted(over, key=_weight) if s.name)
        kind = min(over, key=_weight).kind if over else ""
        yield Piece(_clean(text[left:right]), kind, tuple(names))


def passages(text: str, spans: Sequence[Span]) -> Iterator[tuple[Piece, ...]]:
    """What stands around the marked words, in its order; the beginning where none are marked."""
    for start, end in _windows(len(text), spans):
        first, last = _at_word(text, start), _at_word(text, end)
        told = tuple(pieces(text, spans, first, last))
        before, after = ("… " if first else ""), ("…" if last < len(text) else "")
        yield (Piece(before), *told, Piece(after))


def _labelled(
    found: Iterable[Piece], told: set[tuple[str, ...]], kinds: Container[str] = frozenset({URGENCY, THEME})
) -> Iterator[Piece]:
    """The pieces; those of these kinds have a label where they are the first. Names of themes are long for a title."""
    for piece in found:
        what = (piece.kind, *(piece.names if piece.kind == THEME else ()))
        first = piece.kind in kinds and what not in told
        if first:
            told.add(what)
        yield replace(piece, label=first)


def _windows(length: int, spans: Sequence[Span]) -> list[tuple[int, int]]:
    windows: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda s: s.start):
        start, end = max(0, span.start - AROUND), min(length, span.end + AROUND)
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(end, windows[-1][1]))
        else:
            windows.append((start, end))
    return windows or [(0, min(length, 2 * AROUND))]


def _at_word(text: str, place: int) -> int:
    """The nearest place at or before which a word begins, not far away; texts without spaces are cut where it is."""
    if place in {0, len(text)}:
        return place
    space = text.rfind(" ", max(0, place - 20), place)
    return place if space < 0 else space + 1


def _evidence(reading: Reading, themes: Themes, language: str) -> Iterator[tuple[Evidence, str, str]]:
    for one in reading.cues:
        yield one, URGENCY, ""
    for theme in reading.themes:
        name = themes[theme.code].name(language) if theme.code in themes else theme.code
        for one in theme.evidence:
            yield one, THEME, name
    for one in reading.relevance_evidence:
        yield one, RELEVANCE, ""


def _fitting(statement: Statement, found: Iterable[tuple[Evidence, str, str]], field: str) -> list[Span]:
    return [Span(e.start, e.end, kind, name) for e, kind, name in found if _fits(statement, e, field)]


def _fits(statement: Statement, evidence: Evidence, field: str) -> bool:
    """Whether the phrase still stands where it was found: the publisher may have edited the text since."""
    told: str = getattr(statement, field)
    return evidence.field == field and bool(told) and told[evidence.start : evidence.end] == evidence.phrase


def _weight(span: Span) -> int:
    return _KINDS.index(span.kind)


def _clean(text: str) -> str:
    """Without invisible letters; the white space around it stays, since another piece follows."""
    kept = plain(f"|{text}|", lines=True)[1:-1]
    return _EMPTY_LINES.sub("\n\n", kept)
