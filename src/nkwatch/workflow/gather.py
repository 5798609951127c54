"""Look up what the digests of one window are made of. Nothing is written here."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nkwatch.domain.bulletin import Window
from nkwatch.domain.source import Source
from nkwatch.domain.story import Story
from nkwatch.domain.surroundings import Coming, Earlier, Surroundings
from nkwatch.domain.watch import Watch, watch
from nkwatch.editing.coming import coming
from nkwatch.editing.digests import Pick, is_news, ranked
from nkwatch.editing.figures import figures, span_before
from nkwatch.editing.following import Named, last_named
from nkwatch.editing.matching import CASE, NOBODY, Offer
from nkwatch.workflow.ports import Statements

#: An alert may bear a time from before its story became ready, where the clocks of two machines differ.
CLOCKS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a window holds: `offers` are its stories in the order of a digest.

    `since` is when a reader may first have been written of any of them. `freed` are the ids of those that editors held
    back before the window. `persons` are those whom a story names, by its id; `before` is the newest story before the
    window that names somebody, by the key of the name.
    """

    surroundings: Surroundings
    offers: tuple[Offer, ...]
    since: datetime
    freed: frozenset[str]
    persons: Mapping[str, tuple[Named, ...]]
    before: Mapping[str, Earlier]

    def earlier(self, picks: Iterable[Pick]) -> dict[str, Earlier]:
        """By followed name, as the reader wrote it, when it was in the news before these."""
        followed: dict[str, list[Named]] = defaultdict(list)
        for pick in picks:
            for name in _cases(pick):
                followed[name] += self.persons.get(pick.story.id, ())
        found = {name: last_named(name, persons, self.before) for name, persons in followed.items()}
        return {name: earlier for name, earlier in found.items() if earlier}


@dataclass(frozen=True, slots=True)
class Gather:
    """`calendar` is what will happen, `rights` are the codes of the themes on human rights.

    `known_cases` leads from the keys of spellings to those of known cases (`CaseBook.keys`).
    """

    sources: Mapping[str, Source]
    statements: Statements
    calendar: tuple[Coming, ...] = ()
    rights: frozenset[str] = frozenset()
    known_cases: Mapping[str, str] = field(default_factory=lambda: NOBODY)

    async def watch(self) -> Watch:
        """How the sources are, the same for all windows that close together."""
        return watch(await self.statements.states(), self.sources)

    async def __call__(self, window: Window, watched: Watch, now: datetime) -> Gathered:
        """All that the digests of this window have in common."""
        stories = await self._stories(window, now)
        offers = tuple(Offer.of(s, self.known_cases) for s in stories)
        persons = {o.story.id: tuple(named for part in o.parts for named in part.named) for o in offers}
        return Gathered(
            surroundings=await self._surroundings(window, watched, now),
            offers=offers,
            since=min([window.start, *(s.ready_at for s in stories)]) - CLOCKS,
            freed=frozenset(s.id for s in stories if s.ready_at < window.start),
            persons=persons,
            before=await self._before(window, persons),
        )

    async def besides(self, ids: Collection[str], now: datetime) -> tuple[dict[str, Offer], frozenset[str]]:
        """Stories of other windows as they may be shown now, by id; and the ids of those that editors hold back."""
        found = await self.statements.stories(ids) if ids else []
        offers = {s.id: Offer.of(s, self.known_cases) for s in _public(found, now)}
        return offers, frozenset(s.id for s in found if s.marks.held)

    async def _stories(self, window: Window, now: datetime) -> list[Story]:
        ready = _public(await self.statements.ready_between(window), now)
        # what was ready before the window and is in it all the same was freed by an editor: that makes it news
        return ranked(s for s in ready if s.ready_at < window.start or is_news(s, window))

    async def _surroundings(self, window: Window, watched: Watch, now: datetime) -> Surroundings:
        counted = await self.statements.counted(span_before(window), window.end)
        return Surroundings(
            window=window,
            watch=watched,
            held=await self.statements.held(now),
            figures=figures(window, counted, self.rights),
            coming=coming(self.calendar, now),
        )

    async def _before(self, window: Window, persons: Mapping[str, tuple[Named, ...]]) -> dict[str, Earlier]:
        keys = {key for named in persons.values() for person in named for key in person.keys}
        found = await self.statements.named_before(keys, window.start) if keys else {}
        # a story that was freed is no earlier one than itself
        return {key: earlier for key, earlier in found.items() if earlier.story_id not in persons}


def _public(stories: Iterable[Story], now: datetime) -> list[Story]:
    return [part for s in stories if (part := s.public(now))]


def _cases(pick: Pick) -> Iterable[str]:
    """The followed names for which a story is sent."""
    return (name for reason in pick.reasons if reason.kind == CASE for name in reason.values)
