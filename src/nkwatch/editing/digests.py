"""Which stories a digest holds, in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from nkwatch.domain.bulletin import Window
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.matching import Reason, reasons

#: More than this nobody reads; the rest get one line each and nothing vanishes silently.
FULL_STORIES = 20
#: More lines than this make a mail that clients clip (102 KB at Gmail); the mail says how many stories are left.
LINES = 40
#: What comes to us later than this after its publication is not news; the archive has it.
LATE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Pick:
    """A story in a digest, with the reasons why this reader gets it."""

    story: Story
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The content of one reader's digest; a plan without picks is no digest."""

    picks: tuple[Pick, ...]
    more: tuple[Story, ...]


def plan(ranked: Sequence[Story], subscriber: Subscriber) -> Plan:
    """What `subscriber` gets of the stories of a window, which are `ranked` already."""
    wanted = [Pick(s, why) for s in ranked if (why := reasons(subscriber.wishes, s))]
    return Plan(tuple(wanted[:FULL_STORIES]), tuple(p.story for p in wanted[FULL_STORIES:]))


def is_news(story: Story, window: Window) -> bool:
    """Whether a story that became ready in `window` belongs into its digest.

    A first ingest brings a source's whole past, and texts without a date among it: neither is news.
    """
    return any(_is_news(r.statement, window) for r in story.reports)


def _is_news(statement: Statement, window: Window) -> bool:
    undated = statement.backlog and statement.published_estimated
    return not undated and statement.published >= window.start - LATE


def ranked(stories: Iterable[Story]) -> list[Story]:
    """The stories of a window in the order of a digest: urgent first, then what most independent owners report."""
    return sorted(stories, key=_rank)


def _rank(story: Story) -> tuple[int, bool, int, float, str]:
    owners = {r.owner for r in story.reports}
    newest = story.lead.statement.published.timestamp()
    return -story.urgency, not story.rights, -len(owners), -newest, story.id
