"""A *bulletin* is an alert (one story, at once) or a digest (one window); a *delivery* is one on its way.

A bulletin's content is an ordered list of frozen, content-addressed *blocks* and personal *slots*. The blocks
are rendered once and shared by all readers; the slots are filled when a delivery is assembled.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from nkwatch.domain.alert import Pace, Waiting
from nkwatch.domain.desk import Note
from nkwatch.domain.subscriber import Subscriber


class BulletinKind(StrEnum):
    """What is sent. A confirmation goes to an address not yet confirmed, and nothing else does."""

    ALERT = "alert"
    CONFIRMATION = "confirmation"
    #: a link to the reader's own settings
    SETTINGS = "settings"
    #: a change of address, to be confirmed from the old one
    MOVE_OLD = "move-old"
    #: and from the new one
    MOVE_NEW = "move-new"
    DIGEST = "digest"
    #: nothing was found for three weeks, and the reader wants to know
    LULL = "lull"
    #: what was wrong in an alert, or that all of it was
    ALERT_CORRECTION = "alert-correction"
    DIGEST_CORRECTION = "digest-correction"

    @property
    def personal(self) -> bool:
        """Whether it concerns one reader's subscription, and is no bulletin that others get too."""
        return self in {self.CONFIRMATION, self.SETTINGS, self.MOVE_OLD, self.MOVE_NEW}

    @property
    def corrects(self) -> bool:
        """Whether it tells what was wrong: it goes to exactly those who got that, whatever they chose since."""
        return self in {self.ALERT_CORRECTION, self.DIGEST_CORRECTION}

    @property
    def priority(self) -> int:
        """The order in which deliveries are claimed: somebody in danger first, then who waits at a form."""
        later = {self.DIGEST: 2, self.LULL: 2}
        return 0 if self is self.ALERT or self.corrects else later.get(self, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [start, end) of ready stories that one digest covers (UTC)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """A frozen piece of a mail in its wire form: quoted-printable, CRLF, ending at a line end."""

    body: bytes

    @property
    def id(self) -> str:
        """The SHA-256 of the body: equal blocks are one block."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that is filled for each subscriber, on a line of its own."""

    name: str


Piece = Block | Slot
#: Lines of text for places that are the reader's own, by name.
Slots = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Composition:
    """What a group of subscribers gets: the same subject, the same pieces. `html` is empty for text only.

    A `neutral` one comes from the neutral sender, on a list whose name says nothing. `stories` are the ids of all
    stories that it tells of, in full or in one line.
    """

    kind: BulletinKind
    language: str
    subject: str
    text: tuple[Piece, ...]
    html: tuple[Piece, ...]
    neutral: bool = False
    stories: tuple[str, ...] = ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every block of it, in order."""
        return tuple(p for p in (*self.text, *self.html) if isinstance(p, Block))

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of what its readers share: subject and text part as sent, places of their own left empty."""
        shared = b"".join(p.body for p in self.text if isinstance(p, Block))
        return hashlib.sha256(f"{self.subject}\r\n".encode() + shared).hexdigest()


@dataclass(frozen=True, slots=True)
class Addressed:
    """A composition for one subscriber.

    `answers` is the Message-ID of an earlier mail to this reader that this one belongs to. `pace` is what is known of
    the reader's alerts once this one is written; None where it does not count.
    """

    subscriber: Subscriber
    composition: Composition
    slots: Slots = field(default=(), repr=False)
    answers: str = ""
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Mailing:
    """One bulletin and who gets which composition of it; nobody is mailed before `due_at`, where that is given.

    `covered` are the subscribers whose window ends here, whether they get anything or not. `waiting` get the alert
    later or with a digest. `told` are the numbers of waiting alerts that leave with this bulletin, `answers` is the
    number of the bulletin that this one corrects or follows, `reports` the ids of the statements that an alert tells.
    `note` is what a correction says, where it is kept with its bulletin. `as_of` is how often redactions had changed
    anything when the texts were read of which this is made (`Outbox.as_of`); None where it is made of none.
    """

    key: str
    kind: BulletinKind
    date: datetime
    deliveries: tuple[Addressed, ...] = ()
    window: Window | None = None
    story_id: str = ""
    covered: tuple[Subscriber, ...] = ()
    due_at: datetime | None = None
    waiting: tuple[Waiting, ...] = ()
    told: tuple[int, ...] = ()
    answers: int = 0
    reports: tuple[str, ...] = ()
    note: Note | None = None
    as_of: int | None = None
