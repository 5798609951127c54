"""Words to copy out of a statement: its opening, or the strongest quote in it; always word for word."""

from collections.abc import Iterator
from dataclasses import dataclass

from nkwatch.domain.reading import Evidence, Quote, Reading
from nkwatch.mail.views import plain, tag
from nkwatch.mail.widths import columns, shorten

#: A shorter quote says little by itself ("forced returns"), in columns.
SHORTEST_QUOTE = 40
#: Room for a name, and for what somebody is, in columns.
SPEAKER_WIDTH, ROLE_WIDTH = 80, 100

_CURLED = ("\u201c", "\u201d")
_SINGLE = ("\u2018", "\u2019")
_GUILLEMETS = ("\u00ab", "\u00bb")
_SPACED = ("\u00ab\u00a0", "\u00a0\u00bb")
#: The marks of a language, and those around words that hold such marks themselves (CLDR, delimiters).
_MARKS = {
    "ja": (("「", "」"), ("『", "』")),
    "fr": (_SPACED, _CURLED),
    "de": (("\u201e", "\u201c"), ("\u201a", "\u2018")),
    "pl": (("\u201e", "\u201d"), _GUILLEMETS),
    "fi": (("\u201d", "\u201d"), ("\u2019", "\u2019")),
    "sv": (("\u201d", "\u201d"), ("\u2019", "\u2019")),
} | dict.fromkeys(("es", "it", "no", "pt", "ru", "uk"), (_GUILLEMETS, _CURLED))


@dataclass(frozen=True, slots=True)
class Copied:
    """Words with the quotation marks of their language. `speaker` is empty where they are the text's own.

    `language` is a tag, empty if not known.
    """

    words: str
    language: str
    speaker: str = ""
    role: str = ""

    @property
    def quoted(self) -> str:
        """The words in quotation marks; those of a text that stands in such marks as a whole are not doubled."""
        return quoted(self.words, self.language)


def quoted(words: str, language: str) -> str:
    """`words` in the quotation marks of their language; curled ones where that is not known."""
    outer, inner = _MARKS.get(language.partition("-")[0].lower(), (_CURLED, _SINGLE))
    marks = {*outer[0].strip(), *outer[1].strip()}
    within = words[len(outer[0]) : -len(outer[1])]
    if words.startswith(outer[0]) and words.endswith(outer[1]) and marks.isdisjoint(within):
        return words
    opens, closes = outer if marks.isdisjoint(words) else inner
    return f"{opens}{words}{closes}"


def copied(opening: str, reading: Reading, language: str, width: int) -> Copied:
    """What is copied of a text that opens with `opening`: a quote with a speaker, where the opening says nothing.

    An opening says something if any phrase stands in it that decided on a theme of rights, on the urgency, or that is
    a demand or a name of a case. Of several quotes (in at most `width` columns each) one that says something goes
    first, then one whose speaker has a role, then the first in the text.
    """
    telling = [words for found in _telling(reading) if (words := plain(found.phrase))]

    def says(words: str) -> bool:
        return any(phrase in words for phrase in telling)

    if not says(opening):
        fitting = [quote for quote in reading.quotes if quote.speaker and _fits(quote, width)]
        if fitting:
            best = max(fitting, key=lambda q: (says(plain(q.words.phrase)), bool(q.role), -q.words.start))
            return _copied(best, language)
    return Copied(opening, tag(language))


def _telling(reading: Reading) -> Iterator[Evidence]:
    for finding in reading.themes:
        yield from finding.evidence
    yield from reading.urgency_evidence
    for ask in reading.asks:
        yield ask.what
    for mention in reading.cases:
        yield mention.who


def _fits(quote: Quote, width: int) -> bool:
    return SHORTEST_QUOTE <= columns(plain(quote.words.phrase)) <= width


def _copied(quote: Quote, language: str) -> Copied:
    speaker, role = shorten(plain(quote.speaker), SPEAKER_WIDTH), shorten(plain(quote.role), ROLE_WIDTH)
    return Copied(plain(quote.words.phrase), tag(language), speaker, role)
