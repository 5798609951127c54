"""Who acts in a headline: North Korea, or somebody to whom it is only the occasion?"""

import re
from collections.abc import Iterable, Sequence

from nkwatch.domain.reading import Evidence
from nkwatch.reading.folding import CJK

#: No headline goes on longer (code points): what a feed gives as a title may.
HEADLINE = 300
#: From the word that makes a name the occasion to the name (code points).
REACH = 40
#: Korean headlines write 북 for North Korea, where it stands alone: 북, 어제 서해로 방사포 발사.
_ALONE = re.compile(r"(?<![^\s\[\]\"'“”‘’(…·])북(?=,|·[가-힣]|\s?[\"“'‘]|(?:이|은|의|에|과|도|측) )")
#: Names of what others do towards North Korea.
_AIMED = ("대북", "對北", "방북", "訪北", "북핵", "北核")
#: After a name that acts or speaks: 北, … and 북한 "…" and 김정은은 …; but not 北비핵화 or 북한 사이트.
_ACTS = re.compile(r"[,、:…]|\s?[\"“'‘「]|(?:이|가|은|는|도|측|が|は|も)(?![가-힣])")
#: The same with a word or two between, where the name opens a part of the headline: 北 외무성 "…", 北 매체, ….
_SPEAKS = re.compile(r"(?:\s?[가-힣]{1,5}){1,2}\s?[\"“「]|\s?[가-힣]{1,5},")
#: What ends before a new part of a headline: a tag, quoted words, dots.
_OPENS = re.compile(r"(?:^|[…\"”」\])】>]|\.\.)\s*\Z")
#: What may stand before the first word.
_TAG = re.compile(r"\s*(?:[\[(【<][^\[\](){}【】<>]*[\])】>]|[^\W\d_]+:)?[\s\"“'‘]*")


def alone(title: str) -> list[Evidence]:
    """Where a Korean title names North Korea by one syllable."""
    return [Evidence("title", m.start(), m.end(), m[0]) for m in _ALONE.finditer(title)]


def in_own_words(names: Iterable[Evidence], title: str) -> list[Evidence]:
    """The names that a title has outside the words that it quotes."""
    return [n for n in names if n.field == "title" and n.end <= HEADLINE and not _quoted(title, n.start)]


def acts(names: Iterable[Evidence], deeds: Iterable[Evidence], title: str) -> bool:
    """Whether one of these names of the title acts or speaks there; `deeds` are words for what it does."""
    begun = {d.start for d in deeds if d.field == "title"}
    return any(
        _ACTS.match(title, n.end) or not begun.isdisjoint((n.end, n.end + 1)) or _opens(title, n)
        for n in names
        if _itself(n)
    )


def others(words: Iterable[Evidence], names: Iterable[Evidence]) -> list[Evidence]:
    """The words without those right after a name: 北 핵잠 are submarines of North Korea."""
    its_own = {(n.field, n.end + gap) for n in names if _itself(n) for gap in (0, 1)}
    return [w for w in words if (w.field, w.start) not in its_own]


def beside(names: Iterable[Evidence], occasions: Iterable[Evidence]) -> set[Evidence]:
    """The names of a title that are its occasion: a phrase that says so holds them, or stands before."""
    said: Sequence[Evidence] = [o for o in occasions if o.field == "title" and o.end <= HEADLINE]
    near = [n for n in names if n.field == "title" and n.end <= HEADLINE]
    return {n for n in near if any(o.start <= n.start <= o.end + REACH for o in said)}


def _itself(name: Evidence) -> bool:
    return not name.phrase.startswith(_AIMED)


def _opens(title: str, name: Evidence) -> bool:
    """Whether a title, or in Korean a part of it, begins with this name as its subject."""
    if CJK.match(name.phrase):
        return _OPENS.search(title, 0, name.start) is not None and _SPEAKS.match(title, name.end) is not None
    return _TAG.fullmatch(title, 0, name.start) is not None


def _quoted(title: str, place: int) -> bool:
    return title.count('"', 0, place) % 2 > 0 or title.count("“", 0, place) > title.count("”", 0, place)
