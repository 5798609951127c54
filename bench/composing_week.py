"""One weekly window of 60 stories, and what composes its digests: the service's own parts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from nkwatch.catalogue.locales import load_locales
from nkwatch.catalogue.rules import load_rules
from nkwatch.catalogue.sources import load_sources
from nkwatch.domain.bulletin import Window
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import Source
from nkwatch.domain.story import Report, Story
from nkwatch.domain.surroundings import Coming, Counted, Earlier
from nkwatch.domain.theme import ThemeKind
from nkwatch.editing.digests import History
from nkwatch.mail.compose import Composer
from nkwatch.workflow.gather import Gather, Gathered

if TYPE_CHECKING:
    from nkwatch.workflow.ports import Statements

SITE = "https://watch.example"
END = datetime(2026, 1, 12, 7, tzinfo=UTC)
WINDOW = Window(END - timedelta(weeks=1), END)
#: When the windows are closed.
NOW = END + timedelta(minutes=1)
STORIES = 60
#: Of so many stories one went out as an alert, to all with alerts on who want it.
ALERTED = 30
DAYS = tuple(WINDOW.start + timedelta(days=n, hours=9) for n in range(7))


def in_this_week(number: int, story: Story, sources: Mapping[str, Source]) -> Story:
    """The story as one of this week's, published by sources of the catalogue."""
    at = DAYS[number % len(DAYS)] + timedelta(minutes=number)
    reports = tuple(_in_this_week(n, r, at, sources) for n, r in enumerate(story.reports))
    return replace(story, id=reports[0].statement.id, reports=reports, ready_at=at + timedelta(hours=2))


def _in_this_week(number: int, report: Report, at: datetime, sources: Mapping[str, Source]) -> Report:
    said = report.statement
    source = sources[said.source_id]
    fresh = replace(
        said,
        id=f"{int(said.id.replace('-', '')):016x}",
        publisher=source.publisher,
        url=f"{source.url.rstrip('/')}/{said.id}",
        published=at + timedelta(hours=number),
        published_estimated=False,
        first_seen=at + timedelta(hours=number, minutes=10),
    )
    return replace(report, statement=fresh, owner=source.publisher)


@dataclass(frozen=True, slots=True)
class Kept:
    """Answers what is asked of statements when a window is gathered, from memory: it is asked once a window."""

    told: Sequence[Story]
    sources: Mapping[str, Source]

    async def states(self) -> list[PollState]:
        """One source in twenty cannot be read."""
        return [self._state(number, name) for number, name in enumerate(sorted(self.sources))]

    def _state(self, number: int, name: str) -> PollState:
        health = Health.OK if number % 20 else Health.FAILING
        return PollState(name, NOW, health=health, last_ok_at=DAYS[0], health_since=DAYS[0])

    async def ready_between(self, _window: Window) -> list[Story]:
        """All stories."""
        return list(self.told)

    async def stories(self, _ids: Iterable[str]) -> list[Story]:
        """No alert waits for a digest."""
        return []

    async def held(self, _now: datetime) -> int:
        """Some stories."""
        return 2

    async def counted(self, since: datetime, until: datetime) -> list[Counted]:
        """As many stories in each week."""
        weeks = range((until - since).days // 7)
        return [Counted(s.ready_at - timedelta(weeks=n), s.themes) for n in reversed(weeks) for s in self.told]

    async def named_before(self, keys: Collection[str], before: datetime) -> Mapping[str, Earlier]:
        """Everybody was in the news a month before."""
        at = before - timedelta(weeks=4)
        return {key: Earlier("e" * 16, "What was told of the case then", "en", at) for key in keys}


@dataclass(frozen=True, slots=True)
class Room:
    """What digests are made with; `gather` finds the same stories in every window."""

    gather: Gather
    sources: Mapping[str, Source]
    parts: Mapping[str, Any]

    def composer(self) -> Composer:
        """A composer that has rendered nothing yet."""
        return Composer(
            site=SITE,
            name="nkwatch",
            contact="editors@watch.example",
            contacts={"GB": "https://parliament.example/write", "KR": "https://assembly.example/"},
            sources=self.sources,
            **self.parts,
        )

    async def gathered(self) -> Gathered:
        """What the window holds."""
        return await self.gather(WINDOW, await self.gather.watch(), NOW)


def room(told: Sequence[Story]) -> Room:
    """A room for these stories, under the shipped rules and sources."""
    rules, sources = load_rules(), load_sources()
    rights = frozenset(t.code for t in rules.lexicon.themes if t.kind is ThemeKind.RIGHTS)
    kept = cast("Statements", Kept(told, sources))
    parts = {"themes": rules.lexicon.themes, "translations": load_locales(), "places": rules.places}
    return Room(Gather(sources, kept, _calendar(), rights, rules.cases.keys), sources, parts)


def history(told: Sequence[Story]) -> History:
    """What readers with alerts were sent of the window."""
    return History(frozenset(s.id for s in told[::ALERTED]))


def _calendar() -> tuple[Coming, ...]:
    days = (date(2026, 1, 20), date(2026, 2, 23), date(2026, 3, 2))
    as_of = date(2026, 1, 5)
    return tuple(Coming(f"Session number {n} of the council", d, d, as_of, "Geneva") for n, d in enumerate(days))
