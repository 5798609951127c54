"""Pages still to be fetched: who has which, and what becomes of a statement once its page came, or never will."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select, tuple_, update

from nkwatch.domain.errand import Errand, Purpose, Ran
from nkwatch.domain.lease import Lease
from nkwatch.domain.statement import Article
from nkwatch.store import records, schema
from nkwatch.store.polling import being_changed, let_rest, mark_missing, revise
from nkwatch.store.snapshots import keep

_STATEMENT = schema.statement.c
_ERRAND = schema.errand.c
_HOST = schema.host.c


def due(connection: Connection, now: datetime, limit: int) -> list[Errand]:
    """Errands that are due and not claimed, whose hosts do not rest."""
    return [records.errand(row) for row in connection.execute(_due(now).limit(limit))]


def claim(connection: Connection, now: datetime, limit: int, lease: Lease) -> list[Errand]:
    """Claim errands that are due, the longest due first."""
    query = _due(now).limit(limit).with_for_update(skip_locked=True)
    claimed = [records.errand(row) for row in connection.execute(query)]
    for errand in claimed:
        this = (_ERRAND.statement_id == errand.statement_id, _ERRAND.purpose == errand.purpose)
        taken = update(schema.errand).where(*this)
        connection.execute(taken.values(lease_owner=lease.owner, leased_until=lease.until))
    return claimed


def renew(connection: Connection, errands: Sequence[Errand], lease: Lease) -> None:
    """Keep these errands until the end of this lease, those that its owner still has."""
    rows = sorted((e.statement_id, e.purpose) for e in errands)
    kept = update(schema.errand).where(_ERRAND.lease_owner == lease.owner).values(leased_until=lease.until)
    connection.execute(kept.where(tuple_(_ERRAND.statement_id, _ERRAND.purpose).in_(rows)))


def _due(now: datetime) -> Select[Any]:
    asleep = select(_HOST.host).where(_HOST.not_before > now)
    free = or_(_ERRAND.leased_until.is_(None), _ERRAND.leased_until <= now)
    due = select(schema.errand).where(_ERRAND.due_at <= now, free, _ERRAND.host.not_in(asleep))
    return due.order_by(_ERRAND.due_at, _ERRAND.statement_id)


def record(connection: Connection, ran: Ran) -> None:
    """Write what became of an errand."""
    statement_id = ran.errand.statement_id
    row = connection.execute(being_changed(statement_id)).one()
    ours = _settle(connection, ran)
    if ran.article:
        _complete(connection, row, ran.article, ran.at)
    elif ours and ran.errand.purpose is Purpose.ARTICLE and not ran.again:
        _do_without(connection, row)
    if ran.gone:
        mark_missing(connection, statement_id)
    let_rest(connection, ran.rest)
    keep(connection, ran.snapshot, [statement_id])


def _settle(connection: Connection, ran: Ran) -> bool:
    """End the errand, or let it come again; false when it has become another: edited, or run, meanwhile."""
    this = [
        getattr(_ERRAND, name) == getattr(ran.errand, name)
        for name in ("statement_id", "purpose", "due_at", "attempts")
    ]
    left = {"due_at": ran.again.due_at, "attempts": ran.again.attempts} if ran.again else {"due_at": None}
    change = update(schema.errand).where(*this).values(**left, lease_owner="", leased_until=None)
    return connection.execute(change).rowcount > 0


def _complete(connection: Connection, row: Row[Any], article: Article, now: datetime) -> None:
    """Put the text of its page into a statement; one that was read without is a new revision."""
    complete = records.statement(row).completed(article, now)
    if row.read_revision < row.revision:
        changed = update(schema.statement).where(_STATEMENT.id == row.id)
        connection.execute(changed.values(**records.statement_row(complete), indexed=False))
    elif complete.text != row.text:
        revise(connection, row, replace(complete, revision=row.revision + 1), now)


def _do_without(connection: Connection, row: Row[Any]) -> None:
    """The page cannot be had: the statement may be read as its source shows it, once no embargo forbids it."""
    freed = records.statement(row).freed()
    connection.execute(update(schema.statement).where(_STATEMENT.id == row.id).values(read_from=freed.read_from))
