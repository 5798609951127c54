"""What a choice would have been sent in the last 30 days, so that nobody saves one that brings nothing, or a flood."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nkwatch.domain.bulletin import Window
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.subscriber import Choice, Schedule
from nkwatch.editing.digests import FULL_STORIES, Pick, is_news, let_through, picked
from nkwatch.editing.matching import Offer, wanted
from nkwatch.editing.windows import last_closing, next_closing

SPAN = timedelta(days=30)
#: More stories in an average digest are a flood: that many it tells in full, the rest get one line each.
MOST_IN_A_DIGEST = FULL_STORIES
#: So are more alerts than one a day.
MOST_ALERTS = SPAN.days


class Verdict(StrEnum):
    """Whether a choice brings what somebody can read."""

    NOTHING = "nothing"
    FINE = "fine"
    FLOOD = "flood"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would have been sent: the stories, newest first, how many of them as alerts, in how many digests the others.

    The digest of the window that is still open counts. `muted` are stories that were wished for and muted.
    """

    picks: tuple[Pick, ...] = ()
    alerts: int = 0
    digests: int = 0
    muted: int = 0

    @property
    def verdict(self) -> Verdict:
        """Nothing, a flood (more than 20 stories in an average digest, or one alert a day), or neither."""
        if not self.picks:
            return Verdict.NOTHING
        crowded = len(self.picks) - self.alerts > MOST_IN_A_DIGEST * self.digests
        return Verdict.FLOOD if crowded or self.alerts > MOST_ALERTS else Verdict.FINE


def forecast(choice: Choice, stories: Iterable[Story | Offer], now: datetime) -> Forecast:
    """What `choice` would have been sent of the stories that became ready in the last 30 days.

    Only reports that may be shown at `now` count. What went out as an alert is not news in a digest.
    """
    windows = list(_windows(choice.schedule, now))
    picks: list[Pick] = []
    alerts, muted = 0, 0
    reached: set[Window] = set()
    for offer in _recent(stories, now):
        alert = choice.alerts and _is_alert(offer.story)
        window = None if alert else _window(offer.story, windows)
        if not (alert or window):
            continue
        pick = picked(choice, offer)
        muted += pick is None and bool(wanted(choice.wishes, offer))
        if pick:
            picks.append(pick)
            alerts += alert
            reached.update([window] if window else [])
    picks.sort(key=lambda p: p.story.ready_at, reverse=True)
    return Forecast(tuple(picks), alerts, len(reached), muted)


def _recent(stories: Iterable[Story | Offer], now: datetime) -> Iterator[Offer]:
    public = (Offer.of(s).public(now) for s in stories)
    return (offer for offer in public if offer and now - SPAN <= offer.story.ready_at <= now)


def _windows(schedule: Schedule, now: datetime) -> Iterator[Window]:
    """The windows of the last 30 days, the open one last; none without digests."""
    start = last_closing(schedule, now - SPAN)
    while start and start <= now and (end := next_closing(schedule, start)):
        yield Window(start, end)
        start = end


def _is_alert(story: Story) -> bool:
    """Whether a story goes out as an alert, whatever becomes of it in digests."""
    stopped = story.marks.held or story.marks.withdrawn
    return story.alert in {AlertState.RELEASED, AlertState.SENT} and not stopped


def _window(story: Story, windows: Iterable[Window]) -> Window | None:
    """The window in whose digest a story belongs, if it is news there and editors let it through."""
    held = (w for w in windows if w.start <= story.ready_at < w.end)
    return next((w for w in held if let_through(story) and is_news(story, w)), None)
