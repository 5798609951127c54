"""Telling readers what was wrong: in an alert, by its story, and in a digest, by its number."""

import re
from datetime import timedelta
from urllib.parse import urlencode

from fastapi.responses import Response
from starlette.datastructures import QueryParams

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.passkey import Act
from nkwatch.domain.story import AlertState, Story
from nkwatch.mail.views import plain
from nkwatch.store.underway import UnderWay
from nkwatch.web.desk.outbox import Told
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.room import Room
from nkwatch.web.desk.section import Section
from nkwatch.web.desk.touch import Touches
from nkwatch.web.desk.visits import Inside, Visit
from nkwatch.web.editions import number_of
from nkwatch.web.views import Remarks
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.ruled import Affected, Outcome

CORRECTIONS = "/desk/corrections"
#: Of how many days bulletins are listed, and how many at most.
RECENT, SHOWN = timedelta(days=30), 30
VERBS = {"correct": Act.CORRECT, "withdraw": Act.WITHDRAW, "stop": Act.STOP}
#: What came of it, as the address of the next page says it; anything else says nothing.
TOLD = (*map(str, Outcome), "refused")
#: A story's id, alone or at the end of its address.
_STORY = re.compile(r"(?:^|/stories/)([\w-]{1,80})(?:[/?#].*)?$")


class Corrections(Section):
    """Who would be told is shown before anything is said. To say it needs a touch of the key, for these words alone."""

    def __init__(self, room: Room, touches: Touches) -> None:
        super().__init__(room, touches)
        self._under_way = UnderWay(room.newsroom.database)

    def routes(self) -> Inside:
        """What answers at which address."""
        routes = Inside(self._room)
        routes.page(CORRECTIONS, self.all)
        routes.page(f"{CORRECTIONS}/stories/{{story_id}}", self.story)
        routes.deed(f"{CORRECTIONS}/stories/{{story_id}}/{{verb}}", self.take_back)
        routes.page(f"{CORRECTIONS}/digests/{{number}}", self.digest)
        routes.deed(f"{CORRECTIONS}/digests/{{number}}/correct", self.correct)
        return routes

    async def all(self, visit: Visit) -> Response:
        """The alerts and digests of late, and a form for any other: by its number, or by a story and its address."""
        asked = visit.asked.get("of", "").strip()
        if asked and (found := await self._found(asked)):
            return visit.to(f"{CORRECTIONS}/{found}")
        bulletins = await self._under_way.bulletins(self._newsroom.clock() - RECENT, SHOWN)
        told = [b for b in bulletins if b.kind is BulletinKind.DIGEST or (b.kind is BulletinKind.ALERT and b.story_id)]
        stories = await self._newsroom.statements.named(sorted({b.story_id for b in told} - {""}))
        values = {
            "asked": asked,
            "bulletins": [(b, Told.of(stories[b.story_id]) if b.story_id in stories else None) for b in told],
        }
        return visit.page("corrections.html", values)

    async def story(self, visit: Visit, story_id: str) -> Response:
        """Who got an alert on a story, and which digests told of it."""
        story, home = await self._story(story_id)
        affected = await self._newsroom.rulings.affected(home) if home else None
        if affected is None or not (story or affected.bulletins or affected.digests):
            return visit.problem(GONE)
        values = {
            "id": home,
            "about": Told.of(story) if story else None,
            "affected": affected,
            "leaving": await self._is_leaving(story, affected),
            "said": Remarks.of(story, visit.language) if story else None,
            **self._came(visit.asked),
        }
        return visit.page("correct_story.html", values)

    async def take_back(self, visit: Visit, story_id: str, verb: str) -> Response:
        """Correct or withdraw the alerts on a story, or stop what has not left of them."""
        act = VERBS.get(verb)
        story, home = await self._story(story_id)
        if act is None or not home:
            return visit.problem(GONE)
        thing = f"{home} {verb}"
        title = plain(story.lead.statement.title) if story else home
        if lacking := await self._touches.lacking(visit, act, thing, title):
            return lacking
        acts = self._newsroom.editors.acts
        if act is Act.STOP:
            done = await acts.stop(home, visit.editor.name)
        else:
            done = await (acts.withdraw if act is Act.WITHDRAW else acts.correct_alert)(
                home, visit.words, visit.editor.name
            )
        came = {"did": str(done.outcome), "told": done.told, "cancelled": done.cancelled, "lacking": done.lacking}
        return visit.to(f"{CORRECTIONS}/stories/{home}?{urlencode(came)}")

    async def digest(self, visit: Visit, number: str) -> Response:
        """Who got a digest, and whether the archive shows it."""
        wanted = number_of(number)
        affected = await self._newsroom.digests.affected(wanted) if wanted else None
        if affected is None:
            return visit.problem(GONE)
        values = {"number": wanted, "affected": affected, "said": None, **self._came(visit.asked)}
        return visit.page("correct_digest.html", values)

    async def correct(self, visit: Visit, number: str) -> Response:
        """Tell everybody who got a digest what was wrong in it."""
        wanted = number_of(number)
        if wanted is None or await self._newsroom.digests.affected(wanted) is None:
            return visit.problem(GONE)
        if lacking := await self._touches.lacking(visit, Act.CORRECT_DIGEST, str(wanted)):
            return lacking
        done = await self._newsroom.editors.acts.correct_digest(wanted, visit.words, visit.editor.name)
        came: dict[str, object] = {"did": "refused"}
        if not isinstance(done, Refused):
            came = {"did": "corrected", "told": done.told, "lacking": done.lacking}
        return visit.to(f"{CORRECTIONS}/digests/{wanted}?{urlencode(came)}")

    async def _found(self, asked: str) -> str:
        """Where that is corrected; empty where nobody knows what is meant."""
        if number := number_of(asked):
            story = (await self._newsroom.outbox.alerts([number])).get(number)
            known = story or await self._newsroom.digests.affected(number)
            return f"stories/{story}" if story else f"digests/{number}" if known else ""
        named = _STORY.search(asked)
        _, home = await self._story(named[1]) if named else (None, "")
        return f"stories/{home}" if home else ""

    async def _story(self, story_id: str) -> tuple[Story | None, str]:
        """A story, and its id where it leads by now; its id alone where its sources took all of it back."""
        if "\0" in story_id:
            return None, ""
        statements, outbox = self._newsroom.statements, self._newsroom.outbox
        found = (await statements.named([story_id])).get(story_id)
        if found:
            return found, found.id
        home = await statements.home(story_id)
        known = await outbox.bulletins_with(home) or await outbox.digests_with(home)
        return None, home if known else ""

    async def _is_leaving(self, story: Story | None, affected: Affected) -> bool:
        """Whether an alert on it is released and not yet written, has mails under way, or has readers who wait."""
        if story is not None and story.alert is AlertState.RELEASED:
            return True
        ahead = await self._under_way.bulletins(self._newsroom.clock(), SHOWN)
        waiting = await self._under_way.waiting(SHOWN)
        numbers = {*(b.number for b in ahead if b.undone), *(w.number for w in waiting)}
        return not numbers.isdisjoint(affected.bulletins)

    def _came(self, asked: QueryParams) -> dict[str, object]:
        """What the form is made of, and what came of it when it was sent."""
        numbers = {name: number_of(asked.get(name, "")) or 0 for name in ("told", "cancelled", "lacking")}
        did = asked.get("did", "")
        return {"languages_of_notes": tuple(self._room.pages.locales), "did": did if did in TOLD else "", **numbers}
