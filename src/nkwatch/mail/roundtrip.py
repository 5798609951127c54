"""A mail to ourselves, and what the way changed of it: what a relay rewrites must not be signed (Amazon SES: Date).

The mail is made of its marker and the settings alone, so that who has the mail that came back can make it again.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from nkwatch.domain.delivery import Message
from nkwatch.domain.posture import Finding, Severity
from nkwatch.mail.encoding import fill
from nkwatch.mail.headers import ascii_domain, domain_of, field, joined, list_id, mailbox, text_field

ABOUT = "round trip"
_MARKER = re.compile(r"nkwatch-(\d{8}T\d{6})-([0-9a-f]{16})")
#: Fields that readers, filters and providers go by.
FIELDS = (
    *("From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"),
    *("Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
)
#: Those that need not be signed: relays are known to rewrite them.
MAY_LEAVE_OUT = ("date", "message-id")
_WORDS = (
    "This is a mail that nkwatch sent to see what the way changes of it.",
    "",
    "Marker: {marker}",
    "",
    "If you asked for it: save the mail as a file (with all header fields), and run",
    "",
    "    nkwatch doctor --returned FILE.eml",
    "",
    "A link as in a digest: {site}/mails/{copy}?a=1&b=2",
    "한국어, 日本語, é ü ß: letters beyond ASCII.",
    ". A line that begins with a full stop, and one that ends with a space: ",
    "{long}",
)


@dataclass(frozen=True, slots=True)
class Probe:
    """Makes the mail: from `name` and `sender` to `recipient`, `return_path` is the envelope's sender."""

    name: str
    sender: str
    return_path: str
    recipient: str
    site: str

    def __call__(self, marker: str) -> Message:
        """The mail with this marker; the same one each time. Raises `ValueError` where it is none."""
        found = _MARKER.fullmatch(marker)
        if not found:
            raise ValueError(f"no marker: {marker!r}")
        sent = datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        words = {"marker": marker, "site": self.site.rstrip("/"), "copy": found[2] * 4, "long": f"{found[2]} " * 20}
        body = fill("\n".join(_WORDS).format(**words))
        return Message(
            ascii_domain(self.return_path), self.recipient, joined(self._fields(marker, sent)) + body + b"\r\n"
        )

    def _fields(self, marker: str, sent: datetime) -> Iterator[bytes]:
        domain = domain_of(self.sender)
        yield field("From", mailbox(self.name, ascii_domain(self.sender)))
        yield field("To", f"<{ascii_domain(self.recipient)}>")
        yield text_field("Subject", f"Round trip of {self.name}: {marker} 왕복")
        yield field("Date", format_datetime(sent))
        yield field("Message-ID", f"<{marker}@{domain}>")
        yield field("Auto-Submitted", "auto-generated")
        yield list_id(f"{self.name} digests", f"digests.{domain}")
        yield field("List-Unsubscribe", f"<{self.site.rstrip('/')}/leave/{'x' * 60}.{marker}>")
        yield field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        yield field("MIME-Version", "1.0")
        yield field("Content-Type", "text/plain; charset=utf-8")
        yield field("Content-Transfer-Encoding", "quoted-printable")


def new_marker(now: datetime, token: str) -> str:
    """The marker of a mail made now; `token` is 16 hexadecimal digits by chance."""
    return f"nkwatch-{now.astimezone(UTC):%Y%m%dT%H%M%S}-{token}"


def marker_in(raw: bytes) -> str:
    """The marker in a mail; empty where there is none."""
    # a relay may have broken the line in two (RFC 2045, 6.7)
    found = _MARKER.search(raw.replace(b"=\r\n", b"").replace(b"=\n", b"").decode("latin-1"))
    return found[0] if found else ""


def compared(
    sent: bytes, received: bytes, *, signs: bool, left_out: Iterable[str] = (), verified: str = ""
) -> list[Finding]:
    """What the way changed. `signs` says that nkwatch signs, without the fields `left_out`.

    `verified` says why no signature in our name is valid; empty where one is.
    """
    ours, theirs = _Mail.of(sent), _Mail.of(received)
    changed = [name for name in FIELDS if ours.values(name) != theirs.values(name)]
    body = ours.body != theirs.body
    found = list(_of_fields(changed, theirs, signs=signs, left_out=frozenset(left_out)))
    if body:
        said = "the relay changes the text: it adds to it, rewrites links or encodes it anew"
        found.append(_wrong(said, "Switch off tracking, footers and re-encoding at the relay."))
    if verified:
        do = "" if changed or body else "Look at DKIM in `nkwatch doctor`."
        found.append(_wrong(f"no signature in our name is valid: {verified}", do or "Mend what is named above."))
    else:
        found.append(Finding(ABOUT, Severity.FINE, "a signature in our name is valid"))
    if not changed and not body:
        found.append(Finding(ABOUT, Severity.FINE, "the mail came as it was sent"))
    return found


def _of_fields(changed: list[str], theirs: "_Mail", *, signs: bool, left_out: frozenset[str]) -> Iterator[Finding]:
    for name in changed:
        said = f"the relay {'changes' if theirs.values(name) else 'takes away'} {name}"
        if name.lower() not in MAY_LEAVE_OUT:
            yield _wrong(said, "Look for what does that at the relay, and switch it off.")
    rewritten = [n for n in MAY_LEAVE_OUT if n in {c.lower() for c in changed}]
    wanted = [n for n in MAY_LEAVE_OUT if n in rewritten or n in left_out]
    said = f"the relay rewrites {' and '.join(rewritten)}"
    if signs and set(rewritten) - left_out:
        names = ", ".join(f'"{name}"' for name in wanted)
        yield _wrong(said, f"Set dkim.leave_out = [{names}].")
    elif rewritten:
        yield Finding(ABOUT, Severity.FINE, f"{said}, which {'is not signed' if signs else 'does no harm'}")


def _wrong(said: str, do: str) -> Finding:
    return Finding(ABOUT, Severity.WRONG, said, do)


@dataclass(frozen=True, slots=True)
class _Mail:
    """A mail in two: fields by name in small letters, unfolded; and the body, with one kind of line end."""

    fields: dict[str, list[str]]
    body: bytes

    @classmethod
    def of(cls, raw: bytes) -> "_Mail":
        header, _, body = re.sub(rb"\r?\n", b"\n", raw).partition(b"\n\n")
        fields: dict[str, list[str]] = {}
        for line in re.sub(rb"\n(?=[ \t])", b"", header).split(b"\n"):
            name, colon, value = line.partition(b":")
            if colon:
                said = " ".join(value.decode("utf-8", "replace").split())
                fields.setdefault(name.strip().decode("latin-1").lower(), []).append(said)
        # mail programs drop or add empty lines at the end; so does a signature's canonical form (RFC 6376, 3.4.3)
        return cls(fields, body.rstrip(b"\n"))

    def values(self, name: str) -> list[str]:
        return self.fields.get(name.lower(), [])
