"""The API, version 1: what answers at which address. Nothing is changed by any of it."""

from collections.abc import Callable, Collection, Sequence
from functools import cache, partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from nkwatch.assembly import Newsroom
from nkwatch.editing.exporting import dictionary
from nkwatch.mail.views import address, plain
from nkwatch.store.editions import EditionStore
from nkwatch.store.exporting import ExportStore
from nkwatch.web.api import lists, models
from nkwatch.web.api.answers import answer, problem, tagged
from nkwatch.web.api.bulletins import Bulletins
from nkwatch.web.api.description import TAKES, Operation, described
from nkwatch.web.api.exports import Exports
from nkwatch.web.api.front import Front
from nkwatch.web.api.pace import Pace
from nkwatch.web.api.paging import Asked, following, read_asked
from nkwatch.web.api.telling import Telling, reading_told
from nkwatch.web.asking import Known
from nkwatch.web.editions import number_of
from nkwatch.web.news import SHORTLY, onward, shown
from nkwatch.web.pages import Pages
from nkwatch.web.routing import Routes
from nkwatch.web.watching import Watched, Watching

VERSION = "1"
PLACE, PAGE = f"/api/v{VERSION}", "/api"
GONE = "There is nothing under this address: it may be mistyped, or it was taken back."
MISTAKEN = "The address asks for something that cannot be; nothing was looked for."
FAILED = "Something went wrong on our side. It was noted for the people who run this service."


class Api:
    """The API over an open newsroom."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._site = newsroom.config.site.url.rstrip("/")
        self._address = f"{self._site}{PLACE}"
        self._known = Known(newsroom.rules.lexicon.by_code, newsroom.sources)
        self._telling = Telling(newsroom.sources, self._site, self._address)
        self._store = ExportStore(newsroom.database)
        self._watching = Watching(newsroom)
        self._bulletins = Bulletins(newsroom, EditionStore(newsroom.database), self._site, self._address)
        self._description: Callable[[], bytes] = bytes

    def mount(self, app: Starlette) -> None:
        """Put the page on the API and the API itself into the site."""
        routes = Routes()
        routes.add(PAGE, self.page)
        routes.add(PLACE, self.begin)
        app.router.routes.extend(routes)
        app.mount(PLACE, Front(self.application(), Pace(self._newsroom.clock)))

    def application(self) -> Starlette:
        """The API as an application of its own."""
        exports = Exports(self._newsroom, self._read, self._address).operations()
        operations = [*self._operations(), *((path, call, None) for path, call in exports)]
        site, themes = self._newsroom.config.site, sorted(self._known.themes)
        told = (operations, self._address, f"{self._site}{PAGE}", site.name, site.contact, themes)
        # made once, when it is asked for: it takes longer than all else of a start
        self._description = cache(partial(described, *told))
        routes = Routes()
        for path, call, _ in operations:
            routes.add(path, call)
        routes.add("/openapi.json", self.openapi)
        routes.add("/data.md", self.dictionary)
        api = Starlette(routes=routes, exception_handlers={HTTPException: _tell, Exception: _fail})
        api.router.redirect_slashes = False
        return api

    def _operations(self) -> Sequence[Operation]:
        return (
            ("/", self.start, lists.Start),
            ("/stories", self.stories, lists.Stories),
            ("/stories/{story_id}", self.story, models.StoryWhole),
            ("/statements", self.statements, lists.Statements),
            ("/statements/{statement_id}", self.statement, models.Statement),
            ("/statements/{statement_id}/readings", self.readings, lists.Readings),
            ("/themes", self.themes, lists.Themes),
            ("/sources", self.sources, lists.Sources),
            ("/bulletins", self.bulletins, lists.Bulletins),
            ("/bulletins/{number}", self.bulletin, models.Bulletin),
        )

    async def page(self, request: Request) -> Response:
        """What the API is, for people."""
        values = {"api": self._address, "version": VERSION, "place": PLACE}
        return self._pages.answer(request, "api.html", values, headers=SHORTLY)

    async def begin(self, request: Request) -> Response:  # noqa: ARG002  everybody goes there
        """To the beginning of the API."""
        return RedirectResponse(f"{PLACE}/", 308)

    async def openapi(self, request: Request) -> Response:
        """The description."""
        return tagged(request, self._description(), "application/json")

    async def dictionary(self, request: Request) -> Response:
        """What the columns of exports mean."""
        return tagged(request, dictionary().encode(), "text/markdown; charset=utf-8")

    async def start(self, request: Request) -> Response:
        """Where everything is."""
        paths = [path for path, _, _ in self._operations()[1:]]
        addresses = [f"{self._address}{path}" for path in paths]
        told = lists.Start(
            version=VERSION,
            description=f"{self._address}/openapi.json",
            documentation=f"{self._site}{PAGE}",
            addresses=addresses,
        )
        return self._answer(request, (), lambda _: told)

    async def stories(self, request: Request) -> Response:
        """Stories with a statement that is found, each where its newest such statement stands."""
        asked = self._read(request, TAKES["/stories"])
        if isinstance(asked, Response):
            return asked
        search, now = self._newsroom.search, self._newsroom.clock()
        found = await search.stories(asked.query, now, before=asked.before, limit=asked.limit)
        after = following(f"{self._address}/stories", request.query_params, found.next)
        items = [self._telling.story(s) for s in found.stories if not s.marks.held]
        return answer(request, lists.Stories(items=items, next=after or None), following=after)

    async def story(self, request: Request, story_id: str) -> Response:
        """A story with its statements."""
        story = await shown(self._newsroom, story_id)
        if story is None:
            return problem(404, GONE)
        if story.id != story_id:
            return onward(f"{self._address}/stories/{story.id}")
        return self._answer(request, (), lambda _: self._telling.whole(story))

    async def statements(self, request: Request) -> Response:
        """Statements that are found, the newest first."""
        asked = self._read(request, TAKES["/statements"])
        if isinstance(asked, Response):
            return asked
        search, now = self._newsroom.search, self._newsroom.clock()
        found = await search.find(asked.query, now, before=asked.before, limit=asked.limit)
        after = following(f"{self._address}/statements", request.query_params, found.next)
        items = [self._telling.statement(hit.report, hit.story_id) for hit in found.hits]
        return answer(request, lists.Statements(items=items, next=after or None), following=after)

    async def statement(self, request: Request, statement_id: str) -> Response:
        """One statement."""
        found = await self._statement(statement_id)
        return self._answer(request, (), lambda _: found) if found else problem(404, GONE)

    async def readings(self, request: Request, statement_id: str) -> Response:
        """All readings of a statement, the newest first: by each version of the rules, of each of its revisions."""
        found = await self._statement(statement_id)
        if found is None:
            return problem(404, GONE)
        kept = await self._store.readings(statement_id)
        items = [reading_told(one, found.revision) for one in kept]
        return self._answer(request, (), lambda _: lists.Readings(statement=statement_id, items=items, next=None))

    async def themes(self, request: Request) -> Response:
        """The themes of the catalogue."""
        themes = self._newsroom.rules.lexicon.themes
        items = [models.Theme(code=t.code, kind=str(t.kind), names=dict(t.names)) for t in themes]
        return self._answer(request, (), lambda _: lists.Themes(items=items, next=None))

    async def sources(self, request: Request) -> Response:
        """The sources that are read, and how they are: first those that somebody may have to look after."""
        watched = (await self._watching())["sources"]
        return self._answer(request, (), lambda _: lists.Sources(items=[_source(w) for w in watched], next=None))

    async def bulletins(self, request: Request) -> Response:
        """Alerts that were sent, and standard editions of the digest, the highest number first."""
        asked = self._read(request, TAKES["/bulletins"])
        if isinstance(asked, Response):
            return asked
        items, before = await self._bulletins.listed(asked.before, asked.limit)
        after = following(f"{self._address}/bulletins", request.query_params, before)
        return answer(request, lists.Bulletins(items=items, next=after or None), following=after)

    async def bulletin(self, request: Request, number: str) -> Response:
        """One bulletin, by its number."""
        wanted = number_of(number)
        found = await self._bulletins.one(wanted) if wanted else None
        return self._answer(request, (), lambda _: found) if found else problem(404, GONE)

    async def _statement(self, statement_id: str) -> models.Statement | None:
        """A statement as it may be shown; None where there is none such."""
        story_id = await self._store.story_of(statement_id)
        story = await shown(self._newsroom, story_id) if story_id else None
        reports = story.reports if story else ()
        return next((self._telling.statement(r, story_id) for r in reports if r.statement.id == statement_id), None)

    def _read(self, request: Request, names: Collection[str]) -> Asked | Response:
        """What is asked for, or the answer that says what is mistaken in it."""
        asked = read_asked(request.query_params, self._known, names)
        return problem(400, MISTAKEN, asked.problems) if asked.problems else asked

    def _answer(self, request: Request, names: Collection[str], make: Callable[[Asked], models.Model]) -> Response:
        asked = self._read(request, names)
        return asked if isinstance(asked, Response) else answer(request, make(asked))


def _source(watched: Watched) -> models.Source:
    source, state = watched.source, watched.state
    homepage = address(source.homepage)
    return models.Source(
        id=source.id,
        publisher=plain(source.publisher),
        owner=plain(source.owner or source.publisher),
        role=str(source.role),
        scope=str(source.scope),
        country=source.country,
        languages=list(source.languages),
        homepage=homepage.url if homepage.linked else None,
        licence=plain(source.licence),
        state=str(watched.health),
        state_since=watched.since,
        answered_at=state.last_ok_at if state else None,
    )


async def _tell(request: Request, error: Exception) -> Response:  # noqa: ARG001
    status = error.status_code if isinstance(error, HTTPException) else 400
    return problem(status, GONE if status == 404 else MISTAKEN)  # noqa: PLR2004


async def _fail(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return problem(500, FAILED)
