"""A *part* of a bulletin: one passage in both of its forms, made of pieces that many readers share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from nkwatch.domain.bulletin import Block, Piece, Slot

Pieces = tuple[Piece, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One passage as text and as HTML; `weight` is what the HTML takes in a mail, in octets, slots left empty."""

    text: Pieces
    html: Pieces
    weight: int

    @classmethod
    def of(cls, text: Pieces, html: Pieces) -> "Part":
        """The part with its weight."""
        return cls(text, html, sum(len(p.body) for p in html if isinstance(p, Block)))

    def around(self, places: Mapping[str, Sequence["Part"]]) -> "Part":
        """This part with others where it has slots of these names; a slot that it lacks shows nothing of them."""
        text = resolved(self.text, {name: joined([p.text for p in parts]) for name, parts in places.items()})
        html = resolved(self.html, {name: joined([p.html for p in parts]) for name, parts in places.items()})
        weight = self.weight + sum([p.weight for parts in places.values() for p in parts])
        return Part(text, html, weight)


def joined(passages: Iterable[Pieces]) -> Pieces:
    """The pieces of all these passages, in order."""
    return tuple(chain.from_iterable(passages))


def resolved(pieces: Pieces, places: Mapping[str, Pieces]) -> Pieces:
    """`pieces` with those of `places` instead of the slots of these names."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Slot) and piece.name in places:
            found += places[piece.name]
        else:
            found.append(piece)
    return tuple(found)
