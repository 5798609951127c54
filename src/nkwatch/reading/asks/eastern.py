"""The demands of a text in Korean or Japanese, where the verb comes last and particles say who is asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from nkwatch.domain.reading import Ask, Evidence
from nkwatch.reading.asks.parts import LONGEST, NEAR, Countries, Span, by_sentence, trim
from nkwatch.reading.speech import Tongue, anywhere

#: How far around a trigger stands what denies it, before and behind (code points).
DENIED_BEFORE, DENIED_BEHIND = 6, 4
#: How far before its verb an object ends, how long a name is, how far before it a time stands (code points).
OBJECT_WITHIN, NAME_WITHIN, TIME_WITHIN = 60, 20, 30
_NOBODY: Span = (0, 0)
#: A subject in 이 or 가 that another one follows is that of a clause within.
_SUBJECT_KO = re.compile(r"[이가]\s")


class _Grammar(NamedTuple):
    """What a language does not leave to lists of words; each is a pattern."""

    #: behind an imperative
    ends: str
    #: particles of a subject, and what follows a particle
    subject: str
    apart: str
    #: the beginning of a name's last word, up to where its known part begins
    before: str
    #: the particle of what is demanded (group `drop`), before a verb of demanding
    object_end: str
    #: what a clause begins behind
    clause: str
    #: what may stand before the word that closes a time limit
    time: str


_GRAMMARS = {
    "ko": _Grammar(
        ends=r"(?=[\s\"”’'.!),…]|고|는|며|\Z)",
        subject="[은는이가도]",
        apart=r"\s",
        before=r"[^\s,…“”\"‘’'(]*\Z",
        object_end=r"(?P<drop>을|를|(?<=라)고|(?<=도록))\s(?:(?!\S*[을를]\s)\S{1,8}\s){0,2}\Z",
        clause=r"[,“”\"‘’'…]|[은는]\s",
        time=r"(?:(?!\S*[은는을를이가에도]\s)[\d가-힣]{1,12}\s){0,2}[\d가-힣]{0,12}",
    ),
    "ja": _Grammar(
        ends=r"(?=[\s」』、。！)…]|と|\Z)",
        subject="[はがも]",
        apart="、?",
        before=r"[^\s、。「」『』はがをにでと]*\Z",
        object_end=r"(?P<drop>を|(?<=よう)に?)(?:(?!よう)[^、。を]){0,6}\Z",
        clause=r"[、「」『』]|は",
        time=r"[^\Wはがをにでと]{0,16}",
    ),
}
#: The languages that are read here.
EASTERN = frozenset(_GRAMMARS)


@dataclass(frozen=True, slots=True)
class _Eastern:
    """Patterns of one language; see `_Grammar`."""

    #: groups `modal`, `demand` (a verb) or `imperative`
    trigger: re.Pattern[str]
    #: an addressee before a modal and before a verb of demanding, each with its `particle`
    subject: re.Pattern[str]
    linked: re.Pattern[str]
    countries: Countries
    before: re.Pattern[str]
    object_end: re.Pattern[str]
    clause: re.Pattern[str]
    no_demand: re.Pattern[str]
    denied: re.Pattern[str]
    time: re.Pattern[str]
    not_time: re.Pattern[str]
    at_once: re.Pattern[str]


@lru_cache(maxsize=16)
def _eastern(tongue: Tongue, language: str) -> _Eastern:
    grammar = _GRAMMARS[language]
    body, links = anywhere((*tongue.heads, *tongue.countries)), anywhere(tongue.links)
    imperative = rf"(?<=\w){anywhere(tongue.imperatives)}{grammar.ends}"
    return _Eastern(
        trigger=re.compile(
            rf"(?P<modal>{anywhere(tongue.modals)})|(?P<demand>{anywhere(tongue.demands)})|(?P<imperative>{imperative})"
        ),
        subject=re.compile(rf"{body}(?P<particle>{grammar.subject}){grammar.apart}"),
        linked=re.compile(rf"{body}(?P<particle>{links}){grammar.apart}"),
        countries=Countries.of(tongue.countries, whole=False),
        before=re.compile(grammar.before),
        object_end=re.compile(grammar.object_end),
        clause=re.compile(grammar.clause),
        no_demand=re.compile(anywhere(tongue.no_demand)),
        denied=re.compile(anywhere(tongue.denials)),
        time=re.compile(rf"{grammar.time}{anywhere(tongue.deadlines)}"),
        not_time=re.compile(anywhere(tongue.not_times)),
        at_once=re.compile(anywhere(tongue.at_once)),
    )


def eastern_demands(field: str, text: str, tongue: Tongue, language: str) -> Iterator[Ask]:
    """The demands of one text in a language of `EASTERN`, in order."""
    words = _eastern(tongue, language)
    for span, triggers in by_sentence(text, words.trigger):
        begin = max(span[0], triggers[-1].end() - LONGEST)
        for trigger in triggers:
            if found := _asked(text, begin, trigger, words):
                begin = trigger.end()
                yield _ask(field, text, span[0], *found, words)


def _ask(field: str, text: str, begin: int, party: Span, demand: Span, words: _Eastern) -> Ask:
    first, last = party
    what, addressee = text[slice(*demand)], text[first:last]
    by = _time(what, words) or _time(text[max(begin, first - TIME_WITHIN) : first], words)
    return Ask(Evidence(field, *demand, what), addressee, words.countries.first_in(addressee) or "", by)


def _asked(text: str, begin: int, trigger: re.Match[str], words: _Eastern) -> tuple[Span, Span] | None:
    """The addressee (empty: none) and the demand before a trigger; None where nobody is asked."""
    near = text[max(begin, trigger.start() - DENIED_BEFORE) : trigger.end() + DENIED_BEHIND]
    if trigger.start() < begin or (words.denied if trigger["demand"] else words.no_demand).search(near):
        return None
    named = _named(text, begin, trigger, words)
    if not named and not trigger["imperative"]:
        return None
    demand = _demanded(text, begin, trigger, named, words)
    if not demand or demand[0] + 1 >= demand[1]:
        return None
    return _addressee(text, begin, named, words) if named else _NOBODY, demand


def _named(text: str, begin: int, trigger: re.Match[str], words: _Eastern) -> re.Match[str] | None:
    """The last word of the addressee, with its particle."""
    end = trigger.start()
    if trigger["demand"]:
        return _last(words.linked, text, begin, end)
    named = _last(words.subject, text, begin, end)
    if named and named["particle"] in "이가" and _SUBJECT_KO.search(text, named.end(), end):
        named = None
    return named or (_last(words.linked, text, begin, end) if trigger["imperative"] else None)


def _demanded(
    text: str, begin: int, trigger: re.Match[str], named: re.Match[str] | None, words: _Eastern
) -> Span | None:
    """From behind the addressee, or the clause's beginning, to a modal's or an imperative's end, or a verb's object."""
    if named and trigger["demand"]:
        ending = words.object_end.search(text, max(begin, trigger.start() - OBJECT_WITHIN), trigger.start())
        if not ending:
            return None
        end = ending.start("drop")
        return trim(text, named.end() if end > named.start() else _clause(text, begin, end, words), end)
    start = named.end() if named else begin
    if trigger["imperative"]:
        start = max(start, _clause(text, begin, trigger.start(), words))
    return trim(text, start, trigger.end())


def _clause(text: str, begin: int, end: int, words: _Eastern) -> int:
    last = _last(words.clause, text, begin, end)
    return last.end() if last else begin


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> re.Match[str] | None:
    found = list(pattern.finditer(text, start, end))
    return found[-1] if found else None


def _addressee(text: str, begin: int, named: re.Match[str], words: _Eastern) -> Span:
    """The whole name that an addressee's last word ends: back to its country, which may be a word before."""
    end = named.start("particle")
    start = _word(text, max(begin, named.start() - NAME_WITHIN), named.start(), words)
    lead = _word(text, max(begin, start - NAME_WITHIN), max(begin, start - 1), words)
    if lead < start - 1 and text[start - 1].isspace() and words.countries.name.match(text, lead, start - 1):
        start = lead
    country = words.countries.name.search(text, start, end)
    return (country.start() if country else start), end


def _word(text: str, start: int, end: int, words: _Eastern) -> int:
    """Where the word begins that ends at `end`, `start` at the earliest."""
    word = words.before.search(text, start, end)
    return word.start() if word else end


def _time(what: str, words: _Eastern) -> str:
    times = (m[0].strip() for m in words.time.finditer(what[:NEAR]) if not words.not_time.search(m[0]))
    at_once = words.at_once.search(what)
    return next(times, at_once[0] if at_once else "")
