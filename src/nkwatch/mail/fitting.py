"""How much of a digest is told in full, so that no mail program clips it."""

from collections.abc import Sequence

from nkwatch.editing.digests import LINES

#: A digest's HTML with everything in it, in octets as sent. Gmail clips at 102 KB, and the foot with it.
LARGEST = 80_000
#: What of it is left to the reasons of one reader, and to the reader's links and phrase.
REASONS, LINKS = 6_000, 3_000
ROOM = LARGEST - REASONS - LINKS


def fitting(full: Sequence[int], lines: Sequence[int], room: int) -> tuple[int, int]:
    """How many stories are told in full, and how many of those behind them get a line.

    `full` are the weights of the first stories when told in full, `lines` those of all stories when told in a line.
    The last full stories become lines until all fit into `room`; without any, lines are left out, the last first.
    """
    told = len(full)
    used = sum(full) + sum(lines[told : told + LINES])
    while used > room and told:
        told -= 1
        used = sum(full[:told]) + sum(lines[told : told + LINES])
    count = len(lines[told : told + LINES])
    while used > room and count:
        count -= 1
        used -= lines[told + count]
    return told, count
