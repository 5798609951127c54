"""What each feature of a statement counts for each question that is asked of it.

A question (a *head*) is a theme's code, `urgent` or `notable`. The features add up, and the logistic function makes the
sum a probability: a linear model, so that each answer can be taken apart into the phrases that decided.
"""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp

from nkwatch.domain.reading import Evidence
from nkwatch.reading.features import Sign
from nkwatch.reading.lexicon import WORD, Term

URGENT, NOTABLE = "urgent", "notable"
#: How much evidence is kept: enough to explain, not all of a long report.
KEPT = 5
#: Latin words of fewer letters explain nothing; the last of the ranks of what is shown.
TELLING, DIMMEST = 4, 2
#: Beyond this the logistic function is 0 or 1 to nine digits.
CERTAIN = 20.0


@dataclass(frozen=True, slots=True)
class Head:
    """One question: what speaks for yes before anything is read, and what each feature adds."""

    bias: float
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Share:
    """What one feature added to a sum, and its phrases."""

    feature: str
    added: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Weights:
    """All heads; `version` names what they were learned from."""

    version: str
    heads: Mapping[str, Head]
    #: of each feature the place of the head among all, and the weight
    _by_feature: Mapping[str, Sequence[tuple[int, float]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_feature: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, head in enumerate(self.heads.values()):
            for feature, weight in head.weights.items():
                by_feature[feature].append((place, weight))
        object.__setattr__(self, "_by_feature", dict(by_feature))

    @property
    def known(self) -> Container[str]:
        """The features that have a weight."""
        return self._by_feature

    @property
    def terms(self) -> tuple[Term, ...]:
        """The single words that count, to be looked for beside the terms of the catalogue."""
        return tuple(Term(n.removeprefix(WORD), n) for n in sorted(self._by_feature) if n.startswith(WORD))

    def probabilities(self, signs: Mapping[str, Sign]) -> dict[str, float]:
        """The answer of each head (0 to 1) on a statement with these features. Costs one pass over the features."""
        totals = [head.bias for head in self.heads.values()]
        for feature, (value, _) in signs.items():
            for place, weight in self._by_feature.get(feature, ()):
                totals[place] += weight * value
        return {name: logistic(total) for name, total in zip(self.heads, totals, strict=True)}

    def shares(self, name: str, signs: Mapping[str, Sign]) -> tuple[Share, ...]:
        """What each feature added to the answer of this head, the strongest first."""
        weights = self.heads[name].weights
        added = (Share(n, weights[n] * s.value, s.evidence) for n, s in signs.items() if n in weights)
        return tuple(sorted(added, key=lambda s: (-s.added, s.feature)))

    def evidence(self, name: str, signs: Mapping[str, Sign]) -> tuple[Evidence, ...]:
        """The phrases that spoke most for yes to this head, each place once, at most `KEPT`.

        Phrases of lists explain more than single words and come first; of the shortest words only where all else is
        silent.
        """
        weights = self.heads[name].weights
        added = [(n, weights[n] * value) for n, (value, _) in signs.items() if n in weights]
        told = sorted([(_dimness(n), -more, n) for n, more in added if more > 0])
        kept: dict[Evidence, None] = {}
        for dimness, _, feature in told:
            if len(kept) >= KEPT or dimness == DIMMEST > told[0][0]:
                break
            kept |= dict.fromkeys(signs[feature].evidence)
        return tuple(kept)[:KEPT]


def _dimness(feature: str) -> int:
    """How little a feature's phrases explain: those of lists, single words, and words such as "at" and "has"."""
    if not feature.startswith(WORD):
        return 0
    word = feature.removeprefix(WORD)
    return DIMMEST if len(word) < TELLING and word.isascii() else 1


def logistic(total: float) -> float:
    """The probability whose log-odds are `total`."""
    return 1 / (1 + exp(-max(-CERTAIN, min(CERTAIN, total))))
