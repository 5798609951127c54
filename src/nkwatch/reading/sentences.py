"""Where the sentences and the quotations of a text stand.

All places are code points of the text as it is. Every pattern here is bounded: the cost is linear in the text.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

#: Where a sentence may end. Each run of stops is taken whole, so that a long one costs no more than its length.
_STOPS = re.compile(r"[.!?…。！？]++[\"'”’»」』)\]]*+|\n++")
_SHORTENED = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sen|Rep|Gov|Gen|Lt|Col|St|No|Nos|Art|vs|Jr|Sr|Inc|Ltd|Co|Jan|Feb|Aug|Sept|Oct|Nov"
    r"|Dec|M|MM|Mme|art)|\b[A-Z]|\b[ap]\.m|\be\.g|\bi\.e)\Z"
)
_MARK = re.compile(r"[“”„\"«»「」『』‘’']|\n")
_PARTNERS = {"“": '”"', "„": '“”"', '"': '"”', "«": "»", "「": "」", "『": "』", "‘": "’", "'": "'"}
_SINGLE = "‘'"


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence of `text` starts and ends, without the white space around it; a new line ends one."""
    cuts = [0, *(stop.end() for stop in _STOPS.finditer(text) if _ends(text, stop)), len(text)]
    return [span for span in (_stripped(text, a, b) for a, b in pairwise(cuts)) if span[0] < span[1]]


def _ends(text: str, stop: re.Match[str]) -> bool:
    following = text[stop.end() : stop.end() + 2]
    if stop[0][0] in "\n。！？":
        # 「...。」と述べた goes on
        return stop[0][-1] not in "」』" or not following[:1].isalpha()
    if following and not following[0].isspace():
        return False
    return not following[1:].islower() and (
        stop[0] != "." or not _SHORTENED.search(text, max(0, stop.start() - 6), stop.start())
    )


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


@dataclass(frozen=True, slots=True)
class Quotation:
    """A place between quotation marks: `start` and `end` without them. `open` is the mark it begins with.

    `closed` is false where its paragraph ends before a closing mark does: the next paragraph goes on.
    """

    start: int
    end: int
    open: str
    closed: bool = True


def quotations(text: str) -> list[Quotation]:
    """What stands between quotation marks, outermost only, in order.

    A paragraph that opens and never closes counts where the next one opens too, or where the text ends.
    """
    found: list[Quotation] = []
    opened = -1
    for mark in _MARK.finditer(text):
        place, char = mark.start(), mark[0]
        if char == "\n":
            if opened >= 0 and _goes_on(text, opened, place):
                found.append(Quotation(opened + 1, place, text[opened], closed=False))
            opened = -1
        elif opened >= 0 and _closes(text, opened, place):
            found.append(Quotation(opened + 1, place, text[opened]))
            opened = -1
        elif (opened < 0 or text[opened] in _SINGLE) and _opens(text, place):
            opened = place
    if opened >= 0 and text[opened] not in _SINGLE:
        found.append(Quotation(opened + 1, len(text), text[opened], closed=False))
    return found


def _goes_on(text: str, opened: int, end: int) -> bool:
    if text[opened] in _SINGLE:
        return False
    return text[end : end + 9].lstrip()[:1] == text[opened]


def _opens(text: str, place: int) -> bool:
    char = text[place]
    if char in "“„«「『":
        return True
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if char == '"':
        # Korean headlines join a quotation to the dots before it
        return bool(after.strip()) and not before.isalnum()
    return char in _SINGLE and after.isalnum() and (not before or before in ' \t\n([—–:："“,…')


def _closes(text: str, opened: int, place: int) -> bool:
    char, partner = text[place], _PARTNERS[text[opened]]
    if char not in partner:
        return False
    after = text[place + 1 : place + 2]
    if char in "’'":
        return not after.isalnum() or not after.isascii()
    # a straight mark between a space and a letter opens
    return char != '"' or not (text[place - 1].isspace() and after.isalnum() and after.isascii())
