"""What a relay answers, made fit to be stored: no reader's address in it (promise 9), one line, 200 characters."""

import re

LONGEST_REPLY = 200
REMOVED = "[address]"

_ADDRESS_LIKE = re.compile(r"[^\s<>()\[\],;:\"']+(?:@|%40|＠)[^\s<>()\[\],;:\"']*", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: A shorter name would be found in ordinary words, and hardly points to anybody.
_SHORTEST_NAME = 3


def scrubbed(reply: str, recipient: str) -> str:
    """`reply` without the recipient's address, its local part, or anything that looks like an address."""
    text = _ADDRESS_LIKE.sub(REMOVED, _CONTROLS.sub(" ", reply))
    for part in _names(recipient):
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", REMOVED, text, flags=re.IGNORECASE)
    return " ".join(text.split())[:LONGEST_REPLY]


def _names(recipient: str) -> list[str]:
    """The address, its local part, and that without a subaddress, the longest first."""
    local = recipient.rpartition("@")[0]
    names = {recipient, local, local.partition("+")[0]}
    return sorted((n for n in names if len(n) >= _SHORTEST_NAME), key=len, reverse=True)
