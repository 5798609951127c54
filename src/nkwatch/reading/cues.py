"""The words by which a sentence tells a victim, and the patterns that are made of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nkwatch.reading.folding import CJK
from nkwatch.reading.speech import NOWHERE, branching

#: Words may be split by any white space or hyphen; none of it is longer than this.
_GAP = r"[\s\-–]{1,3}"
_WRITTEN = {" ": _GAP, "-": _GAP, "'": "['’]"}
_AGE = r"(?:,?\s*[(（]?\d{1,2}[)）]?)?"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, by what they do; see cases.toml for what each list is for."""

    before: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    honorifics: tuple[str, ...] = ()
    officials: tuple[str, ...] = ()
    speech: tuple[str, ...] = ()
    bylines: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    prepositions: tuple[str, ...] = ()
    fiction: tuple[str, ...] = ()
    not_fiction: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    they: tuple[str, ...] = ()
    danger: tuple[str, ...] = ()
    harm: tuple[str, ...] = ()
    not_names: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    households: tuple[str, ...] = ()
    definite: tuple[str, ...] = ()
    unnumbered: tuple[str, ...] = ()
    verb_final: bool = False
    numbers: Mapping[str, int] = field(default_factory=dict)
    wholes: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    crowds: Mapping[str, str] = field(default_factory=dict)


def either(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; Latin ones whole, with any white space inside."""
    stripped = {" ".join(w.split()) for w in words}
    eastern = [w for w in stripped if CJK.search(w)]
    suffixes = [w for w in stripped if w not in eastern and not w[0].isalnum()]
    latin = [w for w in stripped if w not in eastern and w[0].isalnum()]
    parts = ((eastern, "{}"), (suffixes, r"{}(?!\w)"), (latin, r"(?<!\w){}(?!\w)"))
    patterns = [whole.format(branching(some, _WRITTEN)) for some, whole in parts if some]
    return f"(?:{'|'.join(patterns) or NOWHERE})"


@dataclass(frozen=True)
class Cues:
    """The words of one language, compiled. What looks back ends at the name, what looks on begins after it."""

    words: Words
    victim_before: re.Pattern[str] = field(init=False, repr=False)
    victim_after: re.Pattern[str] = field(init=False, repr=False)
    victim_again: re.Pattern[str] = field(init=False, repr=False)
    official_before: re.Pattern[str] = field(init=False, repr=False)
    official_after: re.Pattern[str] = field(init=False, repr=False)
    speech: re.Pattern[str] = field(init=False, repr=False)
    breaks: re.Pattern[str] = field(init=False, repr=False)
    fiction: re.Pattern[str] = field(init=False, repr=False)
    not_fiction: re.Pattern[str] = field(init=False, repr=False)
    joins: re.Pattern[str] = field(init=False, repr=False)
    danger: re.Pattern[str] = field(init=False, repr=False)
    harm: re.Pattern[str] = field(init=False, repr=False)
    they: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, pattern in (*_of_names(self.words).items(), *_of_sentences(self.words).items()):
            object.__setattr__(self, name, re.compile(pattern, re.IGNORECASE))

    def told(self, text: str, start: int, end: int) -> bool:
        """Whether a sentence tells what happened, and not what a film shows."""
        return not self.fiction.search(text, start, end) or bool(self.not_fiction.search(text, start, end))


def _of_names(w: Words) -> dict[str, str]:
    """What stands around a name."""
    titles, officials, done = either((*w.titles, *w.honorifics)), either(w.officials), _done(w)
    cue, quotes = rf"(?:{either(w.before)}|{done})", '[\\s:·、「『“‘"]'
    title = rf"(?:(?:{titles}|\d\d-year-old)[\s:·]{{1,3}})" if not w.verb_final else rf"(?:{titles}[\s:·]{{0,3}})"
    small = either((*w.links, *w.breaks, *w.prepositions, *w.speech, *w.joins, *w.bylines))
    plain = rf"(?!{small})[\w\-]{{1,20}}"
    bare, speech = rf"^\s{{0,2}}{done}(?=\W*$|\s?[,;.)]|\s+{small})", either(w.speech)
    linked = rf"(?:\s+[\w\-]{{1,15}}){{0,2}}\s*{done}"
    again = rf"{either((*w.again, *w.they))}\s+(?:{either(w.links)}{linked}|{either(w.verbs)})"
    return {
        "victim_before": rf"(?:{cue}{quotes}{{0,3}}|{cue}\s+(?:{plain}\s+){{0,3}}?{titles}[\s:,]+){title}{{0,5}}$",
        "victim_after": rf"(?:{either(w.links)}|[,–—(]){linked}|{bare}|{either(w.verbs)}",
        "victim_again": rf"\W{{0,4}}{either((*w.again, *w.they))}[^.。]{{0,40}}?{either(w.verbs)}"
        if w.verb_final
        else rf"\W{{0,4}}{again}",
        "official_before": rf"(?:{officials}|{speech}|{either(w.bylines)})[\s,:]*(?:{titles}[\s,:]*){{0,2}}$",
        "official_after": rf"^\W{{0,3}}(?:[\w'’\-]+ ){{0,4}}?{officials}|^\W{{0,2}}{speech}",
        "joins": rf"^\s?{either(w.honorifics)}?{_AGE}[\s,、·・]*(?:{either(w.joins)}[\s,]*)?(?:{titles}[\s]*){{0,2}}$",
    }


def _of_sentences(w: Words) -> dict[str, str]:
    """What stands anywhere in a sentence."""
    return {
        "speech": either(w.speech),
        "breaks": either(w.breaks),
        "fiction": either(w.fiction),
        "not_fiction": either(w.not_fiction),
        "danger": either((*w.danger, *w.done, *w.verbs, *w.harm)),
        "harm": rf"(?:{_done(w)}|{either((*w.harm, *(() if w.verb_final else w.verbs)))})",
        "they": rf"\W{{0,4}}{either(w.they)}",
    }


def _done(w: Words) -> str:
    return rf"{either(w.done)}(?!\s+{either(w.harmless)})"
