"""``nkwatch import``: archived entries into the store, as the old news that they are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.backtest.archive import Archived, Feed, Span, read_archive
from nkwatch.backtest.shelves import entry
from nkwatch.cli.completing import all_sources
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, answer, counter, say
from nkwatch.cli.switching import DryRun
from nkwatch.domain.identity import normalised_address
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source
from nkwatch.store.arriving import Arrivals
from nkwatch.store.backfill import BacklogStore
from nkwatch.workflow.backfill import BATCH, Backfill, Backfilled, Rehearsal

DAY = ["%Y-%m-%d"]


def import_archive(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Archived entries as JSON lines, gzipped or not.")
    ],
    source: Annotated[
        str,
        typer.Option(
            "--source",
            help="The id of the source to which feeds belong that no source is known of.",
            autocompletion=all_sources,
        ),
    ] = "",
    publisher: Annotated[str, typer.Option("--publisher", help="The same by the name of a source's publisher.")] = "",
    since: Annotated[datetime | None, typer.Option("--since", formats=DAY, help="The first day (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=DAY, help="The last day (UTC).")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """File archived entries as old news: they are read and put in stories, and never mailed or told.

    Fields of a line: feed, publisher, url, title, summary, published; lang, guid, author where known. A feed belongs to
    the source that has its address, else to one of its publisher. What is there already stays as it is, so doing it
    twice changes nothing; and when a source shows an entry that was imported, that is no news either: import what was
    published before the service ran (--until).

    There is no undo: what was imported shares stories with what is polled, and editors may have worked on it. Look with
    --dry-run and back the database up first. `nkwatch redact` takes out what must not be there.

    Example: nkwatch import archive.jsonl.gz --until 2025-12-31 --dry-run
    """

    async def work(newsroom: Newsroom) -> dict[str, Any]:
        homes = Homes(newsroom.sources.values(), _otherwise(newsroom, source, publisher))
        span = Span(since and since.date(), until and until.date())
        rehearsal = Rehearsal()
        backlog = rehearsal if dry_run else BacklogStore(newsroom.database, Arrivals(newsroom.keyring))
        fill = Backfill(newsroom.statements, backlog, newsroom.read.place, newsroom.read.read, newsroom.clock)
        done, left_out = Backfilled(), 0
        for file in files:  # one at a time: an archive may be large
            archive = read_archive([file], span, newsroom.clock(), say)
            left_out += archive.left_out
            for feed in archive.feeds:
                done += await _file(feed, homes, fill, lambda more, before=done.entries: progress(before + more))
        return _figures(done, rehearsal.again) | {"left_out": left_out, "without_source": homes.missed}

    with counter("importing") as progress:
        told = in_newsroom(context, work)
    answer(told, as_json=as_json)
    if dry_run:
        say("nothing was written")
    if not told["entries"]:
        raise typer.Exit(FAILED)


class Homes:
    """The sources to which archived feeds belong. `missed` counts the entries of those that belong to none."""

    def __init__(self, sources: Iterable[Source], otherwise: Source | None = None) -> None:
        self._by_address: dict[str, Source] = {}
        self._by_publisher: dict[str, list[Source]] = defaultdict(list)
        self._otherwise = otherwise
        self.missed = 0
        for source in sources:
            self._by_address.setdefault(normalised_address(source.url), source)
            self._by_publisher[source.publisher.casefold()].append(source)

    def of(self, feed: Feed) -> Source | None:
        """The source with the feed's address, else one of its publisher, else the one that was named."""
        known = self._by_address.get(normalised_address(feed.address))
        return known or next(iter(self.by(feed.publisher, feed.host)), self._otherwise)

    def by(self, publisher: str, host: str = "") -> Sequence[Source]:
        """The sources of a publisher, those first that link to this host, then those that are switched on."""
        own = self._by_publisher.get(publisher.casefold(), [])
        return sorted(own, key=lambda s: (not (s.domains and s.covers(f"https://{host}/")), not s.enabled))


def _otherwise(newsroom: Newsroom, source: str, publisher: str) -> Source | None:
    """The source that the options name. Raises `ConfigError` where there is no such."""
    if source and publisher:
        raise ConfigError("--source and --publisher: name one of them")
    if source and source not in newsroom.sources:
        raise ConfigError(f"--source: there is no source {source}; `nkwatch sources list --all` shows them all")
    if not publisher:
        return newsroom.sources[source] if source else None
    found = Homes(newsroom.sources.values()).by(publisher)
    if not found:
        raise ConfigError(f"--publisher: no source is of {publisher}; `nkwatch sources list --all` shows them all")
    return found[0]


async def _file(feed: Feed, homes: Homes, fill: Backfill, progress: Any) -> Backfilled:
    """File what a feed showed."""
    done, source = Backfilled(), homes.of(feed)
    if source is None:
        homes.missed += len(feed.entries)
        say(f"{feed.address}: no source is known of it, {len(feed.entries)} entries are left out; name one by --source")
        return done
    for part in _parts(feed.entries):
        done += await fill(source, [entry(archived, source) for archived in part])
        progress(done.entries)
    return done


def _parts(entries: Sequence[Archived]) -> Iterator[Sequence[Archived]]:
    for start in range(0, len(entries), BATCH):
        yield entries[start : start + BATCH]


def _figures(done: Backfilled, again: int) -> dict[str, int]:
    """The figures; of a rehearsal, what would be filed `again` is known by then."""
    figures: dict[str, int] = asdict(done)
    figures["new"] -= again
    figures["known"] += again
    figures["under_embargo"] = figures.pop("bound")
    return figures
