"""A *reading* is what was found in a statement, each finding with the words that decided."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from nkwatch.domain.theme import ThemeKind


class Urgency(IntEnum):
    """How fast a statement should reach people."""

    ROUTINE = 0
    NOTABLE = 1
    URGENT = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """The phrase that decided: `phrase == getattr(statement, field)[start:end]`, in code points."""

    field: str
    start: int
    end: int
    phrase: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A theme found in a statement; `score` is its probability (0 to 1)."""

    code: str
    kind: ThemeKind
    score: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody said, word for word and without its quotation marks.

    `speaker` and `role` stand in the text as they are here; each is empty where the text does not say.
    """

    words: Evidence
    speaker: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is demanded, of whom, by when; all as the text has it.

    `country` is the addressee's, an ISO 3166-1 alpha-2 code in capitals; `by` is the phrase that sets a time. Each is
    empty where the text does not say.
    """

    what: Evidence
    addressee: str = ""
    country: str = ""
    by: str = ""


class MentionKind(StrEnum):
    """Whether a case is of one person or of a group."""

    PERSON = "person"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Mention:
    """A person or a group named as victim or detainee. Equal `key` means the same name, however it is written."""

    who: Evidence
    key: str
    kind: MentionKind = MentionKind.PERSON


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something of a known list that a text names, a danger or a place, by its code."""

    code: str
    seen: Evidence


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many people a text speaks of, in one place of it."""

    number: int
    seen: Evidence


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in one revision of a statement, and by which version of the rules."""

    statement_id: str
    revision: int
    rules: str
    about_nk: bool
    relevance: float
    relevance_evidence: tuple[Evidence, ...]
    themes: tuple[Finding, ...]
    urgency: Urgency
    urgency_evidence: tuple[Evidence, ...]
    language: str
    #: the organisation that released a text which its source only reprints; empty where it is the publisher's own
    released_by: str = ""
    release_evidence: tuple[Evidence, ...] = ()
    quotes: tuple[Quote, ...] = ()
    asks: tuple[Ask, ...] = ()
    cases: tuple[Mention, ...] = ()
    #: codes are names of the lists in urgency.toml that tell of a danger, in the order in which they stand in the text
    dangers: tuple[Sighting, ...] = ()
    #: codes are those of places.toml
    places: tuple[Sighting, ...] = ()
    people: tuple[Headcount, ...] = ()

    @property
    def on_rights(self) -> bool:
        """Whether this is on human rights in North Korea, not only on its army or its pop music."""
        return self.about_nk and any(f.kind is ThemeKind.RIGHTS for f in self.themes)

    @property
    def cues(self) -> tuple[Evidence, ...]:
        """What its urgency rests on: if urgent, the dangers first, since nothing is urgent without one. Each once."""
        named = self.dangers if self.urgency is Urgency.URGENT and self.urgency_evidence else ()
        return tuple(dict.fromkeys((*(d.seen for d in named), *self.urgency_evidence)))
