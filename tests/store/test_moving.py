"""A database that is moved to another one has every row there, value by value."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, BigInteger, Column, Connection, Engine, Table, create_engine, insert, select, text, update

from nkwatch.domain.problems import ConfigError
from nkwatch.store import schema, transport
from nkwatch.store.database import Database
from nkwatch.store.holding import counter, held
from nkwatch.store.host import host_of
from nkwatch.store.indexing import index
from nkwatch.store.migrations import Mark, is_current, marked
from nkwatch.store.moving import Moved, Stopped, move, rehearse
from nkwatch.store.transport import Place, batches
from tests.making import NOW
from tests.store.conftest import _create_database
from tests.store.filling import fill, row

WAYS = [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "sqlite"), ("postgresql", "postgresql")]


def quiet(*_: object) -> None:
    """Nobody looks at how far it is."""


@pytest.fixture(scope="session")
def pristine(postgres: str) -> str:
    """A PostgreSQL database with all tables, which nobody is connected to, so that it can be copied."""
    _create_database(postgres, "pristine")
    database = Database(f"{postgres}/pristine")
    database.prepare()
    database.close()
    return postgres


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., str]:
    """Makes the address of a database of a kind: without anything, or with all tables."""
    made: list[str] = []

    def make(kind: str, *, tables: bool = False) -> str:
        made.append(kind)
        if kind == "sqlite":
            address = f"sqlite:///{tmp_path}/{len(made)}.db"
            if tables:
                prepared = request.getfixturevalue("prepared_file").read_bytes()
                (tmp_path / f"{len(made)}.db").write_bytes(prepared)
            return address
        server = request.getfixturevalue("pristine")
        name = f"moving_{len(made)}_{abs(hash(request.node.nodeid)) % 10**9}"
        _create_database(server, name, "pristine" if tables else "template1")
        return f"{server}/{name}"

    return make


@contextmanager
def opened(address: str) -> Iterator[Engine]:
    database = Database(address)
    try:
        yield database.engine
    finally:
        database.close()


def contents(address: str) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with opened(address) as engine, engine.connect() as connection:
        return {t.name: [r for part in batches(connection, t) for r in part] for t in schema.metadata.sorted_tables}


def filled(address: str, *numbers: int, **but: Any) -> str:
    with opened(address) as engine, engine.begin() as connection:
        fill(connection, schema.metadata, *(numbers or (1, 2, 3)), but=but.get("but"))
        if not but:
            index(connection, 9)
    return address


def found(address: str) -> list[int]:
    """What the index of the search has."""
    name = "rowid" if address.startswith("sqlite") else "number"
    with opened(address) as engine, engine.connect() as connection:
        return list(connection.scalars(text(f"SELECT {name} FROM search ORDER BY 1")))


@pytest.mark.parametrize(("old", "new"), WAYS)
def test_every_table_has_its_rows_in_the_other_database(old: str, new: str, place: Callable[..., str]) -> None:
    source, target = filled(place(old, tables=True)), place(new)
    before = contents(source)
    assert all(len(rows) == 3 for rows in before.values()), before
    done = move(source, target, quiet)
    assert done == Moved(len(before), 3 * len(before), indexed=3)
    after = contents(target)
    assert after == before
    assert len(found(source)) == 2
    assert found(target) == found(source)
    with opened(target) as engine, engine.connect() as connection:
        assert is_current(connection)
    with opened(source) as engine, engine.connect() as connection:
        assert marked(connection) is Mark.MOVED


@pytest.mark.parametrize(("old", "new"), WAYS[:2])
def test_mail_leaves_from_the_new_place_if_it_did_from_the_old_one(
    old: str, new: str, place: Callable[..., str]
) -> None:
    for is_ours in (True, False):
        source, target = place(old, tables=True), place(new, tables=True)
        with opened(source) as engine, engine.begin() as connection:
            host = host_of(connection, "") if is_ours else "elsewhere"
            connection.execute(insert(schema.installation).values(number=1, id="i", host=host))
        assert isinstance(move(source, target, quiet), Moved)
        with opened(target) as engine, engine.begin() as connection:
            bound = connection.scalar(select(schema.installation.c.host))
            assert bound == (host_of(connection, "") if is_ours else "elsewhere")


@pytest.mark.parametrize(("old", "new"), WAYS[:2])
def test_no_number_is_given_twice_after_a_move(old: str, new: str, place: Callable[..., str]) -> None:
    source, target = place(old, tables=True), place(new, tables=True)
    bulletin = {"kind": "digest", "date": NOW}
    with opened(source) as engine, engine.begin() as connection:
        for key in "abc":
            last = connection.execute(insert(schema.bulletin).values(key=key, **bulletin)).inserted_primary_key[0]
        connection.execute(schema.bulletin.delete().where(schema.bulletin.c.key == "c"))
        connection.execute(insert(schema.bulletin).values(key="personal", number=-(2**62), **bulletin))
    assert isinstance(move(source, target, quiet), Moved)
    with opened(target) as engine, engine.begin() as connection:
        given = connection.execute(insert(schema.bulletin).values(key="d", **bulletin)).inserted_primary_key[0]
        assert connection.scalar(select(schema.bulletin.c.number).where(schema.bulletin.c.key == "personal")) == -(
            2**62
        )
    assert given == last + 1


def test_what_was_moved_is_no_longer_used(place: Callable[..., str]) -> None:
    source, target = place("sqlite", tables=True), place("sqlite", tables=True)
    assert isinstance(move(source, target, quiet), Moved)
    database = Database(source)
    with pytest.raises(ConfigError, match="was moved to another one: name that one in the settings"):
        database.prepare()
    database.close()
    with pytest.raises(ConfigError, match="moved to another one"):
        move(source, place("sqlite", tables=True), quiet)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_target_with_rows_is_refused_and_left_alone(kind: str, place: Callable[..., str]) -> None:
    source, target = filled(place("sqlite", tables=True)), filled(place(kind, tables=True), 7)
    before = contents(target)
    for way in (rehearse, move):
        with pytest.raises(ConfigError, match=r"there are rows in .*: give an empty database"):
            way(source, target, quiet)
    assert contents(target) == before
    with opened(source) as engine, engine.connect() as connection:
        assert is_current(connection)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_source_that_somebody_has_open_is_refused(kind: str, place: Callable[..., str]) -> None:
    source, target = place(kind, tables=True), place("sqlite", tables=True)
    with opened(source) as engine, engine.connect() as somebody:
        somebody.execute(text("SELECT 1"))
        somebody.rollback()
        with pytest.raises(ConfigError, match=r"somebody has it open|other session"):
            move(source, target, quiet)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nobody_can_write_to_what_is_being_moved(kind: str, place: Callable[..., str]) -> None:
    source, target = filled(place(kind, tables=True)), place("sqlite", tables=True)
    refused = []

    def meanwhile(what: str, *_: object) -> None:
        if what == "copying" and not refused:
            with ExitStack() as stack:
                daemon = create_engine(source.replace("postgresql:", "postgresql+psycopg:"), connect_args=(
                    {"timeout": 0} if kind == "sqlite" else {"options": "-c lock_timeout=1ms"}
                ))  # fmt: skip
                stack.callback(daemon.dispose)
                with pytest.raises(Exception, match="lock"), daemon.begin() as connection:
                    connection.execute(update(schema.latch).values(closed_until=NOW))
                refused.append(True)

    assert isinstance(move(source, target, meanwhile), Moved)
    assert refused


@pytest.mark.parametrize(("old", "new", "when"), [(*WAYS[0], "copying"), (*WAYS[1], "comparing")])
def test_a_move_that_is_broken_off_leaves_what_nobody_uses_and_can_be_done_again(
    old: str, new: str, when: str, place: Callable[..., str]
) -> None:
    source, target = filled(place(old, tables=True)), place(new, tables=True)
    before = contents(source)

    def die(what: str, *_: object) -> None:
        if what == when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(source, target, die)
    database = Database(target)
    with pytest.raises(ConfigError, match="that did not end: run `nkwatch db move` again"):
        database.prepare()
    database.close()
    assert {n: len(r) for n, r in contents(target).items()} == dict.fromkeys(before, 0)
    assert rehearse(source, target, quiet) == Moved(len(before), 3 * len(before))
    assert isinstance(move(source, target, quiet), Moved)
    assert contents(target) == before


def test_an_index_that_was_broken_off_is_gone_on_with_by_the_daemon(place: Callable[..., str]) -> None:
    source, target = filled(place("sqlite", tables=True)), place("sqlite", tables=True)

    def die(what: str, *_: object) -> None:
        if what == "indexing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(source, target, die)
    database = Database(target)
    database.prepare()
    assert database.is_prepared()
    database.close()


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize(
    ("but", "where", "why"),
    [
        ({"statement.title": "one\0two"}, "statement 'statement id 1', title", "null character"),
        ({"capture.headers": [float("inf")]}, "capture 'statement id 1' 'snapshot sha256 1', headers", "no JSON"),
        ({"statement.revision": 2**40}, "statement 'statement id 1', revision", "more than 32 bits"),
    ],
)
def test_what_postgresql_cannot_keep_is_named_without_the_value(
    but: dict[str, Any], where: str, why: str, place: Callable[..., str]
) -> None:
    source, target = filled(place("sqlite", tables=True), 1, but=but), place("postgresql", tables=True)
    before = contents(source)
    for way in (rehearse, move):
        stopped = way(source, target, quiet)
        assert isinstance(stopped, Stopped)
        assert (str(stopped.where), why in stopped.why) == (where, True)
    assert contents(source) == before
    with opened(target) as engine, engine.connect() as connection:
        assert marked(connection) is Mark.MOVING


@pytest.mark.usefixtures("postgres")
def test_a_value_that_came_to_be_another_is_found_and_nothing_is_kept(
    place: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = filled(place("sqlite", tables=True)), place("postgresql", tables=True)
    copied = transport._copy

    def lossy(connection: Any, table: Any, rows: Any) -> None:
        at = list(table.columns.keys()).index("zone") if table.name == "subscriber" else None
        copied(connection, table, [r if at is None else (*r[:at], "UTC", *r[at + 1 :]) for r in rows])

    monkeypatch.setattr(transport, "_copy", lossy)
    stopped = move(source, target, quiet)
    assert stopped == Stopped(Place("subscriber", "'subscriber id 1'", "zone"), "it is not the same on both sides")
    assert contents(target)["subscriber"] == []


def test_a_row_that_did_not_arrive_is_named(place: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = filled(place("sqlite", tables=True)), place("sqlite", tables=True)
    written = transport._insert

    def forgetful(connection: Any, table: Any, rows: Any) -> None:
        written(connection, table, rows[:-1] if table.name == "suppression" else rows)

    monkeypatch.setattr(transport, "_insert", forgetful)
    stopped = move(source, target, quiet)
    assert isinstance(stopped, Stopped)
    # a hash is cut short
    assert str(stopped.where) == "suppression 0100ff737570..."


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_older_schema_or_none_is_refused(kind: str, place: Callable[..., str]) -> None:
    target = place("sqlite", tables=True)
    with pytest.raises(ConfigError, match=r"no such file|nothing in it"):
        move(place(kind), target, quiet)
    old = place(kind, tables=True)
    with opened(old) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0012'"))
    with pytest.raises(ConfigError, match="older than this nkwatch: run `nkwatch db upgrade` first"):
        move(old, target, quiet)
    with opened(old) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="install the newer nkwatch"):
        move(old, target, quiet)


def test_a_source_whose_tables_are_not_those_of_its_schema_is_refused(place: Callable[..., str]) -> None:
    source = place("sqlite", tables=True)
    with opened(source) as engine, engine.begin() as connection:
        connection.execute(text("ALTER TABLE latch ADD COLUMN mine TEXT"))
    with pytest.raises(ConfigError, match=r"its tables are not those of its schema: .*latch"):
        move(source, place("sqlite", tables=True), quiet)


def test_a_database_is_not_moved_onto_itself(place: Callable[..., str]) -> None:
    source = place("sqlite", tables=True)
    with pytest.raises(ConfigError, match="both are the same"):
        move(source, source, quiet)


# Values that one would not think of

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_INNER = (
    st.none() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
_JSON = st.lists(_INNER, max_size=3) | st.dictionaries(st.text(max_size=5), _INNER, max_size=3)


def odd(column: Column[Any]) -> st.SearchStrategy[Any]:
    """Any value that a column of this type may have in both databases, as it stands there."""
    bits = 63 if isinstance(column.type, schema.Instant | BigInteger) else 31
    kinds = {"text": _TEXTS, "bytes": st.binary(max_size=20), "bool": st.booleans()}
    kinds["int"] = st.integers(-(2**bits), 2**bits - 1)
    values = _JSON.map(json.dumps) if isinstance(column.type, JSON) else kinds[transport._family(column)]
    return values | st.none() if column.nullable else values


def odd_rows(table: Table) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Rows of a table, no two of them with the same value where there may be one."""
    unique = [list(table.columns).index(c) for c in table.columns if c.primary_key or c.unique]
    rows = st.tuples(*(odd(c) for c in table.columns))
    return st.lists(rows, min_size=1, max_size=9, unique_by=tuple(itemgetter(i) for i in unique))


@pytest.mark.parametrize("table", [schema.case_page, schema.passkey], ids=str)
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_odd_values_arrive_as_they_are_and_in_the_same_order(
    table: Table, data: st.DataObject, both: tuple[Connection, Connection]
) -> None:
    one, other = both
    values = data.draw(odd_rows(table))
    with one.begin() as before, other.begin() as after:
        transport.write(one, table, values)
        (known,) = batches(one, table)
        assert known == sorted(values, key=lambda r: r[0].encode() if isinstance(r[0], str) else r[0])
        transport.write(other, table, known)
        assert list(batches(other, table)) == [known]
        before.rollback()
        after.rollback()


@pytest.fixture(params=[WAYS[0], WAYS[1]])
def both(request: pytest.FixtureRequest, place: Callable[..., str], postgres: str) -> Iterator[tuple[Any, Any]]:
    """Connections to two databases with all tables."""
    with held(place(request.param[0], tables=True)) as one, held(place(request.param[1], tables=True)) as other:
        yield one, other


@pytest.mark.usefixtures("postgres")
def test_the_highest_number_that_was_given_is_known(place: Callable[..., str]) -> None:
    for kind in ("sqlite", "postgresql"):
        with held(filled(place(kind, tables=True), 4)) as connection, connection.begin():
            assert counter(connection, schema.ruling) in {4, 0}
            assert row(schema.ruling, 4)["id"] == 4
