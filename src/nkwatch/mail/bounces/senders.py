"""Whether a mail says of itself that it tells of one that was not delivered, and how sure that is."""

import re
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from nkwatch.editing.bouncing import is_explicit
from nkwatch.mail.bounces import marks
from nkwatch.mail.bounces.pieces import Pieces
from nkwatch.net.letters import decoded

LONGEST = 1_000
#: Letters at the beginning of a note in which it must say what it is about.
OPENING = 3_000
#: What programs of persons write into the header, and no server.
_PERSONAL = ("User-Agent", "X-Originating-IP", "Newsgroups")
#: What lists add, also to what a server sent to them; and by what Exchange names the mail that it returns.
_LISTED = ("List-Post", "List-Id", "X-Mailing-List", "In-Reply-To")


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of who wrote a mail. `sender` is an address in small letters, or empty."""

    sender: str
    subject: str
    #: a mail server, by its name
    server: bool
    #: nobody can answer it (RFC 5321, 4.5.5)
    nobody: bool
    #: may be a server, may be who looks after one
    caretaker: bool
    #: answers or forwards, or was written with a program for persons
    personal: bool
    #: the subject, or the first lines, speak of a mail that was not delivered
    names_failure: bool
    tells_failure: bool
    #: encloses a mail
    encloses: bool

    @property
    def returns(self) -> bool:
        """Whether it tells of a mail that was not delivered."""
        if self.server or (self.nobody and not self.personal):
            return self.names_failure or self.tells_failure
        enclosed = self.caretaker and self.encloses
        return not self.personal and self.names_failure and (self.tells_failure or enclosed)

    @property
    def trusted(self) -> bool:
        """Whether it can be no person who writes of such things, so that any address in it may be the one."""
        return self.server or self.caretaker or (self.nobody and self.names_failure)


def origin(pieces: Pieces) -> Origin:
    """What is known of who wrote this mail."""
    mail = pieces.mail
    subject = " ".join(decoded(mail.get("Subject")).split())[:LONGEST]
    written = decoded(mail.get("From"))[:LONGEST]
    name, sender = _sender(written)
    answer = marks.ANSWER.match(subject) is not None
    caretaker = not sender or _is(marks.CARETAKER, sender)
    personal = (*_PERSONAL, *(() if caretaker else _LISTED))
    opening = " ".join(pieces.text[:OPENING].split())
    return Origin(
        sender=sender,
        subject=subject,
        # nobody but a server writes as nobody
        server=written.strip().endswith("<>")
        or _failed(mail)
        or _is(marks.DAEMON, sender)
        or (marks.DAEMON_NAME.search(name) is not None and not answer),
        nobody=_nobody(mail, written),
        caretaker=caretaker,
        personal=answer or any(field in mail for field in personal),
        names_failure=marks.FAILURE.search(subject) is not None,
        tells_failure=marks.FAILURE.search(opening) is not None or is_explicit(opening),
        encloses=bool(pieces.originals),
    )


def automatic(mail: Message, subject: str, text: str) -> bool:
    """Whether a program answered for somebody (RFC 3834), or sent a receipt (RFC 8098)."""
    submitted = re.split(r"[;\s]", _value(mail, "Auto-Submitted").lower())[0]
    precedence = _value(mail, "Precedence").lower()
    if submitted == "auto-replied" or precedence == "auto_reply" or any(field in mail for field in marks.ROBOTS):
        return True
    beginning = subject
    while found := marks.ANSWER.match(beginning):
        beginning = beginning[found.end() :]
    if marks.AUTO_REPLY.match(beginning):
        return True
    unpersonal = submitted not in {"", "no"} or "X-Auto-Response-Suppress" in mail
    return unpersonal and marks.ABSENCE.search(text[:LONGEST]) is not None


def _failed(mail: Message) -> bool:
    """Whether it has a field that only servers write (Exim, Google, McAfee)."""
    return "X-Failed-Recipients" in mail or "X-MX-Bounce" in mail


def _nobody(mail: Message, written: str) -> bool:
    returns_to = _value(mail, "Return-Path")
    return returns_to == "<>" or written.strip().endswith("<>") or _is(marks.DAEMON, returns_to.strip("<>"))


def _is(pattern: re.Pattern[str], address: str) -> bool:
    return pattern.search(address.partition("@")[0]) is not None


def _sender(written: str) -> tuple[str, str]:
    """Name and address of a From field, however it is written."""
    named = getaddresses([written])
    name, address = named[0] if named else ("", "")
    return name or written, address.lower()


def _value(mail: Message, name: str) -> str:
    return str(mail.get(name, ""))[:LONGEST].strip()
