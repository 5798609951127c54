"""The demands of a text in Latin letters: for each trigger an addressee, and where what is demanded begins."""

import re
from collections.abc import Iterator

from nkwatch.domain.reading import Ask
from nkwatch.reading.asks.clauses import Found, asks_in, stops
from nkwatch.reading.asks.latin import Latin, latin
from nkwatch.reading.asks.parts import NEAR, Span, by_sentence, trim
from nkwatch.reading.speech import Tongue

#: The parts of a list before its last that are looked at.
MOST_PARTS = 5
#: How far before a verb of demanding stands what denies it (code points).
DENIED_WITHIN = 20
_NOWHERE: Span = (0, 0)
_BREAK = re.compile(r"[;:—–“”\"«»()\[\]…]|\s-\s")
_SOFT = re.compile(r",|(?<!\w)(?:and|or|as well as|et|ou|ainsi que)(?!\w)")
_AND = re.compile(r"(?:\band|\bet|,)\s*\Z")
#: What begins a noun: "urge the government to the last".
_NOUNS = frozenset({"the", "a", "an"})


def demands(field: str, text: str, tongue: Tongue) -> Iterator[Ask]:
    """The demands of one text, in order."""
    words = latin(tongue)
    country = ""
    for span, triggers in by_sentence(text, words.trigger):
        for one, stop in stops(text, span, _found(text, span, triggers, words), words):
            for ask in asks_in(field, text, span, one, stop, words, country):
                country = ask.country
                yield ask


def _found(text: str, span: Span, triggers: list[re.Match[str]], words: Latin) -> list[Found]:
    found: list[Found] = []
    for trigger in triggers:
        if trigger["modal"]:
            one = _before_modal(text, span, trigger, words, found[-1].party if found else _NOWHERE)
        else:
            one = _behind_demand(text, span, trigger, words)
        found += [one] if one else []
    return found


def _before_modal(text: str, span: Span, trigger: re.Match[str], words: Latin, previous: Span) -> Found | None:
    verb = words.verb.match(text, trigger.end())
    if not verb or verb.end() > span[1]:
        return None
    start, end = clause(text, span[0], trigger.start(), words), trigger.start()
    if verb["verb"].lower() in words.no_demand:
        by = words.passive.match(text, trigger.end(), span[1])
        return Found(trigger.start(), by.span("party"), trim(text, start, end)[0]) if by else None
    party = party_of(text, start, end, words)
    if not party and previous != _NOWHERE and _AND.search(text[start:end]):
        party = previous
    return Found(trigger.start(), party, trigger.end()) if party else None


def clause(text: str, start: int, end: int, words: Latin) -> int:
    """Where the clause begins that ends at `end`."""
    start = max(start, end - NEAR)
    breaks = (m.end() for pattern in (_BREAK, words.joint) for m in pattern.finditer(text, start, end))
    return max(breaks, default=start)


def party_of(text: str, start: int, end: int, words: Latin) -> Span | None:
    """The addressee that a clause begins with and a modal follows: the last part of a list, then the parts before."""
    parts = _parts(text, start, end)
    found = words.party.fullmatch(text, *parts[-1]) if parts else None
    if not found:
        return None
    first = parts[-1][0]
    for a, b in reversed(parts[:-1][-MOST_PARTS:]):
        if not words.party.fullmatch(text, a, b):
            if text[b:first].strip(" ,") and words.party_end.search(text[a:b]):
                return None
            break
        first = a
    return first, found.end("party")


def _parts(text: str, start: int, end: int) -> list[Span]:
    """The parts of a list; only its first where a clause is inserted behind that: "Beijing, which ..., must"."""
    cuts = [m.span() for m in _SOFT.finditer(text, start, end)]
    starts, ends = [start, *(b for _, b in cuts)], [*(a for a, _ in cuts), end]
    parts = [trim(text, a, b) for a, b in zip(starts, ends, strict=True)]
    if len(cuts) > 1 and text[start:end].rstrip().endswith(","):
        return parts[:1]
    return [p for p in parts if p[0] < p[1]]


def _behind_demand(text: str, span: Span, trigger: re.Match[str], words: Latin) -> Found | None:
    if words.denied.search(text[max(span[0], trigger.start() - DENIED_WITHIN) : trigger.start()]):
        return None
    if told := words.told.match(text, trigger.end(), span[1]):
        return Found(trigger.start(), told.span("party"), told.end())
    named = words.object.match(text, trigger.end(), min(span[1], trigger.end() + NEAR))
    if not named:
        return None
    start, end = trim(text, *named.span("object"))
    weak = trigger[0].lower() not in words.strong or words.never.match(text, start, end)
    if weak and not words.party.match(text, start, end):
        return None
    verb = words.verb.match(text, named.end())
    if not verb or verb.end() > span[1] or verb["verb"].lower() in _NOUNS:
        return None
    return Found(trigger.start(), (start, end), named.start("not") if named["not"] else named.end())
