"""Takes away what stands on every page of a site and is no part of the statement.

Whole lines go, wherever they stand; what follows them stays. Adverts and appeals were seen in the middle of
statements, so nothing is cut from some line to the end. A line goes for what it means as a whole: that one
sentence of a statement mentions a newsletter is no reason. Where a rule is in doubt, the line stays.
"""

import unicodedata
from collections.abc import Collection
from itertools import pairwise

from nkwatch.feeds.phrases import (
    APPEAL,
    APPEALS,
    BESIDE_APPEALS,
    BUTTON,
    BUTTONS,
    CALL,
    CALLS,
    CAPTION,
    CLOCK,
    CONTACT,
    EMPTY_LINES,
    FURNITURE,
    LABEL,
    LONGEST_TRAIL_PART,
    LONGEST_TRAILER,
    PLAYER,
    REACHED_AT,
    SAID,
    SECTIONS,
    SENTENCE,
    SHORT_APPEAL,
    STRONG_BUTTON,
    TRAIL,
    TRAILERS,
)


def without_boilerplate(text: str, strip: Collection[str] = ()) -> str:
    """`text` (paragraphs separated by an empty line) without lines of boilerplate and those equal to one in `strip`."""
    unwanted = {_folded(line) for line in strip if line.strip()}
    lines = [without_trailer(line) for line in text.split("\n")]
    folded = [_folded(line) for line in lines]
    gone = [fold in unwanted or is_boilerplate(fold) for fold in folded]
    appeals = _appeals(folded)
    kept = (line for line, *removed in zip(lines, gone, appeals, strict=True) if not any(removed))
    return EMPTY_LINES.sub("\n\n", "\n".join(kept)).strip("\n")


def is_boilerplate(folded: str) -> bool:
    """Whether this line (as `_folded` leaves it), looked at alone, is no part of a statement."""
    return bool(folded) and (
        folded in FURNITURE
        or _is_buttons(folded)
        or _is_player(folded)
        or _is_trail(folded)
        or _is_calls(folded)
        or _is_label(folded)
    )


def _folded(line: str) -> str:
    plain = unicodedata.normalize("NFC", line).casefold().replace("’", "'")
    return " ".join(plain.split()).strip(" .:：…!→")


def _is_buttons(line: str) -> bool:
    """Names of networks and what one does with a page, and nothing else."""
    if len(line) > BUTTONS or not STRONG_BUTTON.search(line):
        return False
    return not any(map(str.isalnum, BUTTON.sub(" ", line)))


def _is_player(line: str) -> bool:
    """Positions, sizes and qualities of a player; one time alone may be that of an event."""
    words = line.split() if len(line) <= BUTTONS else []
    if not words or not all(map(PLAYER.fullmatch, words)):
        return False
    return len(words) > 1 or line.startswith("0:") or not CLOCK.fullmatch(line)


def _is_trail(line: str) -> bool:
    """The way from the home page to this one: names of sections with marks between them."""
    parts = TRAIL.split(line) if len(line) <= BUTTONS else []
    return len(parts) > 1 and parts[0].strip() in SECTIONS and all(len(p) <= LONGEST_TRAIL_PART for p in parts)


def _is_calls(line: str) -> bool:
    """Most sentences ask the reader to do something for the site, and nobody is quoted."""
    if len(line) > CALL or SAID.search(line):
        return False
    sentences = [s for s in SENTENCE.split(line) if s]
    return 2 * sum(1 for s in sentences if CALLS.search(s.rstrip(" .!"))) > len(sentences)


def _is_label(line: str) -> bool:
    """Whom the press may call, or what a picture shows."""
    if len(line) > LABEL:
        return False
    return bool(CAPTION.search(line) or (CONTACT.search(line) and REACHED_AT.search(line)))


def _appeals(lines: list[str]) -> list[bool]:
    """Which lines ask for money: appeals, and the lines on both sides of one that speak the same way."""
    found = [_is_appeal(line) for line in lines]
    places = [i for i, line in enumerate(lines) if line]
    for way in (places, places[::-1]):
        for before, here in pairwise(way):
            found[here] = found[here] or (found[before] and _is_beside_appeal(lines[here]))
    return found


def _is_appeal(line: str) -> bool:
    if len(line) > APPEAL or SAID.search(line):
        return False
    asked = sum(1 for _ in APPEALS.finditer(line))
    return asked > 0 and (len(line) <= SHORT_APPEAL or asked + len(BESIDE_APPEALS.findall(line)) > 1)


def _is_beside_appeal(line: str) -> bool:
    return len(line) <= APPEAL and bool(BESIDE_APPEALS.search(line)) and not SAID.search(line)


def without_trailer(line: str) -> str:
    """`line` without what WordPress adds to the last one of every entry."""
    for opening, middle in TRAILERS:
        at = line.rfind(opening)
        if at >= 0 and middle in line[at:] and len(line) - at <= LONGEST_TRAILER:
            return line[:at].rstrip()
    return line
