"""What a mail that came back quotes of ours: names of the message, the token of its reader, to whom it went."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from itertools import islice

from nkwatch.mail.bounces.pieces import Pieces, head
from nkwatch.mail.bounces.reports import ADDRESS, queue_names

MOST_ORIGINALS, MOST_NAMES, LONGEST_FIELD = 5, 20, 5_000
#: As `MailAssembler` writes it: the token is the last part of the path (see `nkwatch.keys`).
_LEAVE = re.compile(r"https?://[^\s<>\"']{1,300}?/leave/([A-Za-z0-9._~-]{8,200})(?![A-Za-z0-9._~/-])")
_MESSAGE_ID = re.compile(r"<([^\s<>@]{1,250}@[^\s<>@]{1,250})>")
_QUEUED = re.compile(r"\bid[ \t]{1,9}<?([\w.+/~-]{4,100})")
#: Amazon SES answers 250 with the local part of the Message-ID that it then writes.
_SES = re.compile(r"([\w-]{20,100})@(?:[\w-]+\.)?amazonses\.com$")


@dataclass(frozen=True, slots=True)
class Quoted:
    """What is quoted of our own header fields."""

    leave_tokens: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    relay_ids: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()


def quoted(pieces: Pieces) -> Quoted:
    """What this mail quotes of ours. An automatic reply names our mail in its In-Reply-To."""
    heads = [head(original) for original in pieces.originals[:MOST_ORIGINALS]]
    ids = [
        *_all(heads, "Message-ID"),
        *_all([pieces.mail], "In-Reply-To"),
        *_all([pieces.mail], "X-Original-Message-ID"),
    ]
    ids += [
        v
        for text in (*pieces.receipts, *pieces.feedback)
        for v in re.findall(r"(?im)^Original-Message-ID:(.{1,600})", text)
    ]
    message_ids = [f"<{name}>" for value in ids for name in _MESSAGE_ID.findall(value)]
    queued = [name for text in (*pieces.status, pieces.text) for name in queue_names(text)]
    queued += [name for value in _all(heads, "Received") for name in _QUEUED.findall(value)]
    queued += [ses[1] for name in message_ids if (ses := _SES.match(name.strip("<>")))]
    return Quoted(
        leave_tokens=_few(token for v in _all(heads, "List-Unsubscribe") for token in _LEAVE.findall(v)),
        message_ids=_few(message_ids),
        relay_ids=_few(name for name in queued if name),
        recipients=_few(_recipients(heads)),
    )


def _recipients(heads: Sequence[Message]) -> Iterator[str]:
    """To whom a quoted mail went, the surest first."""
    for name in ("X-HmXmrOriginalRecipient", "To", "Apparently-To", "X-Original-To", "Envelope-To"):
        yield from (found.lower() for value in _all(heads, name) for found in ADDRESS.findall(value))
    for value in _all(heads, "Received"):
        found = re.search(rf"\bfor[ \t]{{1,9}}<?({ADDRESS.pattern})>?", value)
        if found:
            yield found[1].lower()


def _all(heads: Sequence[Message], name: str) -> list[str]:
    """The values of a field, unfolded."""
    return ["".join(str(v)[:LONGEST_FIELD].splitlines()) for h in heads for v in (h.get_all(name) or [])[:MOST_NAMES]]


def _few(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(found), MOST_NAMES))
