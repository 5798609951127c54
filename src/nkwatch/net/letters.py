"""What a mail says of itself: headers decoded, who sent it and to whom, its bodies.

Mails are hostile bytes: whoever calls this does so where it can be killed, and expects any exception.
"""

from collections.abc import Iterator
from email.header import Header, decode_header
from email.message import Message
from email.utils import getaddresses

from nkwatch.net.decoding import decode

#: Parts of one mail that are looked at, and how deep they may lie in each other.
MOST_PARTS, DEEPEST = 200, 10
#: Decoding one of 1.4 MB took 20 seconds.
LONGEST_HEADER = 10_000
#: A From that is longer is no sender's.
LONGEST_FROM = 2_000
#: Fields of one name that are looked at.
MOST_FIELDS = 10
RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")


def decoded(value: str | Header | None) -> str:
    """A header's text (RFC 2047); raw bytes in it, which many Korean mails have, in the encoding that they can be."""
    if value is None:
        return ""
    written = str(value)
    try:
        pieces = decode_header(value if len(written) <= LONGEST_HEADER else written[:LONGEST_HEADER])
    except ValueError:
        return written
    told = (decode(p, f"charset={c}" if c else "") if isinstance(p, bytes) else p for p, c in pieces)
    return "".join(told)


def sender(message: Message) -> tuple[str, str]:
    """Name as it was written and address (in lower case) of the one sender; empty where there is not exactly one.

    With two of them, what our server checked and what we look at could differ.
    """
    written = message.get_all("From") or []
    only = str(written[0]) if len(written) == 1 else ""
    found = getaddresses([only]) if len(only) <= LONGEST_FROM else []
    name, address = found[0] if len(found) == 1 else ("", "")
    whole = address.count("@") == 1 and not any(c.isspace() for c in address)
    return (name, address.lower()) if whole else ("", "")


def recipients(message: Message) -> frozenset[str]:
    """The addresses that this mail went to, in lower case."""
    fields = (value for name in RECIPIENTS for value in (message.get_all(name) or [])[:MOST_FIELDS])
    written = [str(value)[:LONGEST_HEADER] for value in fields]
    return frozenset(found.lower() for _, found in getaddresses(written) if "@" in found)


def bodies(message: Message) -> tuple[str, str]:
    """The first HTML part and the first plain one; attachments and forwarded mails are none."""
    found = {"text/html": "", "text/plain": ""}
    for part in _parts(message):
        kind = part.get_content_type()
        if kind in found and not found[kind] and part.get_content_disposition() != "attachment":
            body = part.get_payload(decode=True)
            text = decode(body, f"charset={part.get_content_charset('')}") if isinstance(body, bytes) else ""
            found[kind] = text.replace(" \n", "").replace(" \r\n", "") if _delsp(part) else text
    return found["text/html"], found["text/plain"]


def _delsp(part: Message) -> bool:
    """Whether the space before a soft line break is to go: so Japanese is broken (RFC 3676, 4)."""
    flowed = str(part.get_param("format", "")).lower() == "flowed"
    return flowed and str(part.get_param("delsp", "")).lower() == "yes"


def _parts(message: Message) -> Iterator[Message]:
    waiting = [(message, 0)]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part, depth = waiting.pop()
        inside = part.get_payload() if part.get_content_maintype() == "multipart" and depth < DEEPEST else None
        if isinstance(inside, list):
            children = inside[:MOST_PARTS]
            waiting += [(child, depth + 1) for child in reversed(children) if isinstance(child, Message)]
        else:
            yield part
