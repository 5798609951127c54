"""Text of any script in columns: measured, shortened at a word, wrapped for the plain text part."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

#: What mail clients show without wrapping once more.
TEXT_WIDTH = 72
ELLIPSIS = "…"
#: Letters in one column: some take none (accents that stand apart), and texts come from outside.
_DEEPEST = 4

_KANA_HAN = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々〆"
_OPENERS = "「『（〈《【〔［“‘"
_CLOSERS = "、。，．」』）〉》】〕］！？：；ー…”’"
#: Words, and single letters of the scripts that break anywhere; what opens or closes stays with its neighbour.
_UNIT = re.compile(rf"[{_OPENERS}]*(?:[{_KANA_HAN}]|[^\s{_KANA_HAN}]+)?[{_CLOSERS}]*\s*")
_LEFT_BEHIND = " ,;:·–—-、，"


def columns(text: str) -> int:
    """How many columns `text` takes where East Asian letters take two (Unicode, UAX #11)."""
    return len(text) if text.isascii() else sum(map(_width, text))


def shorten(text: str, width: int) -> str:
    """`text` in at most `width` columns, cut at a word where there is one, with an ellipsis where it is cut."""
    most = _DEEPEST * width
    if len(text) <= most and columns(text) <= width:
        return text
    kept = _head(text[: most - 1], width - 1)
    if not text[len(kept)].isspace() and kept.rfind(" ") > len(kept) // 2:
        kept = kept[: kept.rfind(" ")]
    return kept.rstrip(_LEFT_BEHIND) + ELLIPSIS


def wrap(text: str, width: int = TEXT_WIDTH, indent: str = "") -> str:
    """`text` in lines of at most `width` columns, each after `indent`; a longer word (an address) stays whole."""
    return "\n".join(indent + line for line in _lines(text, width - len(indent)))


def _lines(text: str, width: int) -> Iterator[str]:
    line, room = "", width
    for unit in _UNIT.findall(" ".join(text.split())):
        if line and columns(unit.rstrip()) > room:
            yield line.rstrip()
            line, room = "", width
        line += unit
        room -= columns(unit)
    if line:
        yield line.rstrip()


def _head(text: str, width: int) -> str:
    room = width
    for i, letter in enumerate(text):
        room -= _width(letter)
        if room < 0:
            return text[:i]
    return text


@lru_cache(5000)
def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
