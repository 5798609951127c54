"""What of a statement is weighed: how much of each list of terms, and which single words, its beginning has."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Sign:
    """How much there is of one feature, and the phrases, each different one where it stands first."""

    value: float
    evidence: tuple[Evidence, ...]


def features(hits: Sequence[Hit]) -> dict[str, Sign]:
    """The features by name: lists, words, and pairs of lists of cues. The order of the hits does not matter."""
    met: dict[str, dict[str, Evidence]] = defaultdict(dict)
    for hit in sorted(hits, key=_place):
        evidence = hit.evidence
        if evidence.field == "title" or evidence.start < BEGINNING:
            met[hit.list].setdefault(" ".join(evidence.phrase.casefold().split()), evidence)
    single = {name: _sign(tuple(phrases.values()), _most(name)) for name, phrases in met.items()}
    return single | _pairs({name: sign for name, sign in single.items() if name.startswith(CUE)})


def _place(hit: Hit) -> tuple[bool, int, int, str]:
    """Sorts the title before the text, and each by where its phrases stand."""
    evidence = hit.evidence
    return evidence.field != "title", evidence.start, evidence.end, hit.list


def _most(name: str) -> float:
    return MOST_CUES if name.startswith(CUE) else MOST


def _sign(evidence: tuple[Evidence, ...], most: float) -> Sign:
    return Sign(min(most, sum(IN_TITLE if e.field == "title" else IN_TEXT for e in evidence)), evidence)


def _pairs(cues: Mapping[str, Sign]) -> dict[str, Sign]:
    names = sorted(cues)
    return {
        f"{one}{AND}{other}": Sign(1.0, (cues[one].evidence[0], cues[other].evidence[0]))
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    }
