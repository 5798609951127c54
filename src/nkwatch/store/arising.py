"""Which part of the day's work has something to do once rows arise: its ticks, by table.

Waking is a help, and never needed: each part looks by itself, too. So a tick may be named where there is nothing to do,
and what is missing here is found a little later.
"""

from typing import Any

from sqlalchemy import Insert, Update

#: The channel of PostgreSQL's NOTIFY.
CHANNEL = "nkwatch"
#: By what is inserted.
BY_TABLE = {
    "statement": ("read",),
    "statement_revision": ("read",),
    "errand": ("visit",),
    "reading": ("index",),
    "story": ("publish", "webhooks"),
    "ruling": ("publish", "webhooks"),
    "desk": ("index",),
    "correction": ("index", "webhooks"),
    "bulletin": ("webhooks",),
    "delivery": ("deliver.urgent", "deliver.bulk"),
    "webhook_call": ("webhooks",),
    "redaction": ("redact",),
}
#: By what is changed: the alert of a story is asked, held or released.
BY_CHANGE = {"story": ("publish", "call")}
ALL = frozenset(tick for ticks in (*BY_TABLE.values(), *BY_CHANGE.values()) for tick in ticks)


def ticks(statement: Any) -> tuple[str, ...]:
    """What is to be woken once this change of a table has been committed."""
    name = statement.table.name
    match statement:
        case Insert():
            return BY_TABLE.get(name, ())
        case Update():
            return BY_CHANGE.get(name, ())
        case _:
            return ()
