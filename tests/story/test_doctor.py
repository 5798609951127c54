"""`nkwatch doctor`: what it looks at, and what it says to do."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from tests.edges.nameserver import name_server
from tests.making import NOW
from tests.story.single import invoke

from nkwatch.assembly.standing import identities
from nkwatch.cli import checks, doctor, mail_checks, roundtrips, wish_checks
from nkwatch.cli.doctor import admitted, examined
from nkwatch.demo.mailbox import open_mailbox
from nkwatch.domain.posture import Finding, Severity
from nkwatch.domain.problems import ConfigError
from nkwatch.mail.dkim_keys import new_key, write_key
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.workflow.posture import Posture

HOME = "watch.org.zz"
DKIM = '\n[dkim]\ndomain = "{domain}"\nselector = "s1"\nkey = "dkim.pem"\n'


def settings(installation, *, port=9, domain="watch.example", more=""):
    installation.write(port=port, more=more)
    text = installation.settings.read_text().replace("watch.example", domain)
    installation.settings.write_text(text)
    return installation


def prepared(installation):
    """An installation whose database is there."""
    database = Database(f"sqlite:///{installation.folder / 'nkwatch.db'}")
    database.prepare()
    database.close()
    return installation


def patient_of(installation):
    return admitted(installation.settings)[0]


def wrong(found):
    return [f"{f.about}: {f.found}" for f in found if f.severity is Severity.WRONG]


def said_of(found, about):
    return [f.found for f in found if f.about == about]


async def command(installation, *arguments):
    return await asyncio.to_thread(invoke, "doctor", doctor.doctor, installation.settings, *arguments)


# The command


async def test_a_service_on_this_machine_is_looked_at_and_nothing_is_sent(installation):
    async with open_mailbox() as mailbox:
        prepared(settings(installation, port=mailbox.port))
        code, told, _ = await command(installation)
        assert (code, mailbox.messages) == (0, [])
        code, answered, _ = await command(installation, "--json")
    for about in ("settings", "secrets", "database", "disk", "clock", "signing", "relay", "bounces", "watch", "DNS"):
        assert about in told
    object_ = json.loads(answered)
    assert (code, object_["ok"]) == (0, True)
    assert {"about", "severity", "found", "do", "record"} == set(object_["findings"][0])


async def test_what_is_wrong_ends_with_1_and_hinders_no_other_check(installation):
    prepared(settings(installation, port=9))
    (installation.folder / "nkwatch.secrets.toml").chmod(0o644)
    code, told, said = await command(installation)
    assert code == 1
    assert "chmod 600" in told
    assert "cannot be reached" in told
    assert "its schema is current" in told
    assert "Traceback" not in told + said


async def test_wrong_settings_are_all_there_is_to_say(installation):
    installation.settings.write_text("[site]\n")
    code, told, said = await command(installation)
    assert (code, told) == (2, "")
    assert "line 1" in said


async def test_a_check_that_breaks_down_is_told_and_the_others_go_on(installation):
    async def breaks(_patient):
        raise RuntimeError("digest@watch.example: no")

    settings(installation)
    found = await examined(patient_of(installation), [breaks, checks.disk])
    assert [f.about for f in found] == ["breaks", "disk"]
    assert "digest@" not in found[0].found


def test_records_to_publish_are_shown_whole(capsys):
    record = "v=DKIM1; k=rsa; p=" + "A" * 400
    doctor.show([replace(FOUND, record=record)], as_json=False)
    told = capsys.readouterr().out
    assert f"\n{record}\n" in told
    assert "[watch]" in told


FOUND = checks.Finding("DKIM", Severity.WRONG, "see [watch]\x1b[31m", "Publish it.")


# Database, disk, clock


async def test_a_database_that_is_not_there_is_not_made(bare):
    found = await checks.database(patient_of(settings(bare)))
    assert (found[0].severity, list(bare.folder.glob("*.db"))) == (Severity.ADVICE, [])


async def test_a_database_of_another_version_or_none_at_all_is_wrong(bare):
    settings(bare)
    file = bare.folder / "nkwatch.db"
    file.touch()
    assert "schema" in wrong(await checks.database(patient_of(bare)))[0]
    file.write_bytes(b"hello " * 1000)
    assert "cannot be used" in wrong(await checks.database(patient_of(bare)))[0]


async def test_others_must_not_read_the_database(installation):
    prepared(settings(installation))
    (installation.folder / "nkwatch.db").chmod(0o640)
    assert "others may read it" in wrong(await checks.disk(patient_of(installation)))[0]


async def test_a_clock_behind_the_newest_row_is_wrong(installation):
    prepared(settings(installation))
    patient, ahead = patient_of(installation), datetime.now(UTC) + timedelta(days=1)
    assert not wrong(await checks.database(patient))
    database = Database(patient.config.database)
    row = {"key": "x", "kind": "digest", "date": ahead, "story_id": ""}
    await database.write(lambda c: c.execute(insert(schema.bulletin).values(row)))
    database.close()
    assert any(w.startswith("clock: ") for w in wrong(await checks.database(patient)))


async def test_readers_who_chose_only_what_was_taken_out_are_told_of_without_who_they_are(installation):
    prepared(settings(installation))
    patient = patient_of(installation)
    assert await wish_checks.wishes(patient) == [Finding("wishes", Severity.FINE, "what readers chose is there")]
    chosen = [
        [{"themes": ["old-theme"], "sources": [], "roles": []}, {"themes": [], "sources": ["closed"], "roles": []}],
        [{"themes": ["old-theme"], "sources": [], "roles": []}, {"themes": ["prisons"], "sources": [], "roles": []}],
        [],
    ]
    database = Database(patient.config.database)
    usual = dict.fromkeys(("zone", "language", "format"), "") | dict.fromkeys(("hour", "weekday", "monthday"), 1)
    usual |= {"standing": "confirmed", "rhythm": "daily", "alerts": True, "covered_until": NOW, "joined_at": NOW}
    rows = [
        usual | {"id": f"r{n}", "address_key": bytes([n]), "address": b"", "wishes": w} for n, w in enumerate(chosen)
    ]
    ended = rows[0] | {"id": "gone", "address_key": b"gone", "standing": "ended"}
    await database.write(lambda c: c.execute(insert(schema.subscriber), [*rows, ended]))
    database.close()
    (found,) = await wish_checks.wishes(patient)
    assert (found.severity, found.found.partition(": ")[2]) == (Severity.ADVICE, "1 (closed, old-theme)")


async def test_what_readers_chose_is_not_looked_at_without_rules_or_a_database(bare):
    assert await wish_checks.wishes(patient_of(settings(bare))) == []
    (bare.folder / "rules").mkdir()
    (bare.folder / "rules" / "taxonomy.toml").write_text("this is no TOML")
    bare.settings.write_text('rules = "rules"\n' + bare.settings.read_text())
    assert await wish_checks.wishes(patient_of(bare)) == []


async def test_templates_and_rules_that_cannot_be_used_are_told(installation):
    templates = installation.folder / "own" / "mail"
    templates.mkdir(parents=True)
    (templates / "words.txt").write_text("{% if %}")
    settings(installation)
    installation.settings.write_text('templates = "own"\n' + installation.settings.read_text())
    found = await checks.settings(patient_of(installation))
    assert "templates: " in wrong(found)[0]
    assert said_of(found, "rules") == ["the rules can be used"]


# How it is watched


async def test_mailboxes_of_bounces_and_canary_are_opened(installation):
    maildir = installation.folder / "canary"
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True)
    more = (
        f'\n[bounces]\naddress = "bounces@watch.example"\nmailbox = "maildir:{installation.folder}/none"\n'
        f'[watch]\ncanary = "canary@watch.example"\nmailbox = "maildir:{maildir}"\nwebhook = "https://bell.example/"\n'
    )
    patient = patient_of(settings(installation, more=more))
    assert "does not open" in wrong(await checks.bounces(patient))[0]
    assert [f.severity for f in await checks.watch(patient)] == [Severity.FINE]


async def test_a_mailbox_without_a_password_is_told(installation):
    more = '\n[bounces]\naddress = "bounces@watch.example"\nmailbox = "imaps://bounces@imap.example/INBOX"\n'
    patient = patient_of(settings(installation, more=more))
    assert "no password" in wrong(await checks.bounces(patient))[0]


# Keys and the DNS


def with_key(installation, **more):
    write_key(installation.folder / "dkim.pem", new_key("rsa"))
    return settings(installation, domain=HOME, more=DKIM.format(domain=HOME), **more)


async def test_a_key_that_others_may_read_is_told(installation):
    with_key(installation)
    (installation.folder / "dkim.pem").chmod(0o644)
    _, found = admitted(installation.settings)
    assert "chmod 600" in wrong(found)[0]


async def test_records_are_looked_up_and_what_is_missing_is_told_in_full(installation):
    patient = patient_of(with_key(installation))
    async with name_server() as (server, names):
        found = await mail_checks.DnsCheck(names)(patient)
        assert {f.about for f in found if f.severity is Severity.WRONG} == {"SPF", "DKIM", "DMARC", "MX"}
        for f in found:
            if f.about in {"SPF", "DKIM", "DMARC"} and f.record:
                name = {"SPF": HOME, "DKIM": f"s1._domainkey.{HOME}", "DMARC": f"_dmarc.{HOME}"}[f.about]
                server.text(name, f.record)
        server.has(HOME, "MX", "10 mx.watch.org.zz.")
        mended = await mail_checks.DnsCheck(names)(patient)
    assert wrong(mended) == []


LIST = "reading.org.zz"
NEUTRAL = f'\n[neutral]\nsender = "post@{LIST}"\n'


def with_two_domains(installation):
    """Each sender has a domain and a key of its own."""
    write_key(installation.folder / "list.pem", new_key("rsa"))
    more = f'\n[[dkim.also]]\ndomain = "{LIST}"\nselector = "s2"\nkey = "list.pem"\n{NEUTRAL}'
    with_key(installation)
    installation.settings.write_text(installation.settings.read_text() + more)
    return installation


async def test_the_records_of_each_senders_domain_are_looked_up(installation):
    patient = patient_of(with_two_domains(installation))
    async with name_server() as (server, names):
        found = await mail_checks.DnsCheck(names)(patient)
        at = {HOME: f"s1._domainkey.{HOME}", LIST: f"s2._domainkey.{LIST}"}
        keys = [f.found for f in found if f.about == "DKIM"]
        assert [said.partition(" ")[0] for said in keys] == [*at.values()]
        for f in (f for f in found if f.record):
            domain = HOME if HOME in f.found or f.about == "SPF" else LIST
            server.text({"SPF": HOME, "DKIM": at[domain], "DMARC": f"_dmarc.{domain}"}[f.about], f.record)
        for domain in at:
            server.has(domain, "MX", f"10 mx.{HOME}.")
        mended = await mail_checks.DnsCheck(names)(patient)
    assert wrong(mended) == []
    proved = [said for said in said_of(mended, "alignment") if "proved by its signature" in said]
    assert len(proved) == 2


async def test_bulk_stands_still_while_either_sender_can_be_imitated(installation):
    config, keys = patient_of(with_two_domains(installation)).config, patient_of(installation).keys
    senders = identities(config, keys)
    assert [(i.sender, [k.domain for k in i.keys]) for i in senders] == [(HOME, [HOME]), (LIST, [LIST])]
    async with name_server() as (server, names):
        server.text(f"_dmarc.{HOME}", "v=DMARC1; p=reject")
        said = await Posture(names, senders, lambda: NOW, lambda *_, **__: None)()
        assert f"in the name of post@{LIST}" in said
        server.text(f"_dmarc.{LIST}", "v=DMARC1; p=reject")
        assert await Posture(names, senders, lambda: NOW, lambda *_, **__: None)() == ""


async def test_a_sender_whose_domain_has_no_key_is_refused_at_the_start_and_told_by_the_doctor(installation):
    with_key(installation)
    installation.settings.write_text(installation.settings.read_text() + NEUTRAL)
    patient = patient_of(installation)
    said = (
        f"neutral.sender: no key signs mail from {LIST}, [dkim] signs for {HOME} only: run"
        f" `nkwatch keys dkim --domain {LIST}` and write what it says into the settings, or leave [dkim] out and let"
        " the mail server sign"
    )
    assert wrong(await checks.signing(patient)) == [f"signing: {said}"]
    with pytest.raises(ConfigError) as refused:
        async with installation.open():
            pass
    assert refused.value.problems == (said,)
    # a key for the domain above counts, and where the mail server signs nothing is asked for
    text = installation.settings.read_text().replace(f"@{LIST}", f"@post.{HOME}")
    installation.settings.write_text(text)
    assert wrong(await checks.signing(patient_of(installation))) == []
    installation.settings.write_text(text.partition("[dkim]")[0] + NEUTRAL)
    assert wrong(await checks.signing(patient_of(installation))) == []


async def test_where_the_relays_address_leads_back_to_nothing_is_advice(installation):
    settings(installation, domain=HOME)
    text = installation.settings.read_text().replace('host = "127.0.0.1"', 'host = "mx.relay.zz"', 1)
    installation.settings.write_text(text.replace('security = "none"', 'security = "starttls"'))
    patient = patient_of(installation)
    async with name_server() as (server, names):
        server.has("mx.relay.zz", "A", "192.0.2.1")
        found = await mail_checks.DnsCheck(names)(patient)
        assert "192.0.2.1" in said_of(found, "PTR")[0]
        server.has("1.2.0.192.in-addr.arpa", "PTR", "mx.relay.zz.")
        found = await mail_checks.DnsCheck(names)(patient)
    assert "lead back to a name" in said_of(found, "PTR")[0]


# Round trips


async def test_a_mail_goes_to_the_canary_and_is_fetched_back(installation):
    maildir = installation.folder / "canary"
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True)
    more = f'\n[watch]\ncanary = "canary@{HOME}"\nmailbox = "maildir:{maildir}"\n'
    async with open_mailbox() as mailbox, name_server() as (_, names):
        with_key(installation, port=mailbox.port)
        installation.settings.write_text(installation.settings.read_text() + more)
        patient = patient_of(installation)
        trip = roundtrips.RoundTrip(names, patience=10, pause=0.05)

        async def arrives(change=lambda raw: raw):
            while not mailbox.messages:
                await asyncio.sleep(0.02)
            (maildir / "new" / "1.a.host").write_bytes(change(mailbox.messages.pop()))

        found, _ = await asyncio.gather(trip(patient), arrives())
        assert wrong(found) == []
        assert len(found) == 2
        (maildir / "cur" / "1.a.host:2,S").unlink(missing_ok=True)
        dated = lambda raw: raw.replace(b"Date: ", b"Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nX-Date: ")  # noqa: E731
        found, _ = await asyncio.gather(trip(patient), arrives(dated))
    assert 'Set dkim.leave_out = ["date"].' in {f.do for f in found}
    assert any("no signature in our name is valid" in w for w in wrong(found))


async def test_without_a_canary_the_contact_gets_it_and_hands_the_file_in(installation):
    async with open_mailbox() as mailbox, name_server() as (_, names):
        patient = patient_of(with_key(installation, port=mailbox.port))
        (found,) = await roundtrips.RoundTrip(names)(patient)
        assert "--returned" in found.do
        file = installation.folder / "back.eml"
        file.write_bytes(b"Received: by x\r\n" + mailbox.messages[0])
        assert wrong(await roundtrips.returned(patient, file, names)) == []
        code, told, _ = await command(installation, "--returned", str(file))
        assert (code, "came as it was sent" in told) == (0, True)
        file.write_bytes(mailbox.messages[0] + b"-- \r\nSent by a list\r\n")
        assert "changes the text" in " ".join(wrong(await roundtrips.returned(patient, file, names)))


@pytest.mark.parametrize("content", [b"", b"Subject: hello\r\n\r\n", b"nkwatch-99999999T999999-0123456789abcdef"])
async def test_a_file_that_is_no_mail_of_ours_is_told(installation, content):
    settings(installation)
    file = installation.folder / "other.eml"
    file.write_bytes(content)
    code, told, _ = await command(installation, "--returned", str(file))
    assert (code, "other.eml" in told) == (1, True)


async def test_a_mail_that_does_not_arrive_or_leave_is_told(installation):
    maildir = installation.folder / "canary"
    more = f'\n[watch]\ncanary = "canary@watch.example"\nmailbox = "maildir:{maildir}"\n'
    async with open_mailbox() as mailbox, name_server() as (_, names):
        settings(installation, port=mailbox.port, more=more)
        trip = roundtrips.RoundTrip(names, patience=0.2, pause=0.05)
        assert "does not open" in wrong(await trip(patient_of(installation)))[0]
        for part in ("cur", "new", "tmp"):
            (maildir / part).mkdir(parents=True)
        assert "did not arrive" in wrong(await trip(patient_of(installation)))[0]
        settings(installation, port=9, more=more)
        assert "did not take it" in wrong(await trip(patient_of(installation)))[0]
