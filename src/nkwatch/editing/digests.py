"""Which stories a digest holds, in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.matching import Reason, reasons

#: More than this nobody reads; the rest get one line each and nothing vanishes silently.
FULL_STORIES = 20


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


def ranked(stories: Iterable[Story]) -> list[Story]:
    """The stories of a window in the order of a digest: urgent first, then what most independent owners report."""
    return sorted(stories, key=_rank)


def _rank(story: Story) -> tuple[int, bool, int, float, str]:
    owners = {r.owner for r in story.reports}
    newest = story.lead.statement.published.timestamp()
    return -story.urgency, not story.rights, -len(owners), -newest, story.id
