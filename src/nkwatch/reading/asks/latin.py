"""The patterns by which demands are found in a language in Latin letters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from nkwatch.reading.asks.parts import Countries
from nkwatch.reading.speech import Tongue, alternation

_CAPITAL = r"[A-Z][\w’'.-]{1,30}"
#: ", the group said"; ", One Organisation, Another Organisation and a Third said today"
_SAID_TAIL = (
    rf",(?:\s(?:the\s)?{_CAPITAL}(?:\s(?:{_CAPITAL}|of|for|the|on)){{1,8}},){{0,4}}"
    r"(?:(?!\s(?:who|that|which|including)\s)[^,;]){0,120}?(?:SAID)[^,;]{0,80}(?=,|\Z)"
)


@dataclass(frozen=True, slots=True)
class Latin:
    """Patterns of one language; each is made of the lists of the same or a like name."""

    #: groups `modal` or `demand`
    trigger: re.Pattern[str]
    #: verbs of demanding that need no addressee that is known, in lower case
    strong: frozenset[str]
    #: an addressee (group `party`), and perhaps what describes it
    party: re.Pattern[str]
    #: words that end in an addressee and are none: "the message to the authorities"
    party_end: re.Pattern[str]
    never: re.Pattern[str]
    #: behind a modal: what must be done by whom (group `party`)
    passive: re.Pattern[str]
    #: behind a verb of demanding: the addressee (group `object`), perhaps `not`, and the link to what is demanded
    object: re.Pattern[str]
    #: the verb follows at once: "demanded that X release ..."
    told: re.Pattern[str]
    joint: re.Pattern[str]
    verb: re.Pattern[str]
    no_demand: frozenset[str]
    denied: re.Pattern[str]
    #: what ends a demand
    end: re.Pattern[str]
    said_tail: re.Pattern[str]
    #: groups `when`, a word that opens a time limit, and `rest`
    time: re.Pattern[str]
    not_time: re.Pattern[str]
    dating: frozenset[str]
    dated: re.Pattern[str]
    at_once: re.Pattern[str]
    countries: Countries
    #: addressees that have the country of the one before
    again: re.Pattern[str]
    imperative: re.Pattern[str]
    review: re.Pattern[str]


@lru_cache(maxsize=16)
def latin(tongue: Tongue) -> Latin:
    """The patterns of `tongue`."""
    never, modal = f"(?i:{alternation(tongue.never)})", alternation(tongue.modals)
    demand, link = alternation((*tongue.demands, *tongue.asks)), alternation(tongue.links)
    party, adverb = _party(tongue, never), alternation(tongue.adverbs)
    tails = alternation(tongue.tails)
    return Latin(
        trigger=_any_case(rf"(?P<modal>{modal})|(?P<demand>{demand})"),
        strong=_lower(tongue.demands),
        party=re.compile(rf"(?P<party>{party})(?:\s{never}[^,]{{0,120}})?"),
        party_end=re.compile(rf"{never}\s(?:the\s|la\s|les\s|l['’])?{party}\Z"),
        never=re.compile(never),
        passive=re.compile(
            rf"\s(?:{alternation(tongue.passives)})\s(?:[\w-]{{1,20}}\s){{1,6}}?"
            rf"(?:{alternation(tongue.agents)})\s(?P<party>(?:the\s|les?\s|la\s|l['’])?{party})"
        ),
        object=_any_case(
            rf"\s(?P<object>[^.;:“”\"\n]{{2,160}}?)(?P<not>\s(?:not|ne\spas))?,?\s(?:{link})(?:[\s:]|(?<=['’]))"
        ),
        told=re.compile(rf"(?<=\bthat)\s(?P<party>{party})\s(?=[a-z])(?!{never}|{modal})"),
        joint=_any_case(alternation(tongue.joints)),
        verb=_any_case(rf"\W{{0,3}}(?:(?:{adverb})\s){{0,3}}(?P<verb>[^\W\d_]+['’]?)"),
        no_demand=_lower(tongue.no_demand),
        denied=_any_case(rf"(?:{alternation(tongue.denials)})\W{{0,2}}(?:\w{{1,12}}\s)?\Z"),
        end=re.compile(rf"[”\"»]|\s[–—]\s|,\s{tails}"),
        said_tail=re.compile(_SAID_TAIL.replace("SAID", alternation(tongue.said))),
        time=_any_case(rf"(?P<when>{alternation(tongue.deadlines)})(?=(?P<rest>\s?[^,;.:()“”\"\n]{{2,60}}))"),
        not_time=_any_case(alternation(tongue.not_times)),
        dating=_lower(tongue.dating),
        dated=_any_case(rf"\s(?:(?:le\s)?\d|{alternation(tongue.dates)})"),
        at_once=_any_case(alternation(tongue.at_once)),
        countries=Countries.of(tongue.countries, whole=True),
        again=_any_case(alternation(tongue.again)),
        imperative=_any_case(rf"\W{{0,6}}(?:\d{{1,3}}\W{{1,3}})?(?P<what>{alternation(tongue.imperatives)}\s)"),
        review=_any_case(alternation(tongue.reviews)),
    )


def _party(tongue: Tongue, never: str) -> str:
    """An addressee: up to seven words, then a country, a body or a title with a name; perhaps "of Country" behind."""
    known = rf"{alternation(tongue.countries)}(?!['’]s)"
    head = rf"(?:{known}|(?i:{alternation(tongue.heads)}))"
    title = rf"(?i:{alternation(tongue.titles)})(?:\s[A-Z][\w.'’-]{{0,30}}){{0,4}}"
    word = rf"(?!{never})[^\W_][\w.'’&-]{{0,30}}\s{{1,2}}"
    party = rf"(?:l['’]\s?|(?:{word}){{0,7}}?)(?:{head}|{title})(?:\s(?:[a-zé-]{{4,20}}nes?|chinoise?s?|membres))?"
    capitals = r"[A-Z]\w{2,20}(?:\s[A-Z]\w{2,20}){0,3}"
    return party + rf"(?:\s(?:of|in|on|du|de|des|d['’]|de\sla)\s?(?:the\s|l['’])?(?:{known}|{capitals}))?"


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _lower(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(p.lower() for p in phrases)
