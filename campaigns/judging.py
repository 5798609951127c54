"""What must be true of a service when all has settled, whatever was done to it: the promises, looked up in its rows."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import Engine, select

from campaigns.newsstand import Shown
from campaigns.readers import Reader
from nkwatch.domain.statement import EARLIEST
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Standing
from nkwatch.editing.digests import FULL_STORIES, LINES
from nkwatch.store import schema

_B, _C, _D, _R = schema.bulletin.c, schema.composition.c, schema.delivery.c, schema.subscriber.c
_ST, _SY, _W = schema.statement.c, schema.story.c, schema.waiting_alert.c
#: Behind every instant.
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mail:
    """One bulletin to one reader. `window` is that of a digest."""

    subscriber_id: str
    kind: str
    state: str
    window: tuple[datetime, datetime] | None
    stories: tuple[str, ...]
    date: datetime
    message_id: str


@dataclass(slots=True)
class Kept:
    """All that the database has to say."""

    mails: dict[str, list[Mail]] = field(default_factory=lambda: defaultdict(list))
    covered: dict[str, datetime] = field(default_factory=dict)
    statements: Counter[str] = field(default_factory=Counter)
    unread: int = 0
    #: the story of each statement, by its address
    homes: dict[str, str] = field(default_factory=dict)
    #: when each story became ready, and when its reports were first seen
    ready: dict[str, datetime] = field(default_factory=dict)
    grew: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    #: stories whose alerts went out, and who waits for one of them: reader and story
    alerted: set[str] = field(default_factory=set)
    waiting: set[tuple[str, str]] = field(default_factory=set)

    def due(self, reader: Reader) -> dict[str, datetime]:
        """The stories that this reader's windows hold, told or not, with when they became ready: everybody here wants
        all that sources show.
        """
        until = self.covered[reader.id]
        return {story: at for story, at in self.ready.items() if reader.begin <= at < until}

    def expected(self, reader: Reader) -> int:
        """How many mails this reader must have: a digest for each window that holds what no alert told before, or what
        waited for it, and the alerts.

        Windows end at the reader's closing instants; one may take in several.
        """
        mails, due = self.mails.get(reader.id, []), self.due(reader)
        written = {m.window: m.date for m in mails if m.window}
        edges = [reader.begin, *reader.closings(self.covered[reader.id])]
        apart = [w for w in pairwise(edges) if not any(b <= w[0] and w[1] <= e for b, e in written)]
        digests = 0
        for begin, end in (*written, *apart):
            before = written.get((begin, end), LAST)
            told = {s for m in mails if m.kind == "alert" and m.date <= before for s in m.stories}
            beyond = {s for m in mails if m.window == (begin, end) for s in m.stories if (reader.id, s) in self.waiting}
            digests += bool(beyond) or any(begin <= at < end and s not in told for s, at in due.items())
        return digests + sum(m.kind == "alert" for m in mails)


def kept(engine: Engine) -> Kept:
    """Look it all up."""
    found = Kept()
    mails = select(
        _D.subscriber_id, _B.kind, _D.state, _B.window_start, _B.window_end, _C.stories, _D.date, _D.message_id
    )
    mails = mails.join_from(schema.delivery, schema.bulletin).join(schema.composition, _D.composition_id == _C.id)
    with engine.connect() as connection:
        for row in connection.execute(mails):
            window = (row.window_start, row.window_end) if row.window_end else None
            told = tuple(row.stories or ())
            one = Mail(row.subscriber_id, row.kind, row.state, window, told, row.date, row.message_id)
            found.mails[row.subscriber_id].append(one)
        found.covered = {r.id: r.covered_until for r in connection.execute(select(_R.id, _R.covered_until))}
        columns = (_ST.url, _ST.story_id, _ST.first_seen, _ST.read_revision, _ST.revision)
        for row in connection.execute(select(*columns)):
            found.statements[row.url] += 1
            found.unread += row.read_revision < row.revision
            found.grew[row.story_id].append(row.first_seen)
            found.homes[row.url] = row.story_id
        for row in connection.execute(select(_SY.id, _SY.ready_at, _SY.alert)):
            found.ready[row.id] = row.ready_at
            found.alerted |= {row.id} if row.alert == AlertState.SENT else set()
        waits = select(_W.subscriber_id, _B.story_id).join_from(
            schema.waiting_alert, schema.bulletin, _W.bulletin == _B.number
        )
        found.waiting = {(r.subscriber_id, r.story_id) for r in connection.execute(waits)}
    return found


def judged(
    there: Kept,
    everybody: Sequence[Reader],
    shown: Mapping[str, Shown],
    left: Mapping[str, datetime],
    ahead: timedelta = timedelta(0),
) -> list[str]:
    """A sentence for everything that should not be. `shown` are the statements by their addresses.

    The clock of who wrote the rows may be `ahead` of ours.
    """
    wrong = [*_statements(there, shown), *_stories(there, shown, datetime.now(UTC) + ahead)]
    for reader in everybody:
        mails = there.mails.get(reader.id, [])
        if reader.standing is not Standing.CONFIRMED:
            if mails:
                wrong.append(f"{reader.id} never confirmed or had left, and has {len(mails)} mails")
            continue
        wrong += _twice(reader, mails, there)
        wrong += _windows(reader, mails, there)
        if reader.id not in left:
            wrong += _told(reader, mails, there)
    return wrong


def told_everything(there: Kept, everybody: Sequence[Reader], shown: Mapping[str, Shown]) -> list[str]:
    """The same for where clocks were wrong: who confirmed was told every story of news, and none of them twice."""
    wrong, news = [*_statements(there, shown)], {story for story, at in there.ready.items() if at > EARLIEST}
    for reader in everybody:
        mails = there.mails.get(reader.id, [])
        wrong += _twice(reader, mails, there)
        missing = news - {story for mail in mails for story in mail.stories}
        if missing and reader.standing is Standing.CONFIRMED:
            wrong.append(f"{reader.id} was not told {len(missing)} of {len(news)} stories, {min(missing)} among them")
    return wrong


def _statements(there: Kept, shown: Mapping[str, Shown]) -> Iterator[str]:
    """Promise 1: everything that was shown is there, once, and was read."""
    lost, strange = shown.keys() - there.statements.keys(), there.statements.keys() - shown.keys()
    twice = [url for url, count in there.statements.items() if count > 1]
    if lost:
        yield f"{len(lost)} of {len(shown)} statements are lost, {min(lost)} among them"
    if strange:
        yield f"{len(strange)} statements are stored that no source showed, {min(strange)} among them"
    if twice:
        yield f"{len(twice)} statements are stored twice, {min(twice)} among them"
    if there.unread:
        yield f"{there.unread} statements are unread"


def _twice(reader: Reader, mails: Sequence[Mail], there: Kept) -> Iterator[str]:
    """Promises 1 and 5: no story twice, unless there were new reports of it; no alert twice; nothing empty."""
    by_story: dict[str, list[Mail]] = defaultdict(list)
    for mail in sorted(mails, key=lambda m: m.date):
        if not mail.stories and mail.kind in {"digest", "alert"}:
            yield f"{reader.id} has a {mail.kind} without a story"
        for story in mail.stories:
            by_story[story].append(mail)
    for story, having in by_story.items():
        for one, other in pairwise(having):
            # a digest says of a story that it went out as an alert before
            again = (one.kind, other.kind) != ("alert", "digest")
            if again and not any(one.date <= at <= other.date for at in there.grew[story]):
                yield f"{reader.id} has story {story} twice: {one.kind} of {one.date}, {other.kind} of {other.date}"


def _windows(reader: Reader, mails: Sequence[Mail], there: Kept) -> Iterator[str]:
    """Promise 4: windows follow each other; none begins before the one before has ended."""
    windows = sorted(m.window for m in mails if m.window and m.kind == "digest")
    for begin, end in windows:
        if begin < reader.begin or end > there.covered[reader.id] or begin >= end:
            yield f"{reader.id} has a digest of {begin} to {end}, and began at {reader.begin}"
    for one, other in pairwise(windows):
        if one[1] > other[0]:
            yield f"{reader.id} has two digests of one time: from {other[0]} to {one[1]}"


def _told(reader: Reader, mails: Sequence[Mail], there: Kept) -> Iterator[str]:
    """Promise 4: each reader was told everything that the windows hold, in the digest of that window or an alert."""
    until = there.covered[reader.id]
    if until < reader.closing:
        yield f"{reader.id}: the window that closed at {reader.closing} was covered until {until}"
    due, mine = there.due(reader), {story for mail in mails for story in mail.stories}
    # a digest that is full says how many stories are left
    full = [m.window for m in mails if m.window and len(m.stories) >= FULL_STORIES + LINES]
    missing = {s for s in due.keys() - mine if not any(begin <= due[s] < end for begin, end in full)}
    if missing:
        yield f"{reader.id} was not told {len(missing)} stories of {reader.begin} to {until}, {min(missing)} among them"
    for mail in mails:
        if not mail.window or mail.kind != "digest":
            continue
        begin, end = mail.window
        if others := [
            s for s in mail.stories if not begin <= there.ready[s] < end and (reader.id, s) not in there.waiting
        ]:
            yield f"{reader.id} has story {others[0]} of {there.ready[others[0]]} in the digest of {begin} to {end}"
    if reader.alerts:
        silent = {s for s in there.alerted - mine if (reader.id, s) not in there.waiting}
    else:
        silent = {s for m in mails if m.kind == "alert" for s in m.stories}
    if silent:
        verb = "was not alerted of" if reader.alerts else "wants no alerts, and was alerted of"
        yield f"{reader.id} {verb} {len(silent)} stories, {min(silent)} among them"
    if len(mails) != there.expected(reader):
        yield f"{reader.id} has {len(mails)} mails instead of {there.expected(reader)}"


def _stories(there: Kept, shown: Mapping[str, Shown], now: datetime) -> Iterator[str]:
    """Promise 1: what was shown stands in a story, ready after the first of it was shown, and by now."""
    first: dict[str, datetime] = {}
    for url in shown.keys() & there.homes.keys():
        story, at = there.homes[url], shown[url].at
        if story not in there.ready:
            yield f"{url} stands in no story"
        else:
            first[story] = min(at, first.get(story, at))
    for story, at in first.items():
        if not at <= there.ready[story] <= now:
            yield f"story {story} was shown at {at} first, and is ready at {there.ready[story]}"
