"""What editors say of stories: what is held, leads, is left out, noted, translated, and who ruled what on an alert."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Note:
    """An editor's own words, signed. `words` are (language, text) pairs, the one written first leads."""

    words: tuple[tuple[str, str], ...]
    editor: str
    at: datetime

    def told_in(self, language: str) -> tuple[str, str]:
        """The language and the words for a reader of `language`: the first, where there are none in that language."""
        return next((pair for pair in self.words if pair[0] == language), self.words[0])


@dataclass(frozen=True, slots=True)
class Translation:
    """An editor's translation of a statement, always shown as such, with the name of who signed it."""

    statement_id: str
    language: str
    title: str
    text: str
    editor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Marks:
    """What editors said of a story.

    `held`: it goes nowhere until it is freed. `pinned`: it leads every digest that holds it. `dropped`: no digest
    holds it. `correction` says what was wrong in what was sent of it; `withdrawn` that all of it was.
    """

    held: bool = False
    pinned: bool = False
    dropped: bool = False
    note: Note | None = None
    correction: Note | None = None
    withdrawn: bool = False
    translations: tuple[Translation, ...] = ()


UNMARKED = Marks()


class RulingKind(StrEnum):
    """What was ruled on an alert."""

    #: an editor's yes; with two persons configured it takes two
    RELEASE = "release"
    #: an editor's no
    WITHHOLD = "withhold"
    #: everything not yet handed over was cancelled
    STOP = "stop"
    #: everybody who got it was told that it was wrong
    WITHDRAW = "withdraw"
    #: everybody who got it was told what was wrong in it
    CORRECT = "correct"
    #: it went out by rule
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One word on an alert. `editor` is empty where a rule decided; `note` says why."""

    story_id: str
    kind: RulingKind
    editor: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Editor:
    """Somebody who is told of alerts that wait. A `second` one is told when nobody has answered."""

    name: str
    address: str
    language: str = "en"
    second: bool = False


@dataclass(frozen=True, slots=True)
class Precision:
    """How often a source's urgent statements were right, by the rulings of editors on the alerts that they raised."""

    source_id: str
    right: int = 0
    wrong: int = 0
    waiting: int = 0
