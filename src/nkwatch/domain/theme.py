"""A *theme* is a subject of the catalogue; what was found of it in a statement is a finding with its evidence."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class ThemeKind(StrEnum):
    """Rights themes make a statement one on human rights; context themes (security, culture) alone do not."""

    RIGHTS = "rights"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Theme:
    """A subject, with its name by language code."""

    code: str
    kind: ThemeKind
    names: dict[str, str]

    def name(self, language: str) -> str:
        """The theme's name in `language`, else in English."""
        return self.names.get(language) or self.names["en"]


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
    """A theme found in a statement; `score` has no unit, only its order counts."""

    code: str
    kind: ThemeKind
    score: float
    evidence: tuple[Evidence, ...]


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

    @property
    def on_rights(self) -> bool:
        """Whether this is on human rights in North Korea, not only on its army or its pop music."""
        return self.about_nk and any(f.kind is ThemeKind.RIGHTS for f in self.themes)
