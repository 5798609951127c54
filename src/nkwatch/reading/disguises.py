"""How letters may be disguised in a text: by case, width, accents and invisible characters, or encoded for an address,
a page or JSON. Whatever they mean is traceable to where it stands.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from nkwatch.reading.folding import Table

#: Bytes from outside are looked through as if they were in each of these.
ENCODINGS = ("utf-8", "cp949", "shift_jis", "euc_jp", "gb18030", "big5", "latin-1")
#: Of seven bits, so that they pass for UTF-8, behind this mark.
SHIFTED, SHIFT = ("iso2022_jp", "iso2022_kr"), b"\x1b$"
#: With a NUL in every letter of a page's marks.
WIDE = ("utf-16-le", "utf-16-be")
#: How files begin that say nothing as text: PDF, ZIP (and what is made of it), gzip, pictures.
UNREADABLE = (b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")
#: What such a file may begin behind (octets; ISO 32000-1, annex H.3.4.1).
AHEAD = 1024

_UNIT = re.compile(
    r"(?:%[0-9a-f]{2})+|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]\w{1,31});|\\u[0-9a-f]{4}|.", re.IGNORECASE | re.DOTALL
)
ENCODED = re.compile(r"%[0-9a-f]{2}|&[#a-z]|\\u[0-9a-f]", re.IGNORECASE)
#: The first line is so long that few words are taken for it.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}(?:\r?\n[A-Za-z0-9+/_-]+)*")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})", re.IGNORECASE)


def _bare(char: str) -> str:
    """Compatibility forms, case, accents and invisible characters go."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(c for c in apart if not _ignored(c))


def _ignored(char: str) -> bool:
    """Accents, variation selectors, and what is not seen at all."""
    accent = "\u0300" <= char <= "\u036f" or "\ufe00" <= char <= "\ufe0f"
    return accent or unicodedata.category(char) == "Cf"


#: For `str.translate`: each character becomes none, one or several.
FOLDING = Table(_bare)


def folded(text: str) -> str:
    """The text with nothing left of its case, accents and the like."""
    return text.lower() if text.isascii() else text.translate(FOLDING)


def decoded(text: str) -> str:
    """The text with all that is encoded in it read."""
    return html.unescape(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), unquote(text)))


def unreadable(body: bytes) -> bool:
    """Whether bytes are compressed, or drawn: what they say cannot be read."""
    return body.startswith(UNREADABLE) or UNREADABLE[0] in body[:AHEAD]


def texts(body: bytes) -> Iterator[str]:
    """What bytes say in each encoding that they may be in: UTF-8 is not taken for another of eight bits.

    Then the same of what stands in them as base64 (RFC 4648): data in addresses, content of feeds; no pictures.
    """
    yield from _encoded(body)
    for found in _BASE64.finditer(body):
        run = b"".join(found[0].split()).translate(_FROM_URL)
        # what looks like it may be no base64, or more than it
        said = base64.b64decode(run[: len(run) - (len(run) % 4 == 1)] + b"==")
        if not unreadable(said):
            yield from (said.decode(encoding, "ignore") for encoding in ENCODINGS)


def _encoded(body: bytes) -> Iterator[str]:
    if b"\0" in body:
        yield from (body.decode(encoding, "replace") for encoding in WIDE)
    if SHIFT in body:
        yield from (body.decode(encoding, "replace") for encoding in SHIFTED)
    for encoding in ENCODINGS:
        try:
            yield body.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == ENCODINGS[0]:
            return


def plain(text: str) -> Iterator[tuple[int, int, str]]:
    """Each character with its place."""
    return ((place, place + 1, char) for place, char in enumerate(text))


def letters(text: str) -> Iterator[tuple[int, int, str]]:
    """The characters that a text means, each with the place of what stands for it."""
    for unit in _UNIT.finditer(text):
        said = unit[0]
        if said[0] == "%" and len(said) > 1:
            yield from _percent(said, unit.start())
        elif said[0] == "&" or said[0] == "\\":
            yield unit.start(), unit.end(), decoded(said)
        else:
            yield unit.start(), unit.end(), said


def _percent(said: str, start: int) -> Iterator[tuple[int, int, str]]:
    """The characters of a run of percent-encoded octets; what is no UTF-8 is taken octet by octet."""
    try:
        chars = bytes.fromhex(said.replace("%", "")).decode()
    except UnicodeDecodeError:
        chars = "\ufffd" * (len(said) // 3)
    for char in chars:
        end = start + 3 * (1 if char == "\ufffd" else len(char.encode()))
        yield start, end, char
        start = end
