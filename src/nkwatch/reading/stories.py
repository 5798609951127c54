"""Which statements report the same thing.

A statement is found by *marks*: its rarest words, concepts and numbers in the weeks around its publication, and the
smallest hashes of its word triples at any time. What is found is compared in full. A reprint shares most of its
triples; a rewrite or translation shares rare words, concepts and numbers within days. One without a date of its own
joins as a reprint only.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log1p

from nkwatch.domain.reading import Reading
from nkwatch.domain.statement import EARLIEST, Statement
from nkwatch.reading.likeness import REPRINTED, Profile, likeness, profile, reprinted
from nkwatch.reading.particulars import Kind
from nkwatch.reading.vocabulary import Vocabulary

#: A reprint follows within this; an anniversary text that repeats last year's is another statement.
SPAN = timedelta(days=14)
#: Later than this only a reprint joins (days): a launch a week after another is the next one.
FOLLOWS = 6.0
#: Log odds from which a statement joins, and what each other story that could be meant as well asks for besides: in a
#: week when everybody writes on one launch, likeness says less.
ENOUGH, RIVALRY = -1.5, 2.0
#: Log odds from which a story could be meant as well.
RIVAL = -3.0
#: How much one report of a story that is very unlike can count against the story.
LEAST = -4.0
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
_NONE = array("I")


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
    return _marks(profile(statement, vocabulary), (0,))


def sought(statement: Statement, vocabulary: Vocabulary = _PLAIN) -> tuple[int, ...]:
    """The hashes under which candidates for the same story are looked up."""
    return _marks(profile(statement, vocabulary), AROUND)


def since(statements: Sequence[Statement]) -> datetime:
    """The earliest publication that any of these could share a story with; one without a date could with any."""
    return min(EARLIEST if s.published_estimated else s.published - SPAN for s in statements)


class Shelf:
    """Statements that have their story, to be found by their marks. Placing one costs what shares its marks."""

    def __init__(self, placed: Iterable[Placed] = (), vocabulary: Vocabulary = _PLAIN) -> None:
        self._vocabulary = vocabulary
        #: most marks belong to one statement only: its place stands there without a list around it
        self._by_mark: dict[int, int | array] = {}  # type: ignore[type-arg]
        self._shelved: list[tuple[str, str, Profile]] = []
        for one in sorted(placed, key=lambda p: (p.statement.published, p.statement.id)):
            self.add(one)

    def add(self, placed: Placed) -> None:
        """Put a statement on the shelf under all its marks."""
        self._keep(placed.statement.id, placed.story_id, profile(placed.statement, self._vocabulary))

    def place(self, statement: Statement) -> str:
        """The id of the story that `statement` belongs to, its own where it opens one; it is on the shelf after."""
        return self.join(statement).story_id

    def join(self, statement: Statement) -> Joined:
        """As `place`, with the reasons."""
        own = profile(statement, self._vocabulary)
        near = self._near(statement.id, own)
        joined = _reprint(own, near) or _report(own, near) or Joined(statement.id)
        self._keep(statement.id, joined.story_id, own)
        return joined

    def _keep(self, statement_id: str, story_id: str, own: Profile) -> None:
        place = len(self._shelved)
        for mark in _marks(own, (0,)):
            known = self._by_mark.setdefault(mark, place)
            if isinstance(known, array):
                known.append(place)
            elif known != place:
                self._by_mark[mark] = array("I", (known, place))
        self._shelved.append((statement_id, story_id, own))

    def _near(self, statement_id: str, own: Profile) -> list[tuple[str, str, Profile]]:
        """What shares most marks with a statement and is near enough in time."""
        found: Counter[int] = Counter()
        for mark in _marks(own, AROUND):
            sharing = self._by_mark.get(mark, _NONE)
            if isinstance(sharing, int):
                found[sharing] += 1
            elif len(sharing) <= CROWDED:
                found.update(sharing)
        best = sorted(found, key=lambda place: (-found[place], place))[:CANDIDATES]
        shelved = (self._shelved[place] for place in best)
        return [one for one in shelved if one[0] != statement_id and _in_span(own, one[2])]


def _in_span(one: Profile, other: Profile) -> bool:
    return not (one.dated and other.dated) or abs(one.published - other.published) <= SPAN.days


def _reprint(own: Profile, near: Sequence[tuple[str, str, Profile]]) -> Joined | None:
    grams = frozenset(own.triples)
    shares = [(reprinted(grams, other.triples, len(other.triples)), i, story) for i, story, other in near]
    best, like, story_id = max(shares, default=(0.0, "", ""))
    return Joined(story_id, like, best, reprint=True) if best >= REPRINTED else None


def _report(own: Profile, near: Sequence[tuple[str, str, Profile]]) -> Joined | None:
    """The story whose nearest report is like this one, its other reports not too unlike, and no rival as good."""
    index = own.index()
    stories: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for i, story, other in near:
        if own.dated and other.dated and abs(own.published - other.published) <= FOLLOWS:
            stories[story].append((likeness(own, index, other), i))
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


def _marks(own: Profile, weeks: Sequence[int]) -> tuple[int, ...]:
    grams = tuple(own.triples[:TRIPLES])
    if not own.dated:
        return grams
    week = int(own.published // WEEK)
    keys = _telling(own)
    return (*grams, *dict.fromkeys(_mixed(key, week + step) for step in weeks for key in keys))


def _telling(own: Profile) -> list[int]:
    """The keys that say most, words and what bridges languages each by themselves."""
    told = [
        (key, kind) for key, weight, kind in zip(own.keys, own.weights, own.kinds, strict=True) if weight >= TELLING
    ]
    words = [key for key, kind in told if kind <= Kind.PAIR]
    bridges = [key for key, kind in told if kind > Kind.PAIR]
    return [*words[:WORDS], *bridges[:BRIDGES]]


def _mixed(key: int, week: int) -> int:
    """A mark of this key in this week: signed 64-bit, as databases keep integers."""
    mixed = (key ^ (week * _MIX)) & 0xFFFFFFFFFFFFFFFF
    return mixed - (1 << 64) if mixed >> 63 else mixed
