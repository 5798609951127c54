"""What the sources show at an instant, from the archive: the poller of a backtest."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime

from nkwatch.backtest.archive import Archived
from nkwatch.backtest.sources import Shown
from nkwatch.domain.outcome import Fetched, Outcome, Unchanged
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.documents import address, language_tag
from nkwatch.feeds.embargo import held_until
from nkwatch.workflow.ports import Clock

#: What a feed shows besides what is new since the last poll.
STILL_SHOWN = 30


class Shelves:
    """Answers each source by what it had published by the time of the clock, as a feed with validators does.

    The first poll of a source finds nothing new: it stands for all polls of a service that was running already.
    """

    def __init__(self, shown: Iterable[Shown], clock: Clock) -> None:
        self._shelves = {one.source.id: _Shelf(one) for one in shown}
        self._clock = clock

    async def poll(self, source: Source, state: PollState) -> Outcome:
        """The newest entries of `source`, the newest first."""
        if state.last_ok_at is None:
            return Unchanged(etag='"0"')
        return self._shelves[source.id].answer(state.last_ok_at, self._clock())


class _Shelf:
    def __init__(self, shown: Shown) -> None:
        self._source = shown.source
        self._archived = shown.feed.entries
        self._dates = [e.published for e in self._archived]
        #: cleaned once, when first shown
        self._entries: dict[int, Entry] = {}

    def answer(self, since: datetime, now: datetime) -> Outcome:
        before, until = bisect_right(self._dates, since), bisect_right(self._dates, now)
        if before == until:
            return Unchanged()
        places = range(until - 1, max(0, before - STILL_SHOWN) - 1, -1)
        entries = tuple(self._entry(place) for place in places)
        self._entries = {place: self._entries[place] for place in places}
        return Fetched(entries, etag=f'"{until}"')

    def _entry(self, place: int) -> Entry:
        if place not in self._entries:
            self._entries[place] = entry(self._archived[place], self._source)
        return self._entries[place]


def entry(archived: Archived, source: Source) -> Entry:
    """An archived entry as `feeds.parse` would have read it."""
    title, text = title_line(archived.title), paragraphs(archived.summary, source.strip)
    language = language_tag(archived.language)
    return Entry(
        title=title,
        url=address("", archived.url),
        text=text,
        guid=archived.guid,
        published=archived.published,
        author=title_line(archived.author),
        language=language,
        embargo=held_until(source, f"{title} {language}", title, text, archived.published),
    )
