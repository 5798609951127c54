"""Names below .localhost, which nobody can own (RFC 6761, 6.3): they lead to this machine and are asked of nobody."""

import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult


class Resolver(AbstractResolver):
    """The system's resolver, but for names below .localhost, which many a system does not know."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises `OSError`, as every resolver does."""
        if not host.endswith(".localhost"):
            return await self._system.resolve(host, port, family)
        return [_loopback(host, port)]

    async def close(self) -> None:
        """Let the system's resolver go."""
        await self._system.close()


def _loopback(host: str, port: int) -> ResolveResult:
    return {
        "hostname": host,
        "host": "127.0.0.1",
        "port": port,
        "family": socket.AF_INET,
        "proto": 0,
        "flags": socket.AI_NUMERICHOST,
    }
