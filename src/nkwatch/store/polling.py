"""What polls leave behind, each in one transaction: states, statements, edits, errands, snapshots."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, or_, select, update

from nkwatch.domain.errand import Errand, Purpose, Rest
from nkwatch.domain.identity import TITLE, Known, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import Polled, PollState
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Presence, Statement
from nkwatch.store import days, records, schema
from nkwatch.store.rows import chunks, insert_new
from nkwatch.store.snapshots import keep

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


def addresses(connection: Connection) -> dict[str, str]:
    """The addresses that the poll states are about, by source id."""
    return {row.source_id: row.url for row in connection.execute(select(_STATE.source_id, _STATE.url))}


def register(connection: Connection, sources: Iterable[Source], now: datetime) -> None:
    """Give each of these sources a poll state; of one that was about another address only the past is kept.

    Another process may have done so a moment ago, and claimed it since: then it stays as it is.
    """
    # in one order by everybody: two processes must not wait for each other
    for source in sorted(sources, key=lambda s: s.id):
        fresh = PollState(source.id, now, source.url)
        if not insert_new(connection, schema.source_state, [records.state_row(fresh)]):
            this = select(schema.source_state).where(_STATE.source_id == source.id).with_for_update()
            state = records.state(connection.execute(this).one())
            if state.url != source.url:
                _write(connection, [_about(state, source, now)])


def _about(state: PollState, source: Source, now: datetime) -> PollState:
    """Due at once where the address is another; a state from before addresses were kept stays due when it was."""
    return replace(state.about(source), due_at=now if state.url else state.due_at)


def _write(connection: Connection, states: Iterable[PollState]) -> None:
    rows = [{f"new_{n}": v for n, v in records.state_row(state).items()} for state in states]
    connection.execute(_STATES, rows)


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


def renew(connection: Connection, source_ids: Sequence[str], lease: Lease) -> None:
    """Keep these sources until the end of this lease, those that its owner still has."""
    kept = update(schema.source_state).where(_STATE.lease_owner == lease.owner).values(leased_until=lease.until)
    for part in chunks(sorted(source_ids)):
        connection.execute(kept.where(_STATE.source_id.in_(part)))


def _free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _STATE.due_at <= now, or_(_STATE.leased_until.is_(None), _STATE.leased_until <= now)


def record(connection: Connection, polls: Sequence[Polled]) -> int:
    """Write all that these polls leave behind; answers how many statements were new."""
    if polls:
        _write(connection, [p.state for p in polls])
    # rows are taken in one order by everybody: two processes must not wait for each other
    ordered = sorted(polls, key=lambda p: p.publisher)
    new = [_record(connection, polled) for polled in ordered]
    days.note(connection, zip(ordered, new, strict=True))
    return sum(new)


def _record(connection: Connection, polled: Polled) -> int:
    """What one poll brought beside its state; mostly nothing."""
    sifted = _ordered(_apart(connection, polled.publisher, polled.sifted))
    new = insert_new(connection, schema.statement, [records.statement_row(k.statement) for k in sifted.new])
    insert_new(connection, schema.statement_key, _key_rows(polled.publisher, sifted))
    for edited in sifted.edited:
        _edit(connection, edited)
    for statement_id in sifted.removed:
        mark_missing(connection, statement_id)
    _send(connection, sifted.errands)
    let_rest(connection, polled.rest)
    keep(connection, polled.snapshot, [*(k.statement.id for k in sifted.new), *(s.id for s in sifted.edited)])
    return new


def resting(connection: Connection, now: datetime) -> Mapping[str, datetime]:
    """The hosts that asked to be left alone, and until when."""
    rows = connection.execute(select(schema.host).where(_HOST.not_before > now))
    return {row.host: row.not_before for row in rows}


def _key_rows(publisher: str, sifted: Sifted) -> list[dict[str, str]]:
    def rows(known: Known) -> list[tuple[str, str]]:
        return [(key, known.statement.id) for key in sorted(known.keys)]

    pairs = [pair for known in sifted.new for pair in rows(known)] + list(sifted.further_keys)
    stored = sorted((records.key(key), statement_id) for key, statement_id in pairs)
    return [{"publisher": publisher, "key": key, "statement_id": i} for key, i in stored]


def known(connection: Connection, publisher: str, keys: Iterable[str]) -> dict[str, Statement]:
    """Which of these keys belong to which statement of this publisher."""
    names = {records.key(key): key for key in keys}
    column = schema.statement_key.c
    query = select(column.key, column.statement_id).where(column.publisher == publisher)
    owners: dict[str, str] = {}
    for part in chunks(list(names)):
        owners |= {names[r.key]: r.statement_id for r in connection.execute(query.where(column.key.in_(part)))}
    # a statement has several keys, and its text is long: it is read once
    statements = by_id(connection, set(owners.values()))
    return {key: statements[statement_id] for key, statement_id in owners.items()}


def listed(
    connection: Connection, source_id: str, since: datetime, until: datetime, besides: Collection[str]
) -> list[Statement]:
    """What a source published between these instants and no editor or visitor has looked at, oldest first."""
    asked = select(_ERRAND.statement_id).where(_ERRAND.purpose == Purpose.PRESENCE)
    query = select(_STATEMENT.id).where(
        _STATEMENT.source_id == source_id,
        _STATEMENT.published.between(since, until),
        _STATEMENT.presence == Presence.SHOWN,
        _STATEMENT.id.not_in(asked),
    )
    unseen = by_id(connection, {i for i in connection.scalars(query) if i not in besides})
    return sorted(unseen.values(), key=lambda s: (s.published, s.id))


def by_id(connection: Connection, ids: Collection[str]) -> dict[str, Statement]:
    """These statements."""
    found: dict[str, Statement] = {}
    for part in chunks(sorted(ids)):
        rows = connection.execute(select(schema.statement).where(_STATEMENT.id.in_(part)))
        found |= {row.id: records.statement(row) for row in rows}
    return found


def _apart(connection: Connection, publisher: str, sifted: Sifted) -> Sifted:
    """The same, where another source of the publisher, polled at the same time, was first to bring some of it."""
    strong = {k.statement.id: sorted(key for key in k.keys if not key.startswith(TITLE)) for k in sifted.new}
    had = known(connection, publisher, {key for keys in strong.values() for key in keys})
    owners = {i: [had[key].id for key in keys if key in had] for i, keys in strong.items()}
    same = {i: found[0] for i, found in owners.items() if found and i not in found}
    if not same:
        return sifted
    further = [(key, same[k.statement.id]) for k in sifted.new if k.statement.id in same for key in k.keys]
    return replace(
        sifted,
        new=tuple(k for k in sifted.new if k.statement.id not in same),
        further_keys=(*sifted.further_keys, *further),
        errands=tuple(e for e in sifted.errands if e.statement_id not in same),
    )


def _ordered(sifted: Sifted) -> Sifted:
    return replace(
        sifted,
        new=tuple(sorted(sifted.new, key=lambda k: k.statement.id)),
        edited=tuple(sorted(sifted.edited, key=lambda s: s.id)),
        removed=tuple(sorted(sifted.removed)),
        errands=tuple(sorted(sifted.errands, key=lambda e: e.statement_id)),
    )


def being_changed(statement_id: str) -> Select[Any]:
    """A statement to be changed, for which a change that is under way is waited for."""
    return select(schema.statement).where(_STATEMENT.id == statement_id).with_for_update(key_share=True)


def _edit(connection: Connection, edited: Statement) -> None:
    """Keep the old revision, then write the new one, which has no reading yet."""
    old = connection.execute(being_changed(edited.id)).one()
    if old.revision < edited.revision:
        revise(connection, old, edited, edited.edited_at or edited.first_seen)


def revise(connection: Connection, old: Row[Any], edited: Statement, at: datetime) -> None:
    """Keep a statement as it was until `at`, and put the edited one in its place."""
    kept = {"statement_id": old.id, "revision": old.revision, "title": old.title, "text": old.text}
    insert_new(connection, schema.statement_revision, [kept | {"replaced_at": at}])
    # whether it is still shown is no part of an edit
    row = {name: value for name, value in records.statement_row(edited).items() if name != "presence"}
    connection.execute(update(schema.statement).where(_STATEMENT.id == edited.id).values(**row, indexed=False))


def mark_missing(connection: Connection, statement_id: str) -> None:
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


def let_rest(connection: Connection, rest: Rest | None) -> None:
    """Leave a host alone as long as it asked for, if it did; what it asked for before counts where that is longer."""
    if rest is None:
        return
    row = {"host": rest.host, "not_before": rest.until}
    if not insert_new(connection, schema.host, [row]):
        longer = update(schema.host).where(_HOST.host == rest.host, _HOST.not_before < rest.until)
        connection.execute(longer.values(not_before=rest.until))
