"""Is North Korea, its people, state, escapees, abductees or detainees the subject, or is it merely named?"""

from collections.abc import Sequence
from dataclasses import dataclass

from nkwatch.domain.theme import Evidence
from nkwatch.reading.lexicon import HINTS, NAMES, Hit

#: A lead of this many code points says what a text is about.
LEAD = 300
#: At and above this weight a text is on North Korea.
SUBJECT = 1.0
#: What a name weighs by where it stands: the subject stands in the title, or several times in the lead.
IN_TITLE, IN_LEAD, IN_BODY, HINT = 1.0, 0.7, 0.2, 0.4
#: A source that writes on nothing else needs little more to convince.
NK_ONLY_PRIOR = 0.8
#: A text that names the country in its lead and speaks of human rights is on both.
RIGHTS_PRIOR = 0.3
#: How much evidence is kept: enough to explain, not all of a long report.
KEPT = 5


@dataclass(frozen=True, slots=True)
class Relevance:
    """`score` grows with every sign; the phrases are the strongest of them."""

    score: float
    evidence: tuple[Evidence, ...]

    @property
    def about_nk(self) -> bool:
        """Whether the text is on North Korea."""
        return self.score >= SUBJECT


def relevance(hits: Sequence[Hit], *, nk_only: bool, on_rights: bool) -> Relevance:
    """Weigh the names found: much in the title and the lead, little far down in a long text.

    `nk_only` says that the source writes on nothing else, `on_rights` that a term of a rights theme was met.
    """
    weighed = [(_weight(h), h) for h in hits if h.list in {NAMES, HINTS}]
    named = any(h.list == NAMES for _, h in weighed)
    # hints alone (Pyongyang, "the North") count only beside a name or in a source that writes on nothing else
    usable = [(w, h) for w, h in weighed if named or nk_only or h.list == NAMES]
    prior = (NK_ONLY_PRIOR if nk_only else 0) + (RIGHTS_PRIOR if on_rights and named else 0)
    score = sum(w for w, _ in usable) + prior
    strongest = sorted(usable, key=lambda pair: -pair[0])[:KEPT]
    return Relevance(round(score, 2), tuple(h.evidence for _, h in strongest))


def _weight(hit: Hit) -> float:
    in_title = hit.evidence.field == "title"
    if hit.list == HINTS:
        return HINT if in_title else HINT / 4
    if in_title:
        return IN_TITLE
    return IN_LEAD if hit.evidence.start < LEAD else IN_BODY
