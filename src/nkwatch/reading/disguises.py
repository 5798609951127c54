"""How letters may be disguised in a text: by case, width, accents and invisible characters, or encoded for an address,
a page or JSON. Whatever they mean is traceable to where it stands.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

#: Bytes from outside are looked through as if they were in each of these.
ENCODINGS = ("utf-8", "cp949", "shift_jis", "latin-1")

_UNIT = re.compile(
    r"(?:%[0-9a-f]{2})+|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]\w{1,31});|\\u[0-9a-f]{4}|.", re.IGNORECASE | re.DOTALL
)
ENCODED = re.compile(r"%[0-9a-f]{2}|&[#a-z]|\\u[0-9a-f]", re.IGNORECASE)
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})", re.IGNORECASE)


class _Folding(dict[int, str]):
    """A translation table that fills itself: compatibility forms, case, accents and invisible characters go."""

    def __missing__(self, code: int) -> str:
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold())
        folded = self[code] = "".join(c for c in apart if not _ignored(c))
        return folded


def _ignored(char: str) -> bool:
    """Accents, variation selectors, and what is not seen at all."""
    accent = "\u0300" <= char <= "\u036f" or "\ufe00" <= char <= "\ufe0f"
    return accent or unicodedata.category(char) == "Cf"


#: For `str.translate`: each character becomes none, one or several.
FOLDING = _Folding()


def folded(text: str) -> str:
    """The text with nothing left of its case, accents and the like."""
    return text.lower() if text.isascii() else text.translate(FOLDING)


def decoded(text: str) -> str:
    """The text with all that is encoded in it read."""
    return html.unescape(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), unquote(text)))


def texts(body: bytes) -> Iterator[str]:
    """What bytes say in each encoding that they may be in: UTF-8 is not taken for anything else."""
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
