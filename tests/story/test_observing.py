"""From a notice to the operator's mailbox, and what commands say of it."""

import email
import email.policy
import json
from datetime import timedelta

import pytest
from tests.edges.test_bell import Hook
from tests.making import at
from tests.story.commands import answered, done
from tests.story.test_doctor import patient_of, prepared, wrong

from nkwatch import logs
from nkwatch.assembly import Newsroom
from nkwatch.cli import vital_checks
from nkwatch.domain.posture import Severity
from nkwatch.store.database import Database
from nkwatch.workflow.heartbeat import Beaten
from nkwatch.workflow.morning import Informed
from nkwatch.workflow.notices import Noted


def into_a_folder(installation, more=""):
    """Mails go into a folder; the operator has an address of their own, and lives in Seoul."""
    installation.write(port=9, more=f'[operator]\naddress = "ops@watch.example"\nzone = "Asia/Seoul"\n{more}')
    text = installation.settings.read_text().replace("[mail]\n", '[mail]\nto = "maildir:mails"\n')
    installation.settings.write_text(text)
    #: ten past eight in the morning of Tuesday 24 November in Seoul
    installation.clock.now = at("2026-11-23T23:10")
    return installation


def mails(installation):
    files = sorted((installation.folder / "mails").glob("new/*"))
    return [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in files]


async def a_day_ago(newsroom, installation):
    """The first morning, on which nobody is mailed."""
    installation.clock.forward(days=-1)
    assert await newsroom.morning() == Informed()
    installation.clock.forward(days=1)


async def test_what_the_operator_was_told_is_in_one_mail_in_the_morning(installation):
    into_a_folder(installation)
    async with installation.open(installation.clock) as one, installation.open(installation.clock) as two:
        await a_day_ago(one, installation)
        logs.notice("page failed", page="/", why="reader@example.org wrote this", title="Kim Cheol-su was taken")
        assert await one.notices() == Noted(), "the newest newsroom hears alone"
        assert await two.notices() == Noted(1)
        assert [await n.morning() for n in (one, two, one)] == [Informed(1, 1), Informed(), Informed()]
    (mail,) = mails(installation)
    assert (mail["To"], mail["Subject"]) == (
        "ops@watch.example",
        "nkwatch: 1 to look at, and the week, Tuesday 24 November 2026",
    )
    text = mail.get_body(("plain",)).get_content()
    assert "page: /; why: [address] wrote this" in " ".join(text.split())
    assert "Kim" not in text
    assert "@example.org" not in text


async def test_what_was_told_right_before_the_end_is_not_lost(installation):
    into_a_folder(installation)
    async with installation.open(installation.clock):
        logs.notice("page failed", page="/")
    assert "page failed" in await done(installation, "report")


async def test_the_report_shows_what_the_mail_will_say_and_sends_nothing(installation):
    into_a_folder(installation)
    assert await done(installation, "report") == "Nothing happened since the last mail.\n"
    async with installation.open(installation.clock):
        for _ in range(3):
            logs.notice("deliver.bulk failed", why="disk I/O error")
        for number in range(7):
            logs.notice("page failed", number=number)
    told = await done(installation, "report", "--week")
    assert told.index("deliver.bulk failed (3 times), last 2026-11-23 23:10 UTC") < told.index("page failed (7 times)")
    assert "and 2 more of this kind" in told
    assert "The week 2026-11-16 to 2026-11-23, beside it the week before" in told
    assert "nkwatch 0." in told
    assert mails(installation) == []
    told = await answered(installation, "report", "--week")
    assert told["matters"][0]["event"] == "deliver.bulk failed"
    assert told["week"]["this"]["alerts"] == 0
    assert told["week"]["start"] == "2026-11-16T00:00:00Z"
    assert "week" not in await answered(installation, "report")


async def test_the_heart_beats_by_the_settings(installation):
    async with Hook() as hook:
        into_a_folder(installation, f'[watch]\nheartbeat_url = "{hook.url}"\n')
        async with installation.open(installation.clock) as newsroom:
            assert await newsroom.heartbeat() == Beaten(1)
            newsroom.heartbeat.late = lambda: ["read"]
            assert await newsroom.heartbeat() == Beaten()
    assert [method for method, *_ in hook.told] == ["GET"]


async def test_a_database_that_breaks_under_a_running_service_rings_after_a_minute(installation):
    rung = installation.folder / "rung"
    bell = json.dumps(["/bin/sh", "-c", f"cat >> {rung}"])
    into_a_folder(installation, f"[watch]\ncommand = {bell}\n")
    async with installation.open(installation.clock) as newsroom:
        assert (await newsroom.watch()).rung == 0
        _break(newsroom)
        assert (await newsroom.watch()).rung == 0
        installation.clock.forward(minutes=1)
        assert (await newsroom.watch()).rung == 1
        assert (await newsroom.watch()).rung == 0
    assert json.loads(rung.read_text())["event"] == "database unusable"


def _break(newsroom: Newsroom) -> None:
    with newsroom.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE pulse RENAME TO gone")


# The doctor


async def test_the_doctor_looks_whether_somebody_outside_watches_without_a_beat(installation):
    into_a_folder(installation)
    (found,) = await vital_checks.heartbeat(patient_of(installation))
    assert found.severity is Severity.ADVICE
    async with Hook() as hook:
        into_a_folder(installation, f'[watch]\nheartbeat_url = "{hook.url}"\n')
        (found,) = await vital_checks.heartbeat(patient_of(installation))
    assert (found.severity, hook.told) == (Severity.FINE, [])
    assert "cannot be reached" in wrong(await vital_checks.heartbeat(patient_of(installation)))[0]


async def test_the_doctor_looks_whether_vitals_are_told(installation):
    into_a_folder(installation)
    (found,) = await vital_checks.vitals(patient_of(installation))
    assert found.severity is Severity.FINE
    async with Hook() as hook:
        into_a_folder(installation, f"[vitals]\nport = {hook.port}\n")
        (found,) = await vital_checks.vitals(patient_of(installation))
        assert found.severity is Severity.FINE
    (found,) = await vital_checks.vitals(patient_of(installation))
    assert found.severity is Severity.ADVICE


async def test_the_doctor_looks_when_the_operator_was_mailed_last(bare):
    into_a_folder(bare)
    assert await vital_checks.mornings(patient_of(bare)) == []
    assert list(bare.folder.glob("*.db")) == [], "it makes none"
    (found,) = await vital_checks.mornings(patient_of(prepared(bare)))
    assert found.found == "none was ever sent"
    async with bare.open(bare.clock) as newsroom:
        await a_day_ago(newsroom, bare)
        await newsroom.morning()
    for days, severity in ((8, Severity.FINE), (9, Severity.WRONG)):
        late = patient_of(bare)
        clock = lambda days=days: bare.clock.now + timedelta(days=days)  # noqa: E731
        (found,) = await vital_checks.mornings(type(late)(late.config, late.secrets, late.keys, clock))
        assert found.severity is severity


@pytest.mark.parametrize("table", ["morning", "alembic_version"])
async def test_of_a_database_that_cannot_be_used_others_tell(installation, table):
    prepared(into_a_folder(installation))
    database = Database(f"sqlite:///{installation.folder / 'nkwatch.db'}")
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {table}")
    database.close()
    assert await vital_checks.mornings(patient_of(installation)) == []
