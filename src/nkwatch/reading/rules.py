"""What statements are read by: every table of the catalogue, compiled, under one version."""

from dataclasses import dataclass, field, replace

from nkwatch.reading.casebook import CaseBook
from nkwatch.reading.lexicon import Lexicon
from nkwatch.reading.speech import Speech
from nkwatch.reading.vocabulary import Vocabulary
from nkwatch.reading.weights import Weights


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

    @classmethod
    def of(
        cls,
        version: str,
        lexicon: Lexicon,
        weights: Weights,
        speech: Speech,
        cases: CaseBook,
        vocabulary: Vocabulary | None = None,
    ) -> "Rules":
        """These tables, with the words that have weights of their own looked for beside the lexicon's terms."""
        whole = replace(lexicon, terms=(*lexicon.terms, *weights.terms))
        return cls(version, whole, weights, speech, cases, vocabulary or Vocabulary())
