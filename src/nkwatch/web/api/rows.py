"""What exports are made of, page by page: memory does not grow with what is exported."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from nkwatch.assembly import Newsroom
from nkwatch.domain.desk import UNMARKED, Marks
from nkwatch.domain.search import LARGEST_PAGE, Hit, Query
from nkwatch.domain.source import Source
from nkwatch.domain.statement import EARLIEST
from nkwatch.editing.columns import Exported
from nkwatch.editing.coverage import Covered, covered, first
from nkwatch.mail.views import address, plain
from nkwatch.store.exporting import ExportStore
from nkwatch.web.api.telling import UNKNOWN
from nkwatch.web.views import said


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows, and the number before which the next ones stand; None at the end."""

    rows: tuple[Exported, ...]
    next: int | None


class Rows:
    """The rows of exports of this newsroom."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._store = ExportStore(newsroom.database)

    async def statements(self, query: Query, before: int | None = None) -> AsyncIterator[Part]:
        """What is found, the newest first."""
        now = self._newsroom.clock()
        while True:
            found = await self._newsroom.search.find(query, now, before=before, limit=LARGEST_PAGE)
            marks = await self._store.marks(hit.story_id for hit in found.hits)
            rows = tuple(exported(hit, self._newsroom.sources, marks.get(hit.story_id, UNMARKED)) for hit in found.hits)
            yield Part(rows, found.next)
            if found.next is None:
                return
            before = found.next

    async def coverage(
        self, sources: Iterable[Source], since: date | None, until: date | None
    ) -> AsyncIterator[Covered]:
        """Each day of each source, from the first of which anything is known where no other is named."""
        now = self._newsroom.clock()
        for source in sources:
            counts, record = await self._store.counts(source.id, now, since), await self._store.record(source.id)
            begin, last = since or first(counts, record) or now.date(), min(until or now.date(), now.date())
            for day in covered(source, counts, record, max(begin, EARLIEST.date()), last):
                yield day


def exported(hit: Hit, sources: Mapping[str, Source], marks: Marks) -> Exported:
    """A row of what was found."""
    report = hit.report
    statement = report.statement
    link = address(statement.url, trusted=report.link)
    return Exported(
        report,
        hit.story_id,
        title=said(statement, 0, report.by).title,
        url=link.url if link.linked else "",
        publisher=plain(statement.publisher),
        owner=plain(report.owner),
        country=sources.get(statement.source_id, UNKNOWN).country,
        marks=marks,
    )
