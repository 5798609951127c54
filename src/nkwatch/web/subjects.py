"""What feeds are of, and where their stories come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from nkwatch.assembly import Newsroom
from nkwatch.domain.edition import SentAlert
from nkwatch.domain.search import Query
from nkwatch.domain.story import Report, Story
from nkwatch.store.editions import EditionStore
from nkwatch.store.lately import Lately
from nkwatch.web.channel import Item, Telling, amended
from nkwatch.web.news import newest, shown

#: Stories in a feed, and how many of the newest are looked through for them.
SHOWN, LOOKED_AT = 50, 400
#: Bulletins that are looked through for alerts.
BULLETINS, PAGE = 200, 50
#: How long what was found is good enough.
KEPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a feed is of. `path` is where it is, without the ending, `page` the page that it stands for.

    `query` finds its stories: of a theme or of a source they are looked for among the newest before; None for alerts.
    """

    path: str
    page: str
    query: Query | None = None
    written: str = ""
    theme: str = ""
    source: str = ""

    @property
    def searched(self) -> bool:
        """Whether it is what somebody looks for."""
        return self.path == "/search"


EVERYTHING = Subject("/feed", "/", Query(rights=True))
ALL_ALERTS = Subject("/alerts/feed", "/editions")


class Gathering:
    """Finds what stands in feeds; the newest stories are looked up once a minute for all of them."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._editions = EditionStore(newsroom.database)
        self._lately = Lately(KEPT)

    async def stories(self, subject: Subject, query: Query) -> Sequence[Story]:
        """What became known last goes first, whatever its date; the search knows what lies further back."""
        newsroom, found = self._newsroom, dict[str, Story]()
        if not subject.searched:
            found = {s.id: s for s in await self._look() if _belongs(s, subject)}
        if len(found) < SHOWN and subject is not EVERYTHING:
            further = await newsroom.search.stories(query, newsroom.clock(), limit=SHOWN)
            found |= {s.id: s for s in further.stories if s.id not in found}
        return list(found.values())[:SHOWN]

    async def _look(self) -> Sequence[Story]:
        newsroom = self._newsroom
        # another generation of the database is another question
        return await self._lately(newsroom.database.generation, newsroom.clock(), lambda: newest(newsroom, LOOKED_AT))

    async def alerts(self, telling: Telling) -> list[Item]:
        """Those whose stories may be shown, the newest first."""
        found: list[Item] = []
        for sent in await self._sent():
            story = await shown(self._newsroom, sent.story_id)
            if story is not None:
                corrections = await self._editions.amendments(sent.number) if amended(sent, story) else ()
                found.append(telling.alert(sent, story, corrections))
        return found

    async def _sent(self) -> list[SentAlert]:
        """Alerts among the newest bulletins."""
        found: list[SentAlert] = []
        before: int | None = None
        for _ in range(BULLETINS // PAGE):
            page = await self._editions.listed(before, PAGE)
            found += [one for one in page if isinstance(one, SentAlert)]
            if len(found) >= SHOWN or len(page) < PAGE:
                break
            before = page[-1].number
        return found[:SHOWN]


def items_of(telling: Telling, stories: Sequence[Story], source: str) -> list[Item]:
    return [telling.story(story, _report_of(story, source)) for story in stories]


def _report_of(story: Story, source: str) -> Report | None:
    """The report of this source that goes before its others."""
    own = (r for r in (story.lead, *story.others) if r.statement.source_id == source)
    return next(own, None)


def _belongs(story: Story, subject: Subject) -> bool:
    """Whether the page of the subject shows the story, too."""
    if subject is EVERYTHING:
        return story.rights
    if subject.theme:
        return subject.theme in story.themes
    return not subject.source or _report_of(story, subject.source) is not None
