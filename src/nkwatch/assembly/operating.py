"""What tells the people who run this how it is, by what the settings say: the morning's mail, the heartbeat."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from nkwatch import logs
from nkwatch.assembly.parts import pen_of, user_agent
from nkwatch.config import Config
from nkwatch.mail.compose import Composer
from nkwatch.mail.informing import Informing
from nkwatch.net.knocking import Knock
from nkwatch.store.database import Database
from nkwatch.store.notices import NoticeStore
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.weekly import WeekStore
from nkwatch.workflow.heartbeat import Heartbeat
from nkwatch.workflow.morning import Morning
from nkwatch.workflow.notices import NoteNotices
from nkwatch.workflow.ports import Clock, Relay
from nkwatch.workflow.told import Telling
from nkwatch.workflow.watching import Why


@dataclass(frozen=True, slots=True)
class Operating:
    """The rounds, and what the commands ask."""

    morning: Morning
    heartbeat: Heartbeat
    told: NoticeStore
    weeks: WeekStore


@asynccontextmanager
async def hearing(database: Database, clock: Clock) -> AsyncIterator[NoteNotices]:
    """Hear every notice of this process; the last ones are written in the end."""
    notices = NoteNotices(NoticeStore(database), clock, logs.redact)
    try:
        with logs.hearing(notices.hear):
            yield notices
    finally:
        await notices.last()


def operating(
    config: Config, database: Database, outbox: OutboxStore, composer: Composer, relay: Relay, clock: Clock,
    owner: str, unusable: Why,
) -> Operating:  # fmt: skip
    """All of it. Raises `ConfigError` for an address that is none."""
    told, weeks, telling = NoticeStore(database), WeekStore(database), Telling(logs.notice, clock)
    watch, operator = config.watch, config.operator
    pen = pen_of(config, composer, relay, clock)
    letters = Informing(pen, operator.address or config.site.contact, config.site.url)
    url = watch.heartbeat_url
    knock = Knock("watch.heartbeat_url", "heartbeat's receiver", url, user_agent(config)) if url else None
    return Operating(
        morning=Morning(told, weeks, letters, clock, telling, owner, operator.zone, operator.morning),
        heartbeat=Heartbeat(
            knock.get if knock else None,
            outbox,
            clock,
            telling,
            timedelta(seconds=watch.alerts_within),
            unusable,
        ),
        told=told,
        weeks=weeks,
    )
