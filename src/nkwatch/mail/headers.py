"""Header fields as bytes, written by us: no value can open a field of its own, no address becomes an encoded word.

`email.policy.SMTP` folds a long List-Unsubscribe into encoded words, and clients then show no button
(cpython #85725); so fields are written here, unfolded up to the 998 characters that a line may have (RFC 5322,
2.1.1).
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator

import idna

#: Everything that any software takes for a line end or the end of a text, other control characters, half letters.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LONGEST_PLAIN = 60
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+")
_LONGEST_LINE = 998
#: Octets in one encoded word: with the name of its field it fits a line of 76 (RFC 2047, 2).
_ENCODED = 36


def field(name: str, value: str) -> bytes:
    """`Name: value` with CRLF. Raises `ValueError` for a line longer than a line may be."""
    line = f"{name}: {one_line(value)}".encode()
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"header field {name} is longer than {_LONGEST_LINE} octets")
    return line + b"\r\n"


def text_field(name: str, value: str) -> bytes:
    """A field of free text, in encoded words (RFC 2047) where it is not short and plain ASCII."""
    clean = one_line(value)
    if clean.isascii() and len(clean) <= _LONGEST_PLAIN and "=?" not in clean:
        return field(name, clean)
    folded = "\r\n ".join(_encoded_words(clean))
    return f"{name}: {folded}\r\n".encode()


def list_id(words: str, identifier: str) -> bytes:
    """The List-Id field (RFC 2919): stable, so that readers can filter by it."""
    return field("List-Id", f"{_phrase(words)} <{identifier}>")


def mailbox(name: str, address: str) -> str:
    """`Name <address>` for a From field."""
    return f"{_phrase(name)} <{address}>" if name else address


def ascii_domain(address: str) -> str:
    """The address with its domain in punycode. Raises `ValueError` when it is no domain."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"


def domain_of(address: str) -> str:
    """The domain of an address, in punycode. Raises `ValueError` when it is none."""
    return ascii_domain(address).rpartition("@")[2]


def one_line(value: str) -> str:
    """`value` with every line end and control character replaced by a space."""
    if value.isascii() and value.isprintable() and " " not in value:
        return value  # most of what is written for one reader: addresses and links
    # most values are one line: no other white space is printable
    if value.isprintable() and "  " not in value and value == value.strip():
        return value
    return " ".join(_BREAKS.sub(" ", value).split())


def joined(fields: Iterable[bytes]) -> bytes:
    """The fields with the empty line that ends them."""
    return b"".join(fields) + b"\r\n"


def _phrase(words: str) -> str:
    """A display name: as it is, quoted, or as encoded words."""
    clean = one_line(words)
    if not clean.isascii():
        return " ".join(_encoded_words(clean))
    if _ATOMS.fullmatch(clean) and "=?" not in clean:
        return clean
    return '"' + re.sub(r'(["\\])', r"\\\1", clean) + '"'


def _encoded_words(text: str) -> Iterator[str]:
    """`text` in words of whole letters (RFC 2047, 5). `email.header.Header` makes lines that are too long of some."""
    word = b""
    for letter in (*text, ""):
        octets = letter.encode()
        if not octets or len(word) + len(octets) > _ENCODED:
            yield f"=?utf-8?b?{b64encode(word).decode()}?="
            word = b""
        word += octets


#: So that no absence notice or robot answers (RFC 3834; Exchange knows only the second).
AUTOMATIC = field("Auto-Submitted", "auto-generated") + field("X-Auto-Response-Suppress", "OOF")
