"""The archive's editions, and the alerts that went out: what `/editions` lists. No reader stands in any of it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, not_, or_, select, true, update

from nkwatch.domain.bulletin import BulletinKind, Composition, Window
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.desk import Marks, RulingKind
from nkwatch.domain.edition import Amendment, Listed, Progress, SentAlert, StandardEdition, Version
from nkwatch.domain.subscriber import Rhythm
from nkwatch.store import compositions, marks, merged, passes, posting, schema
from nkwatch.store.database import Database
from nkwatch.store.rows import chunks, insert_new

_B, _C, _D, _T = schema.bulletin.c, schema.composition.c, schema.delivery.c, schema.together.c
_RHYTHM, _EDITION, _VERSION = schema.edition_rhythm.c, schema.edition.c, schema.edition_version.c
_VERSION_COLUMNS = (_C.language, _C.subject, _C.id, _C.stories)


class EditionStore:
    """Editions are written by `workflow.editions`; all else is read by the site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def progress(self, rhythm: Rhythm) -> Progress | None:
        """How far the editions of this rhythm have come; None before the first."""
        query = select(_RHYTHM.covered_until, _RHYTHM.closing_until).where(_RHYTHM.rhythm == rhythm)
        row = await self._database.read(lambda c: c.execute(query).first())
        return Progress(row.covered_until, row.closing_until) if row else None

    async def begin(self, rhythm: Rhythm, key: str, window: Window, now: datetime) -> int:
        """The number of the digest with this key; from now on, this window and no other is to be closed.

        0 where somebody else closed it meanwhile.
        """
        return await self._database.write(lambda c: _begin(c, rhythm, key, window, now))

    async def as_of(self) -> int:
        """How often redactions have changed anything, up to now: to be asked before texts are read for an edition."""
        return await self._database.read(passes.count)

    async def keep(
        self,
        rhythm: Rhythm,
        number: int,
        window: Window,
        made: Sequence[Composition],
        now: datetime,
        as_of: int | None = None,
    ) -> bool:
        """Keep the edition of a window in each language, and cover the window; false where that was done.

        And where a redaction has changed what it is made of since `as_of`: the window stays open.
        """

        def keep(connection: Connection) -> bool:
            covers = passes.still(connection, as_of) and _cover(connection, rhythm, window)
            return covers and _keep(connection, rhythm, number, made, now)

        return await self._database.write(keep)

    async def pass_over(self, rhythm: Rhythm, window: Window) -> bool:
        """Cover a window that has no edition; false where that was done."""
        return await self._database.write(lambda c: _cover(c, rhythm, window))

    async def told(self, rhythm: Rhythm, story_ids: Collection[str]) -> frozenset[str]:
        """Which of these stories an edition of this rhythm told already."""
        return await self._database.read(lambda c: frozenset(i for i in story_ids if _tells(c, rhythm, i)))

    async def listed(self, before: int | None = None, limit: int = 30) -> list[Listed]:
        """Editions and alerts that went out, the newest number first; those with lower numbers than `before`."""
        return await self._database.read(lambda c: _listed(c, before, limit))

    async def edition(self, number: int) -> StandardEdition | None:
        """The edition with this number."""
        return await self._database.read(lambda c: next(iter(_editions(c, _EDITION.number == number)), None))

    async def alert(self, number: int) -> SentAlert | None:
        """The alert with this number, where it went out."""
        return await self._database.read(lambda c: next(iter(_alerts(c, _B.number == number)), None))

    async def beside(self, one: Listed) -> tuple[int | None, int | None]:
        """The numbers of the edition of this rhythm before this one and behind it; of an alert, those of alerts."""
        return await self._database.read(lambda c: _beside(c, one))

    async def amendments(self, number: int) -> list[Amendment]:
        """The corrections of this bulletin that readers were sent, the first first."""
        return await self._database.read(lambda c: _amendments(c, number))

    async def amended(self, numbers: Collection[int]) -> frozenset[int]:
        """Which of these bulletins were corrected."""
        query = _amending(_B.answers).where(_B.answers.in_(numbers))
        return await self._database.read(lambda c: frozenset(c.scalars(query)))

    async def date(self, number: int) -> datetime | None:
        """When the bulletin with this number was written."""
        return await self._database.read(lambda c: c.scalar(select(_B.date).where(_B.number == number)))

    async def marks(self, story_ids: Iterable[str]) -> dict[str, Marks]:
        """What editors said of these stories; nothing of who was never marked."""
        ids = sorted(set(story_ids))
        return await self._database.read(lambda c: _marks(c, ids))


def _marks(connection: Connection, story_ids: Sequence[str]) -> dict[str, Marks]:
    """Of a story that was merged, what was said of the one into which it went."""
    led = merged.homes(connection, story_ids)
    found = marks.load(connection, sorted({led.get(i, i) for i in story_ids}))
    return {i: found[home] for i in story_ids if (home := led.get(i, i)) in found}


def _begin(connection: Connection, rhythm: Rhythm, key: str, window: Window, now: datetime) -> int:
    insert_new(connection, schema.edition_rhythm, [{"rhythm": rhythm, "covered_until": window.start}])
    here = update(schema.edition_rhythm).where(_RHYTHM.rhythm == rhythm, _RHYTHM.covered_until == window.start)
    if not connection.execute(here.values(closing_until=window.end)).rowcount:
        return 0
    number = posting.number(connection, key, BulletinKind.DIGEST, now)
    span = {"window_start": window.start, "window_end": window.end}
    connection.execute(update(schema.bulletin).where(_B.number == number).values(**span))
    return number


def _cover(connection: Connection, rhythm: Rhythm, window: Window) -> bool:
    insert_new(connection, schema.edition_rhythm, [{"rhythm": rhythm, "covered_until": window.start}])
    here = update(schema.edition_rhythm).where(_RHYTHM.rhythm == rhythm, _RHYTHM.covered_until == window.start)
    return connection.execute(here.values(covered_until=window.end, closing_until=None)).rowcount > 0


def _keep(connection: Connection, rhythm: Rhythm, number: int, made: Sequence[Composition], now: datetime) -> bool:
    """Two rhythms may close one window, on the first Monday of a month: the first has the edition."""
    span = select(_B.window_start, _B.window_end).where(_B.number == number)
    start, end = connection.execute(span).one()
    row = {"number": number, "rhythm": rhythm, "window_start": start, "window_end": end, "date": now}
    if not insert_new(connection, schema.edition, [row]):
        return False
    ids = compositions.write(connection, made, number)
    versions = [
        {"number": number, "language": c.language, "composition_id": i, "fingerprint": c.fingerprint}
        for c, i in zip(made, ids, strict=True)
    ]
    insert_new(connection, schema.edition_version, versions)
    return True


def _tells(connection: Connection, rhythm: Rhythm, story_id: str) -> bool:
    telling = (
        select(_EDITION.number)
        .join_from(schema.edition, schema.edition_version)
        .join(schema.composition)
        .where(_EDITION.rhythm == rhythm, or_(*(_names(*told) for told in merged.told_of(connection, story_id))))
    )
    return connection.scalar(telling.limit(1)) is not None


def _names(story_id: str, since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    """Whether an edition that was made in a span of time tells of a story under this id."""
    told = compositions.tells_of(story_id)
    return told if since is None or until is None else and_(told, _EDITION.date.between(since, until))


def _listed(connection: Connection, before: int | None, limit: int) -> list[Listed]:
    """As many of both as are shown, then those of all that come first."""
    earlier = true() if before is None else _B.number < before
    found: list[Listed] = [*_editions(connection, earlier, limit=limit), *_alerts(connection, earlier, limit=limit)]
    return sorted(found, key=lambda one: -one.number)[:limit]


def _editions(connection: Connection, those: ColumnElement[bool], *, limit: int = 1) -> list[StandardEdition]:
    query = select(schema.edition).join(schema.bulletin, _B.number == _EDITION.number).where(those)
    rows = connection.execute(query.order_by(_EDITION.number.desc()).limit(limit)).all()
    versions = _versions_of_editions(connection, [row.number for row in rows])
    return [_edition(row, versions[row.number]) for row in rows]


def _edition(row: Row[Any], versions: Sequence[Version]) -> StandardEdition:
    window = Window(row.window_start, row.window_end)
    return StandardEdition(row.number, Rhythm(row.rhythm), window, row.date, tuple(versions))


def _versions_of_editions(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Version]]:
    found: dict[int, list[Version]] = {number: [] for number in numbers}
    for part in chunks(numbers):
        query: Select[Any] = (
            select(_VERSION.number, _VERSION.fingerprint, *_VERSION_COLUMNS)
            .join_from(schema.edition_version, schema.composition)
            .where(_VERSION.number.in_(part))
            .order_by(_VERSION.language)
        )
        for row in connection.execute(query):
            found[row.number].append(_version(row, row.fingerprint))
    return found


def _version(row: Row[Any], fingerprint: str = "") -> Version:
    return Version(row.language, row.subject, row.id, fingerprint, tuple(row.stories or ()))


def went_out() -> ColumnElement[bool]:
    """Whether somebody was sent an alert, by itself or with others.

    Deliveries are forgotten after a while: where there are none at all, it went out unless an editor stopped it.
    """
    ruling = schema.ruling.c
    left = select(_D.id).where(_D.bulletin == _B.number, _D.state == DeliveryState.SENT)
    with_others = (
        select(_D.id)
        .join_from(schema.together, schema.delivery, _D.bulletin == _T.bulletin)
        .where(_T.alert == _B.number, _D.state == DeliveryState.SENT)
    )
    written = select(_D.id).where(_D.bulletin == _B.number)
    stopped = select(ruling.id).where(
        ruling.story_id.in_([_B.story_id, merged.home_of(_B.story_id)]),
        ruling.kind == RulingKind.STOP,
        ruling.at >= _B.date,
    )
    forgotten = and_(_B.reports.is_not(None), not_(written.exists()), not_(stopped.exists()))
    return or_(left.exists(), with_others.exists(), forgotten)


def _alerts(connection: Connection, those: ColumnElement[bool], *, limit: int = 1) -> list[SentAlert]:
    """Those with a story of their own: which alerts left together is one reader's matter."""
    query = (
        select(_B.number, _B.date, _B.story_id, func.coalesce(_B.answers, 0).label("follows"))
        .where(_B.kind == BulletinKind.ALERT, _B.story_id != "", _B.number > 0, those, went_out())
        .order_by(_B.number.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    versions = _versions(connection, [row.number for row in rows])
    return [SentAlert(r.number, r.date, r.story_id, r.follows, tuple(versions[r.number])) for r in rows]


def _versions(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Version]]:
    """Of bulletins that all readers of a language get alike: one of each language, with HTML where there is one.

    Neutral ones say nothing in their subject, and are left out.
    """
    found: dict[int, dict[str, Row[Any]]] = {number: {} for number in numbers}
    for part in chunks(numbers):
        query: Select[Any] = select(*_VERSION_COLUMNS, _C.bulletin, _C.pieces).where(
            schema.shared_by_all, _C.bulletin.in_(part), _C.neutral.is_(other=False)
        )
        for row in connection.execute(query.order_by(_C.language, _C.id)):
            known = found[row.bulletin].get(row.language)
            if known is None or (row.pieces["html"] and not known.pieces["html"]):
                found[row.bulletin][row.language] = row
    return {number: [_version(row) for row in by_language.values()] for number, by_language in found.items()}


def _beside(connection: Connection, one: Listed) -> tuple[int | None, int | None]:
    if isinstance(one, StandardEdition):
        alike, number = _EDITION.rhythm == one.rhythm, _EDITION.number
        before = select(func.max(number)).where(alike, number < one.number)
        return connection.scalar(before), connection.scalar(select(func.min(number)).where(alike, number > one.number))
    alerts = select(_B.number).where(_B.kind == BulletinKind.ALERT, _B.story_id != "", _B.number > 0, went_out())
    earlier = alerts.where(_B.number < one.number).order_by(_B.number.desc())
    later = alerts.where(_B.number > one.number).order_by(_B.number)
    return connection.scalar(earlier.limit(1)), connection.scalar(later.limit(1))


def _amending(*columns: Any) -> Select[Any]:
    """Corrections of bulletins: those that were sent, or whose words are kept for everybody."""
    kinds = [BulletinKind.ALERT_CORRECTION, BulletinKind.DIGEST_CORRECTION]
    left = select(_D.id).where(_D.bulletin == _B.number, _D.state == DeliveryState.SENT).exists()
    written = select(_D.id).where(_D.bulletin == _B.number).exists()
    told = or_(_B.note.is_not(None), left, not_(written))
    return select(*columns).where(schema.answering, _B.kind.in_(kinds), told).order_by(_B.number)


def _amendments(connection: Connection, number: int) -> list[Amendment]:
    query = _amending(_B.number, _B.date, _B.note).where(_B.answers == number)
    rows = connection.execute(query).all()
    versions = _versions(connection, [row.number for row in rows])
    return [Amendment(row.number, row.date, tuple(versions[row.number]), marks.note(row.note)) for row in rows]
