"""What a statement can be told by: its rare words, what they mean, the numbers in it, its runs of words."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import urlsplit

from nkwatch.domain.statement import Statement
from nkwatch.reading.figures import numbers
from nkwatch.reading.folding import fold
from nkwatch.reading.vocabulary import Vocabulary

#: A report says in its first sentences what happened (code points); the rest would drown it.
LEAD = 600
#: Enough to compare reprints by; what follows in one is the carrier's (code points).
LONGEST = 6_000
LONGEST_TITLE = 400
#: A word of the title counts this many times.
IN_TITLE = 1.5
#: Words of the address count less: they repeat the headline, or name the section.
IN_ADDRESS = 0.5
NUMBER_AT_MOST = 4.5

_WORD = re.compile(r"[\w'’]+")
_CJK = re.compile(r"[぀-ヿ㐀-鿿가-힣]")
_SLUG = re.compile(r"[a-z]{3,20}(?:-[a-z0-9]{1,20}){2,30}")

#: "(서울=연합뉴스) 홍길동 기자 = " stands before every report of a Korean agency.
_BYLINE = re.compile(r"\s{0,9}\([^()=]{1,30}=[^()=]{1,30}\)[^=\n]{0,60}=")


class Kind(IntEnum):
    """What sort of particular; those from `CONCEPT` on mean the same in every language."""

    WORD = 0
    PAIR = 1
    CONCEPT = 2
    NUMBER = 3


@dataclass(frozen=True, slots=True)
class Particular:
    """Something that a statement is told by. `weight` is how much it says, `titled` whether the title has it."""

    key: str
    kind: Kind
    weight: float
    titled: bool = False


def particulars(statement: Statement, vocabulary: Vocabulary) -> tuple[Particular, ...]:
    """What `statement` is told by, each once, the weightiest first."""
    found: dict[str, Particular] = {}
    for one in _all(statement, vocabulary):
        known = found.get(one.key)
        if known is None or one.weight > known.weight:
            found[one.key] = one
    return tuple(sorted(found.values(), key=lambda p: (-p.weight, p.key)))


def _all(statement: Statement, vocabulary: Vocabulary) -> Iterator[Particular]:
    title, lead = statement.title[:LONGEST_TITLE], _BYLINE.sub("", statement.text[:LEAD], count=1)
    for text, share, titled in ((title, IN_TITLE, True), (lead, 1.0, False), (_slug(statement.url), IN_ADDRESS, False)):
        for key in vocabulary.keys(text):
            yield Particular(key, _kind(key), share * vocabulary.rarity(key), titled)
        for key in {f"n:{n:g}" for n in numbers(text)} if share >= 1 else ():
            yield Particular(key, Kind.NUMBER, min(NUMBER_AT_MOST, vocabulary.rarity(key)), titled)


def _kind(key: str) -> Kind:
    if key.startswith("c:"):
        return Kind.CONCEPT
    return Kind.PAIR if _CJK.match(key) else Kind.WORD


def _slug(url: str) -> str:
    """The words of the last part of an address that is made of words."""
    try:
        path = urlsplit(url[:1_000].lower()).path
    except ValueError:
        return ""
    found = _SLUG.findall(path)
    return found[-1].replace("-", " ") if found else ""


def triples(text: str) -> frozenset[int]:
    """The hashed overlapping word triples of `text`; words in CJK script are taken as pairs of letters."""
    units: list[str] = []
    for word in _WORD.findall(fold(text[:LONGEST]).text):
        if _CJK.search(word):
            units += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        else:
            units.append(word)
    grams = (" ".join(units[i : i + 3]) for i in range(len(units) - 2))
    return frozenset(hashed(g) for g in grams)


def hashed(key: str) -> int:
    """`key` as a signed 64-bit integer, the same in every process."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), signed=True)
