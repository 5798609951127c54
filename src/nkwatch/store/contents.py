"""Compositions that were read already: a claim of five hundred digests must not read their blocks each time anew.

Neither compositions nor blocks ever change under their names.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Connection

from nkwatch.domain.bulletin import Block, Composition, Piece
from nkwatch.store import compositions

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: Octets of blocks kept, and of compositions.
ROOM = 16 * 1024 * 1024
#: What keeping a piece, a composition, or a place in one costs besides its octets, about.
PIECE, COMPOSITION, PLACE = 250, 600, 8


class Shelf(Generic[K, V]):
    """Values by name, those used last; `weight` says how many octets each takes, `room` how many all may take.

    Threads may share it.
    """

    def __init__(self, room: int, weight: Callable[[V], int]) -> None:
        self._room = room
        self._weight = weight
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()
        self.taken = 0

    def find(self, names: Iterable[K]) -> dict[K, V]:
        """Those of these that are there."""
        with self._lock:
            found = {name: self._values[name] for name in names if name in self._values}
            for name in found:
                self._values.move_to_end(name)
            return found

    def keep(self, values: Mapping[K, V]) -> None:
        """Keep these, and no more than there is room for."""
        with self._lock:
            for name, value in values.items():
                self.taken += 0 if name in self._values else self._weight(value)
                self._values[name] = value
            while self.taken > self._room:
                self.taken -= self._weight(self._values.popitem(last=False)[1])


class Contents:
    """Reads compositions, each once as long as there is `room` (octets) for it and for its blocks."""

    def __init__(self, room: int = ROOM) -> None:
        self._compositions: Shelf[str, Composition] = Shelf(room, _composition_weight)
        self._pieces: Shelf[compositions.Named, Piece] = Shelf(room, _piece_weight)

    def read(self, connection: Connection, ids: Collection[str]) -> Mapping[str, Composition]:
        """These compositions, by id."""
        found = self._compositions.find(ids)
        rows = compositions.rows(connection, [i for i in ids if i not in found])
        names = {name for row in rows for part in row.pieces.values() for name in part}
        pieces = self._pieces.find(names)
        missing = compositions.pieces(connection, names - pieces.keys())
        self._pieces.keep(missing)
        pieces |= missing
        new = {row.id: compositions.composed(row, pieces) for row in rows}
        self._compositions.keep(new)
        return found | new


def _piece_weight(piece: Piece) -> int:
    return PIECE + (len(piece.body) if isinstance(piece, Block) else 0)


def _composition_weight(composition: Composition) -> int:
    """With all of its blocks: they are kept as long as it is, whoever else has them."""
    pieces = (*composition.text, *composition.html)
    # a list, since it takes half the time
    return COMPOSITION + PLACE * len(pieces) + sum([len(p.body) for p in pieces if isinstance(p, Block)])
