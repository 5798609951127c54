"""What of a statement is weighed: how much of each list of terms, and which single words, its beginning has."""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from nkwatch.domain.reading import Evidence
from nkwatch.reading.lexicon import CUE, Hit

#: A text says in its beginning (code points) what it is about.
BEGINNING = 1_500
#: What a phrase counts by where it stands.
IN_TITLE, IN_TEXT = 1.5, 1.0
#: More phrases of one list say no more: of a theme's lists so much counts, of the cues of urgency so much.
MOST, MOST_CUES = 3.0, 6.0
#: Joins the names of two lists of cues that are both met.
AND = "&"


class Sign(NamedTuple):
    """How much there is of one feature, and the phrases, each different one where it stands first."""

    value: float
    hits: tuple[Hit, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The phrases as evidence."""
        return tuple(hit.evidence for hit in self.hits)


class Everything(Container[str]):
    """Holds every name."""

    def __contains__(self, name: object) -> bool:
        return True


EVERYTHING = Everything()


def features(hits: Sequence[Hit], known: Container[str] = EVERYTHING) -> dict[str, Sign]:
    """The features by name: lists, words, and pairs of lists of cues. The order of the hits does not matter.

    Only what is `known` is looked for, and every cue.
    """
    met: dict[str, dict[str, Hit]] = defaultdict(dict)
    values: dict[str, float] = defaultdict(float)
    for hit in sorted(hits, key=_place):
        field, start, _, name, phrase = hit
        if (start < BEGINNING or field == "title") and (name in known or name.startswith(CUE)):
            words, phrases = " ".join(phrase.casefold().split()), met[name]
            if words not in phrases:
                phrases[words] = hit
                values[name] += IN_TITLE if field == "title" else IN_TEXT
    signs = {name: Sign(min(value, _most(name)), tuple(met[name].values())) for name, value in values.items()}
    return signs | _pairs({name: sign for name, sign in signs.items() if name.startswith(CUE)}, known)


def _place(hit: Hit) -> tuple[bool, int, int, str]:
    """Sorts the title before the text, and each by where its phrases stand."""
    field, start, end, name, _ = hit
    return field != "title", start, end, name


def _most(name: str) -> float:
    return MOST_CUES if name.startswith(CUE) else MOST


def _pairs(cues: Mapping[str, Sign], known: Container[str]) -> dict[str, Sign]:
    return {
        name: Sign(1.0, (cues[one].hits[0], cues[other].hits[0]))
        for one, other in combinations(sorted(cues), 2)
        if (name := f"{one}{AND}{other}") in known
    }
