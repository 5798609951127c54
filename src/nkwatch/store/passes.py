"""How often redactions have changed what mails are made of: what was composed from something else is composed again.

Whoever writes a mailing looks, in that transaction, whether it is still as often as when the texts were read. A
redaction counts up in the transactions in which it changes texts, and goes through mails after that. So a mail with an
old text is refused, or it was there before and is found.
"""

from sqlalchemy import Connection, func, select, text, update

from nkwatch.store import schema

_REDACTION = schema.redaction.c
#: Grows with every redaction that changes something.
COUNT = select(func.coalesce(func.sum(_REDACTION.passes), 0))


def count(connection: Connection) -> int:
    """How often, up to now."""
    return connection.scalar(COUNT) or 0


def still(connection: Connection, as_of: int | None) -> bool:
    """Whether there were no changes since there were so many; and there are none until the transaction ends.

    None is for what is made of no texts of ours. To be called before anything is locked.
    """
    if as_of is None:
        return True
    # any number of these at a time, and no `changing`
    _lock(connection, "SHARE")
    return count(connection) == as_of


def changing(connection: Connection) -> None:
    """Let nobody be between `still` and the end of a transaction. To be called before anything is locked."""
    _lock(connection, "ROW EXCLUSIVE")


def add(connection: Connection, redaction: int) -> None:
    """Count a change, in the transaction that makes it: all processes forget what they keep in memory, too."""
    one = update(schema.redaction).where(_REDACTION.id == redaction)
    connection.execute(one.values(passes=_REDACTION.passes + 1))


def _lock(connection: Connection, mode: str) -> None:
    """In SQLite one writes at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE redaction IN {mode} MODE"))
