"""How editors are known at their desk: passkeys, sessions, and challenges that stand for one act on one thing."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

#: How long a link in a mail works, and then how long a passkey may be made.
LINK_LASTS = PERMIT_LASTS = timedelta(minutes=10)
#: How old a touch of the key may be when what it is for is done.
TOUCH_LASTS = timedelta(minutes=2)
#: A session ends when nothing was asked for so long, and after so long in any case.
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)
#: That a session is in use is not written more often than this.
NOTED_EVERY = timedelta(minutes=1)


class Act(StrEnum):
    """What is done at the desk, as the audit names it."""

    SIGN_IN = "sign in"
    SIGN_OUT = "sign out"
    ADD_KEY = "add passkey"
    REMOVE_KEY = "remove passkey"
    INVITE = "invite"
    RELEASE = "release"
    WITHHOLD = "withhold"
    NOTE = "note"
    PIN = "pin"
    HOLD = "hold"
    DROP = "drop"
    MERGE = "merge"
    SPLIT = "split"
    STOP = "stop"
    WITHDRAW = "withdraw"
    CORRECT = "correct"
    OPEN_CASE = "open case"
    CLOSE_CASE = "close case"
    REDACT = "redact"
    LIFT = "lift redaction"
    TRANSLATE = "translate"
    SEND_NOW = "send digests now"
    CORRECT_DIGEST = "correct digest"
    #: of a statement that its source deleted
    KEEP = "keep statement"
    HIDE = "hide statement"
    #: that alerts of a source leave without an editor, or no longer
    TRUST = "trust source"
    #: of a reading: its themes, its urgency, whether it is on North Korea
    READ = "correct reading"
    #: a source, sooner than its turn
    POLL = "poll source"


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key by which an editor signs in. `handle` names the editor to the device, and says nothing to anybody else.

    `synced` keys live in an account that copies them to other devices. `sign_count` is 0 for keys that do not count.
    """

    editor: str
    credential: bytes
    public_key: bytes = field(repr=False)
    handle: bytes = field(repr=False)
    label: str
    added_at: datetime
    sign_count: int = 0
    synced: bool = False
    used_at: datetime | None = None
    id: int = 0

    def counts(self, sign_count: int) -> bool:
        """Whether a signature with this count comes from the one key (Web Authentication Level 3, 6.1.1).

        A count that does not grow is told by a copy of the key; keys that never count say 0 each time.
        """
        return sign_count > self.sign_count or sign_count == self.sign_count == 0


@dataclass(frozen=True, slots=True)
class Session:
    """One editor signed in in one browser."""

    editor: str
    passkey: int
    began_at: datetime
    seen_at: datetime

    def live(self, now: datetime) -> bool:
        """Whether it has not ended by itself."""
        return now < self.began_at + LONGEST and now < self.seen_at + IDLE

    def is_to_be_noted(self, now: datetime) -> bool:
        """Whether it is to be written that it is in use."""
        return now >= self.seen_at + NOTED_EVERY


def challenge(nonce: str, act: Act, thing: str = "", words: Iterable[tuple[str, str]] = ()) -> bytes:
    """What a key signs to do this act on this thing with these fields of a form: 32 bytes, other ones for any other.

    The nonce makes it new each time.
    """
    parts = [nonce, str(act), thing, *(part for pair in sorted(words) for part in pair)]
    told = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        told.update(len(encoded).to_bytes(8) + encoded)
    return told.digest()


def same_name(name: str) -> str:
    """An editor's name as it is compared."""
    return " ".join(name.casefold().split())
