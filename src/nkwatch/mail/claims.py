"""What a mail says of itself: who sent it, who signed it, which bulletin it is. Nothing of that is proved here.

Runs in a worker that can be killed: the bytes come from anybody.
"""

import quopri
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses, parsedate_to_datetime
from html import unescape

from nkwatch.domain.bulletin import Block, Composition

#: Signatures, numbers and copies that are looked at; ours have two, one and one.
MOST = 5
#: Digits of the number of a bulletin.
DIGITS = 9
_DOMAIN = re.compile(r"(?:^|;)\s*d\s*=\s*([A-Za-z0-9.-]{1,255})\s*(?:;|$)")
_SELECTOR = re.compile(r"(?:^|;)\s*s\s*=\s*([A-Za-z0-9._-]{1,255})\s*(?:;|$)")
_ADDRESS = re.compile(r"(?:https?:)?//([^\s/?#\"'<>\\)]{1,255})", re.IGNORECASE)
_COPY = re.compile(r"/mails/([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Claims:
    """What stands in a mail. `sender` is the address in its one From field, empty where there is none or several.

    `signatures` are (domain, selector) of its DKIM signatures, `copies` the ids of compositions that it links to,
    `numbers` those of bulletins that it names, `hosts` where its links lead, `lines` its plain text.
    """

    sender: str = ""
    subject: str = ""
    date: datetime | None = None
    signatures: tuple[tuple[str, str], ...] = ()
    numbers: tuple[int, ...] = ()
    copies: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()
    lines: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a mail differs from what a bulletin's readers share: lines that it lacks, hosts that only it links to."""

    subject: bool = False
    lines: int = 0
    hosts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.subject or self.lines > 0 or bool(self.hosts)


def read_claims(raw: bytes, numbered: Sequence[str] = ()) -> Claims:
    """What a mail says. `numbered` are the ways to name a bulletin, as in "No. %(number)s"."""
    mail = message_from_bytes(raw, policy=default)
    texts = {kind: _text(mail, kind) for kind in ("plain", "html")}
    words = texts["plain"] or texts["html"]
    links = "\n".join((*texts.values(), unescape(texts["html"])))
    return Claims(
        sender=_sender(mail),
        subject=" ".join(str(mail.get("Subject", "")).split()),
        date=_date(str(mail.get("Date", ""))),
        signatures=tuple(dict.fromkeys(_signatures(mail)))[:MOST],
        numbers=tuple(dict.fromkeys(_numbers(words, numbered)))[:MOST],
        copies=tuple(dict.fromkeys(_COPY.findall(links)))[:MOST],
        hosts=hosts_in(links),
        lines=tuple(_lines(texts["plain"])),
    )


def difference(claims: Claims, composition: Composition, site: str, subjects: Collection[str] = ()) -> Difference:
    """How a mail differs from a composition: places of the reader's own may hold anything but links elsewhere.

    `subjects` are those that other mails of the bulletin had.
    """
    text, page = (_decoded(part) for part in (composition.text, composition.html))
    known = hosts_in(f"{text}\n{unescape(page)}\n{site}")
    missing = _missing(list(_lines(text)), claims.lines)
    other = tuple(sorted(claims.hosts - known))
    return Difference(not same_subject(claims, [composition.subject, *subjects]), missing, other)


def same_subject(claims: Claims, subjects: Iterable[str]) -> bool:
    """Whether a mail has one of these subjects."""
    return any(claims.subject == " ".join(subject.split()) for subject in subjects)


def hosts_in(text: str) -> frozenset[str]:
    """The hosts that links in a text or page lead to, in small letters, without user and port."""
    found = (match.lower().rpartition("@")[2].rstrip(".,;:!") for match in _ADDRESS.findall(text))
    return frozenset(h for part in found if "." in (h := part.partition(":")[0]))


def _sender(mail: EmailMessage) -> str:
    fields = mail.get_all("From", [])
    found = [address for _, address in getaddresses([str(f) for f in fields])]
    return found[0].lower() if len(fields) == len(found) == 1 else ""


def _date(said: str) -> datetime | None:
    try:
        return parsedate_to_datetime(said).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _signatures(mail: EmailMessage) -> Iterator[tuple[str, str]]:
    for value in mail.get_all("DKIM-Signature", []):
        said = "".join(str(value).split())
        domain, selector = _DOMAIN.search(said), _SELECTOR.search(said)
        if domain and selector:
            yield domain[1].lower(), selector[1].lower()


def _numbers(text: str, numbered: Iterable[str]) -> Iterator[int]:
    for way in numbered:
        pattern = re.escape(way).replace(re.escape("%(number)s"), rf"(\d{{1,{DIGITS}}})")
        yield from map(int, re.findall(rf"(?<!\w){pattern}(?!\d)", text))


def _text(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    content = part.get_content() if part else ""
    return content if isinstance(content, str) else ""


def _lines(text: str) -> Iterator[str]:
    return (line for part in text.splitlines() if (line := " ".join(part.split())))


def _missing(wanted: Sequence[str], lines: Sequence[str]) -> int:
    """How many of the wanted lines do not stand in a text in their order."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        places[line].append(place)
    missing, reached = 0, 0
    for line in wanted:
        there = places.get(line, [])
        at = bisect_left(there, reached)
        if at == len(there):
            missing += 1
        else:
            reached = there[at] + 1
    return missing


def _decoded(pieces: Iterable[object]) -> str:
    wire = b"".join(p.body if isinstance(p, Block) else b"\n" for p in pieces)
    return quopri.decodestring(wire).decode("utf-8", "replace")
