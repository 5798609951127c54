"""A name taken out of mails: blocks, subjects, and lines for readers' own places that have not left yet."""

import quopri
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from nkwatch.domain.redaction import Affected
from nkwatch.store import passes, schema
from nkwatch.store.blackening import Pass, Place, Went, note, page, reached
from nkwatch.store.compositions import SLOT
from nkwatch.store.rows import chunks
from nkwatch.store.seals import Seals

#: Blocks in one transaction.
BLOCKS = 200
_BLOCK, _COMPOSITION, _DELIVERY = schema.block.c, schema.composition.c, schema.delivery.c


def decoded(body: bytes) -> str:
    """The text of a block."""
    return quopri.decodestring(body).decode()


def blocks(connection: Connection, this: Pass, after: Place | None) -> Went:
    """Black out blocks. They keep number and id, so that compositions still name them."""
    rows = page(connection, this, schema.block, after, BLOCKS)
    texts = [(row, decoded(row.body)) for row in rows if not row.id.startswith(SLOT)]
    hit = [(row, text) for row, text in texts if this.forms.named(text)]
    for row, text in [] if this.dry else hit:
        rewrite(connection, this, row, this.forms.blacked_out(text))
    if hit and not this.dry:
        passes.add(connection, this.redaction)
    seen = frozenset(("block", name) for row, _ in hit for name in (row.number, row.id))
    return Went(reached(schema.block, rows, BLOCKS), Affected({"blocks": len(hit)} if hit else {}), seen)


def rewrite(connection: Connection, this: Pass, row: Row[Any], text: str) -> None:
    """Put another text into a block, under its number and id."""
    change = update(schema.block).where(_BLOCK.number == row.number)
    connection.execute(change.values(body=this.encode(text)))
    note(connection, this, "block", [row.id])


def compositions(connection: Connection, this: Pass, after: Place | None) -> Went:
    """Black out subjects; and note which compositions are made of blocks that were blacked out."""
    rows = page(connection, this, schema.composition, after)
    hits = {name for what, name in this.seen if what == "block"} | _blocks_of(connection, this)
    named = [row for row in rows if this.forms.named(row.subject)]
    holding = [row for row in rows if hits and not hits.isdisjoint(parts(row))]
    ids = {row.id for row in (*named, *holding)}
    if named and not this.dry:
        for row in named:
            change = update(schema.composition).where(_COMPOSITION.id == row.id)
            connection.execute(change.values(subject=this.forms.blacked_out(row.subject)))
        passes.add(connection, this.redaction)
    if not this.dry:
        note(connection, this, "composition", ids)
    counts = {"compositions": len(ids), "pending deliveries": pending(connection, ids)}
    return Went(reached(schema.composition, rows), Affected({n: c for n, c in counts.items() if c}))


def parts(row: Row[Any]) -> set[int | str]:
    """The blocks of a composition's row, by number or id."""
    return {name for part in row.pieces.values() for name in part}


def pending(connection: Connection, composition_ids: Collection[str]) -> int:
    """How many deliveries of these have not left."""
    found = 0
    for part in chunks(sorted(composition_ids)):
        query = select(func.count()).select_from(schema.delivery)
        found += connection.scalar(query.where(_DELIVERY.composition_id.in_(part), schema.undone)) or 0
    return found


def deliveries(connection: Connection, this: Pass, after: Place | None) -> Went:
    """Drop lines of readers' own that name somebody, and black out what relays answered."""
    seals = Seals(this.keyring)
    told = or_(_DELIVERY.slots.is_not(None), _DELIVERY.reply != "")
    rows = page(connection, this, schema.delivery, after, BLOCKS, told)
    hit = 0
    for row in rows:
        slots = seals.slots(row.slots, row.bulletin, row.subscriber_id)
        kept = tuple((name, value) for name, value in slots if not this.forms.named(value))
        changed: dict[str, Any] = {}
        if kept != slots:
            changed["slots"] = seals.seal_slots(kept, row.bulletin, row.subscriber_id)
        if this.forms.named(row.reply):
            changed["reply"] = this.forms.blacked_out(row.reply)
        hit += bool(changed)
        if changed and not this.dry:
            connection.execute(update(schema.delivery).where(_DELIVERY.id == row.id).values(**changed))
    return Went(reached(schema.delivery, rows, BLOCKS), Affected({"lines of readers": hit} if hit else {}))


def _blocks_of(connection: Connection, this: Pass) -> set[int | str]:
    """The blocks that this redaction changed, by number and by id; also before it was broken off."""
    if this.dry:
        return set()
    of = select(schema.redacted.c.id).where(
        schema.redacted.c.redaction == this.redaction, schema.redacted.c.what == "block"
    )
    rows = connection.execute(select(_BLOCK.number, _BLOCK.id).where(_BLOCK.id.in_(of)))
    return {name for row in rows for name in (row.number, row.id)}
