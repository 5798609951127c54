"""The pace of each reader's alerts, and who must wait for one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, or_, select, tuple_, update

from nkwatch.domain.alert import Due, Pace, Waiting
from nkwatch.domain.bulletin import Addressed
from nkwatch.domain.subscriber import Standing
from nkwatch.store import merged, schema
from nkwatch.store.rows import chunks, insert_new, upsert
from nkwatch.store.seals import Seals

_W, _P, _S = schema.waiting_alert.c, schema.alert_pace.c, schema.subscriber.c
_B, _D, _T = schema.bulletin.c, schema.delivery.c, schema.together.c
#: What was on the line when it was stopped may have left: the other alerts of that mail go out again only when its
#: outcome should be known.
IN_HAND = timedelta(minutes=10)


def paces(connection: Connection, subscriber_ids: Collection[str]) -> dict[str, Pace]:
    """What is known of these readers' alerts; nothing of who never got one."""
    found: dict[str, Pace] = {}
    for part in chunks(list(subscriber_ids)):
        rows = connection.execute(select(schema.alert_pace).where(_P.subscriber_id.in_(part)))
        found |= {
            row.subscriber_id: Pace(row.leaves_at, date.fromisoformat(row.day) if row.day else None, row.mails)
            for row in rows
        }
    return found


def keep_paces(connection: Connection, written: Iterable[Addressed]) -> None:
    """Keep the pace of everybody who was written an alert that counts."""
    rows = [
        {
            "subscriber_id": one.subscriber.id,
            "leaves_at": one.pace.leaves_at,
            "day": one.pace.day.isoformat() if one.pace.day else None,
            "mails": one.pace.mails,
        }
        for one in written
        if one.pace
    ]
    upsert(connection, schema.alert_pace, rows)


def waited(connection: Connection, number: int, subscriber_ids: Sequence[str]) -> set[str]:
    """Who of these readers waits or waited for this alert."""
    found: set[str] = set()
    for part in chunks(subscriber_ids):
        found.update(
            connection.scalars(select(_W.subscriber_id).where(_W.subscriber_id.in_(part), _W.bulletin == number))
        )
    return found


def waiting_for(connection: Connection, numbers: Collection[int], subscriber_ids: Sequence[str]) -> set[str]:
    """Who of these readers still waits for every one of these alerts, and does until the transaction ends."""
    missing: dict[str, set[int]] = {i: set(numbers) for i in subscriber_ids}
    for part in chunks(sorted(subscriber_ids)):
        query = select(_W.subscriber_id, _W.bulletin).where(
            _W.subscriber_id.in_(part), _W.bulletin.in_(numbers), schema.waits
        )
        for row in connection.execute(query.order_by(_W.subscriber_id, _W.bulletin).with_for_update()):
            missing[row.subscriber_id].discard(row.bulletin)
    return {i for i, numbers in missing.items() if not numbers}


def wait(connection: Connection, number: int, readers: Iterable[Waiting]) -> None:
    """Let these readers wait for an alert."""
    rows = [{"subscriber_id": w.subscriber.id, "bulletin": number, "due_at": w.due_at} for w in readers]
    insert_new(connection, schema.waiting_alert, rows)


def leave_together(connection: Connection, alerts: Collection[int], number: int) -> None:
    """Note that these alerts left in the mails of a bulletin."""
    pairs = [{"alert": alert, "bulletin": number} for alert in sorted(alerts) if alert != number]
    insert_new(connection, schema.together, pairs)


def end(connection: Connection, alerts: Collection[int], subscriber_ids: Sequence[str], now: datetime) -> None:
    """These readers wait for these alerts no longer."""
    for part in chunks(subscriber_ids):
        _done(connection, now, _W.bulletin.in_(alerts), _W.subscriber_id.in_(part))


def held_by_digest(connection: Connection, written: Sequence[Addressed], now: datetime) -> None:
    """Note that digests hold what waited for them: an alert's story stands in the reader's composition."""
    told = {one.subscriber.id: one.composition.stories for one in written}
    rows = [row for part in chunks(list(told)) for row in connection.execute(_for_digests(part))]
    done = [{"of": r.subscriber_id, "number": r.bulletin} for r in rows if r.story_id in told[r.subscriber_id]]
    change = update(schema.waiting_alert).where(_W.subscriber_id == bindparam("of"), _W.bulletin == bindparam("number"))
    if done:
        connection.execute(change.values(done_at=now), done)


def beyond(connection: Connection, subscriber_ids: Collection[str]) -> dict[str, Mapping[str, int]]:
    """The alerts that wait for these readers' next digests: by reader, the numbers of the alerts by story."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for part in chunks(list(subscriber_ids)):
        for row in connection.execute(_for_digests(part)):
            found[row.subscriber_id].setdefault(row.story_id, row.bulletin)
    return dict(found)


def due(connection: Connection, seals: Seals, now: datetime, limit: int) -> list[Due]:
    """Readers with waiting alerts that are to leave by `now`, ordered by id, the longest due among them."""
    ids = _longest_due(connection, now, limit)
    numbers: dict[str, list[int]] = defaultdict(list)
    found: list[Due] = []
    for part in chunks(sorted(ids)):
        query = select(_W.subscriber_id, _W.bulletin).where(_W.subscriber_id.in_(part), *_ripe(now))
        for row in connection.execute(query.order_by(_W.bulletin)):
            numbers[row.subscriber_id].append(row.bulletin)
        readers = connection.execute(select(schema.subscriber).where(_S.id.in_(part)).order_by(_S.id))
        found += [Due(seals.subscriber(row), tuple(numbers[row.id])) for row in readers]
    return found


def _longest_due(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Up to `limit` readers, none of them paused. As few rows are read as do: many may be due at once."""
    awake = (_S.standing == Standing.CONFIRMED, or_(_S.paused_until.is_(None), _S.paused_until <= now))
    there = select(_S.id).where(_S.id == _W.subscriber_id, *awake).exists()
    query = select(_W.subscriber_id).where(*_ripe(now), there)
    read = limit
    while True:
        rows = connection.scalars(query.order_by(_W.due_at).limit(read)).all()
        ids = list(dict.fromkeys(rows))
        if len(ids) >= limit or len(rows) < read:
            return ids[:limit]
        read *= 2


def _ripe(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return schema.waits, _W.due_at <= now


def end_all(connection: Connection, alerts: Collection[int], now: datetime) -> int:
    """Nobody waits for these alerts any longer; answers how many did."""
    return _done(connection, now, _W.bulletin.in_(alerts))


def stop_waiting(connection: Connection, subscriber_id: str, now: datetime) -> None:
    """This reader waits for nothing any longer."""
    _done(connection, now, _W.subscriber_id == subscriber_id)


def want_no_alerts(connection: Connection, subscriber_id: str, now: datetime) -> None:
    """This reader waits for no mail with alerts any longer; what the next digest is to hold it holds."""
    _done(connection, now, _W.subscriber_id == subscriber_id, _W.due_at.is_not(None))


def forget(connection: Connection, subscriber_ids: Sequence[str]) -> None:
    """Delete what is known of these readers' alerts."""
    for part in chunks(subscriber_ids):
        connection.execute(delete(schema.waiting_alert).where(_W.subscriber_id.in_(part)))
        connection.execute(delete(schema.alert_pace).where(_P.subscriber_id.in_(part)))


def tidy(connection: Connection, until: datetime, limit: int) -> int:
    """Delete a batch of what was done by then."""
    old = select(_W.subscriber_id, _W.bulletin).where(~schema.waits, _W.done_at <= until).limit(limit)
    rows = [tuple(row) for row in connection.execute(old)]
    those = tuple_(_W.subscriber_id, _W.bulletin).in_(rows)
    return connection.execute(delete(schema.waiting_alert).where(those)).rowcount if rows else 0


def reopen(connection: Connection, stopped: Collection[int], mails: Collection[int], now: datetime) -> None:
    """Let what was to leave together with one of these alerts, in mails that are stopped, leave by itself.

    To be called before the deliveries of those mails are cancelled.
    """
    others: dict[int, list[int]] = defaultdict(list)
    for pair in connection.execute(
        select(_T.bulletin, _T.alert).where(_T.bulletin.in_(mails), _T.alert.not_in(stopped))
    ):
        others[pair.bulletin].append(pair.alert)
    undone = select(_D.bulletin, _D.subscriber_id, _D.offered_at).where(_D.bulletin.in_(others), schema.undone)
    readers: dict[tuple[int, datetime], list[str]] = defaultdict(list)
    for row in connection.execute(undone.order_by(_D.subscriber_id)):
        due_at = now + IN_HAND if row.offered_at else now
        readers[row.bulletin, due_at].append(row.subscriber_id)
    # by their keys: as one statement with a join, PostgreSQL may read all of a table for each row of another
    for (mail, due_at), ids in readers.items():
        for part in chunks(ids):
            those = (_W.subscriber_id.in_(part), _W.bulletin.in_(others[mail]), ~schema.waits)
            connection.execute(update(schema.waiting_alert).where(*those).values(due_at=due_at, done_at=None))


def left_after_all(connection: Connection, delivery_ids: Sequence[int], now: datetime) -> None:
    """Note that mails left although they were stopped: what left in them need not leave again."""
    for part in chunks(delivery_ids):
        in_mail = select(_T.alert, _D.subscriber_id).join_from(
            schema.delivery, schema.together, _T.bulletin == _D.bulletin
        )
        for row in connection.execute(in_mail.where(_D.id.in_(part))).all():
            _done(connection, now, _W.bulletin == row.alert, _W.subscriber_id == row.subscriber_id)


def _for_digests(subscriber_ids: Sequence[str]) -> Any:
    story = merged.home_of(_B.story_id).label("story_id")
    query = select(_W.subscriber_id, _W.bulletin, story).join_from(schema.waiting_alert, schema.bulletin)
    wanted = query.where(_W.subscriber_id.in_(subscriber_ids), schema.waits, _W.due_at.is_(None))
    return wanted.order_by(_W.subscriber_id, _W.bulletin)


def _done(connection: Connection, now: datetime, *those: ColumnElement[bool]) -> int:
    change = update(schema.waiting_alert).where(schema.waits, *those)
    return connection.execute(change.values(done_at=now)).rowcount
