"""Where mail providers report what came back. Whoever knows an address with a good token is answered alike.

Nothing is looked up by what a report says of a reader: it is matched on the names that message and relay go by.
"""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import Response

from nkwatch.keys import Keyring
from nkwatch.mail.bounces.hooks import PURPOSE, ReportHook
from nkwatch.web.limits import Rarely
from nkwatch.web.pages import Pages
from nkwatch.web.problems import CROWDED, NOT_FOUND
from nkwatch.web.routing import Routes
from nkwatch.workflow.bounces import Bounces
from nkwatch.workflow.ports import Clock

#: Reports of one provider that are taken in a minute; it sends again what was not taken.
REPORTS = 6_000


class Hooks:
    """Takes the reports of `hooks`, by provider."""

    def __init__(
        self,
        pages: Pages,
        keyring: Keyring,
        clock: Clock,
        hooks: Mapping[str, ReportHook],
        bounces: Bounces,
        reports: int = REPORTS,
    ) -> None:
        self._pages = pages
        self._keyring = keyring
        self._clock = clock
        self._hooks = hooks
        self._bounces = bounces
        self._rarely = Rarely(clock, reports, timedelta(minutes=1))

    def routes(self) -> Routes:
        """What answers at which address. It is for no browser, and in no description of the site."""
        routes = Routes()
        routes.add("/bounces/{provider}/{token}", self.take, methods=["POST"])
        return routes

    async def take(self, request: Request, provider: str, token: str) -> Response:
        """Act on a report. The answer says that it came, and not what was made of it."""
        hook = self._hooks.get(provider)
        if hook is None or self._keyring.subject(PURPOSE, token, self._clock()) != provider:
            return self._pages.problem(request, NOT_FOUND)
        if not self._rarely.passes(provider):
            return self._pages.problem(request, CROWDED)
        report = hook.read(await request.body(), dict(request.headers))
        telling = self._bounces.telling
        if report.doubt:
            telling.daily("a report is not believed", provider=provider, why=report.doubt, what="look at its webhooks")
        if report.to_open:
            telling.daily("a webhook waits", provider=provider, what=f"open this address once: {report.to_open}")
        await self._bounces.report(report.events)
        return Response(status_code=HTTPStatus.NO_CONTENT)
