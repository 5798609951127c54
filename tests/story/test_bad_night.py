"""What an operator is told at night, when files are lost, foreign, damaged, or not ours."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import typer
from tests.story.commands import done, refused, run
from tests.story.test_doctor import patient_of, prepared, settings, wrong
from typer.testing import CliRunner

from nkwatch.cli import checks, lock_checks, vital_checks
from nkwatch.cli.deferring import deferring
from nkwatch.cli.doctor import examined
from nkwatch.domain.posture import Severity
from nkwatch.keys import new_master_key
from nkwatch.store.migrations import newest

OF_THE_DATABASE = (checks.database, checks.disk, lock_checks.installation, vital_checks.service, vital_checks.mornings)
HOOK = '\n[[webhook]]\nname = "newsdesk"\nurl = "https://newsdesk.example/hook"\nevents = ["story"]\n'


def version(installation, said):
    with closing(sqlite3.connect(installation.folder / "nkwatch.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [said])


def another_key(installation):
    secrets = installation.folder / "nkwatch.secrets.toml"
    secrets.write_text(f'current = 1\n[keys]\n1 = "{new_master_key()}"\n')


# The database, as the doctor sees it


async def test_the_doctor_makes_no_database(bare):
    patient = patient_of(settings(bare))
    found = await examined(patient, OF_THE_DATABASE)
    assert [f.found for f in found if f.severity is not Severity.FINE] == [
        f"{bare.folder / 'nkwatch.db'}: there is none yet"
    ]
    assert not list(bare.folder.glob("*.db*"))


@pytest.mark.parametrize(
    ("mark", "said", "do"),
    [
        (f"moved-{newest()}", "it was moved to another one", "name that one in the settings"),
        (f"moving-{newest()}", "another one was being moved to", "run `nkwatch db move` again"),
        ("9999", "it has schema 9999", "install the newer nkwatch again"),
        ("0015", "it has schema 0015", "`nkwatch db upgrade`"),
    ],
)
async def test_the_doctor_says_what_is_with_a_database_that_is_not_of_this_version(installation, mark, said, do):
    prepared(settings(installation))
    version(installation, mark)
    found = [f for f in await examined(patient_of(installation), OF_THE_DATABASE) if f.severity is Severity.WRONG]
    assert len(found) == 1
    assert said in found[0].found.replace("the database", "it")
    assert do.casefold() in found[0].do.casefold()


async def test_the_doctor_tells_once_that_a_database_is_damaged_and_to_restore_it(installation):
    settings(installation)
    (installation.folder / "nkwatch.db").write_bytes(b"no database " * 1000)
    (installation.folder / "nkwatch.db").chmod(0o600)
    found = [f for f in await examined(patient_of(installation), OF_THE_DATABASE) if f.severity is Severity.WRONG]
    assert [f.about for f in found] == ["database"]
    assert "not a database" in found[0].found
    assert "backup" in found[0].do


async def test_the_doctor_tells_that_another_program_holds_the_database(installation):
    prepared(settings(installation))
    file = installation.folder / "nkwatch.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        found = await checks.database(patient_of(installation))
    assert "locked" in wrong(found)[0]
    assert "nother program" in found[0].do


async def test_the_doctor_says_which_folder_of_the_database_is_missing(installation):
    settings(installation)
    text = installation.settings.read_text().replace("sqlite:///nkwatch.db", "sqlite:///away/nkwatch.db")
    installation.settings.write_text(text)
    found = [f for f in await examined(patient_of(installation), OF_THE_DATABASE) if f.severity is Severity.WRONG]
    assert [f.found for f in found] == [f"{installation.folder / 'away'}: there is no such folder"]
    assert "mounted" in found[0].do


async def test_a_database_that_is_gone_while_the_file_of_who_left_is_there_was_lost(bare):
    settings(bare)
    (bare.folder / "nkwatch.db.departed").write_text("what was\n")
    (found,) = await checks.database(patient_of(bare))
    assert found.severity is Severity.WRONG
    assert "db restore" in found.do


async def test_a_database_that_takes_nothing_is_not_called_fine(installation):
    prepared(settings(installation))
    with closing(sqlite3.connect(installation.folder / "nkwatch.db")) as connection, connection:
        said = "attempt to write a readonly database"
        connection.execute(f"CREATE TRIGGER t BEFORE INSERT ON pulse BEGIN SELECT RAISE(FAIL, '{said}'); END")
    assert "readonly" in wrong(await checks.database(patient_of(installation)))[0]


async def test_the_doctor_tells_when_nkwatch_was_last_at_work(installation):
    prepared(settings(installation))
    (never,) = await vital_checks.service(patient_of(installation))
    async with installation.open(installation.clock) as newsroom:
        await newsroom.watch()
    late = patient_of(installation)
    (soon,) = await vital_checks.service(replace(late, clock=lambda: installation.clock.now + timedelta(minutes=1)))
    (then,) = await vital_checks.service(replace(late, clock=lambda: installation.clock.now + timedelta(minutes=20)))
    assert [f.severity for f in (never, soon, then)] == [Severity.ADVICE, Severity.FINE, Severity.ADVICE]
    assert "since" in then.found


# Secrets


async def test_a_foreign_secrets_file_is_refused_before_anything_is_sealed_with_it(installation):
    settings(installation)
    await done(installation, "subscribers", "add", "reader@readers.example", "--consent", "paper")
    another_key(installation)
    for command in (("subscribers", "add", "b@readers.example"), ("keys", "backup", "--done"), ("report",)):
        said = await refused(installation, *command, code=2)
        assert "restore the one it was made with" in said
    (found,) = [f for f in await lock_checks.installation(patient_of(installation)) if f.severity is Severity.WRONG]
    assert "does not fit" in found.found


async def test_where_the_secrets_file_is_gone_nobody_is_told_to_make_another(installation):
    settings(installation)
    (installation.folder / "nkwatch.secrets.toml").unlink()
    said = await refused(installation, "report", code=2)
    assert "restore it from its backup" in said
    assert "another one does not help" in said


async def test_what_keeps_the_service_from_starting_is_told_by_doctor_and_config_check(installation):
    settings(installation, more=HOOK)
    assert "no secret" in await refused(installation, "config", "check", code=2)
    assert any("no secret" in said for said in wrong(await checks.settings(patient_of(installation))))


# What nobody foresaw


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (OSError(28, "No space left on device", "x.db"), "x.db: No space left on device"),
        (KeyError("of reader@example.org"), "mistake in nkwatch"),
        (sqlite3.OperationalError("disk I/O error"), "disk I/O error"),
    ],
)
def test_no_command_answers_with_a_traceback(wrong, said):
    app = typer.Typer(cls=deferring({}))

    @app.command()
    def one() -> None:
        raise wrong

    @app.command()
    def two() -> None:
        pass

    ended = CliRunner().invoke(app, ["one"])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "reader@" not in ended.stderr


async def test_a_database_that_is_made_or_upgraded_is_told_with_its_place(bare):
    settings(bare)
    code, _, said = await run(bare, "alert", "list")
    assert code == 0
    assert "database made" in said
    assert "nkwatch.db" in said
    _, _, said = await run(bare, "alert", "list")
    assert said == ""
