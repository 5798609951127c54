"""What a site asks of programs in its robots.txt (RFC 9309), and how long its word is remembered."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from weakref import WeakValueDictionary

from protego import Protego
from yarl import URL

from nkwatch.net.answers import Answer, Unreached
from nkwatch.net.rules import TOKEN, reduced
from nkwatch.net.web import Web

#: How long a file, or its absence, is remembered (RFC 9309, 2.4), and how long its failure is.
FRESH, FAILED = timedelta(hours=24), timedelta(minutes=10)
#: Origins that are remembered, and bytes for the rules of them all; those that nobody asks about go first.
MOST_ORIGINS, MOST_BYTES = 2_000, 20_000_000
#: Bytes that a rule takes beside its text (measured: about 300).
RULE_BYTES = 300
#: Matching costs time with the length of the address.
LONGEST_URL = 4_000
#: Seconds; a longer crawl delay is not kept to.
LONGEST_DELAY = 60.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """The page may be asked for; the site wants `delay` seconds between requests, zero when it does not say."""

    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Disallowed:
    """The site does not want the page to be asked for."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows for now: to be tried again later. `reason` is one sentence; `line` as in `Unreached`."""

    reason: str
    line: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered of one origin until `until`; without `rules` everything is allowed."""

    until: datetime
    rules: Protego | None = None
    size: int = 0
    unknown: Unknown | None = None

    @property
    def delay(self) -> float:
        return min((self.rules and self.rules.crawl_delay(TOKEN)) or 0.0, LONGEST_DELAY)

    def word(self, url: str) -> Allowed | Disallowed | Unknown:
        if self.unknown:
            return self.unknown
        if self.rules and not self.rules.can_fetch(url, TOKEN):
            return Disallowed()
        return Allowed(self.delay)


class Robots:
    """Answers whether a page may be asked for, and has `web` keep to the crawl delay of its host.

    `clock` answers the present instant in UTC.
    """

    def __init__(self, web: Web, clock: Callable[[], datetime]) -> None:
        self._web = web
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._size = 0
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def allows(self, url: str) -> Allowed | Disallowed | Unknown:
        """The word of the site of `url` on it; its robots.txt is asked for when it is not known or out of date."""
        try:
            parsed = URL(url.strip()).with_fragment(None)
            origin = str(parsed.origin())
        except ValueError:
            return Unknown(f"{url[:200]!r} is no address of a page.")
        if len(str(parsed)) > LONGEST_URL:
            return Unknown(f"An address at {parsed.raw_host} is longer than {LONGEST_URL:,} characters.")
        known = await self._of(origin)
        self._web.slow_down(parsed.raw_host or "", known.delay)
        return known.word(str(parsed))

    async def _of(self, origin: str) -> _Known:
        # whoever asks for the same origin meanwhile finds what the first one was told
        lock = self._asking.setdefault(origin, asyncio.Lock())
        async with lock:
            known = self._known.get(origin)
            if known is None or known.until <= self._clock():
                known = await self._asked(origin)
            self._remember(origin, known)
            return known

    async def _asked(self, origin: str) -> _Known:
        answer = await self._web.get(f"{origin}/robots.txt")
        now = self._clock()
        match answer:
            case Unreached(reason, line):
                return _Known(now + FAILED, unknown=Unknown(reason, line))
            case Answer(status=HTTPStatus.OK):
                return _read(answer.body, now)
            case Answer(status=status) if status // 100 == 4 and status != HTTPStatus.TOO_MANY_REQUESTS:  # noqa: PLR2004
                return _Known(now + FRESH)
        reason = f"{origin} does not say what its robots.txt allows ({answer.status})."
        return _Known(now + FAILED, unknown=Unknown(reason))

    def _remember(self, origin: str, known: _Known) -> None:
        """Put `known` last, and forget from the front whatever is too much."""
        before = self._known.pop(origin, None)
        self._known[origin] = known
        self._size += known.size - (before.size if before else 0)
        while len(self._known) > MOST_ORIGINS or (self._size > MOST_BYTES and len(self._known) > 1):
            self._size -= self._known.pop(next(iter(self._known))).size


def _read(body: bytes, now: datetime) -> _Known:
    text = reduced(body)
    if not text:
        return _Known(now + FRESH)
    return _Known(now + FRESH, Protego.parse(text), len(text) + RULE_BYTES * (text.count("\n") + 1))
