"""A *redaction* takes a person, by the forms of the name, or a whole statement out of everything that we hold."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: Always as many, so that the length of what stood there tells nothing (U+25A0).
SQUARES = "\u25a0" * 6
#: Letters that a form has at least, where words are written apart and where not: with fewer it would be everywhere.
SHORTEST, SHORTEST_CJK = 4, 2
LONGEST, MOST_FORMS = 100, 50
#: How many statements are shown by their titles.
SAMPLES = 10
CJK = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff]"
)
"""Letters of scripts that are written without the boundaries of words."""


class RedactionKind(StrEnum):
    """What is taken out."""

    PERSON = "person"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Redaction:
    """One redaction; `forms` are those of a name, empty for a statement and once it is lifted.

    `done_at` is None while it is under way or was broken off. A `lifted` one no longer applies to what arrives.
    """

    id: int
    kind: RedactionKind
    at: datetime
    editor: str
    reason: str
    statement_id: str = ""
    forms: tuple[str, ...] = field(default=(), repr=False)
    done_at: datetime | None = None
    lifted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """How much a redaction concerns, by the kind of thing, and some statements (id and title).

    `spellings` are other ways in which the name may be written that were found, and that nobody gave as a form.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    samples: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    spellings: frozenset[str] = field(default=frozenset(), repr=False)

    def __add__(self, other: "Affected") -> "Affected":
        both = Counter(self.counts)
        both.update(other.counts)
        return Affected(dict(both), (*self.samples, *other.samples)[:SAMPLES], self.spellings | other.spellings)

    def again(self, second: "Affected") -> "Affected":
        """The same when everything was gone through a second time: only what was found then for the first time adds."""
        names = {**self.counts, **second.counts}
        counts = {name: max(self.counts.get(name, 0), second.counts.get(name, 0)) for name in names}
        return Affected(counts, self.samples, self.spellings)


def problems(forms: Iterable[str]) -> list[str]:
    """A sentence for each form that cannot be redacted. It names the form by its place: logs hold no names."""
    given = list(forms)
    told = [f"form {place}: {why}" for place, form in enumerate(given, 1) if (why := _problem(form))]
    if not given:
        told.append("give at least one form of the name")
    if len(given) > MOST_FORMS:
        told.append(f"at most {MOST_FORMS} forms of one name")
    return told


def _problem(form: str) -> str:
    letters = [c for c in unicodedata.normalize("NFKC", form) if c.isalpha()]
    if len(form) > LONGEST:
        return f"longer than {LONGEST} characters is no name"
    if any(CJK.match(c) for c in letters):
        return "" if len(letters) >= SHORTEST_CJK else f"needs {SHORTEST_CJK} letters: one letter stands in many words"
    return "" if len(letters) >= SHORTEST else f"needs {SHORTEST} letters: a shorter word stands in too many texts"
