"""How likely two statements report the same event: a sum of what they share, weighted, and how far apart they are.

The weights come from a logistic regression on pairs of press reports, most of which are not part of the project, so
they are set here and cannot be learned anew from its files. Names of persons and named days were tried and not kept.
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log1p, sqrt

from nkwatch.domain.statement import Statement
from nkwatch.reading.particulars import Kind, Particular, hashed, particulars, triples
from nkwatch.reading.vocabulary import Vocabulary

#: Share of the shorter text's triples that stand in the other where one reprints the other.
REPRINTED = 0.45
#: Below this many triples a text says too little to be compared by them.
FEWEST = 12
#: Seconds of a day.
DAY = 86_400
#: What each finding adds to the log odds of two statements being on one event.
BIAS, COSINE, TITLES, TITLE_IN, SHARED, NUMBERS = -4.08, 2.55, 2.07, 4.84, 0.55, 0.68
GAP, SERIES, LANGUAGES = -3.0, -2.46, -1.24
#: What two statements must share at all (nats), in one language and in two: one word alone is a heading.
LEAST_SHARED, LEAST_BRIDGED = 10.5, 5.0
#: From this many triples on a publisher that says the same again repeats its words; two such texts that do not are two
#: statements, however alike they begin.
LONG = 150
#: Log odds of what shares too little to be one event, and of what is not one.
UNSURE = -1.6
NEVER = -12.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What one statement is compared by. `published` is in days; `keys`, `weights` and `kinds` go together."""

    published: float
    dated: bool
    publisher: str
    language: str
    keys: array  # type: ignore[type-arg]
    weights: array  # type: ignore[type-arg]
    kinds: bytes
    titled: bytes
    triples: array  # type: ignore[type-arg]

    def index(self) -> Mapping[int, int]:
        """Where each key stands."""
        return {key: place for place, key in enumerate(self.keys)}


def profile(statement: Statement, vocabulary: Vocabulary) -> Profile:
    """What `statement` is compared by."""
    told = particulars(statement, vocabulary)
    return Profile(
        published=statement.published.timestamp() / DAY,
        dated=not statement.published_estimated,
        publisher=statement.publisher,
        language=statement.language[:2],
        keys=array("q", (hashed(p.key) for p in told)),
        weights=array("f", (p.weight for p in told)),
        kinds=bytes(p.kind for p in told),
        titled=bytes(p.titled for p in told),
        triples=array("q", sorted(triples(f"{statement.title}\n{statement.text}"))),
    )


def reprinted(one: frozenset[int], other: Iterable[int], count: int) -> float:
    """The share (0 to 1) of the smaller set of triples that stands in the other; 0 where there is too little.

    `count` is how many the other has.
    """
    fewer = min(len(one), count)
    return len(one.intersection(other)) / fewer if fewer >= FEWEST else 0.0


def likeness(one: Profile, index: Mapping[int, int], other: Profile) -> float:
    """The log odds that two dated statements report one event. `index` is that of `one`."""
    bridged = one.language != other.language
    places = [(index[key], place) for place, key in enumerate(other.keys) if key in index]
    shared = [0.0, 0.0, 0.0, 0.0]
    numbers = 0.0
    for mine, theirs in places:
        weight = min(one.weights[mine], other.weights[theirs])
        if one.kinds[mine] == Kind.NUMBER:
            numbers += weight
        elif not bridged or one.kinds[mine] == Kind.CONCEPT:
            titled, theirs_titled = one.titled[mine], other.titled[theirs]
            for slot, counts in enumerate((1, titled and theirs_titled, titled, theirs_titled)):
                shared[slot] += weight if counts else 0.0
    if _two_of_one_publisher(one, other):
        return NEVER
    (all_one, title_one), (all_other, title_other) = (_said(p, bridged=bridged) for p in (one, other))
    gap = abs(one.published - other.published)
    series = one.publisher == other.publisher and int(one.published) != int(other.published)
    odds = (
        BIAS
        + COSINE * _part(shared[0], sqrt(all_one * all_other))
        + TITLES * _part(shared[1], sqrt(title_one * title_other))
        + TITLE_IN * max(_part(shared[2], title_one), _part(shared[3], title_other))
        + SHARED * log1p(shared[0])
        + NUMBERS * numbers
        + GAP * log1p(gap)
        + SERIES * series
        + LANGUAGES * bridged
    )
    return odds if shared[0] >= (LEAST_BRIDGED if bridged else LEAST_SHARED) else min(odds, UNSURE)


def _two_of_one_publisher(one: Profile, other: Profile) -> bool:
    if one.publisher != other.publisher or min(len(one.triples), len(other.triples)) < LONG:
        return False
    return reprinted(frozenset(one.triples), other.triples, len(other.triples)) < REPRINTED


def _part(shared: float, whole: float) -> float:
    return shared / whole if whole else 0.0


def _said(one: Profile, *, bridged: bool) -> tuple[float, float]:
    """How much all words of a statement say, and those of its title; between languages only concepts count."""
    counts = (Kind.CONCEPT,) if bridged else (Kind.WORD, Kind.PAIR, Kind.CONCEPT)
    words = [(w, t) for w, kind, t in zip(one.weights, one.kinds, one.titled, strict=True) if kind in counts]
    return sum(w for w, _ in words), sum(w for w, titled in words if titled)


def shared(one: Statement, other: Statement, vocabulary: Vocabulary) -> tuple[Particular, ...]:
    """What both are told by, the weightiest first: why they were held for one story."""
    theirs = {p.key for p in particulars(other, vocabulary)}
    return tuple(p for p in particulars(one, vocabulary) if p.key in theirs)
