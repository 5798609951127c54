"""What statements are read by: every table of the catalogue, compiled, under one version."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nkwatch.domain.place import Place
from nkwatch.reading.casebook import CaseBook
from nkwatch.reading.lexicon import SIGNS, THEME, WEAK, Lexicon
from nkwatch.reading.places import terms
from nkwatch.reading.speech import Speech
from nkwatch.reading.vocabulary import Vocabulary
from nkwatch.reading.weights import Head, Weights


@dataclass(frozen=True)
class Rules:
    """Readings carry `version`: the same text under the same version has the same reading."""

    version: str
    lexicon: Lexicon
    weights: Weights
    speech: Speech
    cases: CaseBook
    #: what the words of reports mean, and how rare they are: stories are found by it
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    places: tuple[Place, ...] = ()

    @classmethod
    def of(
        cls,
        version: str,
        lexicon: Lexicon,
        weights: Weights,
        speech: Speech,
        cases: CaseBook,
        vocabulary: Vocabulary | None = None,
        places: Sequence[Place] = (),
    ) -> "Rules":
        """These tables, with places and the words that have weights of their own looked for beside the lexicon's terms.

        A theme that weights were not learned for counts by its lists.
        """
        whole = replace(lexicon, terms=(*lexicon.terms, *weights.terms, *terms(places)))
        plain = {theme.code: unlearned(theme.code) for theme in lexicon.themes}
        told = Weights(weights.version, plain | dict(weights.heads))
        return cls(version, whole, told, speech, cases, vocabulary or Vocabulary(), tuple(places))


def unlearned(code: str) -> Head:
    """What the lists of a theme count until somebody learns it, near to what they count for the learned ones."""
    return Head(-3.5, {f"{THEME}{code}": 2.5, f"{WEAK}{code}": 1.2, f"{SIGNS}{code}": 1.0})
