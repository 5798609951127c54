"""Polls one source: asks conditionally, has the answer parsed, and says what came of it in one value."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from nkwatch.domain.source import Failed, Fetched, Kind, Outcome, PollState, Source, Unchanged
from nkwatch.feeds.documents import Document, Unreadable
from nkwatch.feeds.workers import Workers
from nkwatch.net import Answer, Unreached, Web

ACCEPT = {
    Kind.FEED: "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1",
    Kind.PAGE: "text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
}
#: What a refusal means, and what the operator can do about it.
REFUSALS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "The source wants a login (401): ask its publisher for open access, or switch it off.",
    HTTPStatus.FORBIDDEN: "The source refuses us (403): ask its publisher to let this reader in.",
    HTTPStatus.NOT_FOUND: "The source is not at its address any more (404): look for the new one.",
    HTTPStatus.GONE: "The publisher has taken the source away for good (410): look for another, or switch it off.",
    HTTPStatus.TOO_MANY_REQUESTS: "The source asks us to come less often (429); it is left alone for a while.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The source is out of service for now (503); nothing needs to be done yet.",
}
CHALLENGE = "The source stands behind a test for browsers: ask its publisher to let this reader in."
#: Only these two come with a Retry-After that means us (RFC 9110, 10.2.3).
ASKING_TO_WAIT = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
#: No span is longer: how much of it is honoured is decided in the domain, but a date must be able to hold it.
LONGEST = timedelta(days=366)


class SourcePoller:
    """Fetches over `web` and parses in `workers`; `clock` answers the present instant in UTC."""

    def __init__(self, web: Web, workers: Workers, clock: Callable[[], datetime]) -> None:
        self._web = web
        self._workers = workers
        self._clock = clock

    async def poll(self, source: Source, state: PollState) -> Outcome:
        """Ask `source` once, with the validators of `state`; whatever goes wrong is a `Failed`."""
        answer = await self._web.get(source.url, _conditional(source, state))
        match answer:
            case Unreached(reason):
                return Failed(reason)
            case Answer(status=HTTPStatus.NOT_MODIFIED):
                return Unchanged(max_age(answer.headers, self._clock()))
            case Answer(status=HTTPStatus.OK):
                return await self._read(answer, source)
            case _:
                return _refused(answer, self._clock())

    async def _read(self, answer: Answer, source: Source) -> Outcome:
        document = Document(answer.body, answer.url, answer.headers.get("content-type", ""))
        entries = await self._workers.parse(document, source)
        if isinstance(entries, Unreadable):
            # without validators to store, the next poll gets the whole body again
            return Failed(entries.reason)
        return Fetched(
            entries,
            etag=answer.headers.get("etag", ""),
            last_modified=answer.headers.get("last-modified", ""),
            max_age=max_age(answer.headers, self._clock()),
        )


def _conditional(source: Source, state: PollState) -> dict[str, str]:
    """Both validators go back verbatim, quotes and all (RFC 9110, 8.8)."""
    validators = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {"Accept": ACCEPT[source.kind]} | {name: value for name, value in validators.items() if value}


def _refused(answer: Answer, now: datetime) -> Failed:
    status = answer.status
    if answer.headers.get("cf-mitigated", "").lower() == "challenge":
        return Failed(CHALLENGE)
    reason = REFUSALS.get(status)
    if reason is None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        reason = f"The source has trouble of its own ({status}); nothing needs to be done yet."
    wait = retry_after(answer.headers, now) if status in ASKING_TO_WAIT else timedelta(0)
    return Failed(reason or f"The source gave an answer that means nothing to us ({status}).", wait)


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
    except (ValueError, IndexError, TypeError):
        return None
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
