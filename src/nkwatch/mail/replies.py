"""What a relay answers, made fit to be stored: no reader's address in it (promise 9), one line, 200 characters."""

import re

from nkwatch.domain.delivery import Sent

LONGEST_REPLY = 200
LONGEST_ID = 100
REMOVED = "[address]"

#: Looked for from where a word begins alone: what is answered comes from outside.
_WORD = r"[^\s<>()\[\],;:\"']"
_ADDRESS_LIKE = re.compile(rf"(?<!{_WORD}){_WORD}+(?:@|%40|＠){_WORD}*", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: A shorter name would be found in ordinary words, and hardly points to anybody.
_SHORTEST_NAME = 3

_NAME = r"([A-Za-z0-9][\w.+/=:,-]*)"
#: What no name is: a word, or an enhanced code (RFC 3463).
_NO_NAME = re.compile(r"[245]\.\d{1,3}\.\d{1,3}|\D{1,15}")
_IDS = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        # Exchange: the Message-ID before it looks like an address, and is ours anyway
        r"\[InternalId=(\d+)[,\]]",
        # Postfix, SendGrid, Mailjet and many more; Yandex names the host, NetEase says "Mail OK", Go servers leave "as"
        rf"\bqueued (?:on \S+ )?as:? <?{_NAME}>?",
        rf"\bOK: queued {_NAME}$",
        # Haraka, Stalwart
        rf"\bqueued \({_NAME}\)",
        rf"\bqueued with id:? {_NAME}",
        # Exim, and who copied it
        rf"\bid=<?{_NAME}>?",
        # Sendmail, Proofpoint, OpenSMTPD
        rf"^(?:2\.\d\.\d )?{_NAME} Message accepted\b",
        # qmail
        r"^ok ([0-9]{9,} qp [0-9]+)\b",
        # Gmail and Naver
        rf"\bOK (?:[0-9]{{9,}} )?{_NAME} - \w*smtp$",
        # Mimecast
        rf"\bReceived OK \[{_NAME}\]",
        # Amazon SES, SparkPost, Daum, Courier: nothing but a name with digits behind the OK
        r"^(?:2\.\d\.\d )?OK[:.]? ((?=[\w./+=-]*\d)[A-Za-z0-9][\w./+=-]{9,}(?: [A-Za-z0-9][\w./+=-]{9,})?)$",
    )
)


def scrubbed(reply: str, recipient: str) -> str:
    """`reply` without the recipient's address, its local part, or anything that looks like an address."""
    return _clean(reply, recipient)[:LONGEST_REPLY]


def relay_id(reply: str) -> str:
    """The name that the relay gave to a message, out of its 250; "" where it tells none, or what looks like an address.

    Providers' reports name it, and so do the relay's logs.
    """
    text = _one_line(reply).removeprefix("250 ").removeprefix("250-")
    for pattern in _IDS:
        if found := pattern.search(text):
            name = found[1].rstrip(".:,")
            if _NO_NAME.fullmatch(name) or len(name) > LONGEST_ID:
                return ""
            return "" if _is_address_like(name + text[found.end(1) : found.end(1) + 3]) else name
    return ""


def accepted(reply: str, recipient: str) -> Sent:
    """What is kept of the reply that accepted a message."""
    clean = _clean(reply, recipient)
    return Sent(clean[:LONGEST_REPLY], relay_id(clean))


def _clean(reply: str, recipient: str) -> str:
    text = _one_line(reply)
    if _is_address_like(text):
        text = _ADDRESS_LIKE.sub(REMOVED, text)
    folded = text.casefold()
    for part in _names(recipient):
        if part.casefold() not in folded:
            continue  # an expression for each recipient would cost more than the rest of the hand-over
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", REMOVED, text, flags=re.IGNORECASE)
    return text


def _one_line(text: str) -> str:
    return " ".join((text if text.isprintable() else _CONTROLS.sub(" ", text)).split())


def _is_address_like(text: str) -> bool:
    return "@" in text or "%40" in text or "＠" in text


def _names(recipient: str) -> list[str]:
    """The address, its local part, and that without a subaddress, the longest first."""
    local = recipient.rpartition("@")[0]
    return [name for name in (recipient, local, local.partition("+")[0]) if len(name) >= _SHORTEST_NAME]
