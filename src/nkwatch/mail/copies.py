"""Copies of a mail that may be passed on.

They are made of the frozen blocks alone, which were rendered before anybody knew who would get them; slots are left
out, and so is what stands in ``own()``: the lines that only make sense for one reader. So nothing personal can be in
them. Stories that may not be shown any more are left out as well.
"""

import quopri
import re
from collections.abc import Collection, Sequence

from nkwatch.domain.bulletin import Block, Composition, Piece, Slot
from nkwatch.mail.encoding import OWN_BEGINS, OWN_ENDS
from nkwatch.mail.reasons import SLOT

_ARTICLE, _MAIN = ' role="article"', ' role="main"'
_BODY = re.compile(r"<body\b[^>]*>")
#: The end of a passage whose slot is left out (`mail/story.html`).
_TAIL = ("", "</div>")


def shared_html(composition: Composition, without: Collection[str] = (), banner: str = "") -> str:
    """The page of a mail, a whole document, without anything personal; empty where the mail is text only.

    `without` are the ids of stories that are left out, which must not be the one that leads: the frame names it.
    `banner` is HTML that comes before all else. Inside a mail program the sheet is an article; on a page of its own it
    is the main part.
    """
    page = _decoded(composition.html, without).replace(_ARTICLE, _MAIN, 1)
    return _BODY.sub(lambda opening: opening[0] + banner, page, count=1) if banner else page


def shared_text(composition: Composition, without: Collection[str] = ()) -> str:
    """The text of a mail without anything personal, its lines ended by a line feed; as `shared_html`."""
    return _decoded(composition.text, without).strip("\n") + "\n"


def _decoded(pieces: Sequence[Piece], without: Collection[str]) -> str:
    shared = _left(_shared(pieces), without) if without else _shared(pieces)
    wire = b"".join(p.body for p in shared if isinstance(p, Block))
    return _text(wire)


def _shared(pieces: Sequence[Piece]) -> list[Piece]:
    """What speaks to everybody, and the slots beside it."""
    depth = 0
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Block):
            if depth == 0:
                found.append(piece)
        else:
            depth += (piece.name == OWN_BEGINS) - (piece.name == OWN_ENDS)
            found.append(piece)
    return found


def _left(pieces: Sequence[Piece], without: Collection[str]) -> list[Piece]:
    """The pieces without these stories: one in full ends with the slot for its reasons, one line names its page."""
    slots = {f"{SLOT}{story_id}" for story_id in without}
    link = re.compile(rf"/stories/(?:{'|'.join(map(re.escape, without))})(?![\w-])")
    texts = [_text(p.body) if isinstance(p, Block) else None for p in pieces]
    gone = {n for n, text in enumerate(texts) if text and link.search(text)}
    for n, piece in enumerate(pieces):
        if isinstance(piece, Slot) and piece.name in slots:
            gone |= {n - 1, *(n + 1 for text in texts[n + 1 : n + 2] if text and text.strip() in _TAIL)}
    return [piece for n, piece in enumerate(pieces) if n not in gone]


def _text(wire: bytes) -> str:
    return quopri.decodestring(wire).decode().replace("\r\n", "\n")
