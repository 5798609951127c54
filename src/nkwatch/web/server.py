"""Runs the site inside the running event loop. Signals are the daemon's matter."""

import asyncio
import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from nkwatch.domain.problems import ConfigError

#: How long answers under way may take to end (seconds).
GRACE = 3
#: More connections than this at once are turned away.
CONNECTIONS = 1000


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own, which says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the loop."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()


async def serve(app: ASGIApp, listening: socket.socket, stop: asyncio.Event, ready: Callable[[str], None]) -> None:
    """Serve on a socket that `listen` made, until `stop` is set, then end within three seconds; it is closed then.

    `ready` is told the site's address once it is served. There is no access log: addresses of pages hold tokens.
    """
    address = address_of(listening)
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE,
        limit_concurrency=CONNECTIONS,
    )
    server = _Server(config, lambda: ready(address))
    ending = asyncio.create_task(_end(server, stop))
    # rules, templates and libraries stay as long as we do: to look through them for garbage takes as long as ten pages
    gc.freeze()
    try:
        await server.serve([listening])
    finally:
        gc.unfreeze()
        ending.cancel()
        listening.close()


async def _end(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def listen(host: str, port: int, part: str) -> socket.socket:
    """A socket that listens there; any free port for 0. `part` names the table of the settings that says where.

    Raises `ConfigError` when nobody can listen there.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as wrong:
        why = f"{part}: cannot listen on {host}, port {port}: {wrong}; choose another in [{part}]"
        raise ConfigError(why) from wrong
    # asyncio does this only where a socket says that it is TCP, and this one does not: each answer waited 40 ms
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address_of(listening: socket.socket) -> str:
    """Where that is, as a browser has it."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
