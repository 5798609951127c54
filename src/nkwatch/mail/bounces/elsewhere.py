"""A second opinion on notes in which we found nobody: flufl.bounce, which knows some formats by heart.

It raises on many ordinary mails and calls every address permanent; so only its addresses are taken.
"""

import logging
from email import message_from_bytes

from flufl.bounce import all_failures

#: Bytes of a mail that it gets: it looks at every line with every one of its patterns.
ENOUGH = 50_000

# it logs a traceback for every mail that it stumbles over
logging.getLogger("flufl.bounce").disabled = True


def second_opinion(raw: bytes) -> tuple[str, ...]:
    """The addresses that flufl.bounce finds in a bounce, in small letters. Never raises."""
    try:
        temporary, permanent = all_failures(message_from_bytes(raw[:ENOUGH]))
    except Exception:  # noqa: BLE001  it raises what it likes
        return ()
    found = (address.decode("utf-8", "replace").strip().lower() for address in sorted(permanent | temporary))
    return tuple(address for address in found if "@" in address)
