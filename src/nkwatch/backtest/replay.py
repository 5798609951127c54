"""Runs archived entries through the parts of a newsroom, hour by hour."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from nkwatch.backtest.agenda import Agenda
from nkwatch.backtest.alarms import Alarms
from nkwatch.backtest.room import READER, Clock, Options, Room, open_room
from nkwatch.backtest.sources import Shown
from nkwatch.backtest.weeks import CLOSING_HOUR, Backtested, Digest, Raised, Week, week_of
from nkwatch.domain.subscriber import Choice, Consent, Rhythm, Schedule, SignUp
from nkwatch.workflow.publish import Published

CONSENT = "backtest: nobody reads this"
#: So long before it closes a week is under way, also where clocks were changed in it.
HALF_A_WEEK = timedelta(days=3.5)

Progress = Callable[[int, int], None]


async def replay(shown: Sequence[Shown], options: Options, progress: Progress) -> Backtested:
    """What would have gone out. `progress` is called with how many entries were shown, and of how many.

    The reader's digests are weekly, whatever the choice says. Raises `ConfigError` for settings that are wrong.
    """
    choice = weekly(options.choice)
    agenda = Agenda.of(shown, choice.schedule)
    clock = Clock(agenda.start)
    async with open_room(shown, options, clock) as room:
        await room.newsroom.subscribe.join(SignUp(READER, choice), Consent(CONSENT, clock()))
        alarms = Alarms(room.newsroom, room.post, choice, release=options.release)
        digests = await _course(room, alarms, clock, agenda, progress)
        found = {week: len(ids) for week, ids in room.counting.found.items()}
        return Backtested(_weeks(agenda, found, digests, alarms.raised), room.newsroom.rules.version)


def weekly(choice: Choice) -> Choice:
    """The same choice with a digest on Monday mornings."""
    schedule = Schedule(Rhythm.WEEKLY, CLOSING_HOUR, choice.schedule.zone, weekday=0)
    return replace(choice, schedule=schedule)


async def _course(
    room: Room, alarms: Alarms, clock: Clock, agenda: Agenda, progress: Progress
) -> list[tuple[str, Digest]]:
    """Hour by hour. Answers the digests with the weeks that they cover."""
    digests: list[tuple[str, Digest]] = []
    now, alarmed = agenda.start, agenda.start
    while now <= agenda.end:
        clock.instant = now
        published = await _round(room, alarms, agenda.open(now), now)
        alarmed = now if published.alerts or published.updates or published.held else alarmed
        made = room.post.digests(room.overheard.plans, now)
        digests += [(week_of(now - HALF_A_WEEK, agenda.schedule.zone), digest) for digest in made]
        progress(bisect_right(agenda.dates, now), len(agenda.dates))
        due = {s.source_id: s.due_at for s in await room.newsroom.statements.states()}
        now = agenda.after(now, due, alarmed)
    return digests


async def _round(room: Room, alarms: Alarms, ids: Sequence[str], now: datetime) -> Published:
    """One round of everything."""
    newsroom = room.newsroom
    if ids:  # without names all sources would be asked
        await newsroom.collect(only=ids)
    await newsroom.read()
    published = await newsroom.publish()
    await alarms.note(published, now)
    await newsroom.deliver()
    return published


def _weeks(
    agenda: Agenda, about_nk: Mapping[str, int], digests: Sequence[tuple[str, Digest]], raised: Sequence[Raised]
) -> tuple[Week, ...]:
    zone = agenda.schedule.zone
    entries = Counter(week_of(date, zone) for date in agenda.dates)
    told = dict(digests)
    alerts: dict[str, list[Raised]] = defaultdict(list)
    for one in raised:
        alerts[week_of(one.at, zone)].append(one)
    names = sorted({*entries, *told, *alerts})
    return tuple(Week(n, entries[n], about_nk.get(n, 0), told.get(n), tuple(alerts.get(n, ()))) for n in names)
