"""Alerts that were sent and standard editions, as the API tells them. Readers' own digests are never listed."""

from collections.abc import Sequence
from dataclasses import dataclass

from nkwatch.assembly import Newsroom
from nkwatch.domain.edition import Listed, SentAlert, StandardEdition, Version
from nkwatch.mail.views import plain, tag
from nkwatch.store.editions import EditionStore
from nkwatch.web.api import models


@dataclass(frozen=True, slots=True)
class Bulletins:
    """Bulletins of this newsroom; `site` and `api` are addresses."""

    newsroom: Newsroom
    editions: EditionStore
    site: str
    api: str

    async def listed(self, before: int | None, limit: int) -> tuple[list[models.Bulletin], int | None]:
        """Those with lower numbers than `before`, and the number before which the next ones stand, if there are any.

        An alert whose story may not be shown is left out.
        """
        found = await self.editions.listed(before, limit + 1)
        told = await self._told(found[:limit])
        return told, found[limit - 1].number if len(found) > limit else None

    async def one(self, number: int) -> models.Bulletin | None:
        """The bulletin with this number."""
        found: Listed | None = await self.editions.edition(number) or await self.editions.alert(number)
        return next(iter(await self._told([found])), None) if found else None

    async def _told(self, found: Sequence[Listed]) -> list[models.Bulletin]:
        named = {i for one in found for v in one.versions for i in v.stories}
        named |= {one.story_id for one in found if isinstance(one, SentAlert)}
        now = self.newsroom.clock()
        stories = await self.newsroom.statements.named(sorted(named))
        public = {i for i, s in stories.items() if s.shown(now)}
        there = [one for one in found if isinstance(one, StandardEdition) or one.story_id in public]
        return [await self._bulletin(one, public) for one in there]

    async def _bulletin(self, one: Listed, public: set[str]) -> models.Bulletin:
        edition, alert = (one, None) if isinstance(one, StandardEdition) else (None, one)
        amendments = await self.editions.amendments(one.number)
        return models.Bulletin(
            number=one.number,
            kind="edition" if edition else "alert",
            page=f"{self.site}/{'editions' if edition else 'alerts'}/{one.number}",
            self=f"{self.api}/bulletins/{one.number}",
            date=one.date,
            story=alert.story_id if alert else None,
            follows=(alert.follows or None) if alert else None,
            rhythm=edition.rhythm.value if edition else None,
            window_start=edition.window.start if edition else None,
            window_end=edition.window.end if edition else None,
            versions=[_version(v, public) for v in one.versions],
            corrections=[models.Amendment(number=a.number, date=a.date) for a in amendments],
        )


def _version(version: Version, public: set[str]) -> models.Version:
    """The subject names the story that leads: it goes with it."""
    shown = not version.stories or version.stories[0] in public
    return models.Version(
        language=tag(version.language),
        subject=plain(version.subject) if shown else "",
        fingerprint=version.fingerprint,
        stories=[i for i in version.stories if i in public],
    )
