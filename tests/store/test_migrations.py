"""A database of an older schema keeps everything that it holds."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, inspect, select, text

from nkwatch.domain.alert import Told
from nkwatch.domain.bulletin import Block, Slot, Window
from nkwatch.domain.delivery import Claimed, Lane, Turn
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Fetched
from nkwatch.domain.polling import Health
from nkwatch.domain.rhythm import DAY, HOUR
from nkwatch.domain.statement import EARLIEST, Presence
from nkwatch.domain.subscriber import Consent, Edition, Standing, Suppression
from nkwatch.domain.wish import Mutes, Wish
from nkwatch.editing.coverage import Day, Record
from nkwatch.store import migrations, schema
from nkwatch.store.database import Database
from nkwatch.store.exporting import ExportStore
from nkwatch.store.migrations import running
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.seals import Seals
from nkwatch.store.statements import StatementStore
from nkwatch.store.subscribers import SubscriberStore
from tests.making import NOW, entry, polled, sifted, sign_up, source, statement
from tests.store.conftest import KEYRING, SOURCES
from tests.store.filling import fill as fill_all
from tests.store.filling import reflected, told


@pytest.fixture
def empty(empty_address: str) -> Iterator[Database]:
    """A database without tables."""
    database = Database(empty_address)
    yield database
    database.close()


def micro(instant: datetime) -> int:
    """An instant as schema 1 holds it."""
    return round((instant - schema.EPOCH).total_seconds() * 1_000_000)


def rows() -> dict[str, dict[str, Any]]:
    """One row of every table of schema 1, in an order that foreign keys allow."""
    now = micro(NOW)
    return {
        "block": {"id": "b", "body": b"\x00\xff"},
        "bulletin": {"number": 7, "key": "k", "kind": "digest", "date": now, "window_start": now - 9,
                     "window_end": now, "story_id": ""},
        "composition": {"id": "c", "kind": "digest", "language": "ko", "subject": "북한", "pieces": {"text": ["b"], "html": []}},
        "latch": {"name": "windows", "closed_until": now},
        "source_state": {"source_id": "a", "due_at": now, "etag": 'W/"x"', "last_modified": "m",
                         "interval_seconds": 7200, "failures": 2, "reason": "It timed out.", "last_ok_at": now - 1,
                         "last_new_at": None, "lease_owner": "", "leased_until": None},
        "statement": {"id": "s1", "source_id": "a", "publisher": "Publisher a", "title": "제목", "url": "https://a.example/s1",
                      "text": "본문", "language": "ko", "author": "", "published": now, "published_estimated": False,
                      "first_seen": now, "backlog": False, "revision": 2, "edited_at": now, "read_revision": 2,
                      "read_rules": "test.1", "story_id": "s1"},
        "story": {"id": "s1", "ready_at": now, "alert": "open", "alert_reason": "", "alert_at": None},
        "subscriber": {"id": "r1", "address_key": b"k", "address": b"sealed", "standing": "confirmed",
                       "rhythm": "weekly", "hour": 7, "zone": "UTC", "weekday": 0, "monthday": 1, "alerts": True,
                       "language": "en", "format": "html", "wishes": [], "covered_until": now, "closes_at": now,
                       "joined_at": now, "consent_origin": "form", "consent_at": now, "ended_at": None,
                       "end_reason": ""},
        "delivery": {"id": 3, "bulletin": 7, "subscriber_id": "r1", "composition_id": "c", "priority": 1,
                     "state": "pending", "message_id": "<m>", "date": now, "due_at": now, "attempts": 0, "reply": "",
                     "done_at": None, "lease_owner": "", "leased_until": None},
        "mark": {"mark": -5, "statement_id": "s1"},
        "reading": {"statement_id": "s1", "revision": 2, "rules": "test.1", "read_at": now, "about_nk": True,
                    "urgency": 2, "findings": {"relevance": 1.5, "relevance_evidence": [], "themes": [],
                                               "urgency_evidence": []}},
        "statement_key": {"publisher": "Publisher a", "key": "url:https://a.example/s1", "statement_id": "s1"},
        "statement_revision": {"statement_id": "s1", "revision": 1, "title": "옛 제목", "text": "옛 본문",
                               "replaced_at": now},
    }  # fmt: skip


def fill(connection: Connection) -> None:
    """Make schema 1 and a row in each of its tables."""
    config = running._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    old = MetaData()
    old.reflect(connection)
    assert set(old.tables) == {*rows(), "alembic_version"}
    for name, row in rows().items():
        assert set(row) == set(old.tables[name].columns.keys()), name
        connection.execute(old.tables[name].insert().values(**row))


Copied = Callable[[Callable[[Database], None]], Database]


def upgrade_from_first(empty: Database) -> None:
    with empty.engine.begin() as connection:
        fill(connection)
    assert not empty.is_prepared()
    empty.prepare()
    assert empty.is_prepared()


@pytest.fixture
def upgraded(copied: Copied) -> Database:
    """A database that had a row in every table of schema 1 when it was upgraded."""
    return copied(upgrade_from_first)


def test_every_row_of_schema_1_is_there_after_the_upgrade(upgraded: Database) -> None:
    now = MetaData()
    with upgraded.engine.connect() as connection:
        now.reflect(connection)
        for name, row in rows().items():
            (found,) = connection.execute(select(now.tables[name])).mappings().all()
            assert {k: found[k] for k in row} == row, name


def test_the_upgraded_tables_are_those_of_a_new_database(upgraded: Database) -> None:
    found = inspect(upgraded.engine)
    assert {*schema.metadata.tables} <= set(found.get_table_names())
    for table in schema.metadata.tables.values():
        assert {c["name"] for c in found.get_columns(table.name)} == set(table.columns.keys())
        indexes = {i["name"] for i in found.get_indexes(table.name) if not i.get("duplicates_constraint")}
        assert indexes == {i.name for i in table.indexes}, table.name


async def test_the_store_works_on_what_was_there(upgraded: Database) -> None:
    store = StatementStore(upgraded, SOURCES)
    (known,) = (await store.known("Publisher a", ["url:https://a.example/s1"])).values()
    assert (known.title, known.revision, known.edited_at) == ("제목", 2, NOW)
    assert (known.teaser, known.embargo, known.presence) == ("", None, Presence.SHOWN)
    assert known.read_from <= EARLIEST
    (story,) = await store.ready_between(Window(NOW, NOW + HOUR))
    assert (story.id, story.lead.reading.released_by) == ("s1", "")
    assert [s.id for s in await store.alert_candidates(9)] == ["s1"]
    assert await store.unread(9, NOW) == []
    changed = known.after(entry("제목", text="새 본문"), NOW)
    await store.record_polls([polled(sifted(statement("s2"), edited=(changed,), removed=("s1",)))])
    assert {p.statement.id for p in await store.unread(9, NOW)} == {"s1", "s2"}
    assert [s.id for s in await store.missing()] == ["s1"]


async def test_a_source_that_was_polled_before_goes_on_where_it_was(upgraded: Database) -> None:
    store = StatementStore(upgraded, SOURCES)
    await store.register(SOURCES.values(), NOW)
    states = {s.source_id: s for s in await store.claim_due(["a", "b"], NOW, 9, Lease("test", NOW + HOUR))}
    old = states["a"].about(source("a"))
    assert (old.etag, old.failures, old.interval, old.url) == ('W/"x"', 2, 2 * HOUR, "https://a.example/feed")
    assert not old.first_ingest
    assert old.health is Health.OK
    after = old.after(Fetched((entry(),), '"2"'), NOW)
    await store.record_polls([polled(state=after)])
    assert await store.untold_health(NOW) == []
    assert (await store.states())[0].etag == '"2"'


async def test_how_sources_were_watched_before_polls_were_recorded_is_not_known(upgraded: Database) -> None:
    store = ExportStore(upgraded)
    assert await store.record("a") == Record()
    await StatementStore(upgraded, SOURCES).record_polls([polled(at=NOW)])
    record = await store.record("a")
    assert (record.of(NOW.date() - DAY), record.of(NOW.date())) == (None, Day(1, 1, 0))


async def claimed_of(outbox: OutboxStore) -> list[Claimed]:
    """What is due now, of both lanes."""
    return [c for lane in Lane for c in await outbox.claim(NOW, 9, Lease("test", NOW + HOUR), lane)]


# From schema 3


def third(connection: Connection) -> None:
    """Schema 3 with readers, mails of every kind and their state."""
    fill(connection)
    config = running._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0003")
    old = MetaData()
    old.reflect(connection)
    known = rows()
    seals = Seals(KEYRING)
    sealed = seals.address_row("ann@example.org", "r1")
    reader = {"address": sealed["address"], "address_key": sealed["address_key"][1:]}
    chosen = [{"themes": ["prisons"], "sources": []}, {"themes": [], "sources": ["a"]}]
    connection.execute(old.tables["subscriber"].update().values(**reader, wishes=chosen))
    for number, kind in ((8, "alert"), (9, "confirmation")):
        bulletin = known["bulletin"] | {"number": number, "key": f"{kind} 1", "kind": kind}
        composition = known["composition"] | {"id": kind, "kind": kind, "pieces": {"text": ["b"], "html": []}}
        delivery = known["delivery"] | {"id": number, "bulletin": number, "composition_id": kind, "message_id": kind}
        for name, row in (("bulletin", bulletin), ("composition", composition), ("delivery", delivery)):
            connection.execute(old.tables[name].insert().values(**row))


def upgrade_from_third(empty: Database) -> None:
    with empty.engine.begin() as connection:
        third(connection)
    empty.prepare()


@pytest.fixture
def from_third(copied: Copied) -> Database:
    """A database of schema 3 with readers, upgraded."""
    return copied(upgrade_from_third)


async def test_readers_of_schema_3_are_who_they_were(from_third: Database) -> None:
    roll = SubscriberStore(from_third, KEYRING)
    (own,) = await roll.everybody()
    reader, chosen = own.subscriber, own.subscriber.choice
    assert (reader.id, own.standing, own.address, own.consent) == (
        "r1", Standing.CONFIRMED, "ann@example.org", Consent("form", NOW),
    )  # fmt: skip
    assert chosen.wishes == (Wish(frozenset({"prisons"})), Wish(sources=frozenset({"a"})))
    assert (chosen.mutes, chosen.phrase, chosen.edition, reader.paused_until) == (Mutes(), "", Edition(), None)
    assert await roll.find_address("ann@example.org") == "r1"
    assert (await roll.join(sign_up("ann@example.org"), None, NOW)).subscriber == reader
    assert await roll.closing(NOW, 9) == [reader]


async def test_mails_of_schema_3_go_out(from_third: Database) -> None:
    outbox = OutboxStore(from_third, KEYRING, "nkwatch.example")
    claimed = await claimed_of(outbox)
    # who is confirmed is not asked to confirm
    assert {(c.number, c.address, c.slots) for c in claimed} == {(n, "ann@example.org", ()) for n in (7, 8)}


async def test_what_schema_3_sent_may_be_passed_on_but_for_personal_mails(from_third: Database) -> None:
    outbox = OutboxStore(from_third, KEYRING, "nkwatch.example")
    shared = await outbox.shared("alert")
    assert shared is not None
    assert (shared[0].kind, shared[0].neutral, shared[1]) == ("alert", False, 8)
    assert await outbox.shared("confirmation") is None


async def test_readers_of_schema_3_can_be_moved_to_hashes_with_key_ids_and_be_erased(from_third: Database) -> None:
    roll = SubscriberStore(from_third, KEYRING)
    assert [await roll.reseal(9), await roll.reseal(9)] == [1, 0]
    with from_third.engine.connect() as connection:
        row = connection.execute(schema.subscriber.select()).one()
    assert row.address_key == KEYRING.lookup("ann@example.org")
    assert await roll.erase("r1", Suppression.ERASED, NOW)
    assert await roll.suppression("ann@example.org") == (Suppression.ERASED, NOW)
    with from_third.engine.connect() as connection:
        assert sorted(r.kind for r in connection.execute(schema.bulletin.select())) == ["alert", "digest"]


# From schema 4


#: Two stories in a block as it is on the wire: quoted-printable.
TOLD = b'<a href=3D"https://nk.example/stories/s=\r\n2">https://nk.example/stories/s1</a>\r\n'


def fourth(connection: Connection) -> None:
    """Schema 4 with an alert and a digest that were sent, and a reading that names somebody."""
    third(connection)
    config = running._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0004")
    old = MetaData()
    old.reflect(connection)
    now = micro(NOW)
    connection.execute(old.tables["block"].insert().values(id="told", body=TOLD))
    many = range(600)  # more than are looked at together
    blocks = [{"id": f"b{n}", "body": f"/stories/t{n}\r\n".encode()} for n in many]
    connection.execute(old.tables["block"].insert(), blocks)
    digest = {"text": ["told", "slot:phrase", "b", "told", "b7"], "html": ["b8"]}
    compositions = old.tables["composition"].update()
    connection.execute(compositions.where(old.tables["composition"].c.id == "c").values(pieces=digest))
    same = rows()["composition"] | {"bulletin": 7, "neutral": False}
    digests = [same | {"id": f"x{n:03}", "pieces": {"text": [f"b{n}"], "html": []}} for n in many]
    connection.execute(old.tables["composition"].insert(), digests)
    connection.execute(
        old.tables["bulletin"].update().where(old.tables["bulletin"].c.number == 8).values(story_id="s1")
    )
    later = dict(connection.execute(old.tables["statement"].select()).mappings().one())
    connection.execute(old.tables["statement"].insert().values(**later | {"id": "s2", "first_seen": now + 1}))
    who = {"field": "title", "start": 0, "end": 2, "phrase": "제목"}
    named = [{"who": who, "key": key, "kind": "person"} for key in ("kim", "kim", "lee")]
    findings = rows()["reading"]["findings"] | {"cases": named}
    connection.execute(old.tables["reading"].update().values(findings=findings))
    connection.execute(old.tables["reading"].insert().values(**rows()["reading"] | {"statement_id": "s2"}))
    superseded = rows()["reading"] | {"revision": 1, "findings": findings | {"cases": [named[0] | {"key": "pak"}]}}
    connection.execute(old.tables["reading"].insert().values(**superseded))


def upgrade_from_fourth(empty: Database) -> None:
    with empty.engine.begin() as connection:
        fourth(connection)
    empty.prepare()


@pytest.fixture
def from_fourth(copied: Copied) -> Database:
    """A database of schema 4, upgraded."""
    return copied(upgrade_from_fourth)


async def test_readers_of_schema_4_were_heard_from_when_they_consented(from_fourth: Database) -> None:
    (own,) = await SubscriberStore(from_fourth, KEYRING).everybody()
    chosen = own.subscriber.choice
    assert own.subscriber.heard_at == NOW
    assert (chosen.country, chosen.lull, chosen.quiet) == ("", False, None)


async def test_what_schema_4_wrote_goes_out_block_by_block_and_tells_of_its_stories(from_fourth: Database) -> None:
    outbox = OutboxStore(from_fourth, KEYRING, "nkwatch.example")
    claimed = {c.number: c for c in await claimed_of(outbox)}
    blocks = [TOLD, b"\x00\xff", TOLD, b"/stories/t7\r\n"]
    assert [p.body for p in claimed[7].composition.text if isinstance(p, Block)] == blocks
    assert claimed[7].composition.text[1] == Slot("phrase")
    assert claimed[7].composition.stories == ("s2", "s1", "t7")
    assert claimed[8].composition.stories == ("s1",)
    assert claimed[7].answers == ""
    shared = await outbox.shared("x599")
    assert shared is not None
    assert shared[0].stories == ("t599",)
    assert await outbox.had(["r1"], NOW) == {"r1": {"s1", "s2", "t7"}}


async def test_what_alerts_of_schema_4_told_is_what_their_story_had_then(from_fourth: Database) -> None:
    outbox = OutboxStore(from_fourth, KEYRING, "nkwatch.example")
    assert await outbox.told("s1") == Told(8, NOW, frozenset({"s1"}))
    assert await outbox.bulletins_with("s1") == [8]


async def test_who_was_named_in_readings_of_schema_4_is_found(from_fourth: Database) -> None:
    store = StatementStore(from_fourth, SOURCES)
    found = await store.named_before(["kim", "lee", "pak"], NOW + HOUR)
    assert {key: earlier.story_id for key, earlier in found.items()} == {"kim": "s1", "lee": "s1"}


# From schema 5


def fifth(connection: Connection) -> None:
    """Schema 5 with a delivery in every state in which a worker of it could leave one."""
    third(connection)
    config = running._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0005")
    old = MetaData()
    old.reflect(connection)
    delivery = old.tables["delivery"]
    row = dict(connection.execute(delivery.select().where(delivery.c.id == 8)).mappings().one())
    connection.execute(delivery.delete())
    states = [
        {"state": "pending"},
        {"state": "leased", "lease_owner": "old", "leased_until": micro(NOW)},
        # its worker died, the lease was over, and the name told that it may have left
        {"state": "pending", "lease_owner": "old"},
        {"state": "cancelled", "lease_owner": "old", "done_at": micro(NOW), "due_at": None},
        {"state": "cancelled", "done_at": micro(NOW), "due_at": None},
        {"state": "deferred", "attempts": 2, "reply": "451 later"},
        {"state": "sent", "attempts": 1, "done_at": micro(NOW), "due_at": None, "reply": "250 queued"},
        {"state": "refused", "attempts": 1, "done_at": micro(NOW), "due_at": None, "reply": "550 no"},
    ]
    reader = dict(connection.execute(old.tables["subscriber"].select()).mappings().one())
    for n, change in enumerate(states, 1):
        one = Seals(KEYRING).address_row(f"r{n}@example.org", f"r{n}")
        if n > 1:
            connection.execute(old.tables["subscriber"].insert().values(**reader | one | {"id": f"r{n}"}))
        connection.execute(delivery.insert().values(**row | {"id": n, "subscriber_id": f"r{n}"} | change))


def upgrade_from_fifth(empty: Database) -> None:
    with empty.engine.begin() as connection:
        fifth(connection)
    empty.prepare()


@pytest.fixture
def from_fifth(copied: Copied) -> Database:
    """A database of schema 5, upgraded."""
    return copied(upgrade_from_fifth)


async def test_what_schema_5_had_on_its_way_is_what_it_was(from_fifth: Database) -> None:
    d = schema.delivery.c
    with from_fifth.engine.connect() as connection:
        columns = (d.id, d.state, d.turn, d.offered_at, d.risked, d.attempts, d.relay_id, d.bounce, d.bounced_at)
        rows = connection.execute(select(*columns).order_by(d.id)).all()
    assert [tuple(r) for r in rows] == [
        (1, "pending", 1, None, False, 0, "", "", None),
        (2, "leased", 1, NOW, False, 0, "", "", None),
        (3, "unknown", 0, None, True, 0, "", "", None),
        (4, "cancelled", 1, None, True, 0, "", "", None),
        (5, "cancelled", 1, None, False, 0, "", "", None),
        (6, "deferred", 1, None, False, 2, "", "", None),
        (7, "sent", 1, None, False, 1, "", "", None),
        (8, "refused", 1, None, False, 1, "", "none", None),
    ]


async def test_what_schema_5_had_in_hand_goes_first_and_may_have_left(from_fifth: Database) -> None:
    outbox = OutboxStore(from_fifth, KEYRING, "nkwatch.example")
    assert await outbox.recover(NOW) == 1
    claimed = await claimed_of(outbox)
    assert [(c.delivery.id, c.delivery.turn) for c in claimed] == [
        (2, Turn.FIRST), (3, Turn.FIRST), (1, Turn.USUAL), (6, Turn.USUAL),
    ]  # fmt: skip
    await outbox.release([c.delivery for c in claimed], "test")
    got = await outbox.recipients([8], "", 9)
    assert [r.subscriber.id for r in got] == ["r2", "r3", "r4", "r7"]


# From every schema


def made_by(connection: Connection, number: str) -> MetaData:
    """The tables of a schema, made by the revisions up to it."""
    config = running._config()
    config.attributes["connection"] = connection
    command.upgrade(config, number)
    return reflected(connection)


NUMBERS = sorted(running.revisions())
#: From here on old and new code run side by side: a schema only grows, see the tests below.
SIDE_BY_SIDE = "0013"
#: What a revision made of values on purpose; tests of their own above say what.
CHANGED = {("delivery", "bounce"), ("delivery", "risked"), ("composition", "stories"), ("composition", "bulletin")}


def found_again(row: dict[str, Any], found: dict[str, Any], table: str) -> bool:
    """Whether a row has all its values still."""
    return all(found[k] == v for k, v in row.items() if (table, k) not in CHANGED)


def test_rows_in_every_table_of_every_schema_are_there_after_the_upgrade(empty: Database) -> None:
    """Each schema gets rows of its own, beside those that came up with the database from the ones before."""
    wrote: list[dict[str, list[dict[str, Any]]]] = []
    tables: dict[str, MetaData] = {}
    with empty.engine.begin() as connection:
        for turn, number in enumerate(NUMBERS):
            tables[number] = made_by(connection, number)
            before = contents(connection, tables[number])
            fill_all(connection, tables[number], 2 * turn + 1, 2 * turn + 2)
            after = contents(connection, tables[number])
            wrote.append({name: [r for r in rows if r not in before[name]] for name, rows in after.items()})
        after = contents(connection, reflected(connection))
        for number, old in zip(NUMBERS, wrote, strict=True):
            for name, rows_before in old.items():
                assert len(rows_before) == 2, (number, name)
                for row in rows_before:
                    assert any(found_again(row, r, name) for r in after[name]), (number, name, row, after[name])
        for turn, number in enumerate(n for n in NUMBERS if n >= SIDE_BY_SIDE):
            # a program of that schema, still running on another machine, goes on writing what it knows
            fill_all(connection, tables[number], 1000 + turn)
            now = contents(connection, tables[number])
            assert all(len(rows) > len(after[name]) for name, rows in now.items())


def contents(connection: Connection, tables: MetaData) -> dict[str, list[dict[str, Any]]]:
    """What is in the tables, but for the number of the schema."""
    names = [t for t in tables.sorted_tables if t.name != "alembic_version"]
    return {t.name: told(connection.execute(select(t)).mappings()) for t in names}


def test_a_schema_only_grows_so_that_old_code_works_on_it(empty: Database) -> None:
    with empty.engine.begin() as connection:
        schemas = [made_by(connection, number) for number in NUMBERS if number >= SIDE_BY_SIDE]
    for old, new in pairwise(schemas):
        only_grows(old, new)


def only_grows(old: MetaData, new: MetaData) -> None:
    for name, table in old.tables.items():
        assert name in new.tables, f"{name} is gone, and code that runs still uses it"
        for column in table.columns:
            kept = new.tables[name].columns.get(column.name)
            assert kept is not None, f"{name}.{column.name} is gone, and code that runs still uses it"
            assert (str(kept.type), kept.primary_key) == (str(column.type), column.primary_key), f"{name}.{column.name}"
            assert kept.nullable >= column.nullable, f"{name}.{column.name}: code that runs writes null"
        for column in new.tables[name].columns:
            fine = column.name in table.columns or column.nullable or column.server_default is not None
            assert fine, f"{name}.{column.name}: code that runs does not write it: let it be null, or give it a default"
        rules = {tuple(sorted(c.name for c in u.columns)) for u in new.tables[name].constraints}
        known = {tuple(sorted(c.name for c in u.columns)) for u in table.constraints}
        added = {columns for columns in rules - known if set(columns) <= set(table.columns.keys())}
        assert not added, f"{name}: code that runs does not know the rule on {added}"


@pytest.mark.parametrize("number", NUMBERS)
def test_every_revision_says_in_one_sentence_what_it_does(number: str) -> None:
    ((found, does), *_) = running.after(f"{int(number) - 1:04}" if number > NUMBERS[0] else None)
    assert (found, does[:7]) == (number, "Schema "), does


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A next revision that adds a table, a column and rows, and then fails."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "schema_9000.py").write_text(FAILING.format(before=NUMBERS[-1]))
    monkeypatch.setattr(running, "__file__", str(folder / "running.py"))
    monkeypatch.setattr(migrations, "__file__", str(folder / "__init__.py"))


FAILING = """\"\"\"Schema 9000: fails.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{before}"


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("latch", sa.Column("half", sa.Integer()))
    op.create_index("ix_half", "latch", ["half"])
    op.execute("UPDATE latch SET closed_until = 0")
    op.drop_index("ix_statement_story_id", "statement")
    raise RuntimeError("the machine is out of something")
"""


@pytest.mark.usefixtures("failing")
def test_a_revision_that_fails_leaves_nothing_half_done(empty: Database) -> None:
    with empty.engine.begin() as connection:
        old = made_by(connection, NUMBERS[-1])
        fill_all(connection, old, 1)
        before, shape = contents(connection, old), tables_of(connection)
    with pytest.raises(RuntimeError, match="out of something"):
        empty.prepare()
    with empty.engine.begin() as connection:
        assert (contents(connection, old), tables_of(connection)) == (before, shape)
        assert migrations.pending(connection) == (NUMBERS[-1], [migrations.Step("9000", "Schema 9000: fails.")])


def tables_of(connection: Connection) -> dict[str, Any]:
    """All tables with their columns and indexes."""
    found = inspect(connection)
    names = found.get_table_names()
    return {
        n: ([c["name"] for c in found.get_columns(n)], sorted(i["name"] for i in found.get_indexes(n))) for n in names
    }


async def test_a_program_that_runs_goes_on_when_another_one_upgrades_the_database(upgraded: Database) -> None:
    store = StatementStore(upgraded, SOURCES)
    with upgraded.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("CREATE TABLE newer (id INTEGER PRIMARY KEY)"))
        connection.execute(text("ALTER TABLE statement ADD COLUMN newer INTEGER DEFAULT 7"))
    await store.record_polls([polled(sifted(statement("s2")))])
    assert {p.statement.id for p in await store.unread(9, NOW)} == {"s2"}
