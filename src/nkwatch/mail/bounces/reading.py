"""One mail that came back, read: what it tells, of whom, and what proves that it is about a mail of ours."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from nkwatch.domain.bounce import Bounce, BounceKind
from nkwatch.editing.bouncing import kind_of, status_in
from nkwatch.mail.bounces import marks
from nkwatch.mail.bounces.elsewhere import second_opinion
from nkwatch.mail.bounces.feedback import complainants, is_complaint, is_feedback
from nkwatch.mail.bounces.notices import addresses, noticed
from nkwatch.mail.bounces.originals import Quoted, quoted
from nkwatch.mail.bounces.pieces import Pieces, head, taken_apart
from nkwatch.mail.bounces.reports import MOST_RECIPIENTS, Failed, reported
from nkwatch.mail.bounces.senders import Origin, automatic, origin
from nkwatch.mail.replies import scrubbed
from nkwatch.net.letters import recipients

#: Addresses that a bounce was sent to.
MOST_SENT_TO = 50
#: Letters of a note that tell why.
LONGEST_NOTE = 4_000
#: What is no failure (RFC 3464, 2.3.3): a receipt.
ARRIVED = frozenset({"delivered", "relayed", "expanded"})
#: Where a note has these and no code says more, nobody is gone.
_PERHAPS = re.compile(
    r"warning only|just a warning|no action is required|(?:has|have) not yet been delivered"
    r"|delivery attempts will continue|will (?:be retried|continue trying)"
    r"|still (?:being retried|undelivered)|\bdelayed\b|delay in|do not need to re-?send",
    re.IGNORECASE,
)


def read_bounce(raw: bytes) -> Bounce:
    """What this mail tells; of kind NONE where it is no bounce or cannot be read. Never raises."""
    try:
        return _read(raw)
    except Exception:  # noqa: BLE001  on hostile bytes the parsers of the standard library raise almost anything
        return Bounce()


def _read(raw: bytes) -> Bounce:
    pieces = taken_apart(raw)
    who = origin(pieces)
    wrapped = _wrapped(pieces, who)
    if wrapped:
        pieces = taken_apart(wrapped)
        who = origin(pieces)
    ours = quoted(pieces)
    sent_to = tuple(sorted(recipients(pieces.mail))[:MOST_SENT_TO])
    kind, failed = _told(raw, pieces, ours, who, {*sent_to, who.sender})
    if kind is BounceKind.NONE:
        return Bounce(sent_to=sent_to)
    first = failed[0] if failed else Failed("")
    return Bounce(
        kind=kind,
        recipients=tuple(dict.fromkeys(f.recipient for f in failed if f.recipient)),
        status=first.status or status_in(first.said),
        reason=scrubbed(_reason(first.said or pieces.text), first.recipient),
        sent_to=sent_to,
        leave_tokens=ours.leave_tokens,
        message_ids=ours.message_ids,
        relay_ids=ours.relay_ids,
        final=kind is not BounceKind.SOFT or not _goes_on({f.action for f in failed}, pieces, who),
    )


def _wrapped(pieces: Pieces, who: Origin) -> bytes:
    """The report in a mail that only encloses it: so gateways pass one on, and persons, who tell of others' mails."""
    if pieces.status or who.personal or not (who.server or who.caretaker or who.nobody) or not who.names_failure:
        return b""
    reports = (o for o in pieces.originals if head(o).get_param("report-type") == "delivery-status")
    return next(reports, "").encode("utf-8", "replace")


def _told(
    raw: bytes, pieces: Pieces, ours: Quoted, who: Origin, strangers: Collection[str]
) -> tuple[BounceKind, Sequence[Failed]]:
    """What the mail tells, and of whom; the surest signs first."""
    if is_feedback(pieces, who.subject):
        if not is_complaint(pieces):
            return BounceKind.NONE, ()
        named = [*complainants(pieces), *ours.recipients]
        return BounceKind.COMPLAINT, [Failed(address) for address in named[:1]]
    found = _reports(pieces, who)
    if not found and who.returns and (pieces.status or not _answers(pieces, who)):
        found = _notices(raw, pieces, ours, who, strangers)
    if found:
        return _worst(found, pieces)
    if pieces.receipts or _answers(pieces, who):
        return BounceKind.AUTO_REPLY, [Failed(who.sender, said=who.subject)] if "@" in who.sender else []
    return BounceKind.NONE, ()


def _answers(pieces: Pieces, who: Origin) -> bool:
    """Whether a program answered for somebody. Servers that return mails say so of themselves, too."""
    return not (who.server and who.returns) and automatic(pieces.mail, who.subject, pieces.text)


def _reports(pieces: Pieces, who: Origin) -> Sequence[Failed]:
    """The recipients in the parts that are made for programs; else such fields in the note of a server."""
    if who.personal and not who.server and not pieces.status:
        return ()
    in_parts = [failed for text in pieces.status for failed in reported(text)]
    if not in_parts and who.returns:
        in_parts = list(reported(pieces.text))
    return [failed for failed in in_parts if failed.recipient or failed.status] if _whole(in_parts) else ()


def _whole(found: Sequence[Failed]) -> bool:
    return any(failed.recipient for failed in found)


def _notices(raw: bytes, pieces: Pieces, ours: Quoted, who: Origin, strangers: Collection[str]) -> Sequence[Failed]:
    """The recipients that the note names, else the header, else whom the quoted mail went to."""
    named = list(addresses(" ".join(str(v) for v in pieces.mail.get_all("X-Failed-Recipients") or []), ()))
    found = noticed(pieces.text, strangers, strictly=not who.trusted)
    if named:
        told = {failed.recipient: failed for failed in found}
        return [told.get(address, Failed(address, said=pieces.text)) for address in named[:MOST_RECIPIENTS]]
    if found:
        return found
    if not who.trusted:
        return ()
    others = [*addresses(who.subject, strangers), *second_opinion(raw), *ours.recipients]
    return [Failed(next((a for a in others if a not in strangers), ""), said=pieces.text)]


def _worst(found: Sequence[Failed], pieces: Pieces) -> tuple[BounceKind, Sequence[Failed]]:
    """The gravest that is told, and of whom it is."""
    kinds: dict[BounceKind, list[Failed]] = {BounceKind.HARD: [], BounceKind.SOFT: [], BounceKind.AUTO_REPLY: []}
    # often all are told the same, in a long text
    judged = {same: _kind(same, pieces, alone=len(found) == 1) for same in {replace(f, recipient="") for f in found}}
    for failed in found:
        kinds[judged[replace(failed, recipient="")]].append(failed)
    return next((kind, of) for kind, of in kinds.items() if of)


def _kind(failed: Failed, pieces: Pieces, *, alone: bool) -> BounceKind:
    if failed.action in ARRIVED:
        return BounceKind.AUTO_REPLY
    told = pieces.text[:LONGEST_NOTE] if alone else ""
    if failed.action == "delayed" or (not failed.action and _PERHAPS.search(pieces.text[:LONGEST_NOTE])):
        return BounceKind.SOFT
    return kind_of(failed.status, failed.said, told)


def _goes_on(actions: Collection[str], pieces: Pieces, who: Origin) -> bool:
    """Whether the server goes on trying for all: its own word for it (RFC 3464, 2.3.3), else that of the note."""
    if any(actions):
        return set(actions) <= {"delayed", ""}
    note = f"{who.subject}\n{' '.join(pieces.text[:LONGEST_NOTE].split())}"
    goes_on = marks.DELAY.search(note) or marks.DELAY_COMPACT.search("".join(note.split()))
    return goes_on is not None and marks.GIVEN_UP.search(note) is None


def _reason(text: str) -> str:
    """The words of the server, without the lines around them."""
    return " ".join(line.strip(" \t>*-=#|") for line in text[:LONGEST_NOTE].splitlines())
