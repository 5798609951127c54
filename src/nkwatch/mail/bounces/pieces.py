"""A mail that came back, taken apart: what it says to people, what it reports to programs, what it quotes of ours."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any

from nkwatch.mail.bounces.marks import ORIGINAL_FOLLOWS
from nkwatch.net.decoding import decode

#: Bytes of a mail, and letters of one of its parts, that are looked at; the rest of a bounce is our own mail.
LARGEST, LONGEST = 400_000, 40_000
#: Parts that are looked at, and how deep they may lie in each other.
MOST_PARTS, DEEPEST = 60, 8
#: Letters of the header of a quoted mail.
LONGEST_HEAD = 30_000

STATUS = frozenset({"message/delivery-status", "message/global-delivery-status", "text/delivery-status"})
FEEDBACK = frozenset({"message/feedback-report"})
RECEIPT = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
QUOTED = frozenset(
    {
        "message/rfc822",
        "message/rfc822-headers",
        "message/global",
        "message/global-headers",
        "text/rfc822-headers",
        "text/rfc822-header",
        "text/rfc822",
    }
)
_TAGS = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h\d|hr|/?table|/?pre)\b[^>]{0,2000}>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(style|script|head)\b.{0,20000}?</\1>", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(
    r"<!--.{0,5000}?-->|</?[a-z!][^<>@]{0,2000}>|<[a-z]{1,20} [^<>]{0,2000}>", re.IGNORECASE | re.DOTALL
)
_HEADER = re.compile(
    r"^[> \t]{0,8}(?:Received|Return-Path|From|To|Message-I[dD]|Subject|Date|Delivered-To|MIME-Version):", re.MULTILINE
)
#: Between two parts: a line that begins with two dashes, and a field of a header below it.
_BOUNDARY = re.compile(r'^--([^\s"\\-][^\s"\\]{0,199})[ \t]*\r?\n(?=Content-[A-Za-z-]{2,40}:)', re.MULTILINE)
#: An original that begins in the midst of a text: three fields of a header, one below the other.
_BARE_ORIGINAL = re.compile(
    r"^(?:Received|Return-[Pp]ath|X-[\w-]{1,60}|Message-I[dD]|Delivered-To): .{0,998}\n(?:[ \t].{0,998}\n"
    r"|[A-Za-z][\w-]{1,60}:.{0,998}\n){2}",
    re.MULTILINE,
)


class Part(Message):
    """A part whose inner mails stay text: what they hold is looked at as text, and cannot nest for ever."""

    def get_content_maintype(self) -> str:
        """`message` counts as text to the parser, so that it does not go on into it."""
        kind = super().get_content_maintype()
        return "text" if kind == "message" else kind

    def get_content_type(self) -> str:
        """The type under a name that the parser has no ways of its own for; see `kind`."""
        kind = super().get_content_type()
        return f"x-{kind}" if kind.startswith("message/") else kind

    @property
    def kind(self) -> str:
        """The type as it is written."""
        return super().get_content_type()


@dataclass(slots=True)
class Pieces:
    """The texts of a mail by what they are; `originals` are headers of mails that it quotes, with what followed."""

    mail: Part
    notes: list[str] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    feedback: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it says to people."""
        return "\n".join(self.notes)


def taken_apart(raw: bytes) -> Pieces:
    """The pieces of a mail. May raise anything on hostile bytes."""
    # mbox files and some programs leave lines before the header
    whole = raw[:LARGEST].lstrip(b" \t\r\n")
    if whole.startswith(b"From "):
        whole = whole.partition(b"\n")[2]
    mail = BytesParser(_class=Part).parsebytes(whole)
    pieces, markup = Pieces(mail), []
    for part in _leaves(mail if mail.is_multipart() else _mended(mail)):
        text = _text(part)
        if part.kind == "text/html":
            markup.append(_plain(text))
        else:
            _sort(part, text, pieces)
    if not pieces.text.strip():
        for text in markup:
            _note(text, pieces)
    return pieces


def head(original: str) -> Message:
    """The header of a quoted mail, whose lines may all begin with a mark of quotation or spaces."""
    lines = original[:LONGEST_HEAD].lstrip("\r\n").split("\n")
    first = re.match(r"[> \t]{1,40}", lines[0]) if lines else None
    margin = first[0] if first else ""
    bare = [line.removeprefix(margin).rstrip("\r") for line in lines]
    return BytesParser(_class=Part).parsebytes("\n".join(bare).encode("utf-8", "replace"), headersonly=True)


def _mended(mail: Part) -> Part:
    """A mail of several parts whose header does not name their boundary as it is, by the boundary that there is."""
    body = mail.get_payload()
    found = _BOUNDARY.search(body) if mail.get_content_maintype() == "multipart" and isinstance(body, str) else None
    if not found:
        return mail
    named = f'Content-Type: multipart/mixed; boundary="{found[1]}"\n\n'
    return BytesParser(_class=Part).parsebytes(f"{named}{body}".encode("ascii", "surrogateescape"))


def _sort(part: Part, text: str, pieces: Pieces) -> None:
    kind = part.kind
    if kind in STATUS:
        pieces.status.append(text)
    elif kind in FEEDBACK:
        pieces.feedback.append(text)
    elif kind in RECEIPT:
        pieces.receipts.append(text)
    elif kind in QUOTED:
        pieces.originals.append(text)
    elif kind.startswith(("text/", "multipart/")) and not (
        part.get_content_disposition() == "attachment" and pieces.notes
    ):
        _note(text, pieces)


def _note(text: str, pieces: Pieces) -> None:
    """What stands before the quoted mail is the note; what follows is the mail."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    mark = ORIGINAL_FOLLOWS.search(lines) or _BARE_ORIGINAL.search(lines)
    note, original = (lines[: mark.start()], lines[mark.start() :]) if mark else (lines, "")
    if mark and not note.strip():
        note, original = lines, ""
    pieces.notes.append(note)
    begins = _HEADER.search(original)
    if begins:
        pieces.originals.append(original[begins.start() :])


def _leaves(mail: Part) -> Iterator[Part]:
    waiting: list[tuple[Any, int]] = [(mail, 0)]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part, depth = waiting.pop()
        inside = part.get_payload()
        if isinstance(inside, list):
            if depth < DEEPEST:
                waiting += [(child, depth + 1) for child in reversed(inside[:MOST_PARTS])]
        else:
            yield part


def _text(part: Part) -> str:
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        return ""
    return decode(body[: 4 * LONGEST], f"charset={part.get_content_charset('')}")[:LONGEST]


def _plain(markup: str) -> str:
    """The text of a page, with its lines. Addresses in angle brackets stay."""
    broken = _TAGS.sub("\n", _UNSEEN.sub(" ", markup.replace("\n", " ").replace("\r", "")))
    return html.unescape(_MARKUP.sub("", broken)).replace("\xa0", " ")
