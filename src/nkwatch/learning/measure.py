"""How well readings agree with labels: precision, recall and F1, each with the interval that so few statements allow.

Every figure is a sum over statements of what was rightly found, wrongly found and missed. Intervals (95 %) come from
resampling the statements (the bootstrap; Efron 1979) with a fixed seed, so that the same input gives the same figures.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from nkwatch.domain.labelled import Labelled
from nkwatch.domain.reading import Reading, Urgency

RESAMPLES = 400
#: The middle 95 % of the resamples.
LOW, HIGH = 0.025, 0.975


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled statement, its reading, and the id of the first statement of the story that it was placed in."""

    labelled: Labelled
    reading: Reading
    story: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was rightly found, wrongly found and missed. Halves occur: a pair belongs to two statements."""

    right: float = 0
    wrong: float = 0
    missed: float = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    def times(self, weight: float) -> "Tally":
        """This tally as if it had been met `weight` times."""
        return Tally(self.right * weight, self.wrong * weight, self.missed * weight)

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 where nothing was found."""
        found = self.right + self.wrong
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        """The share of what is there that was found; 1 where nothing is there."""
        there = self.right + self.missed
        return self.right / there if there else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 1 where there was nothing to find and nothing was found."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else 1.0


Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Score:
    """Figures from 0 to 1 with their intervals; `there` is how many there were to find, `found` how many were found."""

    precision: float
    recall: float
    f1: float
    precision_interval: Span
    recall_interval: Span
    f1_interval: Span
    there: int
    found: int


@dataclass(frozen=True, slots=True)
class Macro:
    """The mean F1 of the themes that occur."""

    f1: float
    f1_interval: Span


def relevant(one: Judged) -> Tally:
    """Whether the statement is on North Korea."""
    return _binary(there=one.labelled.about_nk, found=one.reading.about_nk)


def urgent(one: Judged) -> Tally:
    """Whether it is urgent; notable and routine are not told apart here."""
    there, found = (u is Urgency.URGENT for u in (one.labelled.urgency, one.reading.urgency))
    return _binary(there=there, found=found)


def themed(code: str) -> Callable[[Judged], Tally]:
    """A function that judges one theme. Where it is optional, it is neither right nor wrong."""

    def judge(one: Judged) -> Tally:
        if code in one.labelled.optional:
            return _NOTHING
        found = any(f.code == code for f in one.reading.themes)
        return _binary(there=code in one.labelled.themes, found=found)

    return judge


def score(judged: Sequence[Judged], judge: Callable[[Judged], Tally]) -> Score:
    """The figures of one question over these statements."""
    return _score([judge(one) for one in judged])


def macro(judged: Sequence[Judged], codes: Iterable[str]) -> Macro:
    """The mean over those themes that occur in the labels."""
    tallies = [[themed(code)(one) for one in judged] for code in codes]

    def mean(weights: Sequence[int]) -> float:
        totals = (_total(t, weights) for t in tallies)
        scores = [t.f1 for t in totals if t.right + t.missed]
        return sum(scores) / len(scores) if scores else 1.0

    return Macro(mean([1] * len(judged)), _middle(map(mean, _resamples(len(judged)))))


def micro(judged: Sequence[Judged], codes: Iterable[str]) -> Score:
    """The figures over all pairs of a statement and a theme."""
    judges = [themed(code) for code in codes]
    return _score([_sum(judge(one) for judge in judges) for one in judged])


def pairs(judged: Sequence[Judged]) -> Score:
    """The figures over all pairs of statements in one story, half a pair for each of the two."""
    told = [one for one in judged if one.labelled.story]
    return _score([t.times(0.5) for t in _groups(told, _pairs)])


def bcubed(judged: Sequence[Judged]) -> Score:
    """B-cubed (Bagga and Baldwin 1998): the mean over statements of how pure and how whole their groups are.

    The F1 is that of the mean precision and the mean recall.
    """
    told = [one for one in judged if one.labelled.story]
    shares = list(_groups(told, lambda there, found, both: Tally(both / found, both / there, 0)))

    def mean(weights: Sequence[int]) -> Tally:
        total = _total(shares, weights)
        count = sum(weights) or 1
        precision, recall = total.right / count, total.wrong / count
        # a tally with just this precision and recall
        return Tally(precision * recall, recall * (1 - precision), precision * (1 - recall))

    return _figures(mean, len(told), len({s.labelled.story for s in told}), len({s.story for s in told}))


def _pairs(there: int, found: int, both: int) -> Tally:
    return Tally(both - 1, found - both, there - both)


def _groups(told: Sequence[Judged], judge: Callable[[int, int, int], Tally]) -> Iterable[Tally]:
    """For each statement: how many share its labelled story, its found one, and both, itself among them."""
    there, found, both = (Counter(map(key, told)) for key in _KEYS)
    for one in told:
        labelled, placed, same = (key(one) for key in _KEYS)
        yield judge(there[labelled], found[placed], both[same])


_KEYS: tuple[Callable[[Judged], Hashable], ...] = (
    lambda one: one.labelled.story,
    lambda one: one.story or one.labelled.id,
    lambda one: (one.labelled.story, one.story or one.labelled.id),
)


def by(judged: Iterable[Judged], key: Callable[[Labelled], str]) -> dict[str, list[Judged]]:
    """The statements by publisher or language, the most frequent first."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[key(one.labelled)].append(one)
    return dict(sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def _binary(*, there: bool, found: bool) -> Tally:
    if not there and not found:
        return _NOTHING
    return Tally(right=there and found, wrong=found and not there, missed=there and not found)


def _score(tallies: Sequence[Tally]) -> Score:
    total = _sum(tallies)
    return _figures(
        lambda weights: _total(tallies, weights),
        len(tallies),
        round(total.right + total.missed),
        round(total.right + total.wrong),
    )


def _figures(sample: Callable[[Sequence[int]], Tally], count: int, there: int, found: int) -> Score:
    whole = sample([1] * count)
    drawn = [sample(weights) for weights in _resamples(count)]
    return Score(
        whole.precision,
        whole.recall,
        whole.f1,
        _middle(t.precision for t in drawn),
        _middle(t.recall for t in drawn),
        _middle(t.f1 for t in drawn),
        there,
        found,
    )


def _middle(figures: Iterable[float]) -> Span:
    """The span that holds the middle 95 % of these."""
    ranked = sorted(figures)
    return ranked[int(LOW * len(ranked))], ranked[int(HIGH * len(ranked))]


@lru_cache(maxsize=2)
def _resamples(count: int) -> tuple[Sequence[int], ...]:
    """How often each statement is drawn when as many are drawn as there are, for each resample."""
    random = Random(0)
    return tuple(_resample(random, count) for _ in range(RESAMPLES))


def _resample(random: Random, count: int) -> Sequence[int]:
    drawn = Counter(random.choices(range(count), k=count)) if count else Counter()
    return array("I", (drawn[place] for place in range(count)))


def _total(tallies: Sequence[Tally], weights: Sequence[int]) -> Tally:
    # of everything here this is done most often: without a tally for each
    right = wrong = missed = 0.0
    for tally, weight in zip(tallies, weights, strict=True):
        if weight and tally is not _NOTHING:
            right += tally.right * weight
            wrong += tally.wrong * weight
            missed += tally.missed * weight
    return Tally(right, wrong, missed)


def _sum(tallies: Iterable[Tally]) -> Tally:
    right = wrong = missed = 0.0
    for tally in tallies:
        right, wrong, missed = right + tally.right, wrong + tally.wrong, missed + tally.missed
    return Tally(right, wrong, missed)


#: Most statements say nothing on most questions; these are left out of the sums.
_NOTHING = Tally()
