"""What all readers of one composition share in their mails, made once: runs of blocks, and constant header fields.

Nothing of a reader is in it. It is kept by the composition itself, not by its name: what is in a mail is what was asked
for, whatever it is called.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from nkwatch.domain.bulletin import Block, BulletinKind, Composition, Piece
from nkwatch.mail.encoding import OWN_BEGINS, OWN_ENDS
from nkwatch.mail.headers import AUTOMATIC, ascii_domain, domain_of, field, joined, list_id, mailbox, text_field

V = TypeVar("V")
#: A correction is on the list of what it corrects: who filters one finds the other beside it.
_LISTS = {
    BulletinKind.ALERT: "alerts",
    BulletinKind.ALERT_CORRECTION: "alerts",
    BulletinKind.DIGEST: "digests",
    BulletinKind.DIGEST_CORRECTION: "digests",
    BulletinKind.LULL: "digests",
}
#: Names that say nothing, one for each of the lists.
_NEUTRAL_LISTS = {"alerts": "notes", "digests": "list"}
#: What providers know mails by that are on no list.
_LETTERS = "letters"
#: Octets in a line without its end (RFC 5322, 2.1.1).
LONGEST_LINE = 998
#: Octets of shared parts that are kept (most mails have 20 to 40 KB), and blocks known to be in their wire form.
ROOM, BLOCKS = 8 * 1024 * 1024, 1024


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail comes from: what a mail program shows, and the address."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The domain of the address, in punycode."""
        return domain_of(self.address)


@dataclass(frozen=True, slots=True)
class Body:
    """A body of a mail: its blocks joined, and where the reader's own lines go in between.

    `runs` are one more than `names`. `stuffed` says that no line begins with a full stop (RFC 5321, 4.5.2).
    """

    runs: tuple[bytes, ...]
    names: tuple[str, ...]
    stuffed: bool

    @classmethod
    def of(cls, pieces: tuple[Piece, ...]) -> "Body":
        """Of frozen pieces. Raises `ValueError` for a block that cannot stand in a mail as it is."""
        runs: list[list[bytes]] = [[]]
        names, stuffed = [], True
        for piece in pieces:
            if isinstance(piece, Block):
                stuffed &= _stuffed(piece.body)
                runs[-1].append(piece.body)
            elif piece.name not in {OWN_BEGINS, OWN_ENDS}:
                names.append(piece.name)
                runs.append([])
        return cls(tuple([b"".join(run) for run in runs]), tuple(names), stuffed)

    def filled(self, slots: Mapping[str, bytes]) -> list[bytes]:
        """The body in pieces, with these lines in their places, and nothing where there is none."""
        pieces = [b""] * (2 * len(self.runs) - 1)
        pieces[::2] = self.runs
        pieces[1::2] = [slots.get(name, b"") for name in self.names]
        return pieces


@dataclass(frozen=True, slots=True)
class Shared:
    """What all mails of a composition have in common: header fields as bytes, and bodies, the plainer first.

    `list_id` is empty for what concerns one subscription; `feedback` is what a Feedback-ID ends with. `stuffed` says
    that nothing of them has to be changed for the line.
    """

    sender: bytes
    subject: bytes
    constant: bytes
    list_id: bytes
    feedback: str
    bodies: tuple[tuple[str, Body], ...]
    stuffed: bool

    @property
    def weight(self) -> int:
        """The octets of the bodies."""
        return sum([len(run) for _, body in self.bodies for run in body.runs])


def shared(composition: Composition, sender: Sender, host: str) -> Shared:
    """What everybody gets of this composition from `sender`; `host` is that of the public pages.

    Raises `ValueError` where it cannot be brought into the form of a mail.
    """
    on = _LISTS.get(composition.kind, "")
    words, at = (f"{sender.name} {on}", f"{on}.{host}")
    if composition.neutral:
        on = _NEUTRAL_LISTS.get(on, "")
        words, at = sender.name, f"{on}.{sender.domain}"
    pieces = {"plain": composition.text, "html": composition.html}
    bodies = tuple([(name, Body.of(own)) for name, own in pieces.items() if own or name == "plain"])
    return Shared(
        sender=field("From", mailbox(sender.name, ascii_domain(sender.address))),
        subject=text_field("Subject", composition.subject),
        constant=field("Content-Language", composition.language) + AUTOMATIC,
        list_id=list_id(words, at) if on else b"",
        feedback=f"{on or _LETTERS}:{_sender_id(sender.domain)}",
        bodies=bodies,
        stuffed=all(body.stuffed for _, body in bodies),
    )


class Kept(Generic[V]):
    """What was made of the last compositions asked for; `weight` says how many octets it takes, all take `room`."""

    def __init__(self, make: Callable[[Composition], V], weight: Callable[[V], int], room: int = ROOM) -> None:
        self._make, self._weight = make, weight
        self._room = room
        self._kept: OrderedDict[int, tuple[Composition, V]] = OrderedDict()

    def __call__(self, composition: Composition) -> V:
        """What is made of this very object. Raises what making it raises."""
        known = self._kept.get(id(composition))
        # it is kept with what was made of it, so that no other can have its id
        if known is not None:
            self._kept.move_to_end(id(composition))
            return known[1]
        made = self._make(composition)
        self._kept[id(composition)] = (composition, made)
        self._room -= self._weight(made)
        while self._room < 0:
            self._room += self._weight(self._kept.popitem(last=False)[1][1])
        return made


def _sender_id(domain: str) -> str:
    """The last part of a Feedback-ID: 5 to 15 characters, always the same for a sender."""
    letters = "".join(c for c in domain if c.isalnum())
    return f"{letters[:15]:0<5}"


@lru_cache(maxsize=BLOCKS)
def _stuffed(body: bytes) -> bool:
    """Whether no line of a block begins with a full stop. Raises `ValueError` for what no relay may be given."""
    *lines, rest = body.split(b"\r\n")
    if rest or not body.isascii() or not body.count(b"\r") == body.count(b"\n") == len(lines):
        raise ValueError("a block of this mail is not in its wire form: letters outside ASCII, or bare line ends")
    if max(map(len, lines), default=0) > LONGEST_LINE:
        raise ValueError(f"a block of this mail has a line longer than {LONGEST_LINE} octets")
    return not any(line.startswith(b".") for line in lines)


def _part(kind: str) -> bytes:
    """The header of a body."""
    encoded = field("Content-Transfer-Encoding", "quoted-printable")
    return joined([field("Content-Type", f"text/{kind}; charset=utf-8"), encoded])


PARTS = {kind: _part(kind) for kind in ("plain", "html")}
