"""What leaves and what waits. Readers are counted here: no address and no id of one is ever shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fastapi.responses import Response

from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.story import Story
from nkwatch.editing.bars import Segment, segments
from nkwatch.mail.views import plain, tag
from nkwatch.mail.widths import shorten
from nkwatch.store.underway import OnItsWay, UnderWay
from nkwatch.web.desk.room import Room
from nkwatch.web.desk.visits import Inside, Visit
from nkwatch.web.pictures import STATES
from nkwatch.web.views import TITLE

OUTBOX = "/desk/outbox"
#: How long what has left is shown, and how many bulletins and alerts at most.
RECENT, SHOWN = timedelta(days=7), 30


@dataclass(frozen=True, slots=True)
class Told:
    """What an alert is about, and what editors took back of it: all ("withdrawn"), a part ("corrected"), nothing."""

    title: str
    language: str
    taken_back: str = ""

    @classmethod
    def of(cls, story: Story) -> "Told":
        """What is told of this story."""
        lead, marks = story.lead.statement, story.marks
        title = shorten(plain(lead.title), TITLE) or plain(story.lead.by)
        taken_back = "withdrawn" if marks.withdrawn else "corrected" if marks.correction else ""
        return cls(title, tag(lead.language), taken_back)


@dataclass(frozen=True, slots=True)
class Row:
    """A bulletin and how far its mails are; `about` is None for what is no alert, and where its story is gone."""

    bulletin: OnItsWay
    parts: Sequence[Segment]
    about: Told | None


class Outbox:
    """Looks, and changes nothing. Counts of deliveries are those of a minute ago at most (`PlotStore`)."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._newsroom = room.newsroom
        self._under_way = UnderWay(room.newsroom.database)

    def routes(self) -> Inside:
        """What answers at which address."""
        routes = Inside(self._room)
        routes.page(OUTBOX, self.outbox)
        return routes

    async def outbox(self, visit: Visit) -> Response:
        """What is late, what is under way, what left in the last days, and who waits for alerts."""
        newsroom, now = self._newsroom, self._newsroom.clock()
        bulletins = await self._under_way.bulletins(now - RECENT, SHOWN)
        waiting = await self._under_way.waiting(SHOWN)
        told = await self._told([*(b.story_id for b in bulletins), *(w.story_id for w in waiting)])
        values = {
            "now": now,
            "late": await newsroom.outbox.late(now - timedelta(seconds=newsroom.config.watch.alerts_within)),
            "rows": [Row(b, await self._parts(b.number), told.get(b.story_id)) for b in bulletins],
            "waiting": [(w, told.get(w.story_id)) for w in waiting],
            "held": len(await newsroom.statements.held_alerts()),
            "personal": _parts(await self._under_way.personal()),
            "all": _parts({DeliveryState(state): n for state, n in (await newsroom.outbox.counts()).items()}),
        }
        return visit.page("outbox.html", values)

    async def _parts(self, number: int) -> Sequence[Segment]:
        return _parts(await self._newsroom.plots.delivered(number, self._newsroom.clock()))

    async def _told(self, story_ids: Iterable[str]) -> Mapping[str, Told]:
        wanted = sorted({i for i in story_ids if i})
        found = await self._newsroom.statements.named(wanted) if wanted else {}
        return {i: Told.of(story) for i, story in found.items()}


def _parts(counts: Mapping[DeliveryState, int]) -> Sequence[Segment]:
    return [s for s in segments({str(state): n for state, n in counts.items()}, STATES) if s.count]
