"""When two spellings are the same name: Kim Dong-chul, KIM Tong Chol, Kim Tong-ch'ŏl and 김동철.

Two levels. `name_key` is one string, for look-ups: it never tells spellings of one Korean name apart, and so joins
names that only hangul can tell apart (정 and 종, both 'Jong'). `same_name` then compares what each spelling can mean.
Names that are not Korean meet in any order of their parts, but only within one script.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from nkwatch.reading.romanisation import given, revised, softened, surname_in_latin, surnames

LONGEST_NAME = 100
_PARENTHESES = re.compile(r"[(（\[［][^()（）\[\]［］]*[)）\]］]")
_APOSTROPHES = re.compile("['’‘ʼʻ`´′]")
_BETWEEN = re.compile(r"[\W_]+")
_HANGUL = re.compile(r"[가-힣]{2,5}")
_LATIN = re.compile(r"[a-z]+")
_HYPHEN = re.compile(r"\w[-‐‑–]\w")
#: McCune-Reischauer's two marks, before they are lost with all others.
_MARKED = str.maketrans({"ŏ": "eo", "ŭ": "eu", "ǒ": "eo", "ǔ": "eu"})
_SURNAME_LAST = 5.0
_MOST_PARTS = 4
_MOST_SYLLABLES = 2
#: 'Song-i' is a given name; nobody writes the surname 이 so behind one.
_NEVER_LAST = frozenset({"i", "o", "u"})


@dataclass(frozen=True, slots=True)
class Korean:
    """A Korean name: what its surname and each syllable of its given name may be in hangul, usual first."""

    surname: tuple[str, ...]
    given: tuple[tuple[str, ...], ...]

    @property
    def meanings(self) -> tuple[frozenset[str], ...]:
        """What each part can be, with North and South written alike."""
        first, *rest = self.given
        return frozenset(self.surname), frozenset(map(softened, first)), *map(frozenset, rest)

    @property
    def key(self) -> str:
        """Equal for all spellings: the usual one of those that look alike, in Revised Romanisation."""
        first, *rest = (syllable[0] for syllable in self.given)
        alike = given().alike
        soft = alike.get(softened(first)) or alike[first]
        return " ".join((surname_in_latin()[self.surname[0]], *map(revised, (soft, *(alike[s] for s in rest)))))


def name_key(name: str) -> str:
    """The key of a name, equal for its spellings; empty where there is no name."""
    flat = _flat(name)
    korean = _korean(flat)
    return korean.key if korean else " ".join(sorted(_BETWEEN.sub(" ", _romanised(flat)).split()))


def korean_name(name: str) -> Korean | None:
    """What a name in Latin letters or hangul can mean; None where it is not a Korean one."""
    return _korean(_flat(name))


def same_name(one: str, other: str) -> bool:
    """Whether two spellings can be the same name. Not transitive: 정은 and 종은 are both 'Jong Un'."""
    if name_key(one) != name_key(other):
        return False
    left, right = korean_name(one), korean_name(other)
    return not (left and right) or all(a & b for a, b in zip(left.meanings, right.meanings, strict=True))


def _flat(name: str) -> str:
    """In lower case, without marks, apostrophes and what stands in parentheses; hangul composed."""
    bare = _PARENTHESES.sub(" ", unicodedata.normalize("NFKC", name[:LONGEST_NAME]))
    marked = _APOSTROPHES.sub("", bare.lower()).translate(_MARKED)
    plain = "".join(c for c in unicodedata.normalize("NFD", marked) if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFC", plain).strip()


def _romanised(flat: str) -> str:
    """A hangul name of rare syllables as its Latin spelling would be folded; other names as they are."""
    bare = _BETWEEN.sub("", flat)
    if not _HANGUL.fullmatch(bare) or softened(bare[0]) not in surnames().rank:
        return flat
    return " ".join((surname_in_latin()[softened(bare[0])], *map(revised, bare[1:])))


@lru_cache(maxsize=4096)
def _korean(flat: str) -> Korean | None:
    bare = _BETWEEN.sub("", flat)
    if _HANGUL.fullmatch(bare):
        return _from_hangul(bare)
    parts = _BETWEEN.sub(" ", flat).split()
    if not 1 < len(parts) <= _MOST_PARTS or not all(map(_LATIN.fullmatch, parts)):
        return None
    # a hyphen tells the given name; else the order has to be guessed
    hyphened = [bool(_HYPHEN.search(word)) for word in flat.replace(",", " ").split()]
    ways = list(_from_latin(parts, first=hyphened != [True, False], last=hyphened != [False, True]))
    return min(ways, key=lambda weighed: weighed[0], default=(0.0, None))[1]


def _from_hangul(bare: str) -> Korean | None:
    for length in (2, 1):
        surname = softened(bare[0]) + bare[1:length]
        rest = bare[length:]
        if surname in surnames().rank and 1 <= len(rest) <= _MOST_SYLLABLES and all(s in given().rank for s in rest):
            return Korean((surname,), tuple((s,) for s in rest))
    return None


def _from_latin(parts: Sequence[str], *, first: bool, last: bool) -> Iterator[tuple[float, Korean]]:
    """Every way to read the parts with the surname `first` or `last`, each with how unusual it is."""
    ways = [(0.0, parts[0], parts[1:])] if first else []
    ways += [(_SURNAME_LAST, parts[-1], parts[:-1])] if last and parts[-1] not in _NEVER_LAST else []
    for unusual, surname, rest in ways:
        means = surnames().read.get(surname, ())
        for syllables in _syllables(rest) if means else ():
            weight = 2 * log(1 + surnames().rank[means[0]])
            weight += sum(log(1 + given().rank[s[0]]) for s in syllables)
            yield unusual + weight, Korean(means, tuple(syllables))


def _syllables(parts: Sequence[str]) -> list[list[tuple[str, ...]]]:
    """One or two syllables of a given name; written as one word, it is cut wherever both halves are syllables."""
    read = given().read
    if len(parts) == 1:
        word = parts[0]
        halves = ((word[:cut], word[cut:]) for cut in range(1, len(word)))
        whole = [[read[word]]] if word in read else []
        return whole + [[read[a], read[b]] for a, b in halves if a in read and b in read]
    return [[read[p] for p in parts]] if len(parts) == _MOST_SYLLABLES and all(p in read for p in parts) else []
