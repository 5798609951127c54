"""Is a mail ours? Its DKIM signatures are checked by dkimpy, and what they cover is told (RFC 6376, 6).

Anybody may hand in a mail: its bytes are hostile. Nothing is raised for what is in them, and what could keep dkimpy's
regular expressions busy is not given to it. Only signatures of our own domains are checked: a key is never looked up in
a zone that somebody else writes.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from dkim import DKIM, DKIMException
from dkim.util import InvalidTagValueList, parse_tag_value

#: Octets of a mail, of its header and of one signature field; lines of the header; signatures of ours.
LARGEST, LARGEST_HEADER, LARGEST_SIGNATURE = 1_000_000, 128_000, 4_000
MOST_LINES, MOST_SIGNATURES = 1_000, 10
#: Octets of a line (RFC 5322, 2.1.1), and of long runs of spaces in all: dkimpy takes the square of each one's length.
LONGEST_LINE, MOST_SPACES = 998, 20_000
#: Without SHA-1, which proves nothing any more (RFC 8301, 3.1).
ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})
SHORTEST_KEY = 1024
#: What a reader sees or acts on: each must be covered where it is there. Date and Message-ID may have been rewritten by
#: the mail server; whether they are covered is told.
ESSENTIAL = frozenset(
    {"from", "subject", "to", "cc", "reply-to", "list-unsubscribe"}
    | {"mime-version", "content-type", "content-transfer-encoding"}
)
#: Of these a mail has one at most (RFC 5322, 3.6, RFC 2369, RFC 8058).
SINGLE = ESSENTIAL | {"sender", "date", "message-id", "list-id", "list-unsubscribe-post"}

Records = Mapping[str, str] | Callable[[str], str | None]

_DOMAIN = re.compile(r"[a-z0-9._-]{1,253}")
_CAMPAIGN = re.compile(rb"(\d{1,9})::")
_SPACES = re.compile(rb"[\t ]{32,}")
_NAMES = re.compile(rb"\s*:\s*")
_MUTE = logging.Logger("dkimpy", logging.CRITICAL + 1)  # noqa: LOG001  one of its own: nothing of a mail goes to the log


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature. `trouble` says why it does not hold; empty where it does.

    `covered` are the names (in small letters) of the fields that it covers, each as often as it is there; `whole` says
    that it covers the whole body.
    """

    domain: str
    selector: str
    algorithm: str
    trouble: str
    covered: frozenset[str] = frozenset()
    whole: bool = True

    @property
    def valid(self) -> bool:
        """Whether it holds for what it covers."""
        return not self.trouble


@dataclass(frozen=True, slots=True)
class Verified:
    """What a mail says of itself, and whether that can be believed: only where `reason` is empty it is ours.

    `proof` is the signature of ours that holds, best the one that covers most. `duplicates` are fields that are there
    twice. `number` is that of the bulletin; None where the mail does not tell.
    """

    reason: str
    signatures: tuple[Signature, ...] = ()
    proof: Signature | None = None
    uncovered: frozenset[str] = frozenset()
    duplicates: frozenset[str] = frozenset()
    number: int | None = None

    @property
    def ours(self) -> bool:
        """Whether a signature of our domain proves it."""
        return not self.reason


def verify(raw: bytes, records: Records, ours: Collection[str] = ()) -> Verified:
    """Whether this mail (its line ends may have been changed to LF) is ours. Never raises for what is in it.

    `records` has DNS records by their names ("selector._domainkey.domain"), or is asked for them. `ours` are our
    domains; without them, those that `records` has names of.
    """
    names = records if isinstance(records, Mapping) else ()
    domains = frozenset(ours) or frozenset(name.partition("._domainkey.")[2].lower() for name in names)
    look = records.get if isinstance(records, Mapping) else records
    try:
        return _refused(raw) or _verified(raw, look, domains)
    except Exception:  # noqa: BLE001  on hostile bytes dkimpy raises almost anything
        return Verified("This is no mail that can be read.")


def _refused(raw: bytes) -> Verified | None:
    """What dkimpy would take too long for, or read in another way than mail programs."""
    if len(raw) > LARGEST:
        return Verified("This is larger than any mail that we send.")
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    start = lines.index(b"") if b"" in lines else len(lines)
    if any(b"\r" in line for line in lines):
        return Verified("It has line ends that no mail of ours has: it was altered.")
    if start > MOST_LINES or sum(map(len, lines[:start])) > LARGEST_HEADER:
        return Verified("Its header is larger than that of any mail that we send: it was altered.")
    spaces = sum(map(len, _SPACES.findall(b"\n".join(lines[start:]))))
    if max(map(len, lines[start:]), default=0) > LONGEST_LINE or spaces > MOST_SPACES:
        return Verified("Its lines are longer than those of any mail that we send: it was altered.")
    return None


def _verified(raw: bytes, look: Callable[[str], str | None], ours: frozenset[str]) -> Verified:
    mail = DKIM(raw, logger=_MUTE, minkey=SHORTEST_KEY)
    fields = [(name.decode("ascii").lower(), value) for name, value in mail.headers]
    there = Counter(name for name, _ in fields)
    found = tuple(_signatures(mail, [v for name, v in fields if name == "dkim-signature"], there, look, ours))
    proof = max((s for s in found if s.valid), key=lambda s: (s.whole, len(s.covered & SINGLE)), default=None)
    feedback = next((value for name, value in fields if name == "feedback-id"), b"")
    campaign = _CAMPAIGN.match(feedback.strip())
    uncovered = frozenset(SINGLE & there.keys()) - proof.covered if proof else frozenset()
    duplicates = frozenset(name for name in SINGLE if there[name] > 1)
    return Verified(
        reason=_reason(found, proof, uncovered, duplicates, ours),
        signatures=found,
        proof=proof,
        uncovered=uncovered,
        duplicates=duplicates,
        number=int(campaign[1]) if campaign else None,
    )


def _signatures(
    mail: DKIM, written: list[bytes], there: Counter[str], look: Callable[[str], str | None], ours: frozenset[str]
) -> Iterator[Signature]:
    """Each signature, in the order of the mail. Of those that are not ours no key is asked for."""
    checked = 0
    for place, value in enumerate(written):
        tags = _tags(value)
        domain = _word(tags.get(b"d", b""))
        told = (domain, _word(tags.get(b"s", b"")), _word(tags.get(b"a", b"")))
        if domain not in ours:
            yield Signature(*told, "not ours")
            continue
        checked += 1
        if checked > MOST_SIGNATURES:
            return
        signed = Counter(name.decode("ascii", "replace").lower() for name in _NAMES.split(tags.get(b"h", b"")))
        covered = frozenset(name for name, count in there.items() if signed[name] >= count)
        yield Signature(*told, _trouble(mail, place, tags, look), covered, b"l" not in tags)


def _trouble(mail: DKIM, place: int, tags: Mapping[bytes, bytes], look: Callable[[str], str | None]) -> str:
    """Why a signature does not hold; nothing where it does."""
    if tags.get(b"a") not in ALGORITHMS:
        return "it is made in a way that proves nothing"
    record = look(f"{_word(tags.get(b's', b''))}._domainkey.{_word(tags[b'd'])}") or ""
    if not record or _tags(record.encode()).get(b"p", b"") == b"":
        return "no key of that name is known, or it was withdrawn"
    try:
        holds = mail.verify(place, lambda _name, timeout: record.encode())  # noqa: ARG005  dkimpy names it
    except DKIMException as why:
        return _said(str(why))
    except Exception:  # noqa: BLE001  one signature that cannot be read says nothing of the others
        return _said("")
    return "" if holds else "a header field was altered, or it is forged"


def _said(why: str) -> str:
    if why.startswith("body hash mismatch"):
        return "the text was altered"
    if why.startswith("x= value is past"):
        return "it has expired"
    return "it is not in the form that a signature must have"


def _reason(
    found: tuple[Signature, ...],
    proof: Signature | None,
    uncovered: frozenset[str],
    duplicates: frozenset[str],
    ours: frozenset[str],
) -> str:
    """Why a mail is not proved to be ours, in one sentence; nothing where it is."""
    if not found:
        return "It has no signature: nothing proves who sent it."
    own = next((s for s in found if s.domain in ours), None)
    if own is None:
        shown = ", ".join(sorted({s.domain or "somebody whose name cannot be read" for s in found})[:MOST_SIGNATURES])
        return f"It is signed by {shown}, and not by {' or '.join(sorted(ours))}."
    if proof is None:
        return f"The signature of {own.domain} does not hold: {own.trouble}."
    return _open(proof, uncovered, duplicates)


def _open(proof: Signature, uncovered: frozenset[str], duplicates: frozenset[str]) -> str:
    """What of a mail may be by others though its signature holds; nothing where that is harmless."""
    if not proof.whole:
        return "The signature covers the beginning of the text only: what follows may be by anybody."
    if duplicates:
        return f"It has two fields where a mail has one, and one may be by anybody: {', '.join(sorted(duplicates))}."
    if bare := (uncovered & ESSENTIAL) | (frozenset({"from", "subject"}) - proof.covered):
        return f"The signature does not cover these fields, which may be by anybody: {', '.join(sorted(bare))}."
    return ""


def _tags(value: bytes) -> dict[bytes, bytes]:
    """The tags of a signature or record (RFC 6376, 3.2); none where it has not that form."""
    try:
        return dict(parse_tag_value(value)) if len(value) <= LARGEST_SIGNATURE else {}
    except InvalidTagValueList:
        return {}


def _word(value: bytes) -> str:
    """A domain, selector or algorithm, if it has the letters of one."""
    word = value.decode("ascii", "replace").lower()
    return word if _DOMAIN.fullmatch(word) else ""
