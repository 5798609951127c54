"""Brings a database to the schema of this version: Alembic, forward only.

A revision's id is its schema number; a released revision never changes. A database that must not be used has a word
before that number: so every version of nkwatch refuses it.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, update

from nkwatch import logs
from nkwatch.domain.problems import ConfigError

#: Where Alembic writes which revision a database has.
_VERSION = table("alembic_version", column("version_num"))


class Mark(StrEnum):
    """Why a database must not be used."""

    #: another one is being moved into it, or that was broken off
    MOVING = "moving"
    #: it was moved into another one, which readers are mailed from now
    MOVED = "moved"


_SENTENCES = {
    Mark.MOVING: "the database is where another one was being moved to, and that did not end: run `nkwatch db move`"
    " again",
    Mark.MOVED: "the database was moved to another one: name that one in the settings. Used again, this one would mail"
    " readers what they have had; if you want that, run `nkwatch db upgrade --take-back`",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One revision, and what it does in one sentence."""

    schema: str
    does: str


def upgrade(connection: Connection) -> None:
    """Run the revisions that `connection`'s database lacks. Refuses one that is newer than this program, or marked."""
    if not is_current(connection):
        from nkwatch.store.migrations import running  # noqa: PLC0415  brings Alembic, and there is hardly ever a need

        before = _unmarked(connection)
        running.upgrade(connection, before)
        told = {"schema": newest(), "database": connection.engine.url.render_as_string()}
        logs.record("database upgraded", before=before, **told) if before else logs.record("database made", **told)


def pending(connection: Connection) -> tuple[str | None, list[Step]]:
    """The schema that the database has, and the revisions that it lacks. Refuses what `upgrade` refuses."""
    from nkwatch.store.migrations import running  # noqa: PLC0415  as above

    current = _unmarked(connection)
    return current, [Step(*step) for step in running.after(current)]


def mark(connection: Connection, why: Mark | None) -> None:
    """Mark a database as one that must not be used, or take the mark away."""
    number = (_current(connection) or "").rpartition("-")[2]
    connection.execute(update(_VERSION).values(version_num=f"{why}-{number}" if why else number))


def marked(connection: Connection) -> Mark | None:
    """Why the database must not be used."""
    word, dash, _ = (_current(connection) or "").rpartition("-")
    return Mark(word) if dash else None


def is_current(connection: Connection) -> bool:
    """Whether the database has exactly this version's schema."""
    return _current(connection) == newest()


def _unmarked(connection: Connection) -> str | None:
    if why := marked(connection):
        raise ConfigError(_SENTENCES[why])
    return _current(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


def newest() -> str:
    """The last schema number: every revision is a file that is named by its own."""
    return max(path.stem for path in (Path(__file__).parent / "versions").glob("schema_*.py")).removeprefix("schema_")
