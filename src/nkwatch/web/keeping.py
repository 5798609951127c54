"""Keeps answers that are the same for everybody: a crowd costs one rendering, and proxies may keep them too.

What an answer says of itself decides (RFC 9111): only 200 with `Cache-Control: public` is kept. What is made for one
reader does not say so, and `Shell` then says `no-store`.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nkwatch.store.contents import Shelf
from nkwatch.web import languages
from nkwatch.workflow.ports import Clock

#: How long an answer is kept at most, whatever it says.
KEPT = timedelta(minutes=1)
#: Octets of all answers that are kept, and of the largest of them.
ROOM, LARGEST = 16 * 1024 * 1024, 512 * 1024
#: Octets that an answer takes besides its body, about: no more than 4,096 of them find room.
BESIDES = 4096
#: Octets of an address; what has a longer one is not kept.
LONGEST = 1000
#: Browsers whose languages are remembered.
BROWSERS = 1000
_PUBLIC = re.compile(rb"public, max-age=(\d{1,9})\b")
#: What stands in an answer without a body, too (RFC 9110, 15.4.5).
_BRIEF = frozenset({b"etag", b"cache-control", b"content-language", b"last-modified", b"vary"})

Key = tuple[str, bytes, str]
"""Path and query of an address, and the language that the browser likes best: public pages look at nothing else."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as it is sent; `etag` names these very bytes. It is good from `at` until just before `until`."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: bytes
    at: datetime
    until: datetime

    @classmethod
    def of(cls, start: Message, body: bytes, at: datetime) -> "Rendered":
        """What a page answered to a request that came `at` that time."""
        etag = b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
        return cls([*start["headers"], (b"etag", etag)], body, etag, at, at + min(_life(start), KEPT))

    def messages(self, has: bytes, now: datetime) -> tuple[Message, Message]:
        """What is sent to who `has` that already (If-None-Match): 304 where it is this."""
        unchanged = known(has, self.etag)
        headers = [h for h in self.headers if h[0] in _BRIEF] if unchanged else self.headers
        # so that nobody keeps it for longer than it is good
        if age := int((now - self.at).total_seconds()):
            headers = [*headers, (b"age", b"%d" % age)]
        start = {"type": "http.response.start", "status": 304 if unchanged else 200, "headers": headers}
        return start, {"type": "http.response.body", "body": b"" if unchanged else self.body}


class Keeping:
    """ASGI middleware around pages. One request renders, others for the same wait for it.

    All is forgotten when `generation` answers with another object: something was written that pages tell of.
    """

    def __init__(
        self,
        app: ASGIApp,
        spoken: Sequence[str],
        clock: Clock,
        generation: Callable[[], object],
        apart: Collection[str] = (),
    ) -> None:
        """`spoken` are the languages of the pages. What begins like a place `apart` minds who asks: it is not kept."""
        self._app = app
        self._clock = clock
        self._generation = generation
        self._apart = tuple(apart)
        self._language = lru_cache(BROWSERS)(lambda accept: languages.negotiate(accept.decode("latin-1"), spoken))
        self._known: object = None
        self._shelf, self._making = _emptied()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._passes(scope):
            await self._app(scope, receive, send)
            return
        self._forget()
        accepted = _header(scope, b"accept-language")[: languages.LONGEST]
        key = (scope["path"], scope["query_string"], self._language(accepted))
        found = self._find(key)
        if found is None and (made := self._making.get(key)):
            await made.wait()
            found = self._find(key)
        if found is None:
            found = await self._make(key, scope, receive, send)
        if found is not None:
            for message in found.messages(_header(scope, b"if-none-match"), self._clock()):
                await send(message)

    def _passes(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return True
        path: str = scope["path"]
        return len(path) + len(scope["query_string"]) > LONGEST or path.startswith(self._apart)

    def _forget(self) -> None:
        """Forget what was made, and what is being made, of what has changed since."""
        generation = self._generation()
        if generation is not self._known:
            self._known = generation
            self._shelf, self._making = _emptied()

    def _find(self, key: Key) -> Rendered | None:
        found = self._shelf.find([key]).get(key)
        return found if found and found.at <= self._clock() < found.until else None

    async def _make(self, key: Key, scope: Scope, receive: Receive, send: Send) -> Rendered | None:
        """Let the page answer; None where it did so by itself, since it cannot be kept."""
        # what is forgotten meanwhile is kept where nobody looks any more
        shelf, making, at, made = self._shelf, self._making, self._clock(), asyncio.Event()
        making.setdefault(key, made)
        heard = _Heard(send)
        try:
            await self._app(scope, receive, heard)
            rendered = Rendered.of(*heard.whole, at) if heard.whole else None
            if rendered:
                shelf.keep({key: rendered})
            return rendered
        finally:
            if making.get(key) is made:
                del making[key]
            made.set()


class _Heard:
    """Holds back an answer that can be kept until it is `whole`, and passes all others on as they come."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self.whole: tuple[Message, bytes] | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200 and _life(message):  # noqa: PLR2004
            self._start = message
            return
        start, self._start = self._start, None
        body = message.get("body", b"")
        if start and not message.get("more_body") and len(body) <= LARGEST:
            self.whole = start, body
            return
        if start:
            await self._send(start)
        await self._send(message)


def known(has: bytes, etag: bytes) -> bool:
    """Whether the asker has these bytes already (RFC 9110, 13.1.2); proxies that compress make tags weak.

    A date alone would not do: a feed from which a story was taken away is not newer than before.
    """
    tags = {tag.strip().removeprefix(b"W/") for tag in has.split(b",")}
    return etag in tags or b"*" in tags


def _life(start: Message) -> timedelta:
    """How long an answer that begins so is good for everybody; zero where it is not."""
    headers = dict(start["headers"])
    found = _PUBLIC.match(headers.get(b"cache-control", b""))
    return timedelta(seconds=int(found[1])) if found and b"set-cookie" not in headers else timedelta(0)


def _header(scope: Scope, name: bytes) -> bytes:
    value: bytes = next((v for n, v in scope["headers"] if n == name), b"")
    return value


def _emptied() -> tuple[Shelf[Key, Rendered], dict[Key, asyncio.Event]]:
    """Room for answers, and for those that are being made."""
    return Shelf(ROOM, lambda r: BESIDES + len(r.body)), {}
