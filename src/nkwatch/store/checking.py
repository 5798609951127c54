"""Whether a database is what it should be: its files, its schema, and what its tables promise to each other.

Nothing is changed. Each question is one transaction of its own, so that writers and the log of writes go on.
"""

from collections.abc import Callable, Iterator, Sequence
from sqlite3 import SQLITE_CORRUPT, SQLITE_NOTADB
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from nkwatch.domain.posture import Finding, Severity
from nkwatch.store import schema
from nkwatch.store.promises import PROMISES, Asked, Promise, lacks
from nkwatch.store.transport import DIGITS

#: Rows that are named of those that break a promise.
NAMED = 5
RESTORE = "Stop nkwatch and restore the latest backup that `nkwatch db check` finds sound."
MEND = "Correct the value in the database; `nkwatch explain` shows what the row is about."
INDEX = "Run `UPDATE statement SET indexed = false WHERE number IS NOT NULL` in the database: it is indexed anew."

Told = Callable[[str, int, int], None]
Step = Callable[[Connection], Finding]


def look(engine: Engine, asked: Asked, told: Told, *, quick: bool) -> list[Finding]:
    """Everything that is found. Broken files or tables are told alone: what is in them cannot be relied on."""
    first: list[Step] = [_files(quick=quick), _schema]
    others = [*_references(), *_contents(), _searched, *(_kept(p, asked) for p in PROMISES)]
    found: list[Finding] = []
    for step in (*first, *others):
        told("checking", len(found), len(first) + len(others))
        if len(found) == len(first) and any(f.severity is Severity.WRONG for f in found):
            break
        try:
            with engine.connect() as connection, connection.begin():
                found.append(step(connection))
        except DBAPIError as wrong:
            if not _is_broken(wrong):
                raise
            return [Finding("files", Severity.WRONG, str(wrong.orig).partition("\n")[0], RESTORE)]
    return found


def _is_broken(wrong: DBAPIError) -> bool:
    """Whether pages cannot be read (SQLite's SQLITE_CORRUPT and SQLITE_NOTADB, PostgreSQL's class XX)."""
    code = getattr(wrong.orig, "sqlite_errorcode", 0) & 0xFF
    return code in {SQLITE_CORRUPT, SQLITE_NOTADB} or (getattr(wrong.orig, "sqlstate", None) or "").startswith("XX")


def schema_differences(connection: Connection) -> list[str]:
    """What of the tables is not as this version of nkwatch knows them, one sentence each."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415  brings Alembic, and most commands do without
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    def ours(name: str | None, *_: object) -> bool:
        return (name or "").partition("_")[0] not in {"search", "sqlite"}

    context = MigrationContext.configure(connection, opts={"include_name": ours})
    return [_difference(found) for found in compare_metadata(context, schema.metadata)] + _triggers(connection)


def _difference(found: Any) -> str:
    kind, *things = found if isinstance(found, tuple) else found[0]
    named = [str(name) for thing in things if isinstance(name := getattr(thing, "name", thing), str)]
    return f"{kind.replace('_', ' ')} {' '.join(named)}".strip()


def _triggers(connection: Connection) -> list[str]:
    """All that there are: nkwatch makes none, and one in a copy that somebody tampered with goes on changing rows."""
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.dialect.name != "sqlite":
        query = (
            "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
        )
    return [f"a trigger {name} that nkwatch does not make" for name in sorted(connection.scalars(text(query)))]


def _files(*, quick: bool) -> Step:
    def look_at(connection: Connection) -> Finding:
        said = "the files of the database are whole"
        if connection.dialect.name == "sqlite":
            pragma = "quick_check" if quick else "integrity_check"
            found: list[str] | None = [row[0] for row in connection.execute(text(f"PRAGMA {pragma}({NAMED})"))]
        else:
            found = _amcheck(connection)
            said = "the indexes are whole (amcheck)" if found is not None else "amcheck is not installed; files unread"
        if found and found != ["ok"]:
            return Finding("files", Severity.WRONG, "; ".join(" ".join(f.split()) for f in found), RESTORE)
        return Finding("files", Severity.FINE, said)

    return look_at


def _amcheck(connection: Connection) -> list[str] | None:
    """What PostgreSQL's own means find in the indexes of keys; None where it is not installed."""
    if not connection.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'")):
        return None
    names = connection.scalars(
        text(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND i.indisvalid"
            " AND c.relnamespace = current_schema()::regnamespace ORDER BY 1"
        )
    ).all()
    found = []
    for name in names:
        try:
            with connection.begin_nested():
                connection.execute(text("SELECT bt_index_check(CAST(:name AS regclass))"), {"name": name})
        except Exception as wrong:  # noqa: BLE001  whatever it says, its kind is told
            found.append(f"{name}: {type(getattr(wrong, 'orig', wrong)).__name__}")
    return found


def _schema(connection: Connection) -> Finding:
    if found := schema_differences(connection):
        return Finding("schema", Severity.WRONG, "; ".join(found[:NAMED]), RESTORE)
    return Finding("schema", Severity.FINE, "tables, columns and indexes are as this version knows them")


def _references() -> Iterator[Step]:
    """What every foreign key promises, whether or not the database has kept watch over it."""
    for table in schema.metadata.sorted_tables:
        for reference in table.foreign_keys:
            column, other = reference.parent, reference.column
            target = other.table.alias()
            broken = and_(column.is_not(None), lacks(target, target.c[other.name] == column))
            sentence = f"the {other.table.name} that {column.name} names is there"
            yield _query(table, sentence, RESTORE, broken)


def _contents() -> Iterator[Step]:
    """What the types of columns promise. PostgreSQL sees to that itself."""
    for table in schema.metadata.sorted_tables:
        yield _contents_of(table)


def _contents_of(table: Table) -> Step:
    sentence = "values are of the types of their columns"

    def look_at(connection: Connection) -> Finding:
        if connection.dialect.name != "sqlite":
            return Finding(table.name, Severity.FINE, sentence)
        broken = or_(*(condition for column in table.columns for condition in _odd(column)))
        return _query(table, sentence, MEND, broken)(connection)

    return look_at


def _odd(column: Column[Any]) -> Iterator[ColumnElement[bool]]:
    kind = func.typeof(column)
    if isinstance(column.type, JSON):
        yield and_(column.is_not(None), not_(func.json_valid(column, type_=Integer)))
    elif isinstance(column.type, String):
        yield kind.not_in(["text", "null"])
        yield func.instr(column, func.char(0)) > 0
    elif isinstance(column.type, LargeBinary):
        yield kind.not_in(["blob", "null"])
    else:
        yield kind.not_in(["integer", "null"])


def _kept(promise: Promise, asked: Asked) -> Step:
    return _query(promise.table, promise.sentence, promise.do, promise.broken(asked))


def _query(table: Table, sentence: str, do: str, broken: ColumnElement[bool]) -> Step:
    def look_at(connection: Connection) -> Finding:
        keys = list(table.primary_key)
        rows = connection.execute(select(*keys).where(broken).limit(NAMED)).all()
        if not rows:
            return Finding(table.name, Severity.FINE, sentence)
        count = connection.scalar(select(func.count()).select_from(table).where(broken))
        named = ", ".join(_key(row) for row in rows)
        return Finding(table.name, Severity.WRONG, f"not so: {sentence}. {count} rows: {named}", do)

    return look_at


def _key(row: Sequence[Any]) -> str:
    return " ".join(f"{v.hex()[:DIGITS]}..." if isinstance(v, bytes) else str(v) for v in row)


def _searched(connection: Connection) -> Finding:
    row = literal_column("search.rowid", Integer) if connection.dialect.name == "sqlite" else schema.search.c.number
    found = schema.statement.c
    broken = and_(found.indexed, found.number.is_not(None), lacks(schema.search, row == found.number))
    return _query(schema.statement, "what can be found by its words is in the index of the search", INDEX, broken)(
        connection
    )
