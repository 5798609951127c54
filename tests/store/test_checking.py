"""What `nkwatch db check` finds in a database, and what `nkwatch db stats` counts."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, text, update

from nkwatch.domain.posture import Finding, Severity
from nkwatch.domain.subscriber import Standing
from nkwatch.store import checking, schema, sizes
from nkwatch.store.database import Database
from nkwatch.store.indexing import index
from nkwatch.store.promises import PROMISES, Asked
from tests.making import NOW
from tests.store.filling import fill

LATER = schema.EPOCH + timedelta(microseconds=1_700_000_000_123_456) + timedelta(hours=1)
ASKED = Asked(LATER, frozenset({1}))


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """Rows in every table, as they should be."""
    opened = Database(address)
    with opened.engine.begin() as connection:
        fill(connection, schema.metadata, 1, 2)
        index(connection, 9)
    yield opened
    opened.close()


def look(database: Database, asked: Asked = ASKED, *, quick: bool = True) -> list[Finding]:
    return checking.look(database.engine, asked, lambda *_: None, quick=quick)


def wrong(found: list[Finding]) -> list[tuple[str, str]]:
    return [(f.about, f.found) for f in found if f.severity is Severity.WRONG]


def test_a_database_that_is_as_it_should_be_breaks_no_promise(database: Database) -> None:
    found = look(database, quick=False)
    assert wrong(found) == []
    assert len(found) > len(PROMISES) + len(schema.metadata.tables)


BREAKS: list[tuple[str, Any, str]] = [
    ("delivery", {"done_at": None}, "what is done has an outcome and a time"),
    ("delivery", {"state": "odd", "done_at": None}, "is in a state that nkwatch knows"),
    ("delivery", {"state": "pending", "due_at": None, "done_at": None, "slots": None}, "a time at which it is due"),
    ("subscriber", {"consent_at": None}, "whoever is mailed has consented"),
    ("subscriber", {"address_key": b"\x01\x00\xffsuppression address_key 1"}, "nobody who is mailed left"),
    (
        "subscriber",
        {"covered_until": LATER + timedelta(days=2), "closes_at": None},
        "no window of a reader lies in the",
    ),
    ("subscriber", {"closes_at": schema.EPOCH}, "closes after what the last one covered"),
    ("subscriber", {"address": b"\x07sealed"}, "addresses of readers can be opened"),
    ("suppression", {"address_key": b"\x07" * 33}, "hashes of addresses that are not mailed can be opened"),
    ("redaction", {"forms": b"\x07sealed"}, "names that were taken out can be opened"),
    ("statement", {"first_seen": LATER + timedelta(days=2)}, "no statement was seen in the future"),
    ("statement", {"story_id": "nowhere"}, "the story that a statement stands in is there"),
    ("statement", {"read_rules": "others"}, "the reading that is in force is there"),
    ("statement", {"correction_id": 99}, "the correction that is in force is there"),
    ("statement", {"number": 99}, "what can be found by its words is in the index of the search"),
    ("composition", {"bulletin": 99}, "the bulletin that a composition belongs to is there"),
    ("bulletin", {"window_end": schema.EPOCH}, "windows of bulletins end after they began"),
]


def promised(connection: Connection) -> list[Finding]:
    return [step(connection) for step in (checking._searched, *(checking._kept(p, ASKED) for p in PROMISES))]


def test_a_promise_that_is_broken_is_told_with_the_row_and_what_to_do(database: Database) -> None:
    for name, values, sentence in BREAKS:
        table = schema.metadata.tables[name]
        (key, *_) = table.primary_key
        with database.engine.connect() as connection:
            first = min(connection.scalars(select(key)))
            connection.execute(update(table).where(key == first).values(**values))
            found = [f for f in promised(connection) if f.severity is Severity.WRONG]
            connection.rollback()
        (told,) = [f for f in found if sentence in f.found]
        assert (told.about, "1 rows" in told.found) == (name, True)
        assert told.do


def test_what_foreign_keys_name_is_looked_for_whether_or_not_the_database_did(
    tmp_path: Path, prepared_file: Path
) -> None:
    (tmp_path / "nkwatch.db").write_bytes(prepared_file.read_bytes())
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    with database.engine.begin() as connection:
        fill(connection, schema.metadata, 1)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys")  # begins a transaction, in which it cannot be switched
        connection.rollback()
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        connection.execute(delete(schema.bulletin))
        connection.commit()
    found = wrong(look(database))
    assert ("delivery", "not so: the bulletin that bulletin names is there. 1 rows: 1") in found
    database.close()


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE statement SET title = 'a' || char(0) || 'b'", "statement"),
        ("UPDATE statement SET revision = 'one'", "statement"),
        ("UPDATE snapshot SET zstd = 'text'", "snapshot"),
        ("UPDATE capture SET headers = '[Infinity'", "capture"),
    ],
)
def test_values_of_other_types_than_their_columns_are_found(
    tmp_path: Path, prepared_file: Path, change: str, table: str
) -> None:
    (tmp_path / "nkwatch.db").write_bytes(prepared_file.read_bytes())
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    with database.engine.begin() as connection:
        fill(connection, schema.metadata, 1)
        connection.execute(text(change))
    assert (table, "not so: values are of the types of their columns") in [
        (about, said.partition(".")[0]) for about, said in wrong(look(database))
    ]
    database.close()


def test_a_corrupted_page_is_found_and_nothing_else_is_asked(tmp_path: Path, prepared_file: Path) -> None:
    whole = bytearray(prepared_file.read_bytes())
    for page in range(4, 30):
        whole[page * 4096 + 200 : page * 4096 + 3000] = b"\xaa" * 2800
        whole[page * 4096 : page * 4096 + 8] = b"\x0d\x00\x00\x7f\xff\x00\x00\x00"
    (tmp_path / "nkwatch.db").write_bytes(whole)
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    found = wrong(look(database, quick=False))
    assert {about for about, _ in found} == {"files"}
    database.close()


def test_tables_that_are_not_as_this_version_knows_them_are_told(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE INDEX ix_mine ON latch (closed_until)"))
    try:
        assert [about for about, _ in wrong(look(database))] == ["schema"]
    finally:
        with database.engine.begin() as connection:
            connection.execute(text("DROP INDEX ix_mine"))


def test_a_trigger_that_somebody_left_in_the_database_is_told(database: Database) -> None:
    # in a copy that was tampered with it would go on changing rows after a restore
    made, gone = ["CREATE TRIGGER mine AFTER UPDATE ON latch BEGIN SELECT 1; END"], ["DROP TRIGGER mine"]
    if database.engine.dialect.name != "sqlite":
        body = "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
        made = [body, "CREATE TRIGGER mine AFTER UPDATE ON latch EXECUTE FUNCTION mine()"]
        gone = ["DROP TRIGGER mine ON latch", "DROP FUNCTION mine"]
    _all_of(database, made)
    try:
        (told,) = wrong(look(database))
    finally:
        _all_of(database, gone)
    assert told == ("schema", "a trigger mine that nkwatch does not make")


def _all_of(database: Database, statements: list[str]) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_sizes_rows_growth_and_what_is_erased_are_counted(database: Database) -> None:
    now = LATER
    with database.engine.begin() as connection:
        left = {"standing": Standing.ENDED, "ended_at": now - timedelta(days=3)}
        connection.execute(update(schema.subscriber).where(schema.subscriber.c.id == "subscriber id 1").values(**left))
        found = sizes.measure(connection, "0016", now)
    assert {p.rows for p in found.parts if p.name in schema.metadata.tables} == {2}
    parts = {p.name: p for p in found.parts}
    assert parts["ix_statement_published"].of == "statement"
    assert all((p.bytes or 0) > 0 for p in found.parts if p.name == "statement")
    assert found.bytes >= sum(p.bytes or 0 for p in found.parts) > 0
    assert found.growth["statement"] == {"2023-11": 2}
    erasures = {e.what: (e.rows, e.first_at) for e in found.erasures}
    assert erasures["readers who left"] == (1, now + timedelta(days=27))
    assert erasures["sign-ups that were not confirmed"] == (0, None)
    assert erasures["what was sent to whom"][0] == 2
    assert found.bytes_in_a_year is not None
    assert found.bytes_in_a_year > found.bytes


def test_an_empty_database_has_sizes_too(address: str) -> None:
    database = Database(address)
    with database.engine.connect() as connection, connection.begin():
        found = sizes.measure(connection, "0016", NOW)
    assert found.bytes_in_a_year == found.bytes
    assert {p.rows for p in found.parts if p.rows is not None} == {0}
    database.close()
