"""A *source* is a feed, page, API or mailbox that we poll, and what is known about its publisher."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit


class Role(StrEnum):
    """What a source's texts are: its own statements, reprints of others', reports, or state propaganda."""

    STATEMENT = "statement"
    REPRINT = "reprint"
    PRESS = "press"
    STATE_MEDIA = "state-media"


class Scope(StrEnum):
    """Whether everything a source shows is on North Korea, or must be tested for it."""

    NK_ONLY = "nk-only"
    ALL_TOPIC = "all-topic"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a source is to be asked. `fixed` is the operator's choice (zero: its own rhythm decides).

    `hourly` is for sources that may raise alerts: they are asked every hour if they give validators.
    """

    fixed: timedelta = timedelta(0)
    hourly: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One address that we poll, and what is known about its publisher.

    `kind` names how it is read; `options` hold what only this kind needs. `owner` joins publishers that are not
    independent of each other. `domains` are the hosts its links may lead to. `zone` is the time zone (IANA name) of
    its dates that name none; empty where nobody knows. `alerts` lets its statements go out as alerts without an
    editor. `strip` are lines to leave out of texts; `article` and `drop` are CSS selectors for its article pages: of
    the text, and of what does not belong to it. `minutes` between polls are the operator's choice, 0 adapts. `alone`
    says that a Retry-After of its host concerns this source only.
    """

    id: str
    url: str
    publisher: str
    kind: str = "feed"
    role: Role = Role.PRESS
    scope: Scope = Scope.ALL_TOPIC
    owner: str = ""
    organisation: str = ""
    country: str = ""
    languages: tuple[str, ...] = ()
    homepage: str = ""
    domains: tuple[str, ...] = ()
    zone: str = ""
    alerts: bool = False
    enabled: bool = True
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    strip: tuple[str, ...] = ()
    article: str = ""
    drop: tuple[str, ...] = ()
    minutes: int = 0
    alone: bool = False
    licence: str = ""
    confidence: str = ""
    note: str = ""

    @property
    def host(self) -> str:
        """The host that is asked, in lower case; empty where the address names none."""
        return host_of(self.url)

    def covers(self, url: str) -> bool:
        """Whether an address stays within the domains of this source (any, where it lists none)."""
        host = host_of(url)
        return not self.domains or any(host == d or host.endswith(f".{d}") for d in self.domains)

    @property
    def pace(self) -> Pace:
        """How often it is to be asked: own statements may raise alerts, by rule or by an editor."""
        return Pace(timedelta(minutes=self.minutes), hourly=self.alerts or self.role is Role.STATEMENT)


def host_of(url: str) -> str:
    """The host of an address, in lower case; empty where it names none, or is no address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
