"""Compositions that were read already: a claim of five hundred digests must not read their blocks each time anew.

Neither compositions nor blocks change under their names, but by a redaction: then all that was read is forgotten.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Connection

from nkwatch.domain.bulletin import Block, Composition, Piece
from nkwatch.store import compositions, passes

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: Octets of blocks kept, and of compositions.
ROOM = 8 * 1024 * 1024
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
                self._drop(name)
                self._values[name] = value
                self.taken += self._weight(value)
            while self.taken > self._room:
                self._drop(next(iter(self._values)))

    def _drop(self, name: K) -> None:
        if name in self._values:
            self.taken -= self._weight(self._values.pop(name))


class Contents:
    """Reads compositions, each once as long as there is `room` (octets) for it and for its blocks."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._generation = 0
        self._lock = Lock()
        self._compositions, self._pieces = self._empty()

    def read(self, connection: Connection, ids: Collection[str]) -> Mapping[str, Composition]:
        """These compositions, by id."""
        shelf, kept = self._fresh(connection)
        found = shelf.find(ids)
        rows = compositions.rows(connection, [i for i in ids if i not in found])
        names = {name for row in rows for part in row.pieces.values() for name in part}
        pieces = kept.find(names)
        missing = compositions.pieces(connection, names - pieces.keys())
        kept.keep(missing)
        pieces |= missing
        new = {row.id: compositions.composed(row, pieces) for row in rows}
        shelf.keep(new)
        return found | new

    def _fresh(self, connection: Connection) -> tuple[Shelf[str, Composition], Shelf[compositions.Named, Piece]]:
        """The shelves with what is there now; for who sees an older state of the database, shelves of its own."""
        seen = passes.count(connection)
        with self._lock:
            if seen < self._generation:
                return self._empty()
            if seen > self._generation:
                self._generation = seen
                self._compositions, self._pieces = self._empty()
            return self._compositions, self._pieces

    def _empty(self) -> tuple[Shelf[str, Composition], Shelf[compositions.Named, Piece]]:
        return Shelf(self._room, _composition_weight), Shelf(self._room, _piece_weight)


def _piece_weight(piece: Piece) -> int:
    return PIECE + (len(piece.body) if isinstance(piece, Block) else 0)


def _composition_weight(composition: Composition) -> int:
    """With all of its blocks: they are kept as long as it is, whoever else has them."""
    pieces = (*composition.text, *composition.html)
    # a list, since it takes half the time
    return COMPOSITION + PLACE * len(pieces) + sum([len(p.body) for p in pieces if isinstance(p, Block)])
