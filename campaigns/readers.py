"""Readers of a campaign: daily digests that close all through it; some have alerts, never confirmed, or left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from campaigns.zones import HOUR, zone_for
from nkwatch.domain.subscriber import Choice, Rhythm, Schedule, Standing
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.rows import insert_new
from nkwatch.store.seals import Seals

DAY = timedelta(days=1)
BATCH = 2_000
#: Of so many readers one never confirmed, and one has left; one in `ALERTED` gets alerts.
STRANGE, ALERTED = 50, 40


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader whose window closes at `closing`; `behind` says that the one before was never closed."""

    id: str
    standing: Standing
    closing: datetime
    behind: bool
    alerts: bool

    @property
    def begin(self) -> datetime:
        """Where the first window begins."""
        return self.closing - (2 * DAY if self.behind else DAY)

    def closings(self, until: datetime) -> Iterator[datetime]:
        """The closing instants of the windows, no later than this."""
        instant = self.begin + DAY
        while instant <= until:
            yield instant
            instant += DAY

    @property
    def address(self) -> str:
        """Where mail goes."""
        return f"{self.id}@readers.example"


def readers(count: int, closings: Sequence[datetime]) -> list[Reader]:
    """`count` readers, spread over these closing instants."""
    strange = {STRANGE - 1: Standing.PENDING, STRANGE - 2: Standing.ENDED}
    return [
        Reader(
            id=f"r{number:07}",
            standing=strange.get(number % STRANGE, Standing.CONFIRMED),
            closing=closings[number * len(closings) // count],
            behind=number % 2 == 1,
            alerts=number % ALERTED == 0,
        )
        for number in range(count)
    ]


def write(engine: Engine, keyring: Keyring, everybody: Sequence[Reader], folder: Path) -> None:
    """Write them all, and the files of their zones."""
    seals = Seals(keyring)
    with engine.connect() as connection:
        for begin in range(0, len(everybody), BATCH):
            with connection.begin():
                _write(connection, _rows(everybody[begin : begin + BATCH], seals, folder))


def _write(connection: Connection, rows: Iterator[dict[str, Any]]) -> None:
    insert_new(connection, schema.subscriber, list(rows))


def _rows(some: Sequence[Reader], seals: Seals, folder: Path) -> Iterator[dict[str, Any]]:
    for one in some:
        schedule = Schedule(Rhythm.DAILY, hour=HOUR, zone=zone_for(one.closing, folder))
        ended = one.standing is Standing.ENDED
        yield {
            "id": one.id,
            "standing": one.standing,
            "joined_at": one.begin,
            "consent_origin": "campaign",
            "consent_at": None if one.standing is Standing.PENDING else one.begin,
            "ended_at": one.begin if ended else None,
            "end_reason": "left" if ended else "",
            "covered_until": one.begin,
            "closes_at": one.closing - DAY if one.behind else one.closing,
            "heard_at": one.begin,
            **seals.address_row(one.address, one.id),
            **seals.choice_row(Choice(schedule, alerts=one.alerts), one.id),
        }
