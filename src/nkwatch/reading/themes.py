"""Which themes a statement has, ranked, each with the phrases that decided."""

from collections import defaultdict
from collections.abc import Sequence

from nkwatch.domain.theme import Finding, Theme, ThemeKind
from nkwatch.reading.lexicon import Hit

THEME, WEAK = "theme:", "weak:"
GENERAL = "general"
IN_TITLE, IN_LEAD, IN_BODY = 3.0, 1.5, 1.0
LEAD = 300
#: A theme named in passing in a long text is none: it must reach this share of the strongest theme's score.
SHARE = 0.25
MOST = 5
KEPT = 5


def names_rights(hits: Sequence[Hit], catalogue: Sequence[Theme]) -> bool:
    """Whether a term is met that decides by itself for a theme of rights."""
    rights = {f"{THEME}{t.code}" for t in catalogue if t.kind is ThemeKind.RIGHTS}
    return any(h.list in rights for h in hits)


def themes(hits: Sequence[Hit], catalogue: Sequence[Theme]) -> tuple[Finding, ...]:
    """The themes of a text that is on North Korea, strongest first, at most `MOST`.

    Weak terms count only where another theme of rights, or the word itself, is met. Where no theme is met but
    human rights are named, the theme is `general`.
    """
    in_context = names_rights(hits, catalogue)
    kinds = {t.code: t.kind for t in catalogue}
    by_theme: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        prefix, _, code = hit.list.partition(":")
        if code in kinds and (prefix == "theme" or (prefix == "weak" and in_context)):
            by_theme[code].append(hit)
    found = sorted((_finding(c, kinds[c], hs) for c, hs in by_theme.items()), key=lambda f: (-f.score, f.code))
    specific = [f for f in found if f.code != GENERAL and f.score >= SHARE * found[0].score]
    return tuple(specific[:MOST]) or tuple(found[:1])


def _finding(code: str, kind: ThemeKind, hits: Sequence[Hit]) -> Finding:
    # the same phrase again says little more, so each different phrase counts once, where it stands best
    best: dict[str, tuple[float, Hit]] = {}
    for hit in hits:
        phrase, weight = hit.evidence.phrase.casefold(), _weight(hit)
        if phrase not in best or weight > best[phrase][0]:
            best[phrase] = (weight, hit)
    strongest = sorted(best.values(), key=lambda pair: -pair[0])
    score = sum(weight for weight, _ in strongest)
    return Finding(code, kind, round(score, 2), tuple(h.evidence for _, h in strongest[:KEPT]))


def _weight(hit: Hit) -> float:
    if hit.evidence.field == "title":
        return IN_TITLE
    return IN_LEAD if hit.evidence.start < LEAD else IN_BODY
