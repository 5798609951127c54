"""Polls a source that is a document on the web: asks conditionally, has the answer parsed, and says what came of it."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from nkwatch.domain.outcome import Failed, Fetched, Outcome, Trouble, Unchanged
from nkwatch.domain.polling import PollState
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.source import Source
from nkwatch.feeds.documents import Document, Elsewhere, Parsed, Unreadable
from nkwatch.feeds.kinds import DocumentKind, unreached
from nkwatch.feeds.workers import Workers
from nkwatch.net import Allowed, Answer, Disallowed, Robots, Unreached, Web

#: What a refusal means, and what the operator can do about it.
REFUSALS: Mapping[int, str] = {
    HTTPStatus.NOT_MODIFIED: "The source says that nothing has changed (304), though it was asked for everything.",
    HTTPStatus.UNAUTHORIZED: "The source wants a login (401): ask its publisher for open access, or switch it off.",
    HTTPStatus.FORBIDDEN: "The source refuses us (403): ask its publisher to let this reader in.",
    HTTPStatus.NOT_FOUND: "The source is not at its address any more (404): look for the new one.",
    HTTPStatus.GONE: "The publisher has taken the source away for good (410): look for another, or switch it off.",
    HTTPStatus.TOO_MANY_REQUESTS: "The source asks us to come less often (429); it is left alone for a while.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The source is out of service for now (503); nothing needs to be done yet.",
}
TROUBLES: Mapping[int, Trouble] = {
    HTTPStatus.UNAUTHORIZED: Trouble.BLOCKED,
    HTTPStatus.FORBIDDEN: Trouble.BLOCKED,
    HTTPStatus.GONE: Trouble.GONE,
}
CHALLENGE = "The source stands behind a test for browsers: ask its publisher to let this reader in."
FORBIDDEN = "robots.txt asks us not to read this page: ask its publisher, or switch the source off."
#: Only these two come with a Retry-After that means us (RFC 9110, 10.2.3).
ASKING_TO_WAIT = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
#: An index may lead to an index; more than this is a maze.
INDEXES = 2
#: No span is longer: how much of it is honoured is decided in the domain, but a date must be able to hold it.
LONGEST = timedelta(days=366)
#: Dates that are dates in every zone.
_FIRST, _LAST = datetime.min + timedelta(days=1), datetime.max - timedelta(days=1)  # noqa: DTZ901


class WebKind:
    """Sources of one `kind`, fetched over `web` and parsed in `workers`; `clock` answers the present instant in UTC."""

    def __init__(
        self, kind: DocumentKind, web: Web, workers: Workers, robots: Robots, clock: Callable[[], datetime]
    ) -> None:
        self._kind = kind
        self._web = web
        self._workers = workers
        self._robots = robots
        self._clock = clock

    @property
    def name(self) -> str:
        """The name that stands in the catalogue."""
        return self._kind.name

    def problems(self, source: Source) -> Iterable[str]:
        """What is wrong with the settings of `source`."""
        return self._kind.problems(source)

    async def poll(self, source: Source, state: PollState) -> Outcome:
        """Ask `source` once, with the validators of `state`; whatever goes wrong is a `Failed`."""
        url = self._kind.asked(source, state.address(source))
        validators = self._conditional(state)
        answer = await self._get(url, validators)
        match answer:
            case Failed():
                return answer
            case Answer(status=HTTPStatus.NOT_MODIFIED) if validators:
                return Unchanged(max_age(answer.headers, self._clock()), answer.moved_to)
            case Answer(status=HTTPStatus.OK):
                return await self._read(answer, source, state)
            case _:
                return refused(answer, self._clock())

    async def _get(self, url: str, headers: Mapping[str, str]) -> Answer | Failed:
        if self._kind.robots and (no := await forbidden(self._robots, url)):
            return no
        answer = await self._web.get(url, {"Accept": self._kind.accept, **headers})
        if isinstance(answer, Unreached):
            return unreached(answer.reason, line=answer.line)
        return answer

    def _conditional(self, state: PollState) -> dict[str, str]:
        """Both validators go back verbatim, quotes and all (RFC 9110, 8.8)."""
        if not state.conditional(self._clock()):
            return {}
        validators = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
        return {name: value for name, value in validators.items() if value}

    async def _read(self, answer: Answer, source: Source, state: PollState) -> Outcome:
        now, body = self._clock(), hashlib.sha256(answer.body).hexdigest()
        fresh, etag, modified = max_age(answer.headers, now), *_validators(answer)
        if body == state.body:
            return Unchanged(fresh, answer.moved_to, full=True, etag=etag, last_modified=modified)
        parsed, read = await self._parsed(answer, source)
        if isinstance(parsed, Failed):
            # without validators to store, the next poll gets the whole body again
            return parsed
        if state.shown and not parsed.entries and not self._kind.may_empty:
            return Failed(f"The source shows nothing where there were {state.shown} entries.")
        # what is cut off must come again whole, and an index may stay the same while its documents change
        whole = not parsed.partial and read is answer
        return Fetched(
            parsed.entries,
            etag=etag if whole else "",
            last_modified=modified if whole else "",
            max_age=max(fresh, parsed.ttl),
            moved_to=answer.moved_to,
            body=body if whole else "",
            removed=parsed.removed,
            snapshot=snapshot(read, now),
        )

    async def _parsed(self, answer: Answer, source: Source) -> tuple[Parsed | Failed, Answer]:
        """What the document shows, or the one that it leads to; and the answer that it was read from."""
        for left in range(INDEXES, -1, -1):
            read = await self._workers.run(self._kind.read, document(answer), source)
            match read:
                case Parsed():
                    return read, answer
                case Unreadable(reason):
                    return Failed(reason), answer
                case Elsewhere() if not left:
                    break
                case Elsewhere(url):
                    led = await self._get(url, {})
                    if isinstance(led, Failed) or led.status != HTTPStatus.OK:
                        return led if isinstance(led, Failed) else refused(led, self._clock()), answer
                    answer = led
        return Failed("The source leads from one index to the next."), answer


async def forbidden(robots: Robots, url: str) -> Failed | None:
    """Why robots.txt keeps us from asking for `url`; None when it does not."""
    match await robots.allows(url):
        case Allowed():
            return None
        case Disallowed():
            return Failed(FORBIDDEN, trouble=Trouble.BLOCKED)
        case unknown:
            return unreached(unknown.reason, line=unknown.line)


def document(answer: Answer) -> Document:
    """What an answer brought, to be read."""
    return Document(answer.body, answer.url, answer.headers.get("content-type", ""))


def snapshot(answer: Answer, now: datetime) -> Snapshot:
    """What came, as it came."""
    return Snapshot(answer.url, now, tuple(sorted(answer.headers.items())), answer.body)


def _validators(answer: Answer) -> tuple[str, str]:
    """Those that can be sent back verbatim: of bytes that are no text only marks are left (`nkwatch.net.web`)."""
    etag, modified = (answer.headers.get(name, "") for name in ("etag", "last-modified"))
    return "" if "\ufffd" in etag else etag, "" if "\ufffd" in modified else modified


def refused(answer: Answer, now: datetime) -> Failed:
    """What an answer means that is neither 200 nor 304."""
    status = answer.status
    wait = retry_after(answer.headers, now) if status in ASKING_TO_WAIT else timedelta(0)
    if answer.headers.get("cf-mitigated", "").lower() == "challenge":
        return Failed(CHALLENGE, wait, Trouble.BLOCKED)
    reason = REFUSALS.get(status)
    if reason is None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        reason = f"The source has trouble of its own ({status}); nothing needs to be done yet."
    said = reason or f"The source gave an answer that means nothing to us ({status})."
    return Failed(said, wait, TROUBLES.get(status, Trouble.FAILING))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long the server asks to be left alone, given in seconds or as a date; zero when it does not say."""
    return _span(headers.get("retry-after", ""), now)


def max_age(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long the answer stays fresh (RFC 9111, 4.2.1): max-age before Expires, without the age it came with."""
    directives = [d.strip().lower() for d in headers.get("cache-control", "").split(",")]
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    ages = [d.partition("=")[2].strip('"') for d in directives if d.startswith("max-age=")]
    if not ages:
        served = _date(headers.get("date", "")) or now
        return _span(headers.get("expires", ""), served) if "expires" in headers else timedelta(0)
    return max(_seconds(ages[0]) - _seconds(headers.get("age", "")), timedelta(0))


def _span(value: str, now: datetime) -> timedelta:
    if date := _date(value):
        return min(max(date - now, timedelta(0)), LONGEST)
    return _seconds(value)


def _seconds(value: str) -> timedelta:
    digits = value.strip()[:12]
    return min(timedelta(seconds=int(digits)), LONGEST) if digits.isdecimal() else timedelta(0)


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    # one that names no zone means UTC; in another, the last day there is may lie behind the end of time
    zone = date.tzinfo or UTC
    near = min(max(date.replace(tzinfo=None), _FIRST), _LAST)
    return near.replace(tzinfo=zone).astimezone(UTC)
