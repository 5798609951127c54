"""Words as stories are compared by them: what means the same becomes one concept, and what is rare counts more."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log

from ahocorasick_rs import AhoCorasick, MatchKind

from nkwatch.reading.folding import CJK, fold, of_word
from nkwatch.reading.lexicon import BEGINS

#: A word that stands in fewer texts than one in this many counts no more than this.
RAREST = 1 / 900
#: Letters by which a Latin word is known: endings differ in a rewrite.
STEM = 7

_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힣]+|[^\W_぀-ヿ㐀-鿿가-힣]+")
#: Terms in capitals mean themselves in capitals only: WHO is no pronoun.
_EXACT = re.compile(r"[A-Z]{2,}")
_GAPS = re.compile(r"[\W_]+")
#: What Korean appends to a noun, longest first, and the bare hiragana between Japanese words.
_PARTICLE = re.compile(
    r"(?:에서는|으로는|에게서|이라고|라고|까지|부터|에서|에게|으로|들이|들을|들의|은|는|이|가|을|를|의|에|와|과|도|로|만)$"
)
_KANA = re.compile(r"[ぁ-ゟ]+")


@dataclass(frozen=True)
class Vocabulary:
    """`concepts` maps terms (as in `concepts.tsv`) to what they mean; `shares` says in what share of texts a key
    stands (0 to 1), keys that it lacks being rare. Keys are ``c:`` with a concept or a word's stem.
    """

    concepts: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    _terms: tuple[tuple[str, bool, str], ...] = field(init=False, repr=False)
    _automaton: AhoCorasick = field(init=False, repr=False)
    _exact: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        exact = [t for t in self.concepts if _EXACT.fullmatch(t)]
        object.__setattr__(self, "_exact", re.compile(rf"\b(?:{'|'.join(exact) or '(?!)'})\b"))
        terms: dict[str, tuple[str, bool, str]] = {}
        for term, concept in self.concepts.items():
            if _EXACT.fullmatch(term):
                continue
            plain = flat(term.removesuffix(BEGINS))
            for form in {plain, plain.replace(" ", "")} if CJK.search(plain) else {plain, f"{plain}s"}:
                terms.setdefault(form, (form, term.endswith(BEGINS), concept))
        object.__setattr__(self, "_terms", tuple(terms.values()))
        object.__setattr__(self, "_automaton", AhoCorasick(list(terms), matchkind=MatchKind.LeftmostLongest))

    def rarity(self, key: str) -> float:
        """How much a key says (in nats): the negative logarithm of the share of texts that it stands in."""
        return -log(max(self.shares.get(key, 0.0), RAREST))

    def keys(self, text: str) -> list[str]:
        """The concepts, then the stems of all other words, of `text`; pairs of letters where the script is CJK."""
        plain = flat(text)
        found = [f"c:{self.concepts[m[0]]}" for m in self._exact.finditer(text)]
        rest: list[str] = []
        reached = 0
        for index, start, end in self._automaton.find_matches_as_indexes(plain):
            form, begins, concept = self._terms[index]
            if _stands(plain, start, end, form, begins=begins):
                found.append(f"c:{concept}")
                rest.append(plain[reached:start])
                reached = _word_end(plain, end) if begins else end
        rest.append(plain[reached:])
        return [*found, *(key for piece in rest for word in _WORD.findall(piece) for key in _stems(word))]


def flat(text: str) -> str:
    """`text` folded, with one space for whatever is neither letter nor digit."""
    return _GAPS.sub(" ", fold(text).text)


def _stands(text: str, start: int, end: int, form: str, *, begins: bool) -> bool:
    """Whether a term found there is a word of its own; one CJK letter counts only where it begins a word."""
    if CJK.match(form):
        return len(form) > 1 or not (start and CJK.match(text[start - 1]))
    if start and of_word(text[start - 1]):
        return False
    return begins or end == len(text) or not of_word(text[end])


def _word_end(text: str, place: int) -> int:
    word = _WORD.match(text, place)
    return word.end() if word and not CJK.match(word[0]) else place


def _stems(word: str) -> Iterator[str]:
    if not CJK.match(word):
        if len(word) > 1 and not word.isdigit():
            yield word[:STEM]
        return
    for run in _KANA.split(_PARTICLE.sub("", word) if len(word) > 2 else word):  # noqa: PLR2004
        yield from (run[i : i + 2] for i in range(len(run) - 1))
