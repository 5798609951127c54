"""The opening sentences of a statement, word for word."""

import re
from collections.abc import Iterator

from nkwatch.mail.widths import columns, shorten

_PARAGRAPHS = re.compile(r"\n\s*\n")
#: A sentence ends at a stop with its closing quotes. After 。 nothing need follow; but 「…。」と言った goes on.
_END = re.compile(r"[。！？](?![」』）。！？])|[。！？][」』）]+(?=\s|\Z|[「『])|[.!?…]+[\"'”’»」』)\]]*(?=\s|\Z)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"'“‘«])(?:[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Gen|Col|Maj|Capt|Lt|Sgt|Sen"
    r"|Rep|Gov|Amb|Art|Arts|para|paras|vs|cf|pp|Jr|Sr|Inc|Ltd|Co|Mme|Mlle|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec)\.$"
)
#: Letters before a full stop in which an abbreviation is looked for, and those of a text that an excerpt is made of:
#: texts come from outside, and one of initials alone took an hour.
_BEFORE, _OPENING = 20, 5_000


def excerpt(text: str, *, title: str = "", width: int = 400, most: int = 3) -> str:
    """At most `most` whole sentences from the beginning of `text`, in at most `width` columns.

    A first paragraph that only repeats the title is left out. A first sentence that is too long is cut at a word.
    What holds no letter is none.
    """
    taken = ""
    for count, sentence in enumerate(_sentences(text, title)):
        longer = taken + sentence
        if count == most or columns(longer.rstrip()) > width:
            break
        taken = longer
    told = taken.rstrip() or shorten(next(_sentences(text, title), "").rstrip(), width)
    return told if any(map(str.isalpha, told)) else ""


def _sentences(text: str, title: str) -> Iterator[str]:
    """Sentences with the space that follows them; the end of a paragraph ends a sentence too."""
    for number, paragraph in enumerate(_PARAGRAPHS.split(text.strip()[:_OPENING])):
        words = " ".join(paragraph.split())
        if number == 0 and words.casefold() == title.casefold():
            continue
        yield from _split(words)


def _split(paragraph: str) -> Iterator[str]:
    start = 0
    for end in (match.end() for match in _END.finditer(paragraph)):
        before, goes_on = paragraph[max(start, end - _BEFORE) : end], paragraph[end:].lstrip()[:1].islower()
        if end < len(paragraph) and not goes_on and not _ABBREVIATION.search(before):
            space = " " if paragraph[end] == " " else ""
            yield paragraph[start:end] + space
            start = end + len(space)
    if last := paragraph[start:]:
        yield last if last[-1] in "。！？」』" else last + " "
