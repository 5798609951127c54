"""Text as terms are looked for in it: letters folded, white space collapsed, every place traceable to the original."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

_RUNS = re.compile(r" {2,}")
_ALIKE = str.maketrans(dict.fromkeys("‐‑‒–—―−-_", " ") | dict.fromkeys("’‘ʼ´`′", "'") | dict.fromkeys("“”„‟«»", '"'))


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is folded; from each of `places` in it on, as many letters as stand in `dropped` are left out."""

    text: str
    places: tuple[int, ...] = ()
    dropped: tuple[int, ...] = ()

    def original(self, place: int) -> int:
        """The place in the original of a place in the folded text, in code points."""
        runs = bisect_right(self.places, place)
        return place + (self.dropped[runs - 1] if runs else 0)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original it begins and ends, of a piece of the folded text that is not empty."""
        return self.original(start), self.original(end - 1) + 1


#: Half a character, which no text may hold and the automaton refuses; JSON can bring one.
SURROGATES, BROKEN = range(0xD800, 0xE000), "\ufffd"
#: Translations of rarer characters (beyond the basic plane) are not kept: all of them would take 150 MB.
LAST_KEPT = 0xFFFF


class Table(dict[int, str]):
    """A table for `str.translate` that fills itself: `made` says what a character becomes."""

    def __init__(self, made: Callable[[str], str]) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, code: int) -> str:
        made = self._made(chr(code))
        if code <= LAST_KEPT:
            self[code] = made
        return made


def _alike(char: str) -> str:
    """What a character is compared as: exactly one."""
    whole = BROKEN if ord(char) in SURROGATES else char
    plain = unicodedata.normalize("NFKC", whole)
    plain = plain if len(plain) == 1 else whole
    lower = plain.translate(_ALIKE).lower()
    return " " if plain.isspace() else lower if len(lower) == 1 else plain


_table = Table(_alike)


def fold(text: str) -> Folded:
    """`text` in lower case, compatibility forms resolved (NFKC), hyphens and runs of white space as one space.

    Characters that would become several (such as the ellipsis) stay as they are, so places keep their meaning.
    """
    flat = text.translate(_table)
    if "  " not in flat:
        return Folded(flat)
    places: list[int] = []
    dropped: list[int] = []
    total = 0
    for run in _RUNS.finditer(flat):
        places.append(run.start() + 1 - total)
        total += len(run[0]) - 1
        dropped.append(total)
    return Folded(_RUNS.sub(" ", flat), tuple(places), tuple(dropped))


#: Marks of `insides`.
INSIDE, OUTSIDE = "a", " "
#: Letters of scripts that are written without the boundaries of words.
CJK = re.compile(r"[぀-ヿ㐀-鿿가-힣]")


def of_word(char: str) -> bool:
    """Whether a character is a letter or digit of a script whose words are written apart."""
    return char.isalnum() and not CJK.match(char)


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit stands next to what stands there."""
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


_letters = Table(lambda char: INSIDE if of_word(char) else OUTSIDE)


def insides(text: str) -> str:
    """A mark for each place in `text`, its end too: `INSIDE` a word (between its letters or digits) or `OUTSIDE`.

    Chinese, Japanese and Korean are written without the boundaries of words: none of their places lies inside one.
    """
    marked = f"{OUTSIDE}{text.translate(_letters)}{OUTSIDE}"
    return marked.replace(OUTSIDE + INSIDE, 2 * OUTSIDE)[1:]
