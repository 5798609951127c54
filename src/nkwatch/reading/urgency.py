"""How fast a statement should reach people: urgent, notable or routine, with the phrases that say so."""

import re
from collections.abc import Sequence

from nkwatch.domain.theme import Evidence, Finding, Urgency
from nkwatch.reading.lexicon import Hit

STRONG, MODERATE, DAMPER = "urgency:strong", "urgency:moderate", "urgency:dampers"
#: Danger that is news stands in the title or at the beginning.
LEAD = 800
_SENTENCE_END = re.compile(r"[.!?]\s|[。！？]|\n")


def urgency(
    hits: Sequence[Hit], findings: Sequence[Finding], urgent_themes: frozenset[str], texts: dict[str, str]
) -> tuple[Urgency, tuple[Evidence, ...]]:
    """Urgent where a strong cue, undamped, meets a theme of danger; notable where a cue alone is met.

    Cues and dampers count in the title and the first `LEAD` code points; a damper (released, anniversary)
    takes away the cues of its own sentence, one in the title all of them.
    """
    near = [h for h in hits if h.evidence.field == "title" or h.evidence.start < LEAD]
    dampers = [h.evidence for h in near if h.list == DAMPER]
    cues = [h for h in near if h.list in {STRONG, MODERATE} and not _damped(h.evidence, dampers, texts)]
    strong = tuple(h.evidence for h in cues if h.list == STRONG)
    dangerous = any(f.code in urgent_themes for f in findings)
    if strong and dangerous:
        return Urgency.URGENT, strong
    if cues and findings:
        return Urgency.NOTABLE, tuple(h.evidence for h in cues)
    return Urgency.ROUTINE, ()


def _damped(cue: Evidence, dampers: Sequence[Evidence], texts: dict[str, str]) -> bool:
    return any(
        d.field == "title" or (d.field == cue.field and _same_sentence(texts[cue.field], cue, d)) for d in dampers
    )


def _same_sentence(text: str, one: Evidence, other: Evidence) -> bool:
    between = text[min(one.end, other.end) : max(one.start, other.start)]
    return not _SENTENCE_END.search(between)
