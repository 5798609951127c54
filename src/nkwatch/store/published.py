"""Bulletins as they were sent, for whoever holds a mail that says it is one of them. Nothing personal, no reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from nkwatch.domain.bulletin import BulletinKind, Composition
from nkwatch.domain.delivery import DeliveryState
from nkwatch.store import schema
from nkwatch.store.contents import Contents
from nkwatch.store.database import Database

_B, _C, _D = schema.bulletin.c, schema.composition.c, schema.delivery.c
#: Deliveries that are looked through for subjects.
LOOKED_AT = 5_000
#: Everybody gets these with one subject; of a digest, the subject may tell what one reader follows.
_SHARED = frozenset({BulletinKind.ALERT, BulletinKind.ALERT_CORRECTION})


@dataclass(frozen=True, slots=True)
class Published:
    """A bulletin that was handed over to somebody. `subjects` are (composition id, subject) by language.

    There are subjects only where all its readers got the same: of alerts and their corrections.
    """

    number: int
    kind: BulletinKind
    date: datetime
    subjects: Mapping[str, tuple[str, str]]


async def published(database: Database, number: int) -> Published | None:
    """The bulletin with this number; None where there is none, it is personal, or nobody was sent it."""
    return await database.read(lambda c: _published(c, number)) if number > 0 else None


def _published(connection: Connection, number: int) -> Published | None:
    left = exists().where(_D.bulletin == number, _D.state == DeliveryState.SENT)
    row = connection.execute(select(_B.kind, _B.date).where(_B.number == number, left)).first()
    if row is None or BulletinKind(row.kind).personal:
        return None
    kind = BulletinKind(row.kind)
    return Published(number, kind, row.date, _subjects(connection, number) if kind in _SHARED else {})


def _subjects(connection: Connection, number: int) -> dict[str, tuple[str, str]]:
    """The one subject in each language that has one; the neutral ones say nothing on purpose."""
    sent = select(_D.composition_id).where(_D.bulletin == number, _D.state == DeliveryState.SENT).limit(LOOKED_AT)
    query = select(_C.language, _C.subject, _C.id).where(_C.id.in_(sent), _C.neutral.is_(False)).order_by(_C.id)
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.language, {}).setdefault(row.subject, row.id)
    return {
        language: (name, subject)
        for language, subjects in sorted(found.items())
        if len(subjects) == 1
        for subject, name in subjects.items()
    }


async def content(database: Database, composition_id: str) -> tuple[Composition, int] | None:
    """A digest or alert under its composition's id, and its number; None for anything else."""
    return await database.read(lambda c: _content(c, composition_id))


def _content(connection: Connection, composition_id: str) -> tuple[Composition, int] | None:
    number = connection.scalar(select(_C.bulletin).where(_C.id == composition_id))
    return (Contents().read(connection, {composition_id})[composition_id], number) if number else None
