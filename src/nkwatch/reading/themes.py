"""Which themes a statement has, ranked, each with the phrases that decided."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from nkwatch.domain.reading import Finding
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.reading.features import Sign
from nkwatch.reading.lexicon import THEME, Hit
from nkwatch.reading.weights import Weights

#: From this probability on a statement has a theme. Below a half: themes are missed more easily than invented.
PROBABLE = 0.34
MOST = 4
#: The theme of what is on human rights or on life in general; beside another one it says nothing.
GENERAL = "general"


def names_rights(hits: Sequence[Hit], catalogue: Sequence[Theme]) -> bool:
    """Whether a term is met that names a theme of rights."""
    rights = {f"{THEME}{t.code}" for t in catalogue if t.kind is ThemeKind.RIGHTS}
    return not rights.isdisjoint(map(attrgetter("list"), hits))


def themes(
    probabilities: Mapping[str, float], signs: Mapping[str, Sign], weights: Weights, catalogue: Sequence[Theme]
) -> tuple[Finding, ...]:
    """The themes of a text that is on North Korea, the most probable first, at most `MOST`; scores are probabilities.

    A text on North Korea is on something: where no theme is probable, the most probable one stands, or the general one
    where no phrase speaks for that.
    """
    asked = [theme for theme in catalogue if theme.code in probabilities]
    ranked = sorted(asked, key=lambda t: (-probabilities[t.code], t.code))
    probable = [t for t in ranked if probabilities[t.code] >= PROBABLE]
    told = [t for t in probable if t.code != GENERAL] or probable or _likeliest(ranked, signs, weights)
    return tuple(
        Finding(t.code, t.kind, round(probabilities[t.code], 3), weights.evidence(t.code, signs)) for t in told[:MOST]
    )


def _likeliest(ranked: Sequence[Theme], signs: Mapping[str, Sign], weights: Weights) -> Sequence[Theme]:
    """The first theme if a phrase speaks for it, else the general one if there is one."""
    if ranked and weights.evidence(ranked[0].code, signs):
        return ranked[:1]
    return [t for t in ranked if t.code == GENERAL] or ranked[:1]
