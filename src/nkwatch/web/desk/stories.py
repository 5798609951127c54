"""Stories at the desk: those that report one thing are merged, statements that report another are split off."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi.responses import Response
from starlette.datastructures import FormData

from nkwatch.domain.merging import Obstacle, Split, Unfit, story_named
from nkwatch.domain.passkey import Act
from nkwatch.domain.story import Story
from nkwatch.mail.views import Address, address, plain
from nkwatch.mail.widths import shorten
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.section import Section
from nkwatch.web.desk.visits import Inside, Visit
from nkwatch.web.posted import written
from nkwatch.web.views import SHORT, TITLE, Said, card, said

STORIES = "/desk/stories"
#: How many of the newest stories are listed, and how many are offered as looking alike.
SHOWN, ALIKE = 30, 5
#: Letters of an address.
LONGEST_NAME = 500
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

    def routes(self) -> Inside:
        """What answers at which address."""
        routes = Inside(self._room)
        routes.page(STORIES, self.all)
        routes.page(f"{STORIES}/{{story_id}}", self.story)
        routes.deed(f"{STORIES}/{{story_id}}/merge", self.merge)
        routes.deed(f"{STORIES}/{{story_id}}/split", self.split)
        return routes

    async def all(self, visit: Visit) -> Response:
        """The newest stories, and a field to find another; one that is found is shown at once."""
        asked = visit.asked.get("story", "")[:LONGEST_NAME]
        if found := await self._named(story_named(asked)):
            return visit.to(f"{STORIES}/{found.id}")
        language = visit.language
        newest = await self._newsroom.statements.newest(SHOWN)
        values = {
            "asked": plain(asked),
            "lacking": bool(asked),
            "stories": [card(s, self._themes, language) for s in newest],
        }
        return visit.page("stories.html", values)

    async def story(self, visit: Visit, story_id: str) -> Response:
        """One story with its reports, and those that look like it."""
        found = await self._named(story_id)
        if found is None:
            return visit.problem(GONE)
        if found.id != story_id:
            return visit.to(f"{STORIES}/{found.id}")
        language = visit.language
        alike = await self._newsroom.statements.stories(await self._newsroom.desk.alike(found.id, ALIKE))
        trace = await self._newsroom.traces.story(found.id)
        did = visit.asked.get("did", "")
        values = {
            "story": card(found, self._themes, language),
            "held": found.marks.held,
            "rows": [self._row(found, i) for i in range(len(found.reports))],
            "alike": [card(s, self._themes, language) for s in alike],
            "took_in": trace.took_in if trace else (),
            "did": did if did in TOLD else "",
        }
        return visit.page("story.html", values)

    async def merge(self, visit: Visit, story_id: str) -> Response:
        """Let this story take in another one."""
        found = await self._named(story_id)
        if found is None:
            return visit.problem(GONE)
        typed = story_named(written(visit.form, "other")[:LONGEST_NAME])
        other = await self._named(typed or written(visit.form, "alike"))
        if other is None:
            return self._did(story_id, "none" if not typed else Obstacle.NO_STORY)
        foreseen = await self._newsroom.stories.merge(story_id, [other.id], visit.editor.name, dry=True)
        if isinstance(foreseen, Unfit):
            return self._did(story_id, foreseen.obstacle)
        what = f"{_title(other)} → {_title(found)}"
        if lacking := await self._touches.lacking(visit, Act.MERGE, f"{story_id} {Act.MERGE}", what):
            return lacking
        done = await self._newsroom.editors.acts.merge(story_id, [other.id], visit.editor.name, visit.why)
        return self._did(story_id, done.obstacle if isinstance(done, Unfit) else "merged")

    async def split(self, visit: Visit, story_id: str) -> Response:
        """Let the reports that are ticked make a story of their own."""
        found = await self._named(story_id)
        if found is None:
            return visit.problem(GONE)
        ids = _ticked(visit.form, found)
        if not ids:
            return self._did(story_id, "none")
        foreseen = await self._split(visit, ids, dry=True)
        if isinstance(foreseen, Unfit):
            return self._did(story_id, foreseen.obstacle)
        titles = [_title_of(r.statement.title) for r in found.reports if r.statement.id in ids]
        if lacking := await self._touches.lacking(visit, Act.SPLIT, f"{story_id} {Act.SPLIT}", " · ".join(titles)):
            return lacking
        done = await self._split(visit, ids)
        return self._did(*((story_id, done.obstacle) if isinstance(done, Unfit) else (done.story, "split")))

    async def _split(self, visit: Visit, ids: list[str], *, dry: bool = False) -> Split | Unfit:
        news = written(visit.form, "news") == "yes"
        if dry:
            return await self._newsroom.stories.split(ids, visit.editor.name, news=news, dry=True)
        return await self._newsroom.editors.acts.split(ids, visit.editor.name, visit.why, news=news)

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


def _ticked(form: FormData, story: Story) -> list[str]:
    """The reports of the story that are ticked."""
    wanted = {v for v in form.getlist("statements")[:MOST] if isinstance(v, str)}
    return [r.statement.id for r in story.reports if r.statement.id in wanted]


def _title(story: Story) -> str:
    return _title_of(story.lead.statement.title) or plain(story.lead.by)


def _title_of(title: str) -> str:
    return shorten(plain(title), TITLE)
