"""Which stories a digest holds, in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from nkwatch.domain.bulletin import Window
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Subscriber
from nkwatch.domain.wish import Mutes, Wish
from nkwatch.editing.audience import Audience
from nkwatch.editing.matching import Offer, Reason, heard, wanted

#: More than this nobody reads; the rest get one line each and nothing vanishes silently.
FULL_STORIES = 20
#: More lines than this make a mail that clients clip (102 KB at Gmail); the mail says how many stories are left.
LINES = 40
#: What comes to us later than this after its publication is not news; the archive has it.
LATE = timedelta(days=7)


#: What decides which stories somebody is sent.
Chosen = tuple[tuple[Wish, ...], Mutes]


@dataclass(frozen=True, slots=True)
class Pick:
    """A story in a digest, with the reasons why this reader gets it."""

    story: Story
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The stories of one theme."""

    theme: str
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What one reader was sent of the stories of a window, and which alerts over the daily cap wait for this digest."""

    had: frozenset[str] = frozenset()
    beyond: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Plan:
    """The content of one reader's digest, shared by readers for whom it is the same; equal only to itself.

    `leads` come first, then `sections` by theme; `more` get one line each. `alerted` went to the reader as alerts and
    get one line too. `beyond` counts the alerts over the cap among the stories. Without any but `alerted` it is empty,
    and no digest.
    """

    leads: tuple[Pick, ...] = ()
    sections: tuple[Section, ...] = ()
    more: tuple[Pick, ...] = ()
    alerted: tuple[Story, ...] = ()
    beyond: int = 0

    @property
    def picks(self) -> tuple[Pick, ...]:
        """The stories told in full, in order."""
        return (*self.leads, *(p for s in self.sections for p in s.picks))


def picked(choice: Choice, story: Story | Offer) -> Pick | None:
    """The story as this choice is sent it, without reports of muted sources; None when it is not wanted."""
    offer = heard(choice.mutes, Offer.of(story))
    why = wanted(choice.wishes, offer) if offer else ()
    return Pick(offer.story, why) if offer and why else None


def plans(ranked: Sequence[Offer], readers: Sequence[Subscriber]) -> list[Plan]:
    """The plan of each reader. Readers who choose alike share one; a story is looked at once for all of them."""
    alike: dict[Chosen, Subscriber] = {}
    for reader in readers:
        alike.setdefault((reader.choice.wishes, reader.choice.mutes), reader)
    audience = Audience.of(alike.values())
    wanted_by: list[list[Offer]] = [[] for _ in alike]
    for offer in ranked:
        for number in audience.wanting(offer):
            wanted_by[number].append(offer)
    made = {
        chosen: _laid_out(offers, reader.choice)
        for (chosen, reader), offers in zip(alike.items(), wanted_by, strict=True)
    }
    return [made[reader.choice.wishes, reader.choice.mutes] for reader in readers]


def _laid_out(stories: Iterable[Offer], choice: Choice) -> Plan:
    picks = [pick for story in stories if (pick := picked(choice, story))]
    return Plan(tuple(picks[:FULL_STORIES]), tuple(p.story for p in picks[FULL_STORIES:]))


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
