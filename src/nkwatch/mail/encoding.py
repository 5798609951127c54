"""Rendered text into frozen pieces: quoted-printable, CRLF, each piece ending at a line end (RFC 2045, 6.7).

Blocks and filled slots can be joined in any order that the rendered text had, without looking into them. No line
begins with a full stop, so that the relay has nothing to double (RFC 5321, 4.5.2), nor with "From ", which
mailbox files would change under a signature.
"""

import re
from collections.abc import Iterator

from nkwatch.domain.bulletin import Block, Piece, Slot

#: Private-use characters around the name of a slot in rendered text. Values never hold them: see `Templates`.
OPENING, CLOSING = "\ue000", "\ue001"
#: Slots that are never filled: what stands between them speaks to one reader alone, and no copy shows it.
OWN_BEGINS, OWN_ENDS = "own_begins", "own_ends"
#: Characters of one line without its CRLF (RFC 2045, 6.7, rule 5).
LONGEST_LINE = 76

_MARKER = re.compile(rf"{OPENING}([\w-]+){CLOSING}", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")
#: All but printable ASCII, and the equals sign.
_ESCAPES = {octet: f"={octet:02X}" for octet in {*range(256)} - {*b"\t", *range(0x20, 0x7F)} | {*b"="}}
_OPENS_BADLY = re.compile(rb"\.|From ")


def marker(name: str) -> str:
    """What stands in rendered text where the slot `name` is to be."""
    return f"{OPENING}{name}{CLOSING}"


def freeze(rendered: str) -> tuple[Piece, ...]:
    """The rendered text as blocks, with slots where it holds markers."""
    parts = _MARKER.split(rendered)
    texts, names = parts[::2], [*parts[1::2], ""]
    pieces: list[Piece] = []
    for text, name in zip(texts, names, strict=True):
        if text:
            pieces.append(Block(_encode(text)))
        if name:
            pieces.append(Slot(name))
    return tuple(pieces)


def fill(value: str) -> bytes:
    """The value of a slot as it stands between two blocks; nothing for an empty value."""
    return _encode(value)


def _encode(text: str) -> bytes:
    """`text` on lines of its own; where it does not end with a line end, a soft break lets the text go on."""
    *whole, rest = _LINE_END.split(text)
    lines = [piece for line in whole for piece in _fold(line, goes_on=False)]
    if rest:
        lines += _fold(rest, goes_on=True)
    return b"".join(line + b"\r\n" for line in lines)


def _fold(line: str, *, goes_on: bool) -> Iterator[bytes]:
    room = LONGEST_LINE - 1
    rest = _guarded(_escaped(line))
    while len(rest) > (room if goes_on else LONGEST_LINE):
        escape = rest.find(b"=", room - 2, room)
        cut = escape if escape > 0 else room  # an escape (=XX) stays whole
        yield rest[:cut] + b"="
        rest = _guarded(rest[cut:])
    yield rest + b"=" if goes_on else rest


def _guarded(line: bytes) -> bytes:
    return b"=%02X" % line[0] + line[1:] if _OPENS_BADLY.match(line) else line


def _escaped(line: str) -> bytes:
    """Octets as they may stand; white space that a relay could strip from the line's end is none of them."""
    # each octet as a letter, so that one pass in C replaces them
    octets = line.encode().decode("latin-1").translate(_ESCAPES).encode()
    return octets[:-1] + b"=%02X" % octets[-1] if octets.endswith((b" ", b"\t")) else octets
