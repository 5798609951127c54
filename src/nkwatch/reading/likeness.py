"""How likely two statements report the same event: a sum of what they share, weighted, and how far apart they are.

The weights come from a logistic regression on pairs of press reports, most of which are not part of the project, so
they are set here and cannot be learned anew from its files. Names of persons and named days were tried and not kept.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log, log1p, sqrt

from nkwatch.domain.statement import Statement
from nkwatch.reading.particulars import Kind, Particular, hashed, particulars, triples
from nkwatch.reading.vocabulary import Vocabulary

#: Share of the shorter text's triples that stand in the other where one reprints the other.
REPRINTED = 0.45
#: Below this many triples a text says too little to be compared by them; of two sketches, below half as many.
FEWEST = 12
#: How many triples of a text are kept to compare it by: all of a short one, of a long one an even sample.
SKETCHED = 512
#: Seconds of a day.
DAY = 86_400
#: What each finding adds to the log odds of two statements being on one event.
BIAS, COSINE, TITLES, TITLE_IN, SHARED, NUMBERS = -4.08, 2.55, 2.07, 4.84, 0.55, 0.68
GAP, SERIES, LANGUAGES = -3.0, -2.46, -1.24
#: What speaks against it: one publisher says two things on one day; the titles give other numbers; they name other
#: places; one replies to what the other tells; two publishers mark a day.
TWINS, COUNTS, PLACES, REPLIES, YEARLY = -14.0, -3.0, -2.0, -3.0, -8.0
#: Two texts that say more than so much (nats; in two languages what their concepts say) share words by chance: where
#: their titles have nothing in common, the odds lose so much for each factor e.
MUCH_SAID, MUCH_MEANT, CHANCE, UNTITLED = 150.0, 25.0, -8.0, 5.0
#: Share of a text that stands in the other where one publisher says the same again, and what a text must say for that
#: (nats).
REPEATED, LEAST_SAID = 0.5, 5.0
#: What two statements must share at all (nats), in one language and in two: one word alone is a heading.
LEAST_SHARED, LEAST_BRIDGED = 10.5, 5.0
#: From this many triples on a publisher that says the same again repeats its words; two such texts that do not are two
#: statements, however alike they begin.
LONG = 150
#: Log odds of what shares too little to be one event, and of what is not one.
UNSURE = -1.6
NEVER = -12.0
#: Weights are kept in thousandths of a nat.
FINE = 1_000
#: Where in a trait the kind ends and the title begins.
TITLED = 1 << 3


@dataclass(frozen=True, slots=True)
class Sketch:
    """The `least` of the hashed triples of a text, in ascending order, and how many it has. 32 bits of each."""

    least: array  # type: ignore[type-arg]
    count: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What one statement is compared by. `published` is in days.

    `keys`, `weights` and `traits` (kind and whether titled) go together; `said` is what all words say, those of the
    title, all concepts, those of the title.
    """

    published: float
    dated: bool
    publisher: str
    language: str
    keys: array  # type: ignore[type-arg]
    weights: array  # type: ignore[type-arg]
    traits: array  # type: ignore[type-arg]
    said: array  # type: ignore[type-arg]
    sketch: Sketch

    def index(self) -> Mapping[int, int]:
        """Where each key stands."""
        return {key: place for place, key in enumerate(self.keys)}


def profile(statement: Statement, vocabulary: Vocabulary) -> Profile:
    """What `statement` is compared by."""
    return profiled(statement, particulars(statement, vocabulary), grams(statement))


def profiled(statement: Statement, told: Sequence[Particular], hashes: Sequence[int]) -> Profile:
    """The profile of a statement whose particulars and sorted triples are known."""
    return Profile(
        published=statement.published.timestamp() / DAY,
        dated=not statement.published_estimated,
        publisher=statement.publisher,
        language=statement.language[:2],
        keys=array("i", (hashed(p.key) >> 32 for p in told)),
        weights=array("H", (round(p.weight * FINE) for p in told)),
        traits=array("B", (p.kind | TITLED * p.titled for p in told)),
        said=array("f", _said(told)),
        sketch=sketch(hashes),
    )


def grams(statement: Statement) -> list[int]:
    """The hashed triples of title and text, in ascending order."""
    return sorted(triples(f"{statement.title}\n{statement.text}"))


def sketch(hashes: Iterable[int]) -> Sketch:
    """What is kept of these triples."""
    ordered = sorted(hashes)
    return Sketch(array("i", (h >> 32 for h in ordered[:SKETCHED])), len(ordered))


def _said(told: Iterable[Particular]) -> tuple[float, float, float, float]:
    words = [p for p in told if p.kind <= Kind.PLACE]
    concepts = [p for p in words if p.kind >= Kind.CONCEPT]
    both = (words, [p for p in words if p.titled], concepts, [p for p in concepts if p.titled])
    first, second, third, fourth = (sum(p.weight for p in some) for some in both)
    return first, second, third, fourth


def overlap(one: Sketch, other: Sketch) -> tuple[float, int]:
    """The share (0 to 1) of the smaller set of triples that stands in the other, and how many were compared.

    Of long texts only what lies below the ends of both sketches is compared.
    """
    end = min(s.least[-1] if s.count > len(s.least) else inf for s in (one, other))
    mine, theirs = (s.least[: bisect_right(s.least, end)] for s in (one, other))
    fewer = min(len(mine), len(theirs))
    return _part(len(set(mine).intersection(theirs)), fewer), fewer


def reprinted(one: Sketch, other: Sketch) -> float:
    """As `overlap`, and 0 where there is too little to be sure."""
    if min(one.count, other.count) < FEWEST:
        return 0.0
    share, compared = overlap(one, other)
    return share if compared >= FEWEST / 2 else 0.0


def likeness(one: Profile, index: Mapping[int, int], other: Profile) -> float:
    """The log odds that two dated statements report one event. `index` is that of `one`."""
    bridged = one.language != other.language
    if one.publisher == other.publisher and _two_of_one_publisher(one, other):
        return NEVER
    common = _common(one, index, other, Kind.CONCEPT if bridged else Kind.WORD)
    said, their_said = (p.said[2:] if bridged else p.said[:2] for p in (one, other))
    odds = (
        BIAS
        + COSINE * _part(common.words, sqrt(said[0] * their_said[0]))
        + TITLES * _part(common.titles, sqrt(said[1] * their_said[1]))
        + TITLE_IN * max(_part(common.mine, said[1]), _part(common.theirs, their_said[1]))
        + SHARED * log1p(common.words)
        + NUMBERS * common.numbers
        + GAP * log1p(abs(one.published - other.published))
        + LANGUAGES * bridged
        + _by_chance(said, their_said, common, MUCH_MEANT if bridged else MUCH_SAID)
        + _against(one, other, common)
    )
    return odds if common.words >= (LEAST_BRIDGED if bridged else LEAST_SHARED) else min(odds, UNSURE)


@dataclass(frozen=True, slots=True)
class _Common:
    """What two statements share (nats): of all words, of both titles, of either title, of neither; of numbers.

    `kinds` has a bit for each kind of which they share any.
    """

    words: float
    titles: float
    mine: float
    theirs: float
    texts: float
    numbers: float
    kinds: int


def _common(one: Profile, index: Mapping[int, int], other: Profile, first: Kind) -> _Common:
    """`first` is the kind from which on words count."""
    shared = [0] * 5
    numbers = kinds = 0
    for mine, theirs in [(index[key], place) for place, key in enumerate(other.keys) if key in index]:
        weight = min(one.weights[mine], other.weights[theirs])
        trait, their_trait = one.traits[mine], other.traits[theirs]
        kind = trait % TITLED
        kinds |= 1 << kind
        if kind == Kind.NUMBER:
            numbers += weight
        elif first <= kind <= Kind.PLACE:
            titled, theirs_titled = trait & TITLED, their_trait & TITLED
            either = titled | theirs_titled
            for slot, counts in enumerate((True, titled & theirs_titled, titled, theirs_titled, not either)):
                shared[slot] += weight if counts else 0
    words, titles, in_mine, in_theirs, texts = (weight / FINE for weight in shared)
    return _Common(words, titles, in_mine, in_theirs, texts, numbers / FINE, kinds)


def _by_chance(said: Sequence[float], their_said: Sequence[float], common: _Common, much: float) -> float:
    if common.titles >= UNTITLED or not (said[1] and their_said[1]):
        return 0.0
    return CHANCE * max(0.0, log(sqrt(said[0] * their_said[0]) / much))


def _against(one: Profile, other: Profile, common: _Common) -> float:
    """What two statements lose that name the like of it and not the same, or that are two of one publisher."""
    both = (one, other)
    differing = (
        (COUNTS, Kind.NUMBER, all(_tells(p, Kind.NUMBER, titled=True) for p in both)),
        (PLACES, Kind.PLACE, all(_tells(p, Kind.PLACE) for p in both)),
        (REPLIES, Kind.REPLY, any(_tells(p, Kind.REPLY, titled=True) for p in both)),
    )
    odds = sum(loss for loss, kind, named in differing if named and not common.kinds & 1 << kind)
    if one.publisher == other.publisher:
        return odds + _same_publisher(one, other, common.texts)
    return odds + (YEARLY if common.kinds & 1 << Kind.YEARLY else 0.0)


def _tells(one: Profile, kind: Kind, *, titled: bool = False) -> bool:
    return kind | TITLED in one.traits or (not titled and kind in one.traits)


def _same_publisher(one: Profile, other: Profile, shared: float) -> float:
    """What two statements of one publisher lose: on one day all the more the less the one repeats the other.

    Items of a series have their titles and openings in common: what counts is `shared`, what only the texts say. In
    another language it may be the translation.
    """
    if int(one.published) != int(other.published):
        return SERIES
    if one.language != other.language:
        return 0.0
    fewer = min(p.said[0] - p.said[1] for p in (one, other))
    repeated = shared / fewer if fewer > LEAST_SAID else overlap(one.sketch, other.sketch)[0]
    return TWINS * max(0.0, 1 - repeated / REPEATED)


def _two_of_one_publisher(one: Profile, other: Profile) -> bool:
    return min(one.sketch.count, other.sketch.count) >= LONG and reprinted(one.sketch, other.sketch) < REPRINTED


def _part(shared: float, whole: float) -> float:
    return shared / whole if whole else 0.0


def shared(one: Statement, other: Statement, vocabulary: Vocabulary) -> tuple[Particular, ...]:
    """What both are told by, the weightiest first: why they were held for one story."""
    theirs = {p.key for p in particulars(other, vocabulary)}
    return tuple(p for p in particulars(one, vocabulary) if p.key in theirs and p.kind <= Kind.NUMBER)
