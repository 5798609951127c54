"""What a reader of cases knows: public cases, and the words that make a name a victim's, an official's or none."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick, MatchKind

from nkwatch.reading.folding import fold
from nkwatch.reading.names import name_key
from nkwatch.reading.romanisation import surnames

CJK = re.compile(r"[぀-ヿ㐀-鿿가-힣]")
#: Words may be split by any white space or hyphen; none of it is longer than this.
_GAP = r"[\s\-–]{1,3}"


@dataclass(frozen=True, slots=True)
class Case:
    """A person whose case is public: its spellings, and who is named only because of it (`through`)."""

    name: str
    spellings: tuple[str, ...] = ()
    through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, by what they do; see cases.toml for what each list is for."""

    before: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    honorifics: tuple[str, ...] = ()
    officials: tuple[str, ...] = ()
    speech: tuple[str, ...] = ()
    bylines: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    prepositions: tuple[str, ...] = ()
    fiction: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    danger: tuple[str, ...] = ()
    not_names: tuple[str, ...] = ()
    verb_final: bool = False
    numbers: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)


def either(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; Latin ones whole, with any white space inside."""
    ordered = sorted({w.strip() for w in words}, key=lambda w: (-len(w), w))
    eastern = [w for w in ordered if CJK.search(w)]
    suffixes = [w for w in ordered if w not in eastern and not w[0].isalnum()]
    latin = [w for w in ordered if w not in eastern and w[0].isalnum()]
    parts = ((eastern, "{}"), (suffixes, r"{}(?!\w)"), (latin, r"(?<!\w){}(?!\w)"))
    patterns = [whole.format(f"(?:{'|'.join(map(_spaced, some))})") for some, whole in parts if some]
    return f"(?:{'|'.join(patterns) or '(?!)'})"


def _spaced(word: str) -> str:
    return _GAP.join(map(re.escape, re.split(r"[\s\-]+", word)))


@dataclass(frozen=True)
class Cues:
    """The words of one language, compiled. What looks back ends at the name, what looks on begins after it."""

    words: Words
    victim_before: re.Pattern[str] = field(init=False, repr=False)
    victim_after: re.Pattern[str] = field(init=False, repr=False)
    official_before: re.Pattern[str] = field(init=False, repr=False)
    official_after: re.Pattern[str] = field(init=False, repr=False)
    speech: re.Pattern[str] = field(init=False, repr=False)
    breaks: re.Pattern[str] = field(init=False, repr=False)
    fiction: re.Pattern[str] = field(init=False, repr=False)
    joins: re.Pattern[str] = field(init=False, repr=False)
    danger: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        w, any_case = self.words, re.IGNORECASE
        titles, officials, done = either((*w.titles, *w.honorifics)), either(w.officials), either(w.done)
        cue, quotes = rf"(?:{either(w.before)}|{done})", '[\\s:·、「『“‘"]'
        title = rf"(?:(?:{titles}|\d\d-year-old)[\s:·]{{1,3}})" if not w.verb_final else rf"(?:{titles}[\s:·]{{0,3}})"
        small = either((*w.links, *w.breaks, *w.prepositions, *w.speech, *w.joins, *w.bylines))
        plain = rf"(?!{small})[\w\-]{{1,20}}"
        bare, speech = rf"^\s{{0,2}}{done}(?=\W*$|\s?[,;.)]|\s+{small})", either(w.speech)
        adverbs = r"(?:\s+[\w\-]{1,15}){0,2}"
        patterns = {
            "victim_before": rf"(?:{cue}{quotes}{{0,3}}|{cue}\s+(?:{plain}\s+){{0,3}}?{titles}[\s:,]+){title}{{0,5}}$",
            "victim_after": rf"(?:{either(w.links)}|[,–—(]){adverbs}\s*{done}|{bare}|{either(w.verbs)}",
            "official_before": rf"(?:{officials}|{speech}|{either(w.bylines)})[\s,:]*(?:{titles}[\s,:]*){{0,2}}$",
            "official_after": rf"^\W{{0,3}}(?:[\w'’\-]+ ){{0,4}}?{officials}|^\W{{0,2}}{speech}",
            "speech": speech,
            "breaks": either(w.breaks),
            "fiction": either(w.fiction),
            "joins": rf"^{either(w.honorifics)}?[\s,、·・]*(?:{either(w.joins)}[\s,]*)?(?:{titles}[\s]*){{0,2}}$",
            "danger": either((*w.danger, *w.done, *w.verbs)),
        }
        for name, pattern in patterns.items():
            object.__setattr__(self, name, re.compile(pattern, any_case))


#: Surnames as the North writes them and the South does not.
_NORTHERN = ("리", "림", "류", "로", "량", "려", "렴", "라")
_KANJI = (
    r"[一-鿿々]{2,6}|[一-鿿々]{1,3}(?![のはがをにでとへもかや])[ぁ-ん]{2,3}?|"
    r"[ァ-ヴー]{2,15}(?:[・＝=][ァ-ヴー]{1,15}){1,3}"
)
_AGED = r"\s?[(（](?:[一-鿿]{2,4}|\d\d\D|[^()（）]{1,12}\d\d)"


@dataclass(frozen=True, slots=True)
class EasternNames:
    """Patterns for names in hangul and in Japanese: a name stands where a title, an age or a cue says so (group 1)."""

    patterns: tuple[re.Pattern[str], ...]
    byline: re.Pattern[str]


def _eastern(words: Iterable[Words]) -> EasternNames:
    lists = list(words)
    titles = [t for w in lists for t in (*w.honorifics, *w.officials, *w.bylines) if CJK.search(t)]
    cues = either(c for w in lists for c in (*w.before, *w.titles) if len(c) > 1 and CJK.search(c))
    name = either([*surnames().rank, *_NORTHERN]) + "[가-힣]{2}"
    particle = "(?=(?:은|는|이|가|을|를|의|과|와|도|에)?(?![가-힣]))"
    return EasternNames(
        (
            re.compile(rf"(?<![가-힣])({name})(?=\s?{either(titles)}|{_AGED})"),
            re.compile(rf"{cues}[\s·‘“]{{1,2}}({name}){particle}"),
            re.compile(rf"(?<![一-鿿々ァ-ヴー])(?:{cues}|[母父娘])?({_KANJI})(?={either(titles)})"),
        ),
        re.compile(rf"\s?{either(b for w in lists for b in w.bylines if CJK.search(b))}"),
    )


@dataclass(frozen=True)
class CaseBook:
    """All of it, compiled. `never` are names that are never a case: leaders above all."""

    known: tuple[Case, ...]
    words: Mapping[str, Words]
    never: tuple[str, ...] = ()
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wide_places: frozenset[str] = frozenset()
    cues: Mapping[str, Cues] = field(init=False, repr=False)
    keys: Mapping[str, str] = field(init=False, repr=False)
    known_keys: frozenset[str] = field(init=False, repr=False)
    never_keys: frozenset[str] = field(init=False, repr=False)
    not_names: frozenset[str] = field(init=False, repr=False)
    eastern: EasternNames = field(init=False, repr=False)
    _patterns: tuple[tuple[str, str], ...] = field(init=False, repr=False)
    _automaton: AhoCorasick = field(init=False, repr=False)

    def __post_init__(self) -> None:
        spelt = [(s, c) for c in self.known for s in (c.name, *c.spellings, *c.through)]
        lists = [(*w.titles, *w.officials, *w.kinds, *w.numbers) for w in self.words.values()]
        titles = {part for words in lists for phrase in words for part in phrase.lower().split()}
        not_names = {n.lower() for w in self.words.values() for n in w.not_names}
        derived = {
            "cues": {language: Cues(words) for language, words in self.words.items()},
            "keys": {name_key(s): name_key(c.name) for s, c in reversed(spelt)},
            "known_keys": frozenset(name_key(c.name) for c in self.known),
            "never_keys": frozenset(map(name_key, self.never)),
            "not_names": frozenset(not_names | (titles - surnames().read.keys())),
            "eastern": _eastern(self.words.values()),
            "_patterns": tuple((fold(s).text, name_key(c.name)) for s, c in spelt),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        automaton = AhoCorasick([p for p, _ in self._patterns], matchkind=MatchKind.LeftmostLongest)
        object.__setattr__(self, "_automaton", automaton)

    def key(self, name: str) -> str:
        """The key under which a name is followed: of a known case, whatever the script, else `name_key`."""
        key = name_key(name)
        return self.keys.get(key, key)

    def spelt_in(self, text: str) -> list[tuple[int, int, str]]:
        """Where `text` has a spelling of a known case: start, end, key."""
        folded = fold(text)
        found = []
        for index, start, end in self._automaton.find_matches_as_indexes(folded.text):
            spelling, key = self._patterns[index]
            if CJK.search(spelling) or _stands_alone(folded.text, start, end):
                found.append((folded.original(start), folded.original(end - 1) + 1, key))
        return found


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
