"""Which stories a digest holds, in which order, and which of them lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TypeAlias

from nkwatch.domain.bulletin import Window
from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Subscriber
from nkwatch.domain.theme import ThemeKind
from nkwatch.domain.wish import Mutes, Wish
from nkwatch.editing.audience import Audience
from nkwatch.editing.following import Pattern, patterns
from nkwatch.editing.matching import Offer, Part, Reason, heard, wanted

#: More than this nobody reads; the rest get one line each and nothing vanishes silently.
FULL_STORIES = 20
#: More lines than this make a mail that clients clip (102 KB at Gmail); the mail says how many stories are left.
LINES = 40
#: How many stories stand before the sections.
LEADS = 3
#: Themes that alone say of nobody's rights what happens to them: what is only on these comes after all else.
ALL_AROUND = frozenset({"diplomacy", "general"})
#: So many stories need no sections: all of them lead.
FEW = 4
#: A story that so many owners report may lead.
WIDE = 2
#: What comes to us later than this after its publication is not news; the archive has it.
LATE = timedelta(days=7)


#: What decides which stories somebody is sent.
Chosen: TypeAlias = tuple[tuple[Wish, ...], Mutes]


@dataclass(frozen=True, slots=True)
class Pick:
    """A story in a digest, with the reasons why this reader gets it."""

    story: Story
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The stories of one theme; the code is empty where they have none."""

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

    @property
    def stories(self) -> tuple[str, ...]:
        """The ids of all stories that it tells of, in order."""
        return (*(p.story.id for p in (*self.picks, *self.more)), *(s.id for s in self.alerted))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell that the reader does not have."""
        return not self.leads


NOTHING = History()
NO_HISTORIES: Mapping[str, History] = MappingProxyType({})
NO_OFFERS: Mapping[str, Offer] = MappingProxyType({})


def let_through(story: Story) -> bool:
    """Whether editors let a story into digests: it is neither held nor dropped, nor withdrawn as wrong."""
    return not (story.marks.held or story.marks.dropped or story.marks.withdrawn)


def picked(choice: Choice, story: Story | Offer) -> Pick | None:
    """The story as this choice is sent it, without reports of muted sources; None when it is not wanted."""
    found = _wanted(choice, Offer.of(story))
    return Pick(found[0].story, found[1]) if found else None


def _wanted(choice: Choice, offer: Offer) -> tuple[Offer, tuple[Reason, ...]] | None:
    left = heard(choice.mutes, offer)
    why = wanted(choice.wishes, left) if left else ()
    return (left, why) if left and why else None


def plans(
    ranked: Sequence[Offer],
    readers: Sequence[Subscriber],
    histories: Mapping[str, History] = NO_HISTORIES,
    extra: Mapping[str, Offer] = NO_OFFERS,
) -> list[Plan]:
    """The plan of each reader. A story is looked at once for all readers who choose alike.

    Those of them who had the same of what they want share one plan. `histories` are by id of the reader, `extra` by id
    the stories over the cap that are not among the `ranked`.
    """
    alike: dict[Chosen, _Alike] = {}
    stands: dict[tuple[Part, ...], _Stand] = {}
    groups: list[_Alike] = []
    for reader in readers:
        chosen = (reader.choice.wishes, reader.choice.mutes)
        group = alike.get(chosen) or alike.setdefault(chosen, _Alike(reader, stands))
        groups.append(group)
    several = list(alike.values())
    audience = Audience.of(group.reader for group in several)
    own = frozenset(o.story.id for o in ranked)
    written = _written(alike)
    for offer in _ordered(ranked, [o for story, o in extra.items() if story not in own]):
        standing = {part: frozenset(w for p in audience.standing(part) for w in written[p]) for part in offer.parts}
        prepared = replace(offer, standing=standing)
        for number in audience.wanting(offer):
            several[number].offers.append(prepared)
    return [group.plan(histories.get(r.id, NOTHING), own) for r, group in zip(readers, groups, strict=True)]


def _written(choices: Iterable[Chosen]) -> Mapping[Pattern, set[str]]:
    """What is followed or muted, as readers wrote it, by the patterns that are looked for."""
    found: dict[Pattern, set[str]] = defaultdict(set)
    for wishes, mutes in choices:
        for follows in (mutes.follows, *(w.follows for w in wishes)):
            for word in (*follows.words, *follows.cases):
                for pattern in patterns(word):
                    found[pattern].add(word)
    return found


def _ordered(own: Iterable[Offer], further: Sequence[Offer]) -> list[Offer]:
    """What may be told, in the order of a digest; `own` stand in it already."""
    together = sorted((*own, *further), key=lambda o: _rank(o.story)) if further else own
    return [o for o in together if let_through(o.story)]


@dataclass(frozen=True, slots=True)
class _Stand:
    """How a story stands in a digest: under which theme, and whether it may lead."""

    story: Story
    theme: str
    leads: bool

    @classmethod
    def of(cls, story: Story) -> "_Stand":
        rights = (f for r in (story.lead, *story.others) for f in r.reading.themes if f.kind is ThemeKind.RIGHTS)
        theme = next((f.code for f in rights), next(iter(story.themes), ""))
        wide = on_people(story) and len({r.owner for r in story.reports}) >= WIDE
        return cls(story, theme, story.marks.pinned or wide or story.urgency is Urgency.URGENT)


@dataclass(slots=True)
class _Alike:
    """Readers who choose alike, the first of them, and what they want, in order."""

    reader: Subscriber
    #: by the reports that readers hear of a story: one for all who hear the same
    stands: dict[tuple[Part, ...], _Stand]
    offers: list[Offer] = field(default_factory=list)
    picks: list[tuple[Pick, _Stand]] = field(default_factory=list)
    made: dict[History, Plan] = field(default_factory=dict)

    def plan(self, history: History, own: frozenset[str]) -> Plan:
        """The plan of those who have this history; `own` are the ids of the window's own stories."""
        told = self._relevant(history)
        plan = self.made.get(told)
        if plan is None:
            plan = self.made[told] = self._made(told, own)
        return plan

    def _relevant(self, history: History) -> History:
        """What of a history changes the plan."""
        if not (history.had or history.beyond):
            return NOTHING
        wanted = frozenset(o.story.id for o in self.offers)
        had = history.had & wanted
        return History(had, (history.beyond & wanted) - had)

    def _made(self, told: History, own: frozenset[str]) -> Plan:
        if not self.picks:
            choice = self.reader.choice
            self.picks = [self._stood(*found) for offer in self.offers if (found := _wanted(choice, offer))]
        alerted = tuple(p.story for p, _ in self.picks if p.story.id in told.had and p.story.id in own)
        ids = (own | told.beyond) - told.had
        return _laid_out([one for one in self.picks if one[0].story.id in ids], alerted, len(told.beyond))

    def _stood(self, left: Offer, why: tuple[Reason, ...]) -> tuple[Pick, _Stand]:
        stand = self.stands.get(left.parts) or self.stands.setdefault(left.parts, _Stand.of(left.story))
        return Pick(stand.story, why), stand


def _laid_out(picks: Sequence[tuple[Pick, _Stand]], alerted: tuple[Story, ...], beyond: int) -> Plan:
    """Few stories all lead. Of more, up to three that are urgent, pinned or widely reported do, or else the first."""
    full, behind = picks[:FULL_STORIES], picks[FULL_STORIES:]
    places = range(len(full))
    first = places if len(full) <= FEW else [n for n in places if full[n][1].leads][:LEADS] or [0]
    sections: dict[str, list[Pick]] = {}
    for pick, stand in (full[n] for n in places if n not in first):
        sections.setdefault(stand.theme, []).append(pick)
    return Plan(
        tuple(full[n][0] for n in first),
        tuple(Section(theme, tuple(own)) for theme, own in sections.items()),
        tuple(pick for pick, _ in behind),
        alerted,
        beyond,
    )


def is_news(story: Story, window: Window) -> bool:
    """Whether a story that became ready in `window` belongs into its digest.

    A first ingest brings a source's whole past, and texts without a date among it: neither is news.
    """
    return any(_is_news(r.statement, window) for r in story.reports)


def _is_news(statement: Statement, window: Window) -> bool:
    undated = statement.backlog and statement.published_estimated
    return not undated and statement.published >= window.start - LATE


def ranked(stories: Iterable[Story]) -> list[Story]:
    """The stories of a window in the order of a digest: pinned ones, urgent ones, those on what people suffer.

    Among these, first what is notable, then what most owners report. What editors do not let through is left out.
    """
    return sorted(filter(let_through, stories), key=_rank)


def on_people(story: Story) -> bool:
    """Whether any report has a theme on human rights that says more than that states talk, or life in general."""
    themes = (f for r in story.reports for f in r.reading.themes)
    return any(f.kind is ThemeKind.RIGHTS and f.code not in ALL_AROUND for f in themes)


def _rank(story: Story) -> tuple[bool, bool, bool, bool, int, int, float, str]:
    marks, urgency = story.marks, story.urgency
    owners = {r.owner for r in story.reports}
    newest = story.lead.statement.published.timestamp()
    first = not marks.pinned, urgency is not Urgency.URGENT, not on_people(story), not story.rights
    return *first, -urgency, -len(owners), -newest, story.id
