"""A *reply* is a mail that came in: what it says of itself, and what is to be done with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Lines of a mail that are looked through for its writer's own, how many of these are kept, letters of each.
MOST_LINES, OWN_LINES, LONGEST_LINE = 5_000, 5, 200
QUOTED = (">", "＞")
#: A line that begins and ends with two of these stands above a signature, or above a mail quoted without marks.
RULE = frozenset("-_=*─—")
#: "On Monday somebody <x@y> wrote:" takes up to three lines.
ATTRIBUTION = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """What a mail says. Addresses are in lower case; `lines` are the first of its writer's own.

    `automatic` says that no person wrote it, `bounce` that it tells of a mail that could not be delivered or was
    complained about.
    """

    recipients: tuple[str, ...] = ()
    sender: str = ""
    subject: str = ""
    lines: tuple[str, ...] = ()
    automatic: bool = False
    bounce: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A mail in the mailbox of replies. `reply` is None where it could not be read; `whole` false where it goes on."""

    id: str
    raw: bytes
    reply: Reply | None
    whole: bool = True


class Handling(StrEnum):
    """What is to be done with a mail."""

    #: its writer wants no more mails, and the address it was sent to proves whose subscription that is
    LEAVE = "leave"
    #: it is passed on to a person
    PERSON = "person"
    IGNORE = "ignore"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class Sorted:
    """What is to be done with a mail. `asks_to_leave` also where nothing proves whose subscription is meant."""

    handling: Handling
    subscriber_id: str = ""
    asks_to_leave: bool = False


def own_lines(text: str) -> tuple[str, ...]:
    """The first lines that its writer wrote: without what is quoted, its heading, and what stands below a divider."""
    lines = [line.strip() for line in text.splitlines()[:MOST_LINES]]
    return tuple(line[:LONGEST_LINE] for line, _ in zip(_own(lines), range(OWN_LINES), strict=False))


def _own(lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if not line or line.startswith(QUOTED) or _heads_quotation(lines, number):
            continue
        if len(line) > 1 and RULE.issuperset(line[:2] + line[-2:]):
            return
        yield line


def _heads_quotation(lines: Sequence[str], number: int) -> bool:
    """Whether this line and the next few end with a colon, and then something is quoted."""
    for place in range(number, min(number + ATTRIBUTION, len(lines))):
        if not lines[place] or lines[place].startswith(QUOTED):
            return False
        if lines[place].endswith((":", "：")):
            following = next((line for line in lines[place + 1 : place + 3] if line), "")
            return following.startswith(QUOTED)
    return False
