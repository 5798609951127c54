"""By which name a mail has arrived. Reads hostile bytes: run it where it can be killed."""

import re

#: The header ends at the first empty line; of one that is longer nothing is read.
LONGEST_HEADER = 200_000
_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(<[!-;=?-~]{1,900}>)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def read_message_id(raw: bytes) -> str:
    """The Message-ID of a mail with its angle brackets; empty where it has none. Never raises."""
    header = _END.split(raw[:LONGEST_HEADER], 1)[0]
    found = _MESSAGE_ID.search(_FOLD.sub(b" ", header))
    return found[1].decode("ascii") if found else ""
