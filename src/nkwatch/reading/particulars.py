"""What a statement can be told by: its rare words, what they mean, the numbers in it, its runs of words."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from unicodedata import normalize
from urllib.parse import urlsplit

from nkwatch.domain.statement import Statement
from nkwatch.reading.figures import numbers
from nkwatch.reading.folding import CJK, fold
from nkwatch.reading.vocabulary import STEM, Vocabulary

#: A report says in its first sentences what happened (code points); the rest would drown it.
LEAD = 600
#: Enough to compare reprints by; what follows in one is the carrier's (code points).
LONGEST = 6_000
LONGEST_TITLE = 400
#: A letter that is written in parts has no more than these.
MOST_PARTS = 3
#: A word of the title counts this many times.
IN_TITLE = 1.5
#: Words of the address count less: they repeat the headline, or name the section.
IN_ADDRESS = 0.5
NUMBER_AT_MOST = 4.5
#: What says less than this (nats) explains nothing: the, of, North Korea.
WORTH_SAYING = 1.5

_WORD = re.compile(r"[\w'’]+")
_LETTERS = re.compile(r"[^\W_]+")
_SLUG = re.compile(r"[a-z]{3,20}(?:-[a-z0-9]{1,20}){2,30}")

#: "(서울=연합뉴스) 홍길동 기자 = " stands before every report of a Korean agency.
_BYLINE = re.compile(r"\s{0,9}\([^()=]{1,30}=[^()=]{1,30}\)[^=\n]{0,60}=")


class Kind(IntEnum):
    """What sort of particular; those from `CONCEPT` on mean the same in every language."""

    WORD = 0
    PAIR = 1
    CONCEPT = 2
    PLACE = 3
    NUMBER = 4
    #: that it answers something, and that it marks a day
    REPLY = 5
    YEARLY = 6


#: Concepts of which an event has its own: statements that name different ones are likely on two.
PLACES = frozenset(
    {
        "chongjin", "dandong", "hoeryong", "hyesan", "kaesong", "kursk", "mount_kumgang", "musan", "nampo", "panmunjom",
        "punggye", "rason", "sinuiju", "sohae", "vladivostok", "wonsan", "yongbyon",
    }
)  # fmt: skip
#: Who answers something, says so in these words: the answer is another statement than what it answers.
_REPLY = re.compile(
    r"\b(?:reject|denounc|slam|rebuff|retort|hits? back|lash|blast|brand|slander|fabricat|calumn|smear)\w{0,5}\b"
    r"|\b(?:rejett|dénonc|fustig|rechaz|denunci|calumni|verurteil|zurückgewiesen)\w{0,5}\b|\bweist\b.{1,80}\bzurück\b"
    r"|반발|배격|일축|맹비난|반박|모략|날조|反発|反論|拒否|謀略|捏造|でっち上げ",
    re.IGNORECASE,
)


#: Who marks a day, says so in these words: what such statements share is what they look back on.
_YEARLY = re.compile(
    r"\banniversa|\baniversario|\bjahrestag"
    r"|\b(?:years?|ans?|años?|jahren?)(?: \w{1,15})? (?:after|since|on|après|depuis|después|nach|seit)\b"
    r"|주년|주기|년이 지|년을 맞|周年|周忌|年を迎|年が[経た過]|から\d{1,2}年|から[一二三四五十]{1,3}年",
    re.IGNORECASE,
)


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
        if known is None or (one.weight, one.titled) > (known.weight, known.titled):
            found[one.key] = one
    return tuple(sorted(found.values(), key=lambda p: (-p.weight, p.key)))


def _all(statement: Statement, vocabulary: Vocabulary) -> Iterator[Particular]:
    title, lead = _composed(statement.title, LONGEST_TITLE), _BYLINE.sub("", _composed(statement.text, LEAD), count=1)
    for text, share, titled in ((title, IN_TITLE, True), (lead, 1.0, False), (_slug(statement.url), IN_ADDRESS, False)):
        for key in vocabulary.keys(text):
            yield Particular(key, _kind(key), share * vocabulary.rarity(key), titled)
        if share >= 1 and _REPLY.search(text):
            yield Particular("re:", Kind.REPLY, 0.0, titled)
        if share >= 1 and _YEARLY.search(text):
            yield Particular("yearly:", Kind.YEARLY, 0.0, titled)
        for key in {f"n:{n:g}" for n in numbers(text)} if share >= 1 else ():
            yield Particular(key, Kind.NUMBER, min(NUMBER_AT_MOST, vocabulary.rarity(key)), titled)


def _composed(text: str, longest: int) -> str:
    """The beginning of `text`, each letter one character: 한 is written in one or in three (Unicode annex 15, NFC)."""
    return normalize("NFC", text[: longest * MOST_PARTS])[:longest]


def _kind(key: str) -> Kind:
    if key.startswith("c:"):
        return Kind.PLACE if key[2:] in PLACES else Kind.CONCEPT
    return Kind.PAIR if CJK.match(key) else Kind.WORD


def words(shared: Iterable[Particular], statement: Statement) -> tuple[str, ...]:
    """How people would say these particulars of `statement`, each once: numbers, concepts, whole words."""
    text = f"{_composed(statement.title, LONGEST_TITLE)}\n{_composed(statement.text, LEAD)}"
    written = {word.lower()[:STEM]: word for word in reversed(_LETTERS.findall(text))}
    said = (_in_words(one, written) for one in shared if one.weight >= WORTH_SAYING)
    return tuple(dict.fromkeys(said))


def _in_words(one: Particular, written: Mapping[str, str]) -> str:
    if one.kind == Kind.WORD:
        return written.get(one.key, one.key)
    return one.key.partition(":")[2].replace("_", " ") if one.kind > Kind.PAIR else one.key


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
    for word in _WORD.findall(fold(_composed(text, LONGEST)).text):
        if CJK.search(word):
            units += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        else:
            units.append(word)
    grams = (" ".join(units[i : i + 3]) for i in range(len(units) - 2))
    return frozenset(hashed(g) for g in grams)


def hashed(key: str) -> int:
    """`key` as a signed 64-bit integer, the same in every process."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), signed=True)
