"""The tables. Migrations (in `migrations/versions`) make them; a test compares the two."""

from nkwatch.store.schema.columns import EPOCH, Instant, Number, metadata
from nkwatch.store.schema.desk import alert_call, desk, marking, ruling, translation
from nkwatch.store.schema.mails import (
    block,
    bulletin,
    composition,
    delivery,
    together,
    undone,
    waiting_alert,
    waits,
)
from nkwatch.store.schema.readers import alert_pace, move, subscriber, suppression
from nkwatch.store.schema.statements import (
    capture,
    errand,
    host,
    snapshot,
    source_state,
    statement,
    statement_key,
    statement_revision,
)
from nkwatch.store.schema.stories import correction, latch, mark, named, reading, story

__all__ = [
    "EPOCH",
    "Instant",
    "Number",
    "alert_call",
    "alert_pace",
    "block",
    "bulletin",
    "capture",
    "composition",
    "correction",
    "delivery",
    "desk",
    "errand",
    "host",
    "latch",
    "mark",
    "marking",
    "metadata",
    "move",
    "named",
    "reading",
    "ruling",
    "snapshot",
    "source_state",
    "statement",
    "statement_key",
    "statement_revision",
    "story",
    "subscriber",
    "suppression",
    "together",
    "translation",
    "undone",
    "waiting_alert",
    "waits",
]
