"""Which bulletins told of a story, who got them, and how what is not yet handed over is stopped."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select, union, update

from nkwatch.domain.alert import Recipient, Told
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.subscriber import Standing
from nkwatch.store import compositions, marks, merged, schema, waiting
from nkwatch.store.rows import chunks
from nkwatch.store.seals import Seals

_B, _D, _S, _T = schema.bulletin.c, schema.delivery.c, schema.subscriber.c, schema.together.c
#: Accepted, in a worker's hands, on the line when it was stopped, or offered once and nobody knows what came of that.
_GOT = or_(_D.state.in_([DeliveryState.SENT, DeliveryState.LEASED]), _D.offered_at.is_not(None), _D.risked)


def had(connection: Connection, subscriber_ids: Collection[str], since: datetime) -> dict[str, frozenset[str]]:
    """The ids of the stories that these readers were written since then, in alerts and digests not cancelled.

    Without those that were withdrawn since, or corrected after. What was told of a story is told of the one into which
    it was merged, and of the one in which its reports of then stand now.
    """
    since = merged.reaching(connection, since)
    written = [row for part in chunks(list(subscriber_ids)) for row in connection.execute(_written(part, since))]
    stories = compositions.stories(connection, {row.composition_id for row in written})
    names = merged.Names.of(connection, {i for told in stories.values() for i in told})
    wrong = _wrong(connection, names.all)
    found: dict[str, set[str]] = defaultdict(set)
    for row in written:
        told = {i for story in stories[row.composition_id] for i in names.counted(story, row.date)}
        found[row.subscriber_id].update(i for i in told if i not in wrong or row.date >= wrong[i])
    return {i: frozenset(told) for i, told in found.items() if told}


def _written(subscriber_ids: Collection[str], since: datetime) -> Select[tuple[str, str, datetime]]:
    never = [DeliveryState.CANCELLED, DeliveryState.REFUSED]
    return (
        select(_D.subscriber_id, _D.composition_id, _D.date)
        .join_from(schema.delivery, schema.bulletin, _B.number == _D.bulletin)
        .where(_D.subscriber_id.in_(subscriber_ids), _D.date >= since, _D.state.not_in(never))
        .where(_B.kind.in_([BulletinKind.ALERT, BulletinKind.DIGEST]))
    )


def _wrong(connection: Connection, story_ids: Iterable[str]) -> dict[str, datetime]:
    """Up to when these stories were told wrongly: for ever where they are withdrawn."""
    said = marks.load(connection, sorted(story_ids))
    corrected = {i: one.correction.at for i, one in said.items() if one.correction}
    return corrected | {i: datetime.max.replace(tzinfo=schema.EPOCH.tzinfo) for i, m in said.items() if m.withdrawn}


def told(connection: Connection, story_id: str) -> Told | None:
    """What the alerts on a story told so far, under the number of the first; None before one was sent."""
    ids = merged.family(connection, story_id)
    rows = connection.execute(_alerts_on(ids, _B.number, _B.date, _B.reports, _B.answers)).all()
    reports = frozenset(i for row in rows for i in row.reports or ())
    also = frozenset(row.number for row in rows[1:] if not row.answers)
    return Told(rows[0].number, rows[0].date, reports, also) if rows else None


def alerts(connection: Connection, numbers: Collection[int]) -> dict[int, str]:
    """The ids of the stories of these alerts: where they were merged, if they were."""
    found: dict[int, str] = {}
    for part in chunks(sorted(numbers)):
        story = merged.home_of(_B.story_id).label("story_id")
        alone = select(_B.number, story).where(_B.number.in_(part), _B.kind == BulletinKind.ALERT)
        rows = connection.execute(alone.where(_B.story_id != "").order_by(_B.number))
        found |= {row.number: row.story_id for row in rows}
    return found


def bulletins_with(connection: Connection, story_id: str) -> list[int]:
    """The numbers of the alerts that told of a story, alone or with others, and of updates of it."""
    alone = _alerts_on(merged.family(connection, story_id), _B.number).order_by(None)
    with_others = select(_T.bulletin).where(_T.alert.in_(alone))
    return sorted(connection.scalars(union(alone, with_others)))


def digests_with(connection: Connection, story_id: str) -> list[int]:
    """The numbers of the digests that told of a story, where somebody got them or the archive shows them."""
    composition = schema.composition.c
    telling = (compositions.tells_of(i) for i in merged.family(connection, story_id))
    got = select(_D.id).where(_D.bulletin == composition.bulletin, _GOT).exists()
    shown = select(schema.edition.c.number).where(schema.edition.c.number == composition.bulletin).exists()
    query = select(composition.bulletin).where(composition.kind == BulletinKind.DIGEST, or_(*telling), or_(got, shown))
    return sorted(connection.scalars(query.distinct()))


def stop(connection: Connection, story_id: str, now: datetime) -> int:
    """Cancel everything not yet handed over of the alerts on a story, and who waits for them; answers how many.

    The mark of what is on the line at this moment stays: its reader may have it. Other alerts of the same mails leave
    by themselves.
    """
    alone = list(connection.scalars(_alerts_on(merged.family(connection, story_id), _B.number)))
    numbers = bulletins_with(connection, story_id)
    waited = waiting.end_all(connection, alone, now)
    waiting.reopen(connection, alone, numbers, now)
    undone = update(schema.delivery).where(schema.undone, _D.bulletin.in_(numbers))
    values = {"state": DeliveryState.CANCELLED, "done_at": now, "reply": "stopped", "slots": None}
    return waited + connection.execute(undone.values(**values)).rowcount


def recipients(
    connection: Connection, seals: Seals, numbers: Collection[int], after: str, limit: int
) -> list[Recipient]:
    """Who got these bulletins or may have got them, ordered by id, those behind `after`; each with the last mail.

    Of mails with several alerts, those that told of the stories of the others among these bulletins.
    """
    stories = alerts(connection, numbers)
    ids = sorted({i for story in set(stories.values()) for i in merged.family(connection, story)})
    last: dict[str, Row[Any]] = {}
    # one bulletin after the other: so each page is read from the index, and whoever is in it is found in every one
    for number in sorted(numbers):
        query = _got(number, after)
        if stories and number not in stories:
            query = query.join(schema.composition).where(or_(*map(compositions.tells_of, ids)))
        for row in connection.execute(query.limit(limit)):
            if row.subscriber_id not in last or last[row.subscriber_id].id < row.id:
                last[row.subscriber_id] = row
    readers = sorted(last)[:limit]
    found: list[Recipient] = []
    for part in chunks(readers):
        rows = connection.execute(select(schema.subscriber).where(_S.id.in_(part)).order_by(_S.id))
        found += [Recipient(seals.subscriber(row), last[row.id].message_id) for row in rows]
    return found


def _got(number: int, after: str) -> Select[Any]:
    return (
        select(_D.id, _D.subscriber_id, _D.message_id)
        .join_from(schema.delivery, schema.subscriber)
        .where(_D.bulletin == number, _D.subscriber_id > after, _GOT, _S.standing == Standing.CONFIRMED)
        .order_by(_D.subscriber_id)
    )


def _alerts_on(story_ids: Sequence[str], *columns: Any) -> Select[Any]:
    """The alerts and updates on a story, by all ids that lead to it, the first first."""
    return select(*columns).where(_B.story_id.in_(story_ids), _B.kind == BulletinKind.ALERT).order_by(_B.number)
