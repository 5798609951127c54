"""A *departure*: somebody who is not to be mailed any more, kept outside the database too, by keyed hashes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Act(StrEnum):
    """What a line of the file tells."""

    #: a subscription ended
    LEFT = "left"
    #: all that was known of somebody went
    ERASED = "erased"
    #: an address is not to be mailed
    SUPPRESSED = "suppressed"
    #: somebody is back, confirmed anew: what was before does not count
    JOINED = "joined"
    #: the operator lets an address in again: whoever left with it has left all the same
    ALLOWED = "allowed"
    #: mail goes on leaving; `mark` counts up
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Departure:
    """One line. `who` is the subscriber's id, "" where there is none; `keys` are hashes of the address, by each key.

    `why` is the reason of an end, or a `Suppression`. `allowed`, which is not written, says that the operator lets the
    address in again.
    """

    act: Act
    at: datetime
    who: str = ""
    keys: tuple[bytes, ...] = ()
    why: str = ""
    mark: int = 0
    allowed: bool = False

    @property
    def names(self) -> frozenset[str | bytes]:
        """All by which the same reader may be known."""
        return frozenset((*self.keys, *([self.who] if self.who else [])))


def still_gone(lines: Sequence[Departure]) -> list[Departure]:
    """The departures that nobody came back after, in the order of the file; of equal ones the last."""
    back: set[str | bytes] = set()
    allowed: set[str | bytes] = set()
    told: set[tuple[Act, str, frozenset[str | bytes]]] = set()
    gone = []
    for line in reversed(lines):
        if line.act is Act.JOINED:
            back |= line.names
        elif line.act is Act.ALLOWED:
            allowed |= line.names
        elif line.act is not Act.MARK and not line.names & back and _new(line) not in told:
            told.add(_new(line))
            gone.append(replace(line, allowed=bool(line.names & allowed)))
    return gone[::-1]


def _new(line: Departure) -> tuple[Act, str, frozenset[str | bytes]]:
    why = "" if line.act is Act.LEFT else line.why
    return line.act, why, line.names
