"""`nkwatch db`: what an operator types on a Saturday, and what is answered."""

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.making import NOW
from tests.store.filling import fill
from tests.story.commands import answered, done, refused, run

from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.migrations import Mark, mark
from nkwatch.store.migrations.running import revisions

NEWEST = revisions()[0]


@pytest.fixture
def settled(installation):
    """An installation whose database has rows."""
    installation.write(port=9)
    with opened(installation) as connection:
        fill(connection, schema.metadata, 1, 2)
    return installation


@contextmanager
def opened(installation):
    """A transaction on its database."""
    database = Database(address(installation))
    database.prepare()
    with database.engine.begin() as connection:
        yield connection
    database.close()


def address(installation, name="nkwatch.db"):
    return f"sqlite:///{installation.folder / name}"


def execute(installation, statement):
    with opened(installation) as connection:
        connection.execute(text(statement))


async def test_an_upgrade_says_from_where_to_where_and_what_each_step_does(bare):
    bare.write(port=9)
    assert "there is no database yet" in await refused(bare, "db", "upgrade", "--dry-run", code=2)
    told = await answered(bare, "db", "upgrade")
    assert (told["from"], told["to"], told["done"]) == (None, NEWEST, True)
    assert [s["schema"] for s in told["steps"]] == sorted(revisions())
    assert all(s["does"] for s in told["steps"])
    assert f"schema {NEWEST}, the newest" in await done(bare, "db", "upgrade")


async def test_a_dry_upgrade_changes_nothing(bare):
    bare.write(port=9)
    Database(address(bare)).close()
    (bare.folder / "nkwatch.db").touch(mode=0o600)
    said = await done(bare, "db", "upgrade", "--dry-run")
    assert f"would go from schema none to {NEWEST}" in said
    assert "sources, statements, readings" in said
    assert (bare.folder / "nkwatch.db").stat().st_size < 9000


COMMANDS = [
    ("db", "upgrade"), ("db", "check"), ("db", "stats"), ("poll",), ("read",), ("publish",), ("deliver",), ("recover",),
    ("sources", "list"), ("subscribers", "list"), ("alert", "list"), ("search", "camp"), ("keys", "list"),
    ("explain", "x"), ("audit",),
]  # fmt: skip


@pytest.mark.parametrize("version", ["9999", f"moved-{NEWEST}", f"moving-{NEWEST}"])
async def test_every_command_refuses_a_newer_database_or_one_that_was_moved_in_one_sentence(settled, version):
    execute(settled, f"UPDATE alembic_version SET version_num = '{version}'")
    sentence = {"9999": "install the newer nkwatch again", f"moved-{NEWEST}": "name that one in the settings"}
    for command in COMMANDS if version == "9999" else COMMANDS[:4]:
        said = await refused(settled, *command, code=2)
        assert sentence.get(version, "run `nkwatch db move` again") in said, command


async def test_the_service_does_not_start_on_a_newer_database(settled):
    execute(settled, "UPDATE alembic_version SET version_num = '9999'")
    code, told, said = await settled.run("run")
    assert (code, told) == (2, "")
    assert "install the newer nkwatch again" in said
    assert "Traceback" not in said


async def test_what_was_moved_can_be_taken_back(settled):
    assert "nothing to take back" in await refused(settled, "db", "upgrade", "--take-back", code=2)
    with opened(settled) as connection:
        mark(connection, Mark.MOVED)
    assert "the newest" in await done(settled, "db", "upgrade", "--take-back")
    await done(settled, "db", "stats")


async def test_a_sound_database_is_said_to_be_so(settled):
    assert "all is well" in await done(settled, "db", "check")
    told = await answered(settled, "db", "check", "--quick")
    assert (told["ok"], {f["severity"] for f in told["findings"]}) == (True, {"fine"})


async def test_what_is_wrong_is_told_with_what_to_do(settled):
    execute(settled, "UPDATE statement SET story_id = 'nowhere' WHERE id = 'statement id 2'")
    assert "statement id 2" in await done(settled, "db", "check", code=1)
    told = await answered(settled, "db", "check", code=1)
    (wrong,) = [f for f in told["findings"] if f["severity"] == "wrong"]
    assert (told["ok"], wrong["about"], bool(wrong["do"])) == (False, "statement", True)


async def test_an_older_database_is_to_be_upgraded_before_it_is_looked_at(settled):
    execute(settled, "UPDATE alembic_version SET version_num = '0013'")
    for command in ("check", "stats"):
        assert "run `nkwatch db upgrade`" in await refused(settled, "db", command, code=2)


async def test_sizes_are_shown(settled):
    settled.clock.now = NOW + timedelta(days=1)
    shown = await done(settled, "db", "stats")
    assert "statement" in shown
    assert f"schema: {NEWEST}" in shown
    told = await answered(settled, "db", "stats")
    assert (told["schema"], told["bytes"] > 0) == (NEWEST, True)
    assert {p["rows"] for p in told["parts"] if p["name"] == "delivery"} == {2}


async def test_a_database_is_moved_and_the_settings_are_told(settled):
    old, new = address(settled), address(settled, "new.db")
    (settled.folder / "nkwatch.db.departed").touch()
    tables = len(schema.metadata.tables)
    code, told, said = await run(settled, "db", "move", old, new, "--dry-run", "--json")
    assert (code, json.loads(told)) == (0, {"tables": tables, "rows": 2 * tables, "indexed": 0})
    assert "nothing was changed" in said
    code, told, said = await run(settled, "db", "move", old, new, "--json")
    assert (code, json.loads(told)) == (0, {"tables": tables, "rows": 2 * tables, "indexed": 2})
    assert f'database = "{new}"' in said
    assert "nkwatch.db.departed" in said
    assert "rows/s" in said
    assert "was moved to another one" in await refused(settled, "db", "move", old, address(settled, "x.db"), code=2)


async def test_what_cannot_be_moved_is_named_and_the_password_is_not(settled):
    assert "sqlite:///FILE or postgresql" in await refused(settled, "db", "move", "nkwatch.db", "x", code=2)
    gone = "postgresql://nkwatch:hunter2@127.0.0.1:1/nkwatch"
    for way in ((address(settled), gone), (gone, address(settled, "x.db"))):
        assert "hunter2" not in await refused(settled, "db", "move", *way, code=2)
