"""A site on a free loopback port that does what a test tells it to, and remembers what it was asked."""

import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """A plain answer; behaves as one."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=self.status, body=self.body, headers=self.headers)


def feed(body: bytes, **headers: str) -> Reply:
    """A feed as it should be served; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body, headers={"Content-Type": "application/rss+xml", **named})


def refusal(status: int, **headers: str) -> Reply:
    return Reply(b"no", status, {name.replace("_", "-"): value for name, value in headers.items()})


def redirect(to: str, status: int = 302) -> Reply:
    return Reply(b"", status, {"Location": to})


def conditional(body: bytes, etag: str) -> Behaviour:
    """Answers 304 to whoever sends back the validator exactly as it was given."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, headers={"ETag": etag, "Content-Type": "application/rss+xml"})

    return answer


async def hanging(_request: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    return web.Response()


def trickling(first: bytes) -> Behaviour:
    """Sends the head and a first piece, and then nothing more."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(first)
        await asyncio.Event().wait()
        return response

    return answer


def cut_off(body: bytes, promised: int) -> Behaviour:
    """Promises more bytes than it sends, and closes the connection."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(promised)})
        await response.prepare(request)
        await response.write(body)
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


def streamed(body: bytes, piece: int = 65_536, **headers: str) -> Behaviour:
    """Sends the body in pieces, without saying how long it is."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={n.replace("_", "-"): v for n, v in headers.items()})
        await response.prepare(request)
        for start in range(0, len(body), piece):
            await response.write(body[start : start + piece])
        return response

    return answer


def gzip_bomb(megabytes: int = 200) -> Behaviour:
    """A small body of zeros that grows to `megabytes`."""
    return streamed(gzip.compress(bytes(megabytes * MEGABYTE), 9), Content_Encoding="gzip")


class Site:
    """Paths and their behaviours: each call to a path uses up one, the last one stays."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._scripts: dict[str, list[Behaviour]] = {}
        self.requests: list[web.Request] = []
        self.arrivals: list[float] = []
        self.active = 0
        self.most_active = 0

    def serve(self, path: str, *behaviours: Behaviour) -> str:
        """Script `path`; answers its URL."""
        self._scripts[path] = list(behaviours)
        return f"http://{self.place}{path}"

    @property
    def place(self) -> str:
        """host:port, as the allow-list wants it."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.create_server(
            (self._host, 0), family=socket.AF_INET6 if ":" in self._host else socket.AF_INET
        )
        self._port = listener.getsockname()[1]
        await web.SockSite(self._runner, listener).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.arrivals.append(asyncio.get_running_loop().time())
        script = self._scripts.get(request.path)
        if not script:
            return web.Response(status=404)
        behaviour = script.pop(0) if len(script) > 1 else script[0]
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        try:
            return await behaviour(request)
        finally:
            self.active -= 1
