"""What a DKIM signature says and covers (RFC 6376): everything but the work with the private key.

Header fields are made canonical the relaxed way, since relays fold and space them anew; the body the simple way: ours
has no line that a relay would change. There is no length (l=), behind which anybody could add text, and no end (x=),
since readers check old mails too. The time (t=) is the mail's own date: signed again, a mail is the same, octet for
octet.
"""

import hashlib
import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache

from nkwatch.mail.dkim_keys import DkimKey

#: Named once more than they occur, so that one which is added breaks the signature. Whoever has a mail of ours can put
#: fields before it, leave what is signed untouched, and send it to others; of two fields mail programs show the first
#: or the last. So they would show another sender, subject or date, answer to another address, offer a button to
#: unsubscribe that is a lure (also in a mail that has none), or read the same body as another type or in other parts.
#: Not Sender and Feedback-ID: there are relays that add theirs to what they pass on.
OVERSIGNED = (
    *(b"from", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id"),
    *(b"list-unsubscribe", b"list-unsubscribe-post"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding"),
)
#: Traces of the way, and what must not be signed (RFC 6376, 5.4.1); everything else that we write is.
UNSIGNED = frozenset(
    {b"return-path", b"received", b"comments", b"keywords", b"bcc", b"dkim-signature", b"authentication-results"}
)
#: Columns of the field's lines; mail servers that fold longer ones anew have broken signatures.
WIDTH = 76

_SPACE = re.compile(rb"[ \t]+")


@dataclass(frozen=True, slots=True)
class Draft:
    """A signature field up to its `b=`, and the SHA-256 that is to be signed."""

    opening: bytes
    digest: bytes

    def finished(self, signature: bytes) -> bytes:
        """The whole field, in lines of its own."""
        octets = b64encode(signature)
        lines = [octets[i : i + WIDTH - 4] for i in range(0, len(octets), WIDTH - 4)]
        return self.opening + b"\r\n ".join(lines) + b"\r\n"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message taken apart: its header fields in canonical form, by their names in small letters; its body's hash."""

    fields: tuple[tuple[bytes, bytes], ...]
    body_hash: bytes

    @classmethod
    def of(cls, content: bytes) -> "Parsed":
        """Of a whole message, its lines ended by CRLF."""
        end = content.find(b"\r\n\r\n") + 2
        header, body = (content[:end], end + 2) if end > 1 else (content, len(content))
        return cls(tuple(relaxed(header)), simple_hash(content, body))

    def value(self, name: bytes) -> bytes:
        """The value of the first field of this name; nothing where there is none."""
        found = next((line for known, line in self.fields if known == name), b"")
        return found.partition(b":")[2]

    @property
    def domain(self) -> str:
        """The domain of the sender that readers see."""
        return self.value(b"from").rpartition(b"@")[2].strip(b"> ").decode("ascii", "replace").lower()


def drafts(message: Parsed, keys: Iterable[DkimKey], left_out: AbstractSet[bytes] = frozenset()) -> list[Draft]:
    """What each of the keys is to sign; `left_out` are names of fields that no signature covers."""
    names, lines = _covered(message, left_out)
    signed, dated, body = b"".join(lines), _seconds(message.value(b"date")), b64encode(message.body_hash)
    return [_draft(_opening(key, dated, names, body), signed) for key in keys]


def relaxed(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The fields of a header in canonical form, each by its name and without its line end (RFC 6376, 3.4.2)."""
    unfolded = header.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    for line in _SPACE.sub(b" ", unfolded).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            name = name.strip(b" ").lower()
            yield name, name + b":" + value.strip(b" ")


def simple_hash(content: bytes, start: int) -> bytes:
    """The SHA-256 of the body from `start` on, which in canonical form ends with one line end (RFC 6376, 3.4.3)."""
    end = len(content)
    while content.endswith(b"\r\n", start, end):
        end -= 2
    digest = hashlib.sha256(memoryview(content)[start:end])
    digest.update(b"\r\n")
    return digest.digest()


def _covered(message: Parsed, left_out: AbstractSet[bytes]) -> tuple[tuple[bytes, ...], list[bytes]]:
    """The names as they stand in h=, and the fields that they mean: of equal ones the last first (RFC 6376, 5.4.2)."""
    never = UNSIGNED | left_out
    there: dict[bytes, list[bytes]] = defaultdict(list)
    for name, line in message.fields:
        there[name].append(line)
    names = [name for name, _ in message.fields if name not in never]
    names += [name for name in OVERSIGNED if name not in never]
    return tuple(names), [there[name].pop() + b"\r\n" for name in names if there[name]]


def _draft(opening: bytes, signed: bytes) -> Draft:
    # the field itself is signed as well, without a line end, its signature left empty (RFC 6376, 3.7)
    own = b"dkim-signature:" + opening.partition(b": ")[2].replace(b"\r\n ", b" ")
    return Draft(opening, hashlib.sha256(signed + own).digest())


def _opening(key: DkimKey, dated: int | None, names: tuple[bytes, ...], body: bytes) -> bytes:
    tags = f"v=1; a={key.algorithm}; c=relaxed/simple; d={key.domain};\r\n s={key.selector};"
    if dated is not None:
        tags += f" t={dated};"
    return b"DKIM-Signature: %b\r\n h=%b;\r\n bh=%b;\r\n b=" % (tags.encode(), _folded(names), body)


@lru_cache(maxsize=256)
def _folded(names: tuple[bytes, ...]) -> bytes:
    """The names joined by colons, in lines."""
    lines, line = [], b"h="
    for name in names:
        if len(line) + len(name) + 2 > WIDTH:
            lines.append(line)
            line = b""
        line += name + b":"
    return b"\r\n ".join([*lines, line]).removeprefix(b"h=").removesuffix(b":")


@lru_cache(maxsize=256)
def _seconds(date: bytes) -> int | None:
    """The seconds of a date since 1970; None where it is none."""
    try:
        return max(0, int(parsedate_to_datetime(date.decode("ascii")).timestamp()))
    except ValueError:
        return None
