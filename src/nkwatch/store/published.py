"""Bulletins as they were sent, for whoever holds a mail that says it is one of them. Nothing personal, no reader."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, exists, func, select

from nkwatch.domain.bulletin import BulletinKind, Composition
from nkwatch.domain.delivery import DeliveryState
from nkwatch.store import schema
from nkwatch.store.contents import Contents
from nkwatch.store.database import Database
from nkwatch.store.leaving import BULLETINS

_B, _C, _D = schema.bulletin.c, schema.composition.c, schema.delivery.c
#: Deliveries that are looked through for subjects.
LOOKED_AT = 5_000
#: Everybody gets these with one subject; of a digest, the subject may tell what one reader follows.
_SHARED = frozenset({BulletinKind.ALERT, BulletinKind.ALERT_CORRECTION})


@dataclass(frozen=True, slots=True)
class Subject:
    """The one subject of all mails in a language that are `neutral`, or are not; `copy` is a composition's id."""

    language: str
    text: str
    copy: str
    neutral: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """A bulletin that was handed over to somebody. `subjects` are those that all its readers of a language got.

    `heads` are all subjects that its mails had. There are either only of alerts and their corrections.
    """

    number: int
    kind: BulletinKind
    date: datetime
    subjects: tuple[Subject, ...] = ()
    heads: frozenset[str] = frozenset()


async def published(database: Database, number: int) -> Published | None:
    """The bulletin with this number; None where there is none, it is personal, or nobody was sent it."""
    return await database.read(lambda c: _published(c, number)) if number > 0 else None


def _published(connection: Connection, number: int) -> Published | None:
    left = exists().where(_D.bulletin == number, _D.state == DeliveryState.SENT)
    row = connection.execute(select(_B.kind, _B.date).where(_B.number == number, left)).first()
    if row is None or BulletinKind(row.kind).personal:
        return None
    kind = BulletinKind(row.kind)
    found = _subjects(connection, number) if kind in _SHARED else []
    return Published(number, kind, row.date, tuple(_single(found)), frozenset(s.text for s in found))


def _subjects(connection: Connection, number: int) -> list[Subject]:
    """All that there are, each once in a language."""
    sent = select(_D.composition_id).where(_D.bulletin == number, _D.state == DeliveryState.SENT).limit(LOOKED_AT)
    wanted = select(_C.language, _C.subject, func.min(_C.id), _C.neutral).where(_C.id.in_(sent))
    query = wanted.group_by(_C.language, _C.subject, _C.neutral).order_by(_C.language, _C.neutral, _C.subject)
    return [Subject(*row) for row in connection.execute(query)]


def _single(found: Sequence[Subject]) -> Iterator[Subject]:
    """Those of the languages in which nobody got another: of two, whoever sees one takes the other for forged."""
    for _, subjects in groupby(found, lambda s: s.language):
        alike = list(subjects)
        if len({s.neutral for s in alike}) == len(alike):
            yield from alike


async def content(database: Database, composition_id: str) -> tuple[Composition, int] | None:
    """A digest or alert under its composition's id, and its number; None for anything else."""
    return await database.read(lambda c: _content(c, composition_id))


def _content(connection: Connection, composition_id: str) -> tuple[Composition, int] | None:
    number = connection.scalar(select(_C.bulletin).where(_C.id == composition_id, _C.kind.in_(BULLETINS)))
    return (Contents().read(connection, {composition_id})[composition_id], number) if number else None
