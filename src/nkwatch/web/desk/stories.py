"""Stories at the desk: those that report one thing are merged, statements that report another are split off."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from nkwatch.domain.desk import Editor
from nkwatch.domain.merging import Obstacle, Split, Unfit, story_named
from nkwatch.domain.passkey import Act
from nkwatch.domain.story import Story
from nkwatch.mail.views import Address, address, plain
from nkwatch.mail.widths import shorten
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.room import SIGN_IN, Visitor
from nkwatch.web.desk.section import Section
from nkwatch.web.posted import written
from nkwatch.web.problems import Problem
from nkwatch.web.routing import Routes
from nkwatch.web.views import SHORT, TITLE, Said, card, said

STORIES = "/desk/stories"
#: How many of the newest stories are listed, and how many are offered as looking alike.
SHOWN, ALIKE = 30, 5
#: Letters of a reason for the record, and of an address.
LONGEST_WHY, LONGEST_NAME = 500, 500
#: Ids of statements that are taken from one form.
MOST = 500
#: What came of it, as the address of the next page says it.
TOLD = (*map(str, Obstacle), "merged", "split", "none")


@dataclass(frozen=True, slots=True)
class Row:
    """A report of a story. The `namesake` gave the story its name and stays in it."""

    id: str
    said: Said
    address: Address
    leads: bool
    namesake: bool


class Stories(Section):
    """Merging and splitting need a touch of the key, for these stories or statements alone."""

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add(STORIES, self.all)
        routes.add(f"{STORIES}/{{story_id}}", self.story)
        routes.add(f"{STORIES}/{{story_id}}/merge", self.merge, methods=["POST"])
        routes.add(f"{STORIES}/{{story_id}}/split", self.split, methods=["POST"])
        return routes

    async def all(self, request: Request) -> Response:
        """The newest stories, and a field to find another; one that is found is shown at once."""
        visitor = await self._room.visitor(request)
        if visitor.editor is None:
            return self._room.to(SIGN_IN)
        asked = request.query_params.get("story", "")[:LONGEST_NAME]
        if found := await self._named(story_named(asked)):
            return self._room.to(f"{STORIES}/{found.id}")
        language = self._room.pages.language(request, visitor.editor.language)
        newest = await self._newsroom.statements.newest(SHOWN)
        values = {
            "asked": plain(asked),
            "lacking": bool(asked),
            "stories": [card(s, self._themes, language) for s in newest],
        }
        return self._room.page(request, visitor, "stories.html", values)

    async def story(self, request: Request, story_id: str) -> Response:
        """One story with its reports, and those that look like it."""
        visitor = await self._room.visitor(request)
        if visitor.editor is None:
            return self._room.to(SIGN_IN)
        found = await self._named(story_id)
        if found is None:
            return self._room.problem(request, GONE, visitor)
        if found.id != story_id:
            return self._room.to(f"{STORIES}/{found.id}")
        language = self._room.pages.language(request, visitor.editor.language)
        alike = await self._newsroom.statements.stories(await self._newsroom.desk.alike(found.id, ALIKE))
        trace = await self._newsroom.traces.story(found.id)
        did = request.query_params.get("did", "")
        values = {
            "story": card(found, self._themes, language),
            "held": found.marks.held,
            "rows": [self._row(found, i) for i in range(len(found.reports))],
            "alike": [card(s, self._themes, language) for s in alike],
            "took_in": trace.took_in if trace else (),
            "did": did if did in TOLD else "",
        }
        return self._room.page(request, visitor, "story.html", values)

    async def merge(self, request: Request, story_id: str) -> Response:
        """Let this story take in another one."""
        acting = await self._room.acting(request)
        if isinstance(acting, Problem):
            return self._room.problem(request, acting, await self._room.visitor(request))
        visitor, editor, form = acting
        found = await self._named(story_id)
        if found is None:
            return self._room.problem(request, GONE, visitor)
        typed = story_named(written(form, "other")[:LONGEST_NAME])
        other = await self._named(typed or written(form, "alike"))
        if other is None:
            return self._did(story_id, "none" if not typed else Obstacle.NO_STORY)
        foreseen = await self._newsroom.stories.merge(story_id, [other.id], editor.name, dry=True)
        if isinstance(foreseen, Unfit):
            return self._did(story_id, foreseen.obstacle)
        what = f"{_title(other)} → {_title(found)}"
        if not await self._touched(form, visitor, Act.MERGE, story_id):
            return self._touches.again(request, visitor, form, Act.MERGE, _thing(story_id, Act.MERGE), what)
        done = await self._newsroom.editors.acts.merge(story_id, [other.id], editor.name, _why(form))
        return self._did(story_id, done.obstacle if isinstance(done, Unfit) else "merged")

    async def split(self, request: Request, story_id: str) -> Response:
        """Let the reports that are ticked make a story of their own."""
        acting = await self._room.acting(request)
        if isinstance(acting, Problem):
            return self._room.problem(request, acting, await self._room.visitor(request))
        visitor, editor, form = acting
        found = await self._named(story_id)
        if found is None:
            return self._room.problem(request, GONE, visitor)
        ids = _ticked(form, found)
        if not ids:
            return self._did(story_id, "none")
        foreseen = await self._split(form, ids, editor, dry=True)
        if isinstance(foreseen, Unfit):
            return self._did(story_id, foreseen.obstacle)
        titles = [_title_of(r.statement.title) for r in found.reports if r.statement.id in ids]
        if not await self._touched(form, visitor, Act.SPLIT, story_id):
            what = " · ".join(titles)
            return self._touches.again(request, visitor, form, Act.SPLIT, _thing(story_id, Act.SPLIT), what)
        done = await self._split(form, ids, editor)
        return self._did(*((story_id, done.obstacle) if isinstance(done, Unfit) else (done.story, "split")))

    async def _split(self, form: FormData, ids: list[str], editor: Editor, *, dry: bool = False) -> Split | Unfit:
        news = written(form, "news") == "yes"
        if dry:
            return await self._newsroom.stories.split(ids, editor.name, news=news, dry=True)
        return await self._newsroom.editors.acts.split(ids, editor.name, _why(form), news=news)

    async def _touched(self, form: FormData, visitor: Visitor, act: Act, story_id: str) -> bool:
        return await self._touches.signed(form, visitor, act, _thing(story_id, act)) is not None

    async def _named(self, story_id: str) -> Story | None:
        """The story to which this id leads."""
        # PostgreSQL fails at text that holds a NUL, instead of finding nothing
        found = {} if not story_id or "\0" in story_id else await self._newsroom.statements.named([story_id])
        return found.get(story_id)

    def _did(self, story_id: str, what: str) -> Response:
        return self._room.to(f"{STORIES}/{quote(story_id, safe='')}?did={what}")

    def _row(self, story: Story, place: int) -> Row:
        ordered = (story.lead, *story.others)
        report = ordered[place]
        return Row(
            report.statement.id,
            said(report.statement, SHORT, report.by),
            address(report.statement.url, trusted=report.link),
            leads=place == 0,
            namesake=report.statement.id == story.id,
        )


def _thing(story_id: str, act: Act) -> str:
    return f"{story_id} {act}"


def _ticked(form: FormData, story: Story) -> list[str]:
    """The reports of the story that are ticked."""
    wanted = {v for v in form.getlist("statements")[:MOST] if isinstance(v, str)}
    return [r.statement.id for r in story.reports if r.statement.id in wanted]


def _why(form: FormData) -> str:
    return plain(written(form, "why")[:LONGEST_WHY])


def _title(story: Story) -> str:
    return _title_of(story.lead.statement.title) or plain(story.lead.by)


def _title_of(title: str) -> str:
    return shorten(plain(title), TITLE)
