"""Which dangers a text names: the lists that make a statement urgent, without their words that tell of none for sure.

Whether a text is urgent is learned from all words of a list together. To say in a sentence what happened takes more:
"fire" is what guns do too, "missing" may be who went down with a boat.
"""

import re
from collections.abc import Container, Mapping

from nkwatch.domain.reading import Sighting
from nkwatch.reading.features import Sign
from nkwatch.reading.lexicon import CUE, Hit

DISASTER = f"{CUE}disaster"
#: The lists of urgency.toml that tell of a danger, each with the words of it that alone do not say so.
_VAGUE: Mapping[str, str] = {
    "forced_return": (
        r"hand over|sent home|expel\w*|transported|back to north korea|extradit\w*|be(?:ing)? returned"
        r"|추방|인도돼|넘겨|引き渡し|livr\w*"
    ),
    "detention": (
        r"hostage\w*|held by|being held|raid\w*|intercepted|captures?|bounty|manhunt|on the run|escaped from prison"
        r"|crossed into north korea|reward for|단속|수배|현상금|월북|도주|摘発|指名手配|逃走|懸賞金"
        r"|arrêt(?:e[rz]?|s|ent|ons)?|évadé\w*|traqué\w*|deten(?:er|ga|gan)?"
    ),
    "sentence": (
        r"trial|confess\w*|charged with|charges of|hostile acts|spying|espionage|crimes against the state|subversion"
        r"|자백|간첩|自白|スパイ|travaux forcés|jugé|aveux|espionnage|accusé\w*|trabajos forzados|espionaje|acusad\w*"
        r"|prozess\w*|zwangsarbeit|gest[aä]nd\w*|gesteh\w*|zugegeben\w*|feindlich akt\w*|spionage\w*"
    ),
    "execution": r"killed|executi(?:ve|ves|vely)|executors?|exécuti(?:f|fs|ve|ves)|abattu\w*|ejecutiv\w*|fusil(?:es)?",
    "disappearance": (
        r"no word|stranded|adrift|drift\w*|searching for|unknown fate|소식|생사|표류|두절|消息|漂流|安否"
        r"|enl[eè]v(?:er|e|ent)|dérive"
    ),
    "epidemic": (
        r"first case\w*|first death\w*|deaths|disease\w*|quarantine\w*|suspected case\w*|unvaccinated|확산|급성|사망자"
        r"|비상사태|死者|流行|拡大|集団|foyer\w*|cas de|morts|muertes|ausbruch\w*|tote\w*"
    ),
    "disaster": (
        r"storm(?:ed|ing)|blast\w*|crash\w*|fires?|evacuat\w*|accident\w*|disaster\w*|emergency|stranded"
        r"|death tolls?|casualt\w*|dead|rescue\w*|sunk|폭발|대피|아사|인명피해|사망|구조|避難|死者|救助"
        r"|glissement\w*|effondr\w*|évacu\w*|catastroph\w*|morts|sauvet\w*|derrumb\w*|evacu\w*|desastre\w*|muertos"
        r"|rescat\w*|tote\w*|katastroph\w*|evakuier\w*|flut\w*"
    ),
}
_PATTERNS = {f"{CUE}{danger}": re.compile(vague) for danger, vague in _VAGUE.items()}
#: Words that tell of a danger in a title; a text has them of goods, of what may be feared, of the missing in a flood.
_TITLES = re.compile(
    r"handed over|seized|collapse\w*|missing|unaccounted for|executions?|disappearances?|붕괴|실종|처형|사형|捕ま"
    r"|行方不明|処刑|死刑|disparu\w*|disparitions?|exécutions?|peine de mort|expuls\w*|desaparec\w*|vermisst\w*"
    r"|ausgeliefert\w*"
)
#: Who is missing where a disaster is named, is missing because of that.
_MISSING = re.compile(r"missing|unaccounted for|실종|行方不明|disparu\w*|desaparec\w*|vermisst\w*")
#: What something happened after is not what happened.
_AFTER = re.compile(r"\b(?:after|since|following) (?:an? |his |her |their )?$", re.IGNORECASE)
#: What is ordered or asked about has not happened.
_OPEN = re.compile(r"\s?(?:여부|명령|지시|한다는|命令)")
#: A return that somebody demands is one home.
_RETURN = re.compile(r"송환|送還|repatriat\w*|rapatri\w*")
_DEMANDED = re.compile(r"[을를]?\s?(?:촉구|요구|호소|해야|하라|추진)|[をの]?(?:求め|要求|訴え|実現)")


def dangers(signs: Mapping[str, Sign], texts: Mapping[str, str]) -> tuple[Sighting, ...]:
    """The dangers that these features of texts name, each by its first word that tells, in the order of the texts.

    A title that names dangers, and none for sure, is believed only where the text names the same ones.
    """
    hits = {name: signs[name].hits for name in _PATTERNS if name in signs}
    titled = {name for name, some in hits.items() if some[0].field == "title"}
    first = [
        hit
        for name, some in hits.items()
        if (hit := next((h for h in some if _tells(h, titled, texts[h.field])), None))
    ]
    if titled and not any(hit.field == "title" for hit in first):
        first = [hit for hit in first if hit.list in titled]
    first.sort(key=lambda h: (h.field != "title", h.start))
    return tuple(Sighting(hit.list.removeprefix(CUE), hit.evidence) for hit in first)


def _tells(hit: Hit, titled: Container[str], text: str) -> bool:
    """Whether a word of a danger's list says for sure that this is the danger; a title has the lists `titled`."""
    phrase = hit.phrase.lower()
    if _PATTERNS[hit.list].fullmatch(phrase) or (hit.field == "text" and _TITLES.fullmatch(phrase)):
        return False
    if (DISASTER in titled and _MISSING.fullmatch(phrase)) or _OPEN.match(text, hit.end):
        return False
    after = _AFTER.search(text, max(0, hit.start - len("following their ")), hit.start)
    return not after and not (_RETURN.fullmatch(phrase) and _DEMANDED.match(text, hit.end))
