"""A *webhook* tells another program of stories, alerts and corrections, one *call* for each (standardwebhooks.com).

A call names what it is about, and what it says is made when it leaves: so what was held back or redacted meanwhile
does not leave, and nothing of a third party's text waits in the database.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nkwatch.domain.doubling import doubled
from nkwatch.domain.rates import Rate
from nkwatch.domain.rhythm import SPREAD, spread
from nkwatch.domain.statement import digest
from nkwatch.domain.story import Story
from nkwatch.domain.timeline import ahead

#: How long after each failed attempt comes the next; after the last of them the call is given up.
RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)
#: What is older when an attempt fails is given up too: a receiver that is back after days wants no old alarms.
OLDEST = timedelta(hours=28)
#: Between two calls to a receiver that fails: twice as long each time, up to this.
SHORTEST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
#: Nobody may put us off for longer.
LONGEST_WAIT = RETRIES[-1]
GONE, ASKING_TO_WAIT = 410, frozenset({429, 503})
#: So many calls may leave at once; more wait for the pace.
BURST = 10
PREFIX = "whsec_"
#: Octets of a secret (Standard Webhooks, "Signature scheme").
FEWEST_OCTETS, MOST_OCTETS = 24, 64


class Event(StrEnum):
    """What a call is about; the receiver sees it as `type`."""

    STORY_NEW = "story.new"
    #: an editor corrected what was read in a report of it
    STORY_CORRECTED = "story.corrected"
    ALERT_SENT = "alert.sent"
    ALERT_CORRECTED = "alert.corrected"
    ALERT_WITHDRAWN = "alert.withdrawn"

    @property
    def kind(self) -> str:
        """The word by which a hook asks for it in the settings."""
        plain = {self.STORY_NEW: "story", self.ALERT_SENT: "alert"}
        return plain.get(self, "correction")

    @property
    def priority(self) -> int:
        """Alerts and what was wrong in them do not wait behind stories."""
        return 0 if self.value.startswith("alert") else 1


KINDS = ("story", "alert", "correction")


@dataclass(frozen=True, slots=True)
class Hook:
    """Who is told what. No themes are all that public pages show; `language` is that of the report that leads.

    The first of the `secrets` is the current one; others stand beside it while it is changed.
    """

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    events: frozenset[str] = frozenset(KINDS)
    themes: frozenset[str] = frozenset()
    language: str = "en"
    per_minute: int = 60

    @property
    def address(self) -> str:
        """A hash of the address: by it is known whether it is another one than before. It may hold a password."""
        return hashlib.sha256(self.url.encode()).hexdigest()

    @property
    def rate(self) -> Rate:
        """How fast calls may leave."""
        return Rate(self.per_minute / 60, BURST)

    def fits(self, story: Story) -> bool:
        """Whether the story is one of those that this hook asks for."""
        return not self.themes.isdisjoint(story.themes) if self.themes else story.rights


class CallState(StrEnum):
    """What became of a call."""

    WAITING = "waiting"
    #: the receiver said that it has it
    DONE = "done"
    #: not for this hook, or not to be shown any more; `reply` says why
    DROPPED = "dropped"
    #: the receiver did not take it in time
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Answered:
    """The receiver's answer. `retry_after` is what it asks for, zero for nothing; `body` is one line, scrubbed."""

    status: int
    body: str = ""
    retry_after: timedelta = timedelta(0)

    @property
    def well(self) -> bool:
        """Whether the receiver has taken the call. Redirects are no such answer, and are not followed."""
        return 200 <= self.status < 300  # noqa: PLR2004  RFC 9110, 15.3

    @property
    def told(self) -> str:
        """The answer in words for the operator."""
        return f"{self.status}: {self.body}" if self.body else str(self.status)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer; `told` is one sentence."""

    told: str
    retry_after: timedelta = timedelta(0)
    status: int = 0
    well: bool = False


Heard = Answered | Unanswered


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `key` names what it is about, once for each hook. `at` is when that happened.

    `number` is that of the alert, None for stories. `status` and `reply` are of the last attempt.
    """

    hook: str
    key: str
    event: Event
    story_id: str
    at: datetime
    found_at: datetime
    number: int | None = None
    state: CallState = CallState.WAITING
    due_at: datetime | None = None
    attempts: int = 0
    status: int = 0
    reply: str = ""
    done_at: datetime | None = None

    @property
    def id(self) -> str:
        """The same for each attempt, so that the receiver knows what it has (`webhook-id`)."""
        return digest(f"{self.hook}\0{self.key}")

    def after(self, heard: Heard, now: datetime) -> "Call":
        """This call after an attempt."""
        tried = replace(self, attempts=self.attempts + 1, status=heard.status, reply=heard.told)
        if heard.well:
            return replace(tried, state=CallState.DONE, due_at=None, done_at=now)
        if heard.status == GONE:
            return replace(tried, due_at=None)  # it waits until the hook is on again
        if self.attempts >= len(RETRIES) or now - self.found_at > OLDEST:
            return replace(tried, state=CallState.GIVEN_UP, due_at=None, done_at=now)
        usual = spread(RETRIES[self.attempts], self.id)
        return replace(tried, due_at=now + (_asked(heard) or usual))

    def dropped(self, why: str, now: datetime) -> "Call":
        """This call when it is not to be made."""
        return replace(self, state=CallState.DROPPED, due_at=None, reply=why, done_at=now)

    def overlong(self, now: datetime) -> bool:
        """Whether it is due later than any rule says."""
        return ahead(self.due_at, now + LONGEST_WAIT * SPREAD)

    def put_off(self, until: datetime) -> "Call":
        """This call when it may not be made before then."""
        return replace(self, due_at=until)


@dataclass(frozen=True, slots=True)
class Line:
    """How it goes with a receiver. `free_at` keeps the pace, `failures` are those in a row.

    `told`: the operator knows that calls were given up. `off_at`: switched off, since the receiver said "gone".
    """

    hook: str
    free_at: datetime | None = None
    rests_until: datetime | None = None
    failures: int = 0
    told: bool = False
    off_at: datetime | None = None

    def ready(self, rate: Rate, now: datetime) -> bool:
        """Whether a call may leave now."""
        paced = rate.ready_at(self.free_at)
        return self.off_at is None and not any(t is not None and t > now for t in (paced, self.rests_until))

    def after(self, heard: Heard, rate: Rate, now: datetime) -> "Line":
        """The line after an attempt."""
        free_at = rate.taken(self.free_at, now)
        if heard.well:
            return Line(self.hook, free_at)
        failures = self.failures + 1
        usual = doubled(SHORTEST_REST, failures - 1, LONGEST_REST)
        off_at = now if heard.status == GONE else None
        return replace(
            self, free_at=free_at, rests_until=now + (_asked(heard) or usual), failures=failures, off_at=off_at
        )

    def sane(self, now: datetime) -> "Line":
        """The line without what a wrong clock wrote: no pace and no rest lasts longer than a receiver may ask for."""
        far = [ahead(t, now + LONGEST_WAIT) for t in (self.free_at, self.rests_until)]
        return replace(self, free_at=None, rests_until=None) if any(far) else self

    def informed(self) -> "Line":
        """The line when the operator was told that calls are given up."""
        return replace(self, told=True)


def _asked(heard: Heard) -> timedelta:
    """How long the receiver wants to be left alone; zero where it did not say (RFC 9110, 10.2.3)."""
    return min(heard.retry_after, LONGEST_WAIT) if heard.status in ASKING_TO_WAIT else timedelta(0)


@dataclass(frozen=True, slots=True)
class Seen:
    """How it stands with a hook. `address` is that of `Hook`, `news`: there may be something to tell.

    `due`: a call waits that may leave by its own hour. `taken`: another process makes its calls now.
    """

    line: Line
    address: str
    news: bool = False
    due: bool = False
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A call that is due; `knows`: the hook was told of its story before."""

    call: Call
    knows: bool = False


def octets(secret: str) -> bytes:
    """The key in a secret as it is written. Raises `ValueError` for what is none, and does not repeat it."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or not FEWEST_OCTETS <= len(key) <= MOST_OCTETS:
        msg = f"a secret is {PREFIX} and {FEWEST_OCTETS} to {MOST_OCTETS} octets in base64"
        raise ValueError(msg)
    return key
