"""Letters that are written apart (é as e and an accent, 한 as three jamo) are read as one, and found where they stand.

Feeds write letters whole (Unicode NFC); files from some systems write them apart (NFD). Terms are written whole.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import accumulate
from typing import TypeVar

from nkwatch.domain.reading import Evidence

T = TypeVar("T")
#: A letter with all that may be composed with it: marks, and the vowels and finals of Korean syllables.
_CLUSTER = re.compile(r".[\u0300-\u036f\u0591-\u0670\u1160-\u11ff\u1ab0-\u1aff\u1dc0-\u1dff\u3099\u309a]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Composed:
    """A text with its letters whole; `places` says where in `original` each of them begins, and where the last ends."""

    text: str
    original: str
    places: Sequence[int] = ()

    def back(self, evidence: Evidence) -> Evidence:
        """The evidence where it stands in the original."""
        if not self.places:
            return evidence
        start, end = self.places[evidence.start], self.places[evidence.end]
        return Evidence(evidence.field, start, end, self.original[start:end])


def composed(text: str) -> Composed:
    """`text` with its letters whole, as it is where they are."""
    if unicodedata.is_normalized("NFC", text):
        return Composed(text, text)
    apart = _CLUSTER.findall(text)
    whole = [unicodedata.normalize("NFC", cluster) for cluster in apart]
    starts = accumulate(map(len, apart), initial=0)
    # a few letters are longer whole than apart: their last parts stand where the cluster ends
    places = [min(a + n, a + len(p) - 1) for a, p, w in zip(starts, apart, whole, strict=False) for n in range(len(w))]
    return Composed("".join(whole), text, [*places, len(text)])


def back(found: T, texts: Mapping[str, Composed]) -> T:
    """`found`, with every evidence in it moved to where it stands in the original of its field."""
    if isinstance(found, Evidence):
        return texts[found.field].back(found) if found.field in texts else found  # type: ignore[return-value]
    if isinstance(found, tuple):
        return tuple(back(one, texts) for one in found)  # type: ignore[return-value]
    if is_dataclass(found) and not isinstance(found, type):
        return replace(found, **{f.name: back(getattr(found, f.name), texts) for f in fields(found)})
    return found
