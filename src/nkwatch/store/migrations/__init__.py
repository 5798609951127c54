"""Brings a database to the schema of this version: Alembic, forward only.

A revision's id is its schema number; a released revision never changes.
"""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

#: Where Alembic writes which revision a database has.
_VERSION = table("alembic_version", column("version_num"))


def upgrade(connection: Connection) -> None:
    """Run the revisions that `connection`'s database lacks. Refuses a database newer than this program."""
    if not is_current(connection):
        from nkwatch.store.migrations import running  # noqa: PLC0415  brings Alembic, and there is hardly ever a need

        running.upgrade(connection, _current(connection))


def is_current(connection: Connection) -> bool:
    """Whether the database has exactly this version's schema."""
    return _current(connection) == _newest()


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


def _newest() -> str:
    """The last schema number: every revision is a file that is named by its own."""
    return max(path.stem for path in (Path(__file__).parent / "versions").glob("schema_*.py")).removeprefix("schema_")
