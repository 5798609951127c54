"""Stories that editors *merge*, and statements that they *split* off: what may be done, and what becomes of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from nkwatch.domain.statement import EARLIEST
from nkwatch.domain.story import AlertState

#: Alerts that no editor and no rule has let go yet.
UNDECIDED = frozenset({AlertState.OPEN, AlertState.HELD})
#: What may be asked anew: no editor has said no, and none is leaving.
ASKED_ANEW = frozenset({AlertState.NONE, AlertState.HELD, AlertState.SENT})


@dataclass(frozen=True, slots=True)
class Word:
    """Who merges or splits, when, and why: for the record."""

    editor: str
    at: datetime
    why: str = ""


class Obstacle(StrEnum):
    """Why stories are not merged, or statements not split off."""

    NO_STORY = "no-story"
    #: a story into itself
    ITSELF = "itself"
    #: it went into another story already
    MERGED = "merged-already"
    #: withdrawn or corrected: the correction of its readers hangs on it
    TAKEN_BACK = "taken-back"
    #: an editor holds it back, and not the one that it is to go into
    HELD = "held"
    #: it was never news, and what is to go into it is
    OLD = "old"
    #: its alert is being written for readers
    LEAVING = "leaving"
    #: not read, or in no story
    NO_STATEMENT = "no-statement"
    #: they stand in several stories
    SEVERAL = "several"
    #: it gave its story the name
    NAMESAKE = "namesake"
    #: nothing would be left in the story
    ALL = "all"
    #: the story that it opened once has other reports
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Unfit:
    """What stands in the way, and of what: the id of a story or statement. `into` is where a merged story went."""

    obstacle: Obstacle
    thing: str = ""
    into: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """A story as far as merging and splitting ask. `statements` are all of it, hidden ones too, the first seen first.

    `arrived` says since when each can have stood in it, `alarming` are those that can raise an alert; `into` is where
    the story was merged, empty where it was not.
    """

    id: str
    statements: tuple[str, ...]
    ready_at: datetime
    alert: AlertState
    arrived: Mapping[str, datetime] = field(default_factory=dict)
    alarming: frozenset[str] = frozenset()
    held: bool = False
    taken_back: bool = False
    into: str = ""

    @property
    def old(self) -> bool:
        """Whether it was only imported, and was never news."""
        return self.ready_at < EARLIEST


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging comes to: `statements` are moved; the alerts of `ended` stories, which were under way, end."""

    into: str
    stories: tuple[str, ...]
    statements: tuple[str, ...]
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """What splitting comes to: the `statements` of story `of` make the story `story`.

    It is ready since `ready_at`, unless it was there before; `reopened` where it was merged away; `news` where an
    editor says so. `asked`: its alert is decided as any other's. `calmed`: nothing that can raise an alert is left in
    the story `of`, whose alert was undecided.
    """

    story: str
    of: str
    statements: tuple[str, ...]
    ready_at: datetime
    reopened: bool = False
    news: bool = False
    asked: bool = False
    calmed: bool = False


class Fate(StrEnum):
    """What became of the story that a statement opened, or would open."""

    NONE = "none"
    EMPTY = "empty"
    #: merged into the story in which the statement stands
    HERE = "here"
    #: others stand in it, or it was merged elsewhere
    TAKEN = "taken"


def merging(into: Side | None, others: Sequence[Side | None], names: Sequence[str]) -> Merged | Unfit:
    """What becomes of it when the `others` go into one story; None stands for a story that is not there.

    `names` are the ids that were asked for, `into` first.
    """
    if into is None or (not into.statements and not into.into):
        return Unfit(Obstacle.NO_STORY, names[0])
    if into.into:
        return Unfit(Obstacle.MERGED, into.id, into.into)
    found: list[Side] = []
    for name, other in zip(names[1:], others, strict=True):
        if other is None:
            return Unfit(Obstacle.NO_STORY, name)
        if obstacle := _obstacle(into, other):
            return Unfit(obstacle, other.id, other.into)
        found.append(other)
    return Merged(
        into.id,
        tuple(o.id for o in found),
        tuple(i for o in found for i in o.statements),
        tuple(o.id for o in found if o.alert in UNDECIDED),
    )


def _obstacle(into: Side, other: Side) -> Obstacle | None:
    """What stands in the way of one story on its way into another."""
    obstacles = (
        (other.id == into.id, Obstacle.ITSELF),
        (bool(other.into), Obstacle.MERGED),
        (not other.statements, Obstacle.NO_STORY),
        (other.taken_back, Obstacle.TAKEN_BACK),
        (other.held and not into.held, Obstacle.HELD),
        (into.old and not other.old, Obstacle.OLD),
        (other.alert is AlertState.RELEASED, Obstacle.LEAVING),
    )
    return next((obstacle for applies, obstacle in obstacles if applies), None)


def splitting(
    side: Side, wanted: Collection[str], own: Mapping[str, Fate], *, news: bool = False, ended: Collection[str] = ()
) -> Split | Unfit:
    """What becomes of it when the `wanted` statements of a story leave it together.

    `own` says of each what became of the story of its name. The new story has the name of one that was merged away
    from it, else of the first whose name is free. `ended` are the stories whose alerts ended when they were merged.
    """
    moved = tuple(i for i in side.statements if i in wanted)
    if side.id in moved:
        return Unfit(Obstacle.NAMESAKE, side.id)
    if len(moved) == len(side.statements):
        return Unfit(Obstacle.ALL, side.id)
    if side.alert is AlertState.RELEASED:
        return Unfit(Obstacle.LEAVING, side.id)
    free = [i for i in moved if own[i] is not Fate.TAKEN]
    if not free:
        return Unfit(Obstacle.TAKEN, moved[0])
    name = next((i for i in free if own[i] is Fate.HERE), free[0])
    alarms = any(i in side.alarming for i in moved)
    undecided = side.alert in UNDECIDED
    return Split(
        name,
        side.id,
        moved,
        _ready_at(side, moved),
        reopened=own[name] is Fate.HERE,
        news=news,
        asked=alarms and (news or undecided or name in ended),
        calmed=undecided and not side.alarming.difference(moved),
    )


def _ready_at(side: Side, moved: Sequence[str]) -> datetime:
    """When a story of these statements would have become ready, had they never stood in this one.

    So windows that are still open hold it, and those that have closed held it with the other story.
    """
    return side.ready_at if side.old else max(side.ready_at, min(side.arrived[i] for i in moved))


def story_named(text: str) -> str:
    """The id of a story that somebody names by it, or by the address of its page."""
    path = text.strip().partition("#")[0].partition("?")[0].rstrip("/")
    return path.rpartition("/stories/")[2]
