"""A newsroom for a backtest: the parts of the service on a temporary database, shut off from the world."""

import asyncio
import base64
import hashlib
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from nkwatch.assembly import Newsroom, open_newsroom
from nkwatch.backtest.post import Overheard, Post
from nkwatch.backtest.shelves import Shelves
from nkwatch.backtest.sources import Shown
from nkwatch.backtest.weeks import week_of
from nkwatch.config import Config, MailSettings, PollingSettings, Secrets, SiteSettings, SourceSettings
from nkwatch.domain.reading import Reading
from nkwatch.domain.source import Role, Source
from nkwatch.domain.statement import Statement
from nkwatch.domain.subscriber import Choice
from nkwatch.workflow.deliver import Deliver, Lanes
from nkwatch.workflow.publish import Publish
from nkwatch.workflow.readings import Reader

#: Nobody's: no mail leaves.
READER = "reader@nkwatch.example"


@dataclass(frozen=True, slots=True)
class Options:
    """What is tried: this reader's choice, by these rules.

    `release` lets every held alert go at once. `config` are the operator's own settings, of which sources, rules,
    templates, alerts, site and contacts count; `rules` is a folder that goes before theirs.
    """

    choice: Choice = field(default_factory=Choice)
    release: bool = False
    config: Config | None = None
    rules: Path | None = None


@dataclass(slots=True)
class Clock:
    """A clock that stands where it is put."""

    instant: datetime

    def __call__(self) -> datetime:
        return self.instant


@dataclass(frozen=True, slots=True)
class Counting:
    """Reads, and notes by week (of the reader's `zone`) which statements are on North Korea."""

    read: Reader
    zone: str
    found: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __call__(self, statement: Statement) -> Reading:
        reading = self.read(statement)
        if reading.about_nk:
            self.found[week_of(statement.published, self.zone)].add(statement.id)
        return reading


@dataclass(frozen=True, slots=True)
class Room:
    """The newsroom, and what is noted in it."""

    newsroom: Newsroom
    post: Post
    overheard: Overheard
    counting: Counting


@asynccontextmanager
async def open_room(shown: Sequence[Shown], options: Options, clock: Clock) -> AsyncIterator[Room]:
    """Open it; the database is deleted in the end. Raises `ConfigError` as `open_newsroom` does."""
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="nkwatch-backtest-")
    with folder as path:
        config = _config(options, [one.source for one in shown], f"sqlite:///{path}/backtest.db")
        async with open_newsroom(config, _secrets(), clock, shipped=False) as newsroom:
            newsroom.database.work_here()
            post = Post(newsroom.assembler, READER)
            counting = Counting(newsroom.read.read, options.choice.schedule.zone)
            overheard = Overheard(newsroom.publish.digests.windows.composing.notice)
            yield Room(
                replace(
                    newsroom,
                    # pages and snapshots are not in an archive: nothing is worth asking for
                    collect=replace(newsroom.collect, poller=Shelves(shown, clock), concerns=_not_asked),
                    read=replace(newsroom.read, read=counting),
                    publish=_listened_to(newsroom.publish, overheard),
                    deliver=Lanes(_posted(newsroom.deliver.urgent, post), _posted(newsroom.deliver.bulk, post)),
                ),
                post,
                overheard,
                counting,
            )


def _config(options: Options, sources: Sequence[Source], database: str) -> Config:
    """The settings: the operator's where they matter, one source at a time, and a relay that cannot be reached."""
    base = options.config or Config(
        site=SiteSettings(url="https://nkwatch.example", contact="editors@nkwatch.example"),
        mail=MailSettings(host="127.0.0.1", security="none", sender="digest@nkwatch.example"),
    )
    primary = {s.id for s in sources if s.role is Role.STATEMENT}
    trusted = tuple(i for i in base.alerts.trusted if i in primary)
    return Config(
        site=base.site,
        mail=MailSettings(host="127.0.0.1", port=1, security="none", sender=base.mail.sender),
        neutral=base.neutral,
        database=database,
        templates=base.templates,
        rules=options.rules or base.rules,
        polling=PollingSettings(at_once=1),
        source=tuple(SourceSettings.model_validate(asdict(s)) for s in sources),
        alerts=base.alerts.model_copy(update={"trusted": trusted, "persons": 1}),
        contacts=base.contacts,
    )


def _secrets() -> Secrets:
    """The same ones in every run: what they seal is deleted with the database."""
    key = base64.urlsafe_b64encode(hashlib.sha256(b"nkwatch backtest").digest()).decode()
    return Secrets(current=1, keys={1: key})


def _posted(lane: Deliver, post: Post) -> Deliver:
    """The lane, into a box that is always open."""
    return replace(lane, assembler=post, signer=post, relay=post, halts=())


def _listened_to(publish: Publish, overheard: Overheard) -> Publish:
    """The same, noting the plans of digests. That an alert is held is an answer here, and no notice."""
    windows = replace(publish.digests.windows, composing=overheard)
    office = replace(publish.alerts.office, notice=_unsaid)
    return replace(
        publish,
        alerts=replace(publish.alerts, office=office),
        digests=replace(publish.digests, windows=windows),
    )


def _not_asked(_source: Source, _statement: Statement) -> bool:
    return False


def _unsaid(event: str, **facts: object) -> None:
    """Nobody is told."""
