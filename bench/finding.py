"""Who finds the terms of the lexicon in a text: peers that use `re`.

Both look in the folded text, take no notice of capitals, languages and masks, and so have less to do than the lexicon.
"""

import re
from collections.abc import Callable, Iterable

from nkwatch.reading.folding import CJK, fold
from nkwatch.reading.lexicon import BEGINS, Term

#: What finds the places of all terms in a folded text.
Finder = Callable[[str], list[tuple[int, int]]]
#: Letters and digits of words in Latin script, folded; a Korean particle may follow such a word.
_LETTER = "[0-9a-z\u00df-\u024f]"


def term_by_term(terms: Iterable[Term]) -> Finder:
    r"""One compiled pattern for each different phrase, searched for one after the other.

    A Latin pattern begins with its letters and looks back only behind them: `re` then leaps from one occurrence to the
    next. With ``\b`` in front, as one would first write it, it needs five times as long.
    """
    patterns = [re.compile(_pattern(phrase)) for phrase in _phrases(terms)]
    return lambda text: [found.span() for pattern in patterns for found in pattern.finditer(text)]


def one_alternation(terms: Iterable[Term]) -> Finder:
    """All phrases in one pattern, the longest first; of those that overlap it finds only one."""
    phrases = sorted(_phrases(terms), key=lambda phrase: (-len(phrase), phrase))
    latin = "|".join(_latin(p) for p in phrases if not CJK.search(p))
    eastern = "|".join(_eastern(p) for p in phrases if CJK.search(p))
    pattern = re.compile(f"(?<!{_LETTER})(?:{latin or '(?!)'})|{eastern or '(?!)'}")
    return lambda text: [found.span() for found in pattern.finditer(text)]


def _phrases(terms: Iterable[Term]) -> list[str]:
    """The different phrases, folded; those that match what begins so still end in `BEGINS`."""
    ends = ((t.phrase.removesuffix(BEGINS), BEGINS if t.phrase.endswith(BEGINS) else "") for t in terms)
    return list(dict.fromkeys(fold(phrase).text.strip() + end for phrase, end in ends))


def _pattern(phrase: str) -> str:
    if CJK.search(phrase):
        return _eastern(phrase)
    begun = re.escape(phrase.removesuffix(BEGINS))
    return f"{begun}(?<!{_LETTER}{begun}){_ending(phrase)}"


def _latin(phrase: str) -> str:
    return re.escape(phrase.removesuffix(BEGINS)) + _ending(phrase)


def _ending(phrase: str) -> str:
    return f"{_LETTER}*" if phrase.endswith(BEGINS) else f"s?(?!{_LETTER})"


def _eastern(phrase: str) -> str:
    return re.escape(phrase.removesuffix(BEGINS)).replace(r"\ ", " ?")
