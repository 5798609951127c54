"""What polls and errands leave behind, each in one transaction: states, statements, edits, errands, snapshots."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import zstandard
from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, or_, select, update

from nkwatch.domain.errand import Errand, Purpose, Ran, Rest
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import Polled, PollState
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.statement import EARLIEST, Article, Presence, Statement
from nkwatch.store import records, schema
from nkwatch.store.database import insert_new

#: Writing is rare and reading rarer: the small size is worth some milliseconds.
LEVEL = 9
_STATE = schema.source_state.c
_STATEMENT = schema.statement.c
_ERRAND = schema.errand.c
_HOST = schema.host.c
#: One statement for any number of states: each comes back unclaimed.
_STATES = (
    update(schema.source_state)
    .where(_STATE.source_id == bindparam("new_source_id"))
    .values({name: bindparam(f"new_{name}") for name in records.STATE_COLUMNS})
    .values(lease_owner="", leased_until=None)
)


def due(connection: Connection, source_ids: Collection[str], now: datetime, limit: int) -> list[str]:
    """Up to `limit` of these sources that are due and not claimed, the longest due first."""
    query = select(_STATE.source_id).where(*_free(now)).order_by(_STATE.due_at)
    # picked here: a query that names thousands of ids costs more than reading a few rows too many
    few = connection.scalars(query.limit(4 * limit)).all()
    picked = [i for i in few if i in source_ids]
    if len(picked) < limit and len(few) == 4 * limit:
        picked = [i for i in connection.scalars(query) if i in source_ids]
    return picked[:limit]


def claim(
    connection: Connection, source_ids: Collection[str], now: datetime, limit: int, lease: Lease
) -> list[PollState]:
    """Claim up to `limit` of these sources that are due, the longest due first."""
    picked = _STATE.source_id.in_(due(connection, source_ids, now, limit))
    free = select(schema.source_state).where(picked, *_free(now)).order_by(_STATE.due_at)
    states = [records.state(row) for row in connection.execute(free.with_for_update(skip_locked=True))]
    claimed = update(schema.source_state).where(_STATE.source_id.in_([s.source_id for s in states]))
    connection.execute(claimed.values(lease_owner=lease.owner, leased_until=lease.until))
    return states


def _free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _STATE.due_at <= now, or_(_STATE.leased_until.is_(None), _STATE.leased_until <= now)


def record(connection: Connection, polls: Sequence[Polled]) -> int:
    """Write all that these polls leave behind; answers how many statements were new."""
    if polls:
        rows = [{f"new_{n}": v for n, v in records.state_row(p.state).items()} for p in polls]
        connection.execute(_STATES, rows)
    return sum(_record(connection, polled) for polled in polls)


def _record(connection: Connection, polled: Polled) -> int:
    """What one poll brought beside its state; mostly nothing."""
    sifted = polled.sifted
    new = insert_new(connection, schema.statement, [records.statement_row(k.statement) for k in sifted.new])
    insert_new(connection, schema.statement_key, _key_rows(polled.publisher, sifted))
    for edited in sifted.edited:
        _edit(connection, edited)
    for statement_id in sifted.removed:
        _mark_missing(connection, statement_id)
    _send(connection, sifted.errands)
    _let_rest(connection, polled.rest)
    _keep(connection, polled.snapshot, [*(k.statement.id for k in sifted.new), *(s.id for s in sifted.edited)])
    return new


def record_errand(connection: Connection, ran: Ran) -> None:
    """Write what became of an errand."""
    statement_id = ran.errand.statement_id
    this = (_ERRAND.statement_id == statement_id, _ERRAND.purpose == ran.errand.purpose)
    left = {"due_at": ran.again.due_at, "attempts": ran.again.attempts} if ran.again else {"due_at": None}
    connection.execute(update(schema.errand).where(*this).values(**left, lease_owner="", leased_until=None))
    if ran.article:
        _complete(connection, statement_id, ran.article, ran.at)
    elif ran.errand.purpose is Purpose.ARTICLE and not ran.again:
        _do_without(connection, statement_id)
    if ran.gone:
        _mark_missing(connection, statement_id)
    _let_rest(connection, ran.rest)
    _keep(connection, ran.snapshot, [statement_id])


def resting(connection: Connection, now: datetime) -> Mapping[str, datetime]:
    """The hosts that asked to be left alone, and until when."""
    rows = connection.execute(select(schema.host).where(_HOST.not_before > now))
    return {row.host: row.not_before for row in rows}


def due_errands(connection: Connection, now: datetime, limit: int) -> list[Errand]:
    """Errands that are due and not claimed, whose hosts do not rest."""
    return [records.errand(row) for row in connection.execute(_due(now).limit(limit))]


def claim_errands(connection: Connection, now: datetime, limit: int, lease: Lease) -> list[Errand]:
    """Claim errands that are due, the longest due first."""
    query = _due(now).limit(limit).with_for_update(skip_locked=True)
    claimed = [records.errand(row) for row in connection.execute(query)]
    for errand in claimed:
        this = (_ERRAND.statement_id == errand.statement_id, _ERRAND.purpose == errand.purpose)
        taken = update(schema.errand).where(*this)
        connection.execute(taken.values(lease_owner=lease.owner, leased_until=lease.until))
    return claimed


def snapshots(connection: Connection, statement_id: str) -> list[Snapshot]:
    """The bytes that show this statement, oldest first."""
    query = (
        select(schema.capture, schema.snapshot.c.zstd)
        .join_from(schema.capture, schema.snapshot)
        .where(schema.capture.c.statement_id == statement_id)
        .order_by(schema.capture.c.at)
    )
    unpack = zstandard.ZstdDecompressor()
    return [
        Snapshot(r.url, r.at, tuple((n, v) for n, v in r.headers), unpack.decompress(r.zstd))
        for r in connection.execute(query)
    ]


def _due(now: datetime) -> Select[Any]:
    asleep = select(_HOST.host).where(_HOST.not_before > now)
    free = or_(_ERRAND.leased_until.is_(None), _ERRAND.leased_until <= now)
    due = select(schema.errand).where(_ERRAND.due_at <= now, free, _ERRAND.host.not_in(asleep))
    return due.order_by(_ERRAND.due_at, _ERRAND.statement_id)


def _key_rows(publisher: str, sifted: Sifted) -> list[dict[str, str]]:
    def rows(known: Known) -> list[tuple[str, str]]:
        return [(key, known.statement.id) for key in sorted(known.keys)]

    pairs = [pair for known in sifted.new for pair in rows(known)] + list(sifted.further_keys)
    return [{"publisher": publisher, "key": key, "statement_id": i} for key, i in pairs]


def _edit(connection: Connection, edited: Statement) -> None:
    """Keep the old revision, then write the new one, which has no reading yet."""
    old = connection.execute(select(schema.statement).where(_STATEMENT.id == edited.id)).one()
    if old.revision >= edited.revision:
        return
    kept = {"statement_id": old.id, "revision": old.revision, "title": old.title, "text": old.text}
    insert_new(connection, schema.statement_revision, [kept | {"replaced_at": edited.edited_at or edited.first_seen}])
    # whether it is still shown is no part of an edit
    row = {name: value for name, value in records.statement_row(edited).items() if name != "presence"}
    connection.execute(update(schema.statement).where(_STATEMENT.id == edited.id).values(**row))


def _complete(connection: Connection, statement_id: str, article: Article, now: datetime) -> None:
    """Put the text of its page into a statement; one that was read without is a new revision."""
    row = connection.execute(select(schema.statement).where(_STATEMENT.id == statement_id)).one()
    complete = records.statement(row).completed(article, now)
    if row.read_revision < row.revision:
        changed = update(schema.statement).where(_STATEMENT.id == statement_id)
        connection.execute(changed.values(**records.statement_row(complete)))
    elif complete.text != row.text:
        _edit(connection, replace(complete, revision=row.revision + 1))


def _do_without(connection: Connection, statement_id: str) -> None:
    """The page cannot be had: the statement may be read as its source shows it, once no embargo forbids it."""
    row = connection.execute(select(schema.statement).where(_STATEMENT.id == statement_id)).one()
    known = records.statement(row)
    freed = replace(known, read_from=EARLIEST).under(known.embargo, known.first_seen)
    connection.execute(update(schema.statement).where(_STATEMENT.id == statement_id).values(read_from=freed.read_from))


def _mark_missing(connection: Connection, statement_id: str) -> None:
    """Hide a statement that its source deleted, unless an editor has spoken."""
    shown = update(schema.statement).where(_STATEMENT.id == statement_id, _STATEMENT.presence == Presence.SHOWN)
    connection.execute(shown.values(presence=Presence.MISSING))


def _send(connection: Connection, errands: Iterable[Errand]) -> None:
    """Write errands; the page of a statement that was edited is asked for anew, its presence only once."""
    for errand in errands:
        if errand.purpose is Purpose.ARTICLE:
            old = (_ERRAND.statement_id == errand.statement_id, _ERRAND.purpose == errand.purpose)
            connection.execute(delete(schema.errand).where(*old))
        insert_new(connection, schema.errand, [records.errand_row(errand)])


def _let_rest(connection: Connection, rest: Rest | None) -> None:
    if rest is None:
        return
    row = {"host": rest.host, "not_before": rest.until}
    if not insert_new(connection, schema.host, [row]):
        longer = update(schema.host).where(_HOST.host == rest.host, _HOST.not_before < rest.until)
        connection.execute(longer.values(not_before=rest.until))


def _keep(connection: Connection, kept: Snapshot | None, statement_ids: Iterable[str]) -> None:
    """Keep the bytes once, and for each statement when and where they were had."""
    if kept is None:
        return
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(kept.body)
    insert_new(connection, schema.snapshot, [{"sha256": kept.sha256, "size": len(kept.body), "zstd": packed}])
    where = {"sha256": kept.sha256, "url": kept.url, "at": kept.at, "headers": [list(h) for h in kept.headers]}
    insert_new(connection, schema.capture, [{"statement_id": i} | where for i in statement_ids])
