"""The public page of a case. It is there only while an editor keeps it open: it makes relatives findable."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nkwatch.domain.statement import Statement, digest

#: Letters of a heading and of an editor's words, in one language.
LONGEST_HEADING, LONGEST_WORDS = 200, 2_000


@dataclass(frozen=True, slots=True)
class CaseWords:
    """What the page says in one language, signed."""

    language: str
    heading: str
    text: str
    editor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CasePage:
    """An open page. `key` is that of the mentions (never shown), `id` stands in its address and holds no name.

    The words written first lead.
    """

    id: str
    key: str
    opened_at: datetime
    words: tuple[CaseWords, ...]

    def told_in(self, language: str) -> CaseWords:
        """The words for a reader of `language`."""
        return next((w for w in self.words if w.language == language), self.words[0])

    def saying(self, words: CaseWords) -> "CasePage":
        """This page with these words, in place of those in the same language."""
        others = {w.language: w for w in self.words}
        return CasePage(self.id, self.key, self.opened_at, tuple((others | {words.language: words}).values()))


@dataclass(frozen=True, slots=True)
class Extent:
    """How many public statements name a case, and when the first and the newest of them were published."""

    statements: int
    since: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key that statements name: how many since a given day, and the newest of them. `open`: it has a page."""

    key: str
    statements: int
    newest: Statement
    open: bool


class CaseDeed(StrEnum):
    """What an editor did with a page."""

    OPENED = "opened"
    CHANGED = "changed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CaseAct:
    """One deed: who, when, and the words that were said."""

    key: str
    deed: CaseDeed
    editor: str
    at: datetime
    words: CaseWords | None = None


def case_id(key: str) -> str:
    """What stands in the address of a case: nobody reads a name from it."""
    return digest(f"case\0{key}")


def problems_of(words: CaseWords, languages: Sequence[str]) -> tuple[str, ...]:
    """Why a page cannot say this; empty where it can."""
    found = (
        (not words.editor.strip(), "say who you are: what editors say to readers is signed"),
        (words.language not in languages, f"the language {words.language!r} is none of {', '.join(languages)}"),
        (not words.heading.strip(), "give the page a heading"),
        (not words.text.strip(), "say in your own words what this case is: a page without them explains nothing"),
        (len(words.heading) > LONGEST_HEADING, f"the heading has more than {LONGEST_HEADING} characters"),
        (len(words.text) > LONGEST_WORDS, f"the words have more than {LONGEST_WORDS} characters"),
    )
    return tuple(why for applies, why in found if applies)
