"""How fast a statement should reach people: urgent, notable or routine, with the phrases that say so."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from nkwatch.domain.reading import Evidence, Finding, Urgency
from nkwatch.domain.theme import ThemeKind
from nkwatch.reading.features import Sign
from nkwatch.reading.lexicon import CUE
from nkwatch.reading.weights import NOTABLE, URGENT, Weights

#: From these probabilities on.
PROBABLY_URGENT, PROBABLY_NOTABLE = 0.45, 0.5
#: Without a word for one of these dangers nothing is urgent.
DANGERS = frozenset(
    f"{CUE}{danger}"
    for danger in ("forced_return", "detention", "sentence", "execution", "disappearance", "epidemic", "disaster")
)
#: What says that the danger is over, or long ago: 4 of the 166 labelled statements with it are urgent.
DAMPERS = f"{CUE}dampers"
#: What comes to us later than this after its publication is old news.
NEWS = timedelta(days=7)

Judged = tuple[Urgency, tuple[Evidence, ...]]
"""The urgency, and the phrases that decided; routine needs none."""


def urgency(
    probabilities: Mapping[str, float],
    signs: Mapping[str, Sign],
    weights: Weights,
    findings: Sequence[Finding],
    age: timedelta,
) -> Judged:
    """The urgency of a text with these themes that was seen `age` after its publication.

    Urgent is what probably is, names a danger that is not over, is on human rights, and is new.
    """
    on_rights = any(f.kind is ThemeKind.RIGHTS for f in findings)
    endangered = on_rights and not DANGERS.isdisjoint(signs) and DAMPERS not in signs
    if probabilities[URGENT] >= PROBABLY_URGENT and endangered and age <= NEWS:
        return Urgency.URGENT, weights.evidence(URGENT, signs)
    if probabilities[NOTABLE] >= PROBABLY_NOTABLE:
        return Urgency.NOTABLE, weights.evidence(NOTABLE, signs)
    return Urgency.ROUTINE, ()
