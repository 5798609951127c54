"""Migrations make exactly the tables that the code knows, on both databases."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from traceback import format_exception

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from nkwatch.domain.problems import ConfigError
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.migrations import is_current
from nkwatch.store.migrations.running import revisions


@pytest.fixture
def empty(empty_address: str) -> Iterator[Database]:
    """A database without tables."""
    database = Database(empty_address)
    yield database
    database.close()


def of_search(name: str | None) -> bool:
    """Whether a table belongs to the index of the search, of which each database has its own kind."""
    return (name or "").partition("_")[0] == "search"


def test_the_migrations_make_the_tables_of_the_schema_and_no_others(empty: Database) -> None:
    empty.prepare()
    with empty.engine.connect() as connection:
        named = {"compare_server_default": True, "include_name": lambda name, *_: not of_search(name)}
        context = MigrationContext.configure(connection, opts=named)
        assert compare_metadata(context, schema.metadata) == []
        made = {name for name in inspect(connection).get_table_names() if not of_search(name)}
    assert made == {*schema.metadata.tables, "alembic_version"}


def test_the_migrations_make_the_same_indexes_and_constraints(empty: Database) -> None:
    empty.prepare()
    other = inspect(empty.engine)
    for table in schema.metadata.sorted_tables:
        indexes = {i["name"] for i in other.get_indexes(table.name) if not i.get("duplicates_constraint")}
        assert indexes == {i.name for i in table.indexes}, table.name
        foreign = {tuple(k["constrained_columns"]) for k in other.get_foreign_keys(table.name)}
        assert foreign == {tuple(k.column_keys) for k in table.foreign_key_constraints}, table.name


def test_preparing_twice_is_harmless(empty: Database) -> None:
    assert not empty.is_prepared()
    empty.prepare()
    with empty.engine.begin() as connection:
        connection.execute(schema.latch.insert().values(name="windows", closed_until=schema.EPOCH))
    empty.prepare()
    assert empty.is_prepared()
    with empty.engine.connect() as connection:
        assert connection.execute(schema.latch.select()).one() == ("windows", schema.EPOCH)


def test_the_newest_schema_is_the_one_that_all_migrations_lead_to(empty: Database) -> None:
    empty.prepare()
    with empty.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == revisions()[0]
        assert is_current(connection)
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{revisions()[1]}'"))
        assert not is_current(connection)


def test_a_database_of_a_newer_program_is_refused_and_left_alone(empty: Database) -> None:
    empty.prepare()
    with empty.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"schema 9999.*knows up to 0.*newer nkwatch"):
        empty.prepare()
    with empty.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    assert not empty.is_prepared()


def test_a_database_that_cannot_be_opened_is_said_plainly(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/no/such/folder/nkwatch.db")
    with pytest.raises(ConfigError, match=r"no/such/folder.*check that its folder exists"):
        database.prepare()
    database.close()


def test_a_password_in_the_address_is_never_shown() -> None:
    database = Database("postgresql://nkwatch:hunter2@127.0.0.1:1/nkwatch")
    with pytest.raises(OperationalError) as wrong:
        database.prepare()
    assert "hunter2" not in "".join(format_exception(wrong.value))
    database.close()


def test_a_file_that_is_no_database_is_said_plainly_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "nkwatch.db").write_bytes(b"not a database at all" * 99)
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    with pytest.raises(ConfigError, match=r"nkwatch\.db: file is not a database; put back the latest backup"):
        database.prepare()
    database.close()


def test_sqlite_keeps_what_it_has_acknowledged(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    with database.engine.connect() as connection:
        told = [
            connection.exec_driver_sql(f"PRAGMA {p}").scalar_one()
            for p in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert told == ["wal", 2, 1]
    database.close()


def test_processes_that_prepare_one_database_at_once_do_not_trip_over_each_other(empty_address: str) -> None:
    program = "import sys; from nkwatch.store.database import Database; Database(sys.argv[1]).prepare()"
    path = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    started = [
        subprocess.Popen([sys.executable, "-c", program, empty_address], env=os.environ | path, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[1].decode().strip() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    (made,) = filter(None, said)
    assert "database made" in made
    assert "\n" not in made
    database = Database(empty_address)
    assert database.is_prepared()
    database.close()


def test_a_new_database_is_for_its_owner_only(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    database.prepare()
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    database.close()


def test_an_error_of_the_database_shows_no_values(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    database.prepare()
    with database.engine.begin() as connection, pytest.raises(DBAPIError) as wrong:
        connection.execute(text("INSERT INTO nowhere VALUES (:address)"), {"address": "reader@example.org"})
    assert "reader@" not in str(wrong.value)
    database.close()
