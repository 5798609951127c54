"""A text as search finds it: tokens, each at its place.

Words are NFKC, casefolded, without accents (Latin, Greek, Cyrillic), letters and digits only. Chinese, Japanese and
Korean are written without the boundaries of words: a run of Han, kana or Hangul becomes its overlapping pairs and its
last letter alone, so that 북한 and 拉致 are found wherever they stand, and one letter by the beginning of a token.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from sys import maxunicode

from nkwatch.reading.folding import Table

#: Places of a tsvector end at 16,383.
MOST_TOKENS = 16_000
#: Letters of all tokens of a text: a tsvector holds at most 1 MB, a letter at most 4 bytes.
MOST_LETTERS = 120_000
#: Of one token a tsvector keeps 256 places.
MOST_ALIKE = 255
#: Letters of a token; of what is longer the beginning counts.
LONGEST_TOKEN = 64
#: Stands at a place at which no token is. Phrases do not reach over it.
HOLE = ""
#: Ends what finds every word that begins so.
BEGINS = "*"

#: Han (with 々 and 〇), kana (with the prolonged sound mark), Bopomofo, Hangul: first and last of each block.
_CJK = (
    (0x1100, 0x11FF), (0x3005, 0x3007), (0x3031, 0x3035), (0x303B, 0x303B), (0x3041, 0x3096), (0x309D, 0x309F),
    (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x3105, 0x312F), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xA960, 0xA97C), (0xAC00, 0xD7A3), (0xD7B0, 0xD7FB), (0xF900, 0xFAFF), (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFD),
)  # fmt: skip
#: Marks that are accents in any script, what is left of dakuten that no letter has, and variants of letters.
_UNHEARD = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0x3099, 0x309A),
    (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0xE0100, 0xE01EF),
)  # fmt: skip
#: Scripts whose letters lose their accents.
_ACCENTED = ("LATIN", "GREEK", "CYRILLIC")
#: Kinds of letters: of a word, a mark within one, and those written without boundaries.
_LETTER, _MARK, _RUN, _OTHER = "l", "m", "r", " "
_PIECES = re.compile(f"{_LETTER}[{_LETTER}{_MARK}]*|{_RUN}+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is looked for: tokens one after the other. `begins` says that the last is the beginning of a token."""

    tokens: tuple[str, ...]
    begins: bool = False


def indexed(*texts: str) -> list[str]:
    """The tokens of texts in their places, a `HOLE` after each text and for each token that was there too often."""
    found: list[str] = []
    often: Counter[str] = Counter()
    letters = 0
    for token in chain.from_iterable((*_tokens(_plain(text)), HOLE) for text in texts):
        letters += len(token)
        if len(found) == MOST_TOKENS or letters > MOST_LETTERS:
            break
        often[token] += 1
        found.append(token if often[token] <= MOST_ALIKE else HOLE)
    return found


def phrase(text: str) -> Phrase:
    """How a word or a phrase is found; without tokens where it holds no letter and no digit.

    One that ends with * finds what begins so, and so does a single letter of Han, kana or Hangul.
    """
    plain = _plain(text)
    tokens, run = (*_tokens(plain),), _last_run(plain)
    if not run:
        return Phrase(tokens, begins=bool(tokens) and text.rstrip().endswith(BEGINS))
    # the run may go on in the text: its last letter stands alone only where it ends
    return Phrase(tokens, begins=True) if run == 1 else Phrase(tokens[:-1])


def _tokens(plain: str) -> list[str]:
    found: list[str] = []
    kinds = plain.translate(_kinds)
    for piece in _PIECES.finditer(kinds):
        start, end = piece.span()
        if kinds[start] == _RUN:
            run = plain[start:end]
            found += [run[i : i + 2] for i in range(len(run))]
        else:
            found.append(plain[start : min(end, start + LONGEST_TOKEN)])
    return found


def _last_run(plain: str) -> int:
    """How many letters the run has that is the last piece, if it is one."""
    kinds = plain.translate(_kinds).rstrip(_MARK + _OTHER)
    return len(kinds) - len(kinds.rstrip(_RUN))


def _plain(text: str) -> str:
    """Letters as they are compared."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded if folded.isascii() else folded.translate(_bare)


def _heard(char: str) -> str:
    """A letter without its accents; nothing for what is not seen or heard."""
    unheard = unicodedata.category(char) == "Cf" or _within(ord(char), _UNHEARD)
    return "" if unheard else _without_accents(char)


def _kind(char: str) -> str:
    if char.isalnum():
        return _RUN if _within(ord(char), _CJK) else _LETTER
    return _MARK if unicodedata.category(char).startswith("M") else _OTHER


_bare, _kinds = Table(_heard), Table(_kind)


def _without_accents(char: str) -> str:
    first = unicodedata.normalize("NFD", char)[0]
    return first if unicodedata.name(first, "").startswith(_ACCENTED) else char


def _within(code: int, blocks: tuple[tuple[int, int], ...]) -> bool:
    """Whether one of these blocks, which are in order, holds it."""
    behind = bisect_right(blocks, (code, maxunicode))
    return behind > 0 and code <= blocks[behind - 1][1]
