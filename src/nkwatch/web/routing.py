"""What answers at which address."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

#: What may be asked of a page that changes nothing.
READ = ("GET", "HEAD")
#: Takes a request, and by name what stands in its address.
Page = Callable[..., Awaitable[Response]]


class Routes(list[Route]):
    """The routes of a part of a site, in the order in which they are tried; all begin with a `prefix`.

    FastAPI finds out what each page takes whenever an application is made, and again reads its parameters for every
    request: ours all take the same. Only the description of the API is made by it.
    """

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self._prefix = prefix

    def add(self, path: str, page: Page, *, methods: Sequence[str] = READ) -> None:
        """Let a page answer there."""
        self.append(_Named(self._prefix + path, _asked(page), methods=methods))


class _Named(Route):
    """Leaves itself in the scope, as FastAPI's do: for figures and logs, the address without what stands in it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        return match, {**found, "route": self}


def _asked(page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await page(request, **request.path_params)

    return answer
