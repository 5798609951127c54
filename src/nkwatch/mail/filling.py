"""One reader's own lines and links, in the wire form of both bodies.

Most are short and plain, and many readers have the same ones (the reasons for a story): what is known to come out the
same is not worked out again.
"""

import html
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from nkwatch.mail.encoding import fill
from nkwatch.mail.reasons import SLOT
from nkwatch.mail.templates import COPY, LINKS
from nkwatch.mail.views import plain
from nkwatch.mail.widths import TEXT_WIDTH, wrap

#: Lines that were made last; a line has some hundred octets.
KEPT = 4096
#: Text that is quoted-printable as it stands: it opens no line badly, and ends with no space.
_SAFE = re.compile(r"(?!From )[!-\-/-<>-~](?:[ !-<>-~]*[!-<>-~])?")
#: Octets of a line that a soft break follows.
_ROOM = 75

Filled = dict[str, bytes]


def filled(slots: Iterable[tuple[str, str]], links: Mapping[str, str]) -> dict[str, Filled]:
    """The lines by the names of their places, for the body in plain text and for the page.

    No line takes the place of a link, whatever it is called. What is empty is not there.
    """
    text: Filled = {}
    page: Filled = {}
    for name, value in slots:
        # a phrase is one reader's own and comes again in a week, if at all
        in_text, in_page = (_line if name.startswith(SLOT) else _line.__wrapped__)(value)
        if in_text and name not in LINKS:
            text[name], page[name] = in_text, in_page
    for name, url in links.items():
        # the copy's is the same for everybody
        text[name], page[name] = (_link if name == COPY else _link.__wrapped__)(url)
    return {"plain": text, "html": page}


@lru_cache(maxsize=KEPT)
def _line(value: str) -> tuple[bytes, bytes]:
    """A line of its own in plain text, and inside the page; nothing where nothing of it can be shown."""
    line = " ".join(value.split()) if _ordinary(value) else plain(value)
    if not line:
        return b"", b""
    wrapped = line if line.isascii() and len(line) <= TEXT_WIDTH else wrap(line)
    # in plain text a line ends by itself, so that an empty one leaves no empty line behind
    whole = wrapped.encode() + b"\r\n" if len(wrapped) <= _ROOM and _SAFE.fullmatch(wrapped) else fill(f"{wrapped}\n")
    return whole, _broken(html.escape(line))


@lru_cache(maxsize=KEPT)
def _link(url: str) -> tuple[bytes, bytes]:
    escaped = html.escape(url)
    broken = _broken(url)
    return broken, broken if escaped == url else _broken(escaped)


def _broken(value: str) -> bytes:
    """`fill(value)`, in one step where nothing is to be encoded."""
    if len(value) <= _ROOM and _SAFE.fullmatch(value):
        return value.encode() + b"=\r\n"
    return fill(value)


def _ordinary(value: str) -> bool:
    """Whether there is nothing in it that must not be shown."""
    return value.isascii() and value.isprintable()
