"""Places that a text names, each once: found by the pass that finds all terms, judged by what stands beside them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nkwatch.domain.place import Place
from nkwatch.domain.reading import Sighting
from nkwatch.reading.lexicon import Hit, Term
from nkwatch.reading.relevance import DATELINE

#: The list of a place is this and its code; what only looks like a place stands in the list without a code.
PLACE = "place:"
#: So far from a place (code points) its neighbours tell whether anything happened there.
BEFORE, AFTER = 40, 24
#: Who fled a town is not there any more.
_GONE = (
    r"\b(?:fled|flee|fleeing|left|leaving|escaped|born in|raised in|grew up in|natives? of|originally from|hails? from"
    r"|originaires? d[eu]|nati(?:f|ve)s? de|née? à|(?:avoir|ont|a) (?:fui|quitté)|nacid[oa]s? en|natural de"
    r"|geboren in|flüchtete aus)"
)
#: Who is on the way to one, or through it, is not there.
_UNDER_WAY = r"\b(?:via|by way of|through|bound for|on (?:the|its|their) way to|head(?:ing|ed) for)"
#: Who tells of it from there, or may help from there.
_TELLING = (
    r"\b(?:aunts?|uncles?|cousins?|relatives?|kin|sources?|callers?|groups?|activists?|aid workers?|officials?|lawyers?"
    r"|colleagues?)(?: in| at)?"
)
_OFFICES = (
    r"\b(?:embass(?:y|ies)|ambassadors?|consulates?|consuls?|mission|bureau|correspondents?|reporters?|office"
    r"|governments?|regimes?|leaders?|leadership|ambassades?|ambassadeurs?|consulats?|gouvernement|régime|bureaux?"
    r"|embajadas?|gobierno|Botschaft|Regierung)(?: general)?(?: in| at| of| to| for| à| de| en)?|駐"
)
_NOT_THERE_BEFORE = re.compile(rf"(?:{_GONE}|{_UNDER_WAY}|{_TELLING}|{_OFFICES})\s?(?:the |la |l['’])?$", re.IGNORECASE)
_NOT_THERE_AFTER = re.compile(
    r"\s?(?:출신|태생|특파원|주재|총영사|영사관|대사|지국|대학|고향|출생|정부에 |거쳐|경유"
    r"|を経|経由|出身|生まれ|総領事|領事館|大使|支局|特派員|大学|故郷)"
    r"|['’]s (?!airport|streets|prisons?|hospitals?)"
    r"|[\s-](?:natives?|embassy|consulate|bureau|correspondent|University|Declaration|based|born)\b"
)
#: Who comes from a town of the North is elsewhere.
_HOME = re.compile(r"\b(?:from|aus|venue?s? d[eu]) (?:(?:the )?(?:city|town|county|province) of )?$", re.IGNORECASE)
#: BANGKOK, Thailand (AP) –
_DATELINE = re.compile(r"\s*[A-Z][A-Z' ]{2,24}, [A-Z][\w. ]{2,20}(?:\([^()\n]{1,20}\) ?)?[-–—]")
_FROM_THE_NORTH = f"{PLACE}kp"


def terms(places: Iterable[Place]) -> Iterator[Term]:
    """What a lexicon has to look for, to find these places."""
    for place in places:
        yield from (Term(phrase, f"{PLACE}{place.code}") for some in place.terms.values() for phrase in some)
        yield from (Term(mask, PLACE) for mask in place.masks)


def places(hits: Sequence[Hit], texts: Mapping[str, str]) -> tuple[Sighting, ...]:
    """The places that texts name as those where something is, each where it stands first; the title comes first."""
    found: dict[str, Sighting] = {}
    for hit in _apart(h for h in hits if h.list.startswith(PLACE)):
        code = hit.list.removeprefix(PLACE)
        if code and code not in found and _there(hit, texts[hit.field]):
            found[code] = Sighting(code, hit.evidence)
    return tuple(found.values())


def _apart(hits: Iterable[Hit]) -> Iterator[Hit]:
    """In order, and the longest where they overlap: the Tumen River is no town."""
    last: Hit | None = None
    for hit in sorted(hits, key=lambda h: (h.field != "title", h.start, -h.end)):
        if last is None or hit.field != last.field or hit.start >= last.end:
            yield hit
            last = hit


def _there(hit: Hit, text: str) -> bool:
    before, after = text[max(0, hit.start - BEFORE) : hit.start], text[hit.end : hit.end + AFTER]
    if _NOT_THERE_BEFORE.search(before) or _NOT_THERE_AFTER.match(after):
        return False
    if hit.list.startswith(_FROM_THE_NORTH) and _HOME.search(before):
        return False
    datelines = (DATELINE.match(text), _DATELINE.match(text))
    return not any(hit.end <= dateline.end() for dateline in datelines if dateline)
