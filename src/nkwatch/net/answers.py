"""What comes of asking the outside world, and within which limits it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked of others and taken from them: counts, seconds and bytes.

    `pause` lies between two requests to one host. `deadline` covers the hops of one request together, without
    the time spent waiting for turns. `body` is counted after decompression, `wire` before.
    """

    connections: int = 8
    pause: float = 2.0
    deadline: float = 30.0
    body: int = 5_000_000
    wire: int = 5_000_000
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `url` is the one that answered after redirects; header names are in lower case.

    `moved_to` is where permanent redirects alone (301, 308) led from the address that was asked: as far as the
    first temporary one, or the first step from https down to http. Empty when they led nowhere else.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer that could be used; `reason` is one sentence.

    `line` is True when our own line may be to blame: no host said anything before it failed. It is False where
    a host did answer something, and where we refused to ask.
    """

    reason: str
    line: bool = False
