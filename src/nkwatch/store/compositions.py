"""Compositions and the pieces they are made of, each stored once.

There may be as many compositions as readers, so their rows are short: pieces stand in them by number. A composition's
id is a hash of its content all the same.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, cast, select

from nkwatch.domain.bulletin import Block, BulletinKind, Composition, Piece, Slot
from nkwatch.store import schema
from nkwatch.store.rows import chunks, insert_new

_BLOCK, _COMPOSITION = schema.block.c, schema.composition.c
#: What the names of places of the reader's own begin with.
SLOT = "slot:"
#: How a row names a piece: by number; in rows from before schema 5 by its name.
Named = int | str


def write(connection: Connection, compositions: Sequence[Composition], number: int) -> list[str]:
    """Keep these compositions of a bulletin; answers the id of each, in order.

    For personal mails the statements are the same whether somebody had such a mail before or not: that may tell who is
    known here.
    """
    # many readers have the same objects: looking into each once is enough
    distinct = {id(c): c for c in compositions}
    pieces = {id(p): p for c in distinct.values() for p in chain(c.text, c.html)}
    names = {key: _name(piece) for key, piece in pieces.items()}
    ids = {key: _id(c, names) for key, c in distinct.items()}
    anyway = any(c.kind.personal for c in distinct.values())
    known = set() if anyway else _known(connection, sorted(set(ids.values())))
    new = {ids[key]: c for key, c in distinct.items() if ids[key] not in known}
    wanted = {names[id(p)]: p for c in new.values() for p in chain(c.text, c.html)}
    numbers = {} if anyway else _numbers(connection, wanted)
    numbers |= _write_pieces(connection, {n: p for n, p in wanted.items() if n not in numbers})
    numbered = {key: numbers[name] for key, name in names.items() if name in numbers}
    insert_new(connection, schema.composition, [_row(i, new[i], number, numbered) for i in sorted(new)])
    return [ids[id(c)] for c in compositions]


def rows(connection: Connection, ids: Iterable[str]) -> list[Row[Any]]:
    """The rows of these compositions."""
    found: list[Row[Any]] = []
    for part in chunks(sorted(ids)):
        found += connection.execute(select(schema.composition).where(_COMPOSITION.id.in_(part)))
    return found


def pieces(connection: Connection, named: Collection[Named]) -> dict[Named, Piece]:
    """The pieces that rows name so."""
    found: dict[Named, Piece] = {}
    numbers = [n for n in named if isinstance(n, int)]
    for part in chunks(numbers):
        rows = connection.execute(select(schema.block).where(_BLOCK.number.in_(part)))
        found |= {row.number: _piece(row.id, row.body) for row in rows}
    old = [n for n in named if isinstance(n, str)]
    for names in chunks(old):
        rows = connection.execute(select(schema.block).where(_BLOCK.id.in_(names)))
        found |= {row.id: _piece(row.id, row.body) for row in rows}
    return found | {name: _piece(name, b"") for name in old if name.startswith(SLOT)}


def composed(row: Row[Any], pieces: Mapping[Named, Piece]) -> Composition:
    """The composition of a row."""
    return Composition(
        kind=BulletinKind(row.kind),
        language=row.language,
        subject=row.subject,
        text=tuple(pieces[name] for name in row.pieces["text"]),
        html=tuple(pieces[name] for name in row.pieces["html"]),
        neutral=row.neutral,
        stories=tuple(row.stories or ()),
    )


def stories(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The stories that these compositions tell of, by the id of the composition."""
    found: dict[str, tuple[str, ...]] = {}
    for part in chunks(sorted(ids)):
        rows = connection.execute(select(_COMPOSITION.id, _COMPOSITION.stories).where(_COMPOSITION.id.in_(part)))
        found |= {row.id: tuple(row.stories or ()) for row in rows}
    return found


def tells_of(story_id: str) -> ColumnElement[bool]:
    """Whether a composition tells of a story."""
    return cast(_COMPOSITION.stories, Text).contains(f'"{story_id}"', autoescape=True)


def _name(piece: Piece) -> str:
    return f"{SLOT}{piece.name}" if isinstance(piece, Slot) else piece.id


def _id(composition: Composition, names: Mapping[int, str]) -> str:
    """The hash of all that makes a composition the same as another; `names` are those of pieces by identity."""
    c = composition
    head = json.dumps([c.kind, c.language, c.subject, c.neutral, c.stories], ensure_ascii=False)
    parts = ("\n".join(_looked_up(names, part)) for part in (c.text, c.html))
    return hashlib.sha256("\n\n".join((head, *parts)).encode()).hexdigest()


def _looked_up(table: Mapping[int, Any], pieces: Iterable[Piece]) -> list[Any]:
    return list(map(table.__getitem__, map(id, pieces)))


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(ids):
        found.update(connection.scalars(select(_COMPOSITION.id).where(_COMPOSITION.id.in_(part))))
    return found


def _write_pieces(connection: Connection, pieces: Mapping[str, Piece]) -> dict[str, int]:
    """Write these pieces; answers their numbers."""
    bodies = {name: piece.body if isinstance(piece, Block) else b"" for name, piece in pieces.items()}
    # everybody writes them in one order: two processes must not wait for each other
    insert_new(connection, schema.block, [{"id": name, "body": bodies[name]} for name in sorted(bodies)])
    return _numbers(connection, bodies)


def _numbers(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(sorted(names)):
        rows = connection.execute(select(_BLOCK.id, _BLOCK.number).where(_BLOCK.id.in_(part)))
        found |= {row.id: row.number for row in rows}
    return found


def _row(name: str, composition: Composition, number: int, numbers: Mapping[int, int]) -> dict[str, Any]:
    c = composition
    return {
        "id": name,
        "kind": c.kind,
        "language": c.language,
        "subject": c.subject,
        "pieces": {"text": _looked_up(numbers, c.text), "html": _looked_up(numbers, c.html)},
        "neutral": c.neutral,
        "bulletin": None if c.kind.personal else number,
        "stories": list(c.stories) or None,
    }


def _piece(name: str, body: bytes) -> Piece:
    return Slot(name.removeprefix(SLOT)) if name.startswith(SLOT) else Block(body)
