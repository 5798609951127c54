"""Which statements report the same thing.

A statement is found by *marks*: its rarest words, concepts and numbers in the weeks around its publication, and the
smallest hashes of its word triples at any time. What is found is compared in full. A reprint shares most of its
triples; a rewrite or translation shares rare words, concepts and numbers within days. One without a date of its own
joins as a reprint only.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log1p

from nkwatch.domain.reading import Reading
from nkwatch.domain.statement import EARLIEST, Statement
from nkwatch.reading.likeness import (
    REPRINTED,
    Profile,
    grams,
    likeness,
    profile,
    profiled,
    reprinted,
    shared,
)
from nkwatch.reading.particulars import Kind, Particular, hashed, particulars, words
from nkwatch.reading.shelved import Marks, Rack, Shelved
from nkwatch.reading.vocabulary import Vocabulary

#: A reprint follows within this; an anniversary text that repeats last year's is another statement.
SPAN = timedelta(days=14)
#: Later than this only a reprint joins (days): a launch a week after another is the next one.
FOLLOWS = 6.0
#: Log odds from which a statement joins, and what each other story that could be meant as well asks for besides: in a
#: week when everybody writes on one launch, likeness says less.
ENOUGH, RIVALRY = -1.5, 2.0
#: Log odds from which a story could be meant as well.
RIVAL = -4.0
#: How much one report of a story that is very unlike can count against the story.
LEAST = -8.0
#: How many words, how many concepts and numbers, and how many triples a statement is found by.
WORDS, BRIDGES, TRIPLES = 16, 12, 48
#: Particulars that say less than this (nats) find too much.
TELLING = 2.0
#: What is compared in full, the most marks in common first; a mark that more share finds nothing.
CANDIDATES, CROWDED = 40, 400
#: Days that share a mark; a report is looked for in those before and after as well.
WEEK = 7
AROUND = (-1, 0, 1)
_MIX = 0x9E3779B97F4A7C15
_PLAIN = Vocabulary()


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement that already has its story."""

    statement: Statement
    story_id: str


@dataclass(frozen=True, slots=True)
class Placement:
    """A reading to record: the statement's story (empty where it has none) and the marks it is found by."""

    reading: Reading
    story_id: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """The story that a statement was put in, and why.

    `like` is the id of the report it is most like, empty where it opens the story; `score` the log odds for the
    story, or for a `reprint` the share (0 to 1) of triples in common.
    """

    story_id: str
    like: str = ""
    score: float = 0.0
    reprint: bool = False


def marks(statement: Statement, vocabulary: Vocabulary = _PLAIN) -> tuple[int, ...]:
    """The hashes that a statement is kept under."""
    return _looked_at(statement, vocabulary).marks((0,))


def sought(statement: Statement, vocabulary: Vocabulary = _PLAIN) -> tuple[int, ...]:
    """The hashes under which candidates for the same story are looked up."""
    return _looked_at(statement, vocabulary).marks(AROUND)


def since(statements: Sequence[Statement]) -> datetime:
    """The earliest publication that any of these could share a story with; one without a date could with any."""
    return min(EARLIEST if s.published_estimated else s.published - SPAN for s in statements)


class Shelf:
    """Statements that have their story, to be found by their marks. Placing one costs what shares its marks."""

    def __init__(self, placed: Iterable[Placed] = (), vocabulary: Vocabulary = _PLAIN) -> None:
        self._vocabulary = vocabulary
        self._marks = Marks()
        self._shelved = Rack()
        for one in sorted(placed, key=lambda p: (p.statement.published, p.statement.id)):
            self.add(one)

    def add(self, placed: Placed) -> None:
        """Put a statement on the shelf under all its marks."""
        self._keep(placed.statement.id, placed.story_id, _looked_at(placed.statement, self._vocabulary))

    def place(self, statement: Statement, apart: Collection[str] = ()) -> str:
        """The id of the story that `statement` belongs to, its own where it opens one; it is on the shelf after.

        `apart` are stories that it must not join, whatever they share: an editor said so.
        """
        return self.join(statement, apart).story_id

    def join(self, statement: Statement, apart: Collection[str] = ()) -> Joined:
        """As `place`, with the reasons."""
        own = _looked_at(statement, self._vocabulary)
        near = [one for one in self._near(statement.id, own) if one.story_id not in apart]
        joined = _reprint(own.profile, near) or _report(own.profile, near) or Joined(statement.id)
        self._keep(statement.id, joined.story_id, own)
        return joined

    def _keep(self, statement_id: str, story_id: str, own: "_Look") -> None:
        self._marks.add(own.marks((0,)))
        self._shelved.add(Shelved(statement_id, story_id, own.profile))

    def _near(self, statement_id: str, own: "_Look") -> list[Shelved]:
        """What shares most marks with a statement and is near enough in time."""
        found: Counter[int] = Counter()
        for mark in own.marks(AROUND):
            found.update(self._marks.sharing(mark, CROWDED))
        best = sorted(found, key=lambda place: (-found[place], place))[:CANDIDATES]
        shelved = (self._shelved[place] for place in best)
        return [one for one in shelved if one.statement_id != statement_id and _in_span(own.profile, one.profile)]


@dataclass(frozen=True, slots=True)
class _Look:
    """A statement's profile and what its marks are made of."""

    profile: Profile
    grams: tuple[int, ...]
    keys: tuple[int, ...]

    def marks(self, weeks: Sequence[int]) -> tuple[int, ...]:
        """Its marks in the weeks so many from its own."""
        if not self.profile.dated:
            return self.grams
        week = int(self.profile.published // WEEK)
        return (*self.grams, *dict.fromkeys(_mixed(key, week + step) for step in weeks for key in self.keys))


def _looked_at(statement: Statement, vocabulary: Vocabulary) -> _Look:
    told, hashes = particulars(statement, vocabulary), grams(statement)
    return _Look(profiled(statement, told, hashes), tuple(hashes[:TRIPLES]), tuple(map(hashed, _telling(told))))


@dataclass(frozen=True, slots=True)
class Alike:
    """What makes a statement most like `other`: `score` as in `Joined`, how many days lie between, what is shared.

    `days` is None where either has no date of its own.
    """

    other: Statement
    score: float
    reprint: bool
    days: float | None
    words: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Whether these two alone would come together."""
        return self.reprint or (self.days is not None and self.days <= FOLLOWS and self.score >= ENOUGH)


def most_alike(statement: Statement, others: Sequence[Statement], vocabulary: Vocabulary = _PLAIN) -> Alike | None:
    """Which of the others a statement is most like, and why; None where there are no others."""
    own = profile(statement, vocabulary)
    compared = [_compared(own, profile(other, vocabulary)) for other in others]
    if not compared:
        return None
    (reprint, score), other = max(zip(compared, others, strict=True), key=lambda pair: pair[0])
    dated = not (statement.published_estimated or other.published_estimated)
    days = abs(statement.published - other.published) / timedelta(days=1) if dated else None
    return Alike(other, score, reprint, days, words(shared(statement, other, vocabulary), statement))


def _compared(own: Profile, other: Profile) -> tuple[bool, float]:
    share = reprinted(own.sketch, other.sketch)
    return (True, share) if share >= REPRINTED else (False, likeness(own, own.index(), other))


def _in_span(one: Profile, other: Profile) -> bool:
    return not (one.dated and other.dated) or abs(one.published - other.published) <= SPAN.days


def _reprint(own: Profile, near: Sequence[Shelved]) -> Joined | None:
    shares = [(reprinted(own.sketch, one.profile.sketch), one.statement_id, one.story_id) for one in near]
    best, like, story_id = max(shares, default=(0.0, "", ""))
    return Joined(story_id, like, best, reprint=True) if best >= REPRINTED else None


def _report(own: Profile, near: Sequence[Shelved]) -> Joined | None:
    """The story whose nearest report is like this one, its other reports not too unlike, and no rival as good."""
    index = own.index()
    stories: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for one in near:
        other = one.profile
        if own.dated and other.dated and abs(own.published - other.published) <= FOLLOWS:
            stories[one.story_id].append((likeness(own, index, other), one.statement_id))
    odds = sorted((_odds([score for score, _ in told]), story) for story, told in stories.items())
    if not odds:
        return None
    best, story_id = odds[-1]
    rivals = sum(score > RIVAL for score, _ in odds[:-1])
    if best < ENOUGH + RIVALRY * log1p(rivals):
        return None
    return Joined(story_id, max(stories[story_id])[1], best)


def _odds(scores: Sequence[float]) -> float:
    """Half the best score, half the mean: a story does not drift from event to event."""
    return max(scores) / 2 + sum(max(score, LEAST) for score in scores) / len(scores) / 2


def _telling(told: Sequence[Particular]) -> list[str]:
    """The keys that say most, words and what bridges languages each by themselves."""
    telling = [p for p in told if p.weight >= TELLING]
    words = [p.key for p in telling if p.kind <= Kind.PAIR]
    bridges = [p.key for p in telling if p.kind > Kind.PAIR]
    return [*words[:WORDS], *bridges[:BRIDGES]]


def _mixed(key: int, week: int) -> int:
    """A mark of this key in this week: signed 64-bit, as databases keep integers."""
    mixed = (key ^ (week * _MIX)) & 0xFFFFFFFFFFFFFFFF
    return mixed - (1 << 64) if mixed >> 63 else mixed
