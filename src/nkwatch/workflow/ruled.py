"""What came of an editor's ruling on an alert."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What came of a ruling."""

    RELEASED = "released"
    WITHHELD = "withheld"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"
    #: noted; a second person must release it, too
    NEEDS_SECOND = "needs-second"
    #: this person has released it already, and a second one must
    SAME_PERSON = "same-person"
    NO_STORY = "no-story"
    #: no alert on the story waits, or is under way
    NOT_WAITING = "not-waiting"
    #: it was released, or sent: `stop`, `withdraw` and `correct` are for that
    ALREADY_SENT = "already-sent"
    #: no alert on the story was told to anybody, so nothing is to be taken back
    NEVER_TOLD = "never-told"
    #: a name is needed: readers see it, or two persons must be told apart
    UNSIGNED = "unsigned"
    #: there are no words, or none in one of the languages
    UNSAID = "unsaid"


DONE = frozenset(
    {Outcome.RELEASED, Outcome.WITHHELD, Outcome.STOPPED, Outcome.WITHDRAWN, Outcome.CORRECTED, Outcome.NEEDS_SECOND}
)


@dataclass(frozen=True, slots=True)
class Ruled:
    """What happened. `cancelled` are mails that do not leave any more, and readers who do not wait any more.

    `told` are readers to whom the correction was written now; `lacking` those whose mail could not be composed: the
    same command tells them once the template is right. `digests` are the numbers of those that told of the story, too:
    only a correction of each reaches who read it there alone.
    """

    outcome: Outcome
    cancelled: int = 0
    told: int = 0
    lacking: int = 0
    digests: tuple[int, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the editor's word was taken."""
        return self.outcome in DONE


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom a correction or withdrawal would reach: readers who got one of these bulletins, or may have got it.

    `digests` told of the story, too, and are to be corrected for themselves.
    """

    bulletins: tuple[int, ...]
    readers: int
    digests: tuple[int, ...] = ()
