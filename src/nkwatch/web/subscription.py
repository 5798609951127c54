"""Confirm and leave. Opening a link changes nothing, because mail scanners open links; the button on the page does.

The one exception is the request that mail programs send for a reader (RFC 8058): it too is a POST.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from nkwatch.assembly import Newsroom
from nkwatch.domain.subscriber import Standing, Subscriber, Wish
from nkwatch.editing.windows import next_closing
from nkwatch.web.pages import Pages
from nkwatch.web.problems import DEAD_CONFIRMATION, DEAD_LEAVING

#: Recorded with the consent; counts up whenever the words of the page change their meaning.
WORDING = "confirmation page, wording 1"
METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The names of what one wish asks for; both empty means everything."""

    themes: tuple[str, ...]
    sources: tuple[str, ...]


class Subscriptions:
    """A subscriber's pages, reached by the links in our mails."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._themes = {t.code: t for t in newsroom.rules.lexicon.themes}

    def routes(self) -> APIRouter:
        """What answers at which address."""
        router = APIRouter()
        router.add_api_route("/confirm/{token}", self.confirm, methods=METHODS)
        router.add_api_route("/leave/{token}", self.leave, methods=METHODS)
        return router

    async def confirm(self, request: Request, token: str) -> Response:
        """Show what will be sent; after the button, say when the first digest comes."""
        subscriber_id = self._subject("confirm", token)
        if subscriber_id and request.method == "POST":
            await self._newsroom.subscribe.confirm(subscriber_id, WORDING)
        found = await self._newsroom.subscribers.find(subscriber_id) if subscriber_id else None
        if found is None or found[1] is Standing.ENDED:
            return self._pages.problem(request, DEAD_CONFIRMATION)
        subscriber, standing = found
        template = "confirmed.html" if standing is Standing.CONFIRMED else "confirm.html"
        values = self._sent_to(subscriber, self._pages.language(request, subscriber.language))
        return self._pages.answer(request, template, values, language=subscriber.language)

    async def leave(self, request: Request, token: str) -> Response:
        """Ask once, by a button; end the subscription on any POST. The answer is the same however often."""
        subscriber_id = self._subject("leave", token)
        if subscriber_id is None:
            return self._pages.problem(request, DEAD_LEAVING)
        found = await self._newsroom.subscribers.find(subscriber_id)
        language = found[0].language if found else ""
        if request.method != "POST":
            return self._pages.answer(request, "leave.html", language=language)
        reason = "left by one click" if await _is_one_click(request) else "left by page"
        await self._newsroom.subscribe.leave(subscriber_id, reason)
        return self._pages.answer(request, "left.html", language=language)

    def _subject(self, purpose: str, token: str) -> str | None:
        """Whom the token was made for; None for one that is forged, expired, or made for something else."""
        return self._newsroom.keyring.subject(purpose, token, self._newsroom.clock())

    def _sent_to(self, subscriber: Subscriber, language: str) -> dict[str, object]:
        """What this subscriber will get, and when the next digest closes (UTC; None for alerts only)."""
        closes = next_closing(subscriber.schedule, subscriber.covered_until)
        return {
            "subscriber": subscriber,
            "wishes": [self._chosen(wish, language) for wish in subscriber.wishes],
            "closes": closes,
        }

    def _chosen(self, wish: Wish, language: str) -> Chosen:
        themes, sources = self._themes, self._newsroom.sources
        return Chosen(
            tuple(themes[c].name(language) for c in themes if c in wish.themes),
            tuple(sorted(sources[i].publisher if i in sources else i for i in wish.sources)),
        )


async def _is_one_click(request: Request) -> bool:
    """Whether a mail program asks on behalf of its user (RFC 8058, 3.2): urlencoded or multipart."""
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            return form.get("List-Unsubscribe") == "One-Click"
    except HTTPException:
        # whoever holds the link may leave, whatever else stands in the body
        return False
