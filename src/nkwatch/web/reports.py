"""Reports as the pages of the archive show them: the evidence, who is quoted, what is asked of whom, which documents.

Nothing of a publisher's text is given but a title, an excerpt, quotes and requests, each of at most `SHORT` letters.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.correction import Corrected
from nkwatch.domain.desk import Translation
from nkwatch.domain.reading import Ask, Evidence, Finding, Quote, Urgency
from nkwatch.domain.story import Report, Story
from nkwatch.mail.excerpt import excerpt
from nkwatch.mail.views import Address, address, plain, tag
from nkwatch.mail.widths import shorten
from nkwatch.reading.symbols import symbols
from nkwatch.web.views import OPENING, SHORT, TITLE, Said, Tag, Themes, said, tagged

#: How many different phrases are shown for one finding.
PHRASES = 4
#: Quotes and requests shown of one report.
QUOTES = 4
#: Room for a name, a role or a date as the text has it (columns).
NAME = 100
#: How far symbols are looked for in a text (letters).
LOOKED_AT = 20_000
#: Octets of what stands around the words of a report, about, and of all reports that a page tells in full.
AROUND, ROOM = 1_200, 20_000
#: Reports that a page tells in full at most, and those that it names in one line.
FULL, LINES = 20, 25
#: Where documents of the UN are found by their symbols.
DOCUMENTS = "https://docs.un.org/"


@dataclass(frozen=True, slots=True)
class Decided:
    """A theme, and the phrases that decided."""

    theme: Tag
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quoted:
    """What somebody said, word for word; `speaker` and `role` as the text has them."""

    words: str
    speaker: str
    role: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, of whom, by when, as the text has it; `country` is the code of the addressee's."""

    what: str
    addressee: str
    country: str
    by: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """A UN document that the text names, and where it is found."""

    symbol: str
    url: str


@dataclass(frozen=True, slots=True)
class Told:
    """A report with all that is shown of it. `edited` says that editors corrected what was read in it."""

    id: str
    said: Said
    spoken: str
    address: Address
    themes: tuple[Decided, ...]
    urgency: Urgency
    why_urgent: tuple[str, ...]
    quotes: tuple[Quoted, ...]
    asks: tuple[Asked, ...]
    symbols: tuple[Symbol, ...]
    edited: bool

    @property
    def weight(self) -> int:
        """The octets that it takes on a page, about."""
        words = (self.said.title, self.said.excerpt, *(q.words for q in self.quotes), *(a.what for a in self.asks))
        return AROUND + sum(len(w.encode()) for w in words) + 200 * len(self.quotes + self.asks)


@dataclass(frozen=True, slots=True)
class Line:
    """A report in one line."""

    id: str
    said: Said


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of a story from the one with number `first` on (0 is the one that leads).

    Those that fit are told in full, of the others some in a line each; `more` counts those that are not even named.
    """

    full: tuple[Told, ...]
    lines: tuple[Line, ...]
    first: int
    of: int

    @property
    def next(self) -> int | None:
        """The number of the first that is not told in full; None where all are."""
        reached = self.first + len(self.full)
        return reached if reached < self.of else None

    @property
    def more(self) -> int:
        """How many come after those that are named."""
        return self.of - self.first - len(self.full) - len(self.lines)


@dataclass(frozen=True, slots=True)
class Version:
    """An editor's translation of the report that leads."""

    title: str
    text: str
    language: str
    editor: str
    at: datetime


def reports(story: Story, themes: Themes, language: str, first: int = 0) -> Reports:
    """What a page tells of a story's reports to readers of `language`, from the one with this number on."""
    lead = story.lead_in(language)
    ordered = [lead, *(r for r in (story.lead, *story.others) if r is not lead)]
    full = tuple(_fitting(told(r, themes, language) for r in ordered[first:]))
    reached = first + len(full)
    lines = (Line(r.statement.id, said(r.statement, 0, r.by)) for r in ordered[reached : reached + LINES])
    return Reports(full, tuple(lines), first, len(ordered))


def told(report: Report, themes: Themes, language: str) -> Told:
    """A report with its evidence."""
    statement, reading = report.statement, report.reading
    return Told(
        id=statement.id,
        said=said(statement, SHORT, report.by),
        spoken=tag(reading.language or statement.language),
        address=address(statement.url, trusted=report.link),
        themes=tuple(_decided(f, themes, language) for f in reading.themes),
        urgency=reading.urgency,
        why_urgent=_phrases(reading.cues),
        quotes=tuple(_quoted(reading.quotes)),
        asks=tuple(_asked(reading.asks)),
        symbols=named_documents(f"{statement.title[:OPENING]}\n{statement.text[:LOOKED_AT]}", language),
        edited=isinstance(reading, Corrected),
    )


def named_documents(text: str, language: str) -> tuple[Symbol, ...]:
    """The UN documents that a text names; the UN has none of its pages in Korean or Japanese."""
    spoken = "fr" if language == "fr" else "en"
    return tuple(Symbol(s, f"{DOCUMENTS}{spoken}/{s}") for s in symbols(text))


def version(translation: Translation | None) -> Version | None:
    """An editor's translation as it is shown: its title and its opening."""
    if translation is None:
        return None
    title = shorten(plain(translation.title[:OPENING]), TITLE)
    opening = excerpt(plain(translation.text[:OPENING], lines=True), title=title, width=SHORT)
    return Version(title, opening, tag(translation.language), shorten(plain(translation.editor), NAME), translation.at)


def _fitting(told: Iterable[Told]) -> Iterator[Told]:
    """The first in any case, and what there is room for."""
    room = ROOM
    for number, one in enumerate(told):
        room -= one.weight
        if number and (room < 0 or number >= FULL):
            return
        yield one


def _decided(finding: Finding, themes: Themes, language: str) -> Decided:
    return Decided(tagged([finding.code], themes, language)[0], _phrases(finding.evidence))


def _quoted(quotes: Sequence[Quote]) -> Iterator[Quoted]:
    for quote in quotes[:QUOTES]:
        if words := _short(quote.words):
            yield Quoted(words, _name(quote.speaker), _name(quote.role))


def _asked(asks: Sequence[Ask]) -> Iterator[Asked]:
    for ask in asks[:QUOTES]:
        if what := _short(ask.what):
            yield Asked(what, _name(ask.addressee), ask.country, _name(ask.by))


def _short(evidence: Evidence) -> str:
    return shorten(plain(evidence.phrase[:OPENING]), SHORT)[:SHORT]


def _name(text: str) -> str:
    return shorten(plain(text[:OPENING]), NAME)


def _phrases(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The first different phrases, as they stand in the statement."""
    different = {phrase.casefold(): phrase for e in reversed(tuple(evidence)) if (phrase := plain(e.phrase))}
    return tuple(reversed(different.values()))[:PHRASES]
