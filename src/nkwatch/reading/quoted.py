"""The sentences of a text that is taken out whole, found where mails quote them."""

import re
from collections.abc import Iterable, Iterator

from nkwatch.domain.redaction import SQUARES
from nkwatch.reading.disguises import FOLDING, letters

#: Fewer letters than this may stand anywhere by chance.
LEAST = 12
_SENTENCE = re.compile(r"\n\s*\n|(?<=[.!?。！？])\s*")


class Phrases:
    """The sentences of a text that is taken out whole, found where they are quoted, if only by their beginnings."""

    def __init__(self, texts: Iterable[str], *, shortest: int = 24, least: int = LEAST) -> None:
        """`shortest` is how many letters of a longer one are enough (code points, Korean syllables taken apart).

        What has fewer letters than `least` is not looked for.
        """
        flat = {_flat(sentence)[0] for text in texts for sentence in _SENTENCE.split(text)}
        self._phrases = sorted((p for p in flat if len(p) >= least), key=len, reverse=True)
        self._shortest = shortest

    def quoted(self, text: str) -> bool:
        """Whether one of them stands in it."""
        return next(self._places(text), None) is not None

    def blacked_out(self, text: str) -> str:
        """The text with squares for each."""
        pieces, end = [], 0
        for start, after in sorted(self._places(text)):
            if after > end:
                pieces += [text[end : max(start, end)], SQUARES if start >= end else ""]
                end = after
        return "".join((*pieces, text[end:]))

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        folded, spans = _flat(text)
        for phrase in self._phrases:
            head = phrase[: self._shortest]
            start = folded.find(head)
            while start >= 0:
                end = start + len(head)
                while end < len(folded) and end - start < len(phrase) and folded[end] == phrase[end - start]:
                    end += 1
                yield spans[start][0], spans[end - 1][1]
                start = folded.find(head, end)


def _flat(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text folded, with runs of white space as one space, and the place of each letter."""
    folded: list[str] = []
    spans: list[tuple[int, int]] = []
    for start, end, char in letters(text):
        for one in char.translate(FOLDING):
            if not one.isspace() or (folded and folded[-1] != " "):
                folded.append(" " if one.isspace() else one)
                spans.append((start, end))
    while folded and folded[-1] == " ":
        folded.pop()
        spans.pop()
    return "".join(folded), spans
