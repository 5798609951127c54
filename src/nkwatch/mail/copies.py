"""Copies of a mail that may be passed on.

They are made of the frozen blocks alone, which were rendered before anybody knew who would get them; slots are left
out, and so is what stands in ``own()``: the lines that only make sense for one reader. So nothing personal can be in
them.
"""

import quopri
from collections.abc import Iterator

from nkwatch.domain.bulletin import Block, Composition, Piece
from nkwatch.mail.encoding import OWN_BEGINS, OWN_ENDS

_ARTICLE, _MAIN = ' role="article"', ' role="main"'


def shared_html(composition: Composition) -> str:
    """The page of a mail, a whole document, without anything personal; empty where the mail is text only.

    Inside a mail program the sheet is an article; on a page of its own it is the main part.
    """
    return _decoded(composition.html).replace(_ARTICLE, _MAIN, 1)


def shared_text(composition: Composition) -> str:
    """The text of a mail without anything personal, its lines ended by a line feed."""
    return _decoded(composition.text).strip("\n") + "\n"


def _decoded(pieces: tuple[Piece, ...]) -> str:
    wire = b"".join(_shared(pieces))
    return quopri.decodestring(wire).decode().replace("\r\n", "\n")


def _shared(pieces: tuple[Piece, ...]) -> Iterator[bytes]:
    """The blocks that speak to everybody."""
    depth = 0
    for piece in pieces:
        if isinstance(piece, Block):
            if depth == 0:
                yield piece.body
        else:
            depth += (piece.name == OWN_BEGINS) - (piece.name == OWN_ENDS)
