"""Readers as an operator keeps them from the command line: added, listed, imported, exported, erased, asked about."""

import csv
import io
import json
import re
import stat
import tomllib
from datetime import timedelta

import pytest
from tests.making import NOW, at, choice, context, polled, reading, report, sifted, sign_up, statement, story
from tests.story.commands import came_back, done, invoke, lines, opened, refused, run
from tests.workflow.fakes import FakeClock

from nkwatch.cli.unfit import unfit
from nkwatch.domain.bounce import BounceKind
from nkwatch.domain.delivery import Deferred, Lane, Refused, Sent
from nkwatch.domain.lease import Lease
from nkwatch.domain.reading import Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule, Standing, Suppression
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.matching import Offer
from nkwatch.reading.stories import Placement, marks

ANN, BEN = "ann@example.org", "ben@example.org"
DAILY = Schedule(Rhythm.DAILY, 9, "UTC")
ON_PAPER = Consent("paper", NOW)
MAILCHIMP = '"Email Address",OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TIMEZONE,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n'
TAGS = '[tag."forced return"]\nthemes = ["refugees"]\n'


async def asked(installation, *arguments: str) -> tuple[bool, str]:
    """What `subscribers why` answers: yes or no, and why."""
    code, told, _ = await run(installation, "subscribers", "why", *arguments)
    answer, _, why = told.strip().partition(": ")
    assert code == {"yes": 0, "no": 1}[answer]
    return answer == "yes", why


async def readers(installation) -> dict:
    """Everybody on the roll by address."""
    async with opened(installation) as newsroom:
        return {own.address: own for own in await newsroom.subscribers.everybody()}


async def told(newsroom, name: str, **fields) -> None:
    """A story of one statement, read by the rules test.1."""
    one = statement(name, title=f"Prison camp {name}", text=f"Guards at the camp {name} tortured prisoners.")
    await newsroom.statements.record_polls([polled(sifted(one))])
    await newsroom.statements.record_readings([Placement(reading(name, **fields), name, marks(one))], newsroom.clock())


# adding and listing


async def test_everything_that_a_reader_can_choose_can_be_given(installation):
    await done(
        installation, "subscribers", "add", ANN, "--consent", "paper", "--rhythm", "monthly", "--hour", "6",
        "--zone", "Asia/Seoul", "--monthday", "15", "--language", "ko", "--text-only", "--neutral", "--no-alerts",
        "--themes", "prisons, refugees", "--sources", "a", "--kinds", "press", "--words", '북송, "camp, no. 14"',
        "--cases", "Kim Cheol-su", "--mute-themes", "abductions", "--mute-sources", "a", "--mute-kinds", "reprint",
        "--mute-words", "sport", "--mute-cases", "Kim Jong-un", "--phrase", "blue heron",
    )  # fmt: skip
    own = (await readers(installation))[ANN]
    chosen = own.subscriber.choice
    assert own.consent.origin == "paper"
    assert chosen.schedule == Schedule(Rhythm.MONTHLY, 6, "Asia/Seoul", 0, 15)
    assert (chosen.alerts, chosen.edition.language, chosen.edition.format, chosen.edition.neutral) == (
        False, "ko", "text", True
    )  # fmt: skip
    follows = Follows(frozenset({"북송", "camp, no. 14"}), frozenset({"Kim Cheol-su"}))
    asks = (frozenset({"prisons", "refugees"}), frozenset({"a"}), frozenset({Role.PRESS}), follows)
    assert chosen.wishes == (Wish(*asks),)
    muted = Follows(frozenset({"sport"}), frozenset({"Kim Jong-un"}))
    assert chosen.mutes == Mutes(frozenset({"abductions"}), frozenset({"a"}), frozenset({Role.REPRINT}), muted)
    assert chosen.phrase == "blue heron"


async def test_every_wrong_choice_is_said_at_once_by_its_option(installation):
    said = await refused(
        installation,
        "subscribers",
        "add",
        ANN,
        "--mute-themes",
        "sports",
        "--zone",
        "Mars/One",
        "--kinds",
        "blog",
        code=2,
    )
    assert "--mute-themes: no theme named sports" in said
    assert "--zone: no time zone named 'Mars/One'" in said
    assert "--kinds: Input should be" in said


async def test_who_had_everything_erased_is_not_subscribed_again_by_a_sheet_of_paper(installation):
    async with opened(installation) as newsroom:
        await newsroom.subscribers.suppress(ANN, Suppression.ERASED, NOW)
    assert "not to be mailed" in await refused(installation, "subscribers", "add", ANN, "--consent", "paper")


async def test_an_operator_is_told_what_the_site_tells_nobody(installation):
    await done(installation, "subscribers", "add", ANN, "--consent", "paper")
    _, told, said = await run(installation, "subscribers", "add", ANN, "--consent", "paper", "--rhythm", "daily")
    assert "already known" in told
    assert "its choice stays" in said
    await done(installation, "subscribers", "erase", ANN, "--yes")
    assert "not to be mailed" in await refused(installation, "subscribers", "add", ANN)
    assert "nothing would ever be sent" in await refused(
        installation, "subscribers", "add", BEN, "--rhythm", "none", "--no-alerts", code=2
    )
    assert json.loads(await done(installation, "recover", "--json"))["erased_unconfirmed"] == 0


async def test_the_list_shows_ids_and_addresses_only_when_asked(installation):
    async with opened(installation) as newsroom:
        await newsroom.subscribe.join(sign_up(ANN), ON_PAPER)
        await newsroom.subscribe.join(sign_up(BEN))
        (paused,) = [o for o in await newsroom.subscribers.everybody() if o.address == ANN]
        await newsroom.subscribe.pause(paused.subscriber.id, at("2099-01-01T00:00"))
    for arguments in (("list",), ("list", "--json"), ("list", "--standing", "pending", "--json")):
        assert "example.org" not in await done(installation, "subscribers", *arguments)
    people = {r["address"]: r for r in await lines(installation, "subscribers", "list", "--addresses")}
    assert (people[ANN]["paused"], people[ANN]["paused until"]) == (True, "2099-01-01T00:00:00Z")
    assert (people[BEN]["paused"], people[BEN]["standing"]) == (False, "pending")
    (pending,) = await lines(installation, "subscribers", "list", "--standing", "pending")
    assert pending["id"] == people[BEN]["id"]
    assert "2099-01-01" in await done(installation, "subscribers", "list")


# pausing, ending, erasing, allowing


async def test_somebody_is_paused_until_a_day_of_their_own_zone_and_goes_on(installation):
    async with opened(installation) as newsroom:
        await newsroom.subscribe.join(sign_up(ANN, Schedule(zone="Asia/Seoul")), ON_PAPER)
        await newsroom.subscribe.join(sign_up(BEN))
    assert "paused until: 2099-01-01" in await done(installation, "subscribers", "pause", ANN, "--until", "2099-01-01")
    own = (await readers(installation))[ANN]
    assert own.subscriber.paused_until == at("2098-12-31T15:00")
    await done(installation, "subscribers", "pause", own.subscriber.id, "--until", "2099-01-01T09:30")
    assert (await readers(installation))[ANN].subscriber.paused_until == at("2099-01-01T00:30")
    await done(installation, "subscribers", "pause", own.subscriber.id, "--resume")
    assert (await readers(installation))[ANN].subscriber.paused_until is None
    assert "only who is confirmed" in await refused(installation, "subscribers", "pause", BEN, "--until", "2099-01-01")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((ANN,), 2, "either --until DAY or --resume"),
        ((ANN, "--until", "2099-01-01", "--resume"), 2, "either --until DAY or --resume"),
        ((ANN, "--until", "soon"), 2, "'soon' is no day"),
        ((ANN, "--until", "2020-01-01"), 2, "that day is over"),
        (("nosuch", "--resume"), 1, "nobody with the id 'nosuch'"),
        ((BEN, "--resume"), 1, "nobody with the address"),
    ],
)
async def test_a_pause_that_cannot_be_is_said(installation, arguments, code, said):
    async with opened(installation) as newsroom:
        await newsroom.subscribe.join(sign_up(ANN), ON_PAPER)
    assert said in await refused(installation, "subscribers", "pause", *arguments, code=code)


async def test_a_subscription_is_ended_by_address_or_id_once(installation):
    async with opened(installation) as newsroom:
        await newsroom.subscribe.join(sign_up(ANN), ON_PAPER)
    await done(installation, "subscribers", "end", ANN, "--reason", "by telephone")
    assert (await readers(installation))[ANN].end_reason == "by telephone"
    assert "is subscribed" in await refused(installation, "subscribers", "end", ANN)


async def test_erasing_asks_first_and_leaves_nothing_but_the_hash(installation):
    async with opened(installation) as newsroom:
        await newsroom.subscribe.join(sign_up(ANN), ON_PAPER)
    code, _, said = await run(installation, "subscribers", "erase", ANN, "--dry-run")
    assert (code, "nothing was erased" in said) == (0, True)
    code, *_ = await run(installation, "subscribers", "erase", ANN, given="n\n")
    assert code == 1
    code, *_ = await run(installation, "subscribers", "erase", ANN)  # nobody is there to be asked
    assert code == 2
    assert ANN in await readers(installation)
    assert "erased" in await done(installation, "subscribers", "erase", ANN, "--yes")
    assert await readers(installation) == {}
    assert "nobody with the address" in await refused(installation, "subscribers", "erase", ANN, "--yes")
    assert (await asked(installation, ANN))[1].endswith("whoever has the address had everything erased")


async def test_what_is_suppressed_can_be_allowed_again_and_it_is_said_since_when_it_stood(installation):
    async with opened(installation) as newsroom:
        await newsroom.subscribers.suppress(ANN, Suppression.BOUNCED, at("2025-03-04T05:06"))
    assert "was: bounced, since: 2025-03-04" in await done(installation, "subscribers", "allow", ANN)
    assert "nothing stood against" in await refused(installation, "subscribers", "allow", ANN)
    assert "no mail address" in await refused(installation, "subscribers", "allow", "ann", code=2)


# import, export


async def test_a_mailchimp_export_is_taken_over_with_consent_tags_and_those_who_left(installation):
    folder = installation.folder
    (folder / "tags.toml").write_text(TAGS)
    rows = (
        f"{ANN},2020-01-01 10:00:00,203.0.113.7,2020-01-01 10:05:00,203.0.113.7,Asia/Seoul,2020-01-01 10:05:00,1,2,,"
        '"""Forced return"""\n'
        f"{BEN},,,2021-01-01 00:00:00,203.0.113.9,,,3,4,,\n"
        "broken,,,,,,,,,,\n"
    )
    (folder / "subscribed_1.csv").write_text(MAILCHIMP + rows)
    (folder / "unsubscribed_1.csv").write_text("Email Address,UNSUB_TIME\neve@example.org,2022-02-02 00:00:00\n")
    typed = ("subscribers", "import", str(folder / "subscribed_1.csv"), "--from", "mailchimp")
    assert "--origin: say where" in await refused(installation, *typed, code=2)
    typed = (*typed, "--origin", "form on our site", "--tags", str(folder / "tags.toml"), "--language", "fr")
    planned = await lines(installation, *typed, "--dry-run")
    assert [p["do"] for p in planned] == ["subscribe", "ask", "leave out"]
    assert await readers(installation) == {}
    shown = await done(installation, *typed, "--dry-run")
    assert "today: 1" in shown
    code, answer, said = await run(installation, *typed)
    assert (code, answer) == (0, "subscribed: 1, asked: 1, suppressed: 0, skipped: 0, left out: 0, wrong: 1\n")
    assert "subscribed_1.csv, line 4: b…@… is no mail address" in said
    people = await readers(installation)
    assert {a: o.standing for a, o in people.items()} == {ANN: Standing.CONFIRMED, BEN: Standing.PENDING}
    assert people[ANN].consent == Consent("form on our site (imported from mailchimp)", at("2020-01-01T10:05"))
    assert people[ANN].subscriber.choice.wishes == (Wish(frozenset({"refugees"})),)
    assert people[ANN].subscriber.choice.edition.language == "fr"
    left = ("subscribers", "import", str(folder / "unsubscribed_1.csv"), "--from", "mailchimp", "--origin", "form")
    shown = await done(installation, *left, "--dry-run")
    assert "never mail" in shown
    assert (await lines(installation, *left))[0]["suppressed"] == 1
    shown = await done(installation, *typed, "--dry-run")
    assert "is subscribed already" in shown
    assert (await lines(installation, *typed))[0]["skipped"] == 2
    for name in ("nkwatch.db", "nkwatch.db-wal"):
        kept = (folder / name).read_bytes() if (folder / name).exists() else b""
        assert b"203.0.113" not in kept
        assert b"example.org" not in kept.replace(b"https://a.example", b"").replace(b"watch.example", b"")


async def test_listmonk_needs_to_be_told_how_the_subscriptions_stand(installation):
    file = installation.folder / "subscribers.csv"
    file.write_text(
        f"uuid,email,name,attributes,status,created_at,updated_at\n1,{ANN},Ann,{{}},enabled,2020-01-01,2020-01-01\n"
    )
    typed = ("subscribers", "import", str(file), "--from", "listmonk", "--origin", "form")
    assert "--subscriptions: listmonk's file does not say" in await refused(installation, *typed, code=2)
    await done(installation, *typed, "--subscriptions", "unsubscribed")
    assert await readers(installation) == {}
    (answer,) = await lines(installation, *typed, "--subscriptions", "confirmed")
    assert (answer["subscribed"], answer["skipped"]) == (0, 1)


async def test_what_cannot_be_imported_is_one_sentence(installation):
    file = installation.folder / "roll.csv"
    typed = ("subscribers", "import", str(file), "--from", "csv")
    assert "cannot be read" in await refused(installation, *typed, code=2)
    file.write_text(f"{ANN}\n{BEN}\n")
    said = await refused(installation, *typed, code=2)
    assert "one of them must be `email`" in said
    assert "example.org" not in said
    file.write_text("email\n" + "nobody\n" * 30)
    code, _, said = await run(installation, *typed)
    assert (code, "and 10 more rows that cannot be read" in said) == (1, True)
    assert "Traceback" not in said
    assert "--zone: no time zone" in await refused(installation, *typed, "--zone", "Mars/One", code=2)


async def test_who_is_imported_gets_alerts_unless_the_operator_or_the_table_says_otherwise(installation):
    file = installation.folder / "roll.csv"
    file.write_text(f"email,confirmed_at,alerts\n{ANN},2024-01-01,\n{BEN},2024-01-02,yes\n")
    await done(installation, "subscribers", "import", str(file), "--from", "csv", "--origin", "old", "--no-alerts")
    people = await readers(installation)
    assert {name: own.subscriber.choice.alerts for name, own in people.items()} == {ANN: False, BEN: True}


async def test_first_mails_of_an_import_wait_for_their_day_and_the_request_outlives_the_wait(installation):
    file = installation.folder / "roll.csv"
    asked = "".join(f"reader{n}@example.org,\n" for n in range(8))
    file.write_text("email,confirmed_at\n" + asked + f"{ANN},2024-01-01\n{BEN},2024-01-02\n")
    await done(installation, "subscribers", "import", str(file), "--from", "csv", "--origin", "old", "--per-day", "1")
    people = await readers(installation)
    assert people[BEN].subscriber.paused_until is None
    async with opened(installation) as newsroom:
        joined = people[ANN].joined_at
        day = timedelta(days=1)
        assert abs(people[ANN].subscriber.paused_until - joined - day) < timedelta(minutes=1)
        # asked are one on the second day, four on the third, three on the fourth; 48 hours count from then
        for later, kept in ((2.5, 10), (3.5, 9), (4.5, 5), (5.5, 2)):
            await newsroom.subscribers.tidy(joined + later * day)
            assert len(await newsroom.subscribers.everybody()) == kept


@pytest.mark.parametrize("form", ["jsonl", "csv"])
async def test_an_export_can_be_imported_again_without_loss(installation, tmp_path_factory, form):
    wishes = (
        Wish(frozenset({"prisons"})),
        Wish(roles=frozenset({Role.PRESS}), follows=Follows(frozenset({"=cmd|'!A1"}))),
    )
    odd = sign_up(ANN, DAILY, language="ko", wishes=wishes, phrase='@home, "it\'s" blue', neutral=True)
    plain = sign_up(BEN, mutes=Mutes(follows=Follows(cases=frozenset({"Kim, the elder"}))))
    async with opened(installation) as newsroom:
        await newsroom.subscribe.join(odd, ON_PAPER)
        await newsroom.subscribe.join(plain, ON_PAPER)
        await newsroom.subscribe.join(sign_up("gone@example.org"), ON_PAPER)
        gone = await newsroom.subscribers.find_address("gone@example.org")
        await newsroom.subscribe.leave(gone, "left")
    out = installation.folder / f"readers.{form}"
    code, told, said = await run(installation, "subscribers", "export", "--out", str(out), "--format", form)
    assert (code, told, "3 readers written" in said) == (0, "", True)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "nothing was written" in await refused(installation, "subscribers", "export", "--out", str(out), code=2)
    nowhere = installation.folder / "none" / "readers"
    assert "cannot be written" in await refused(installation, "subscribers", "export", "--out", str(nowhere), code=2)
    other = type(installation)(tmp_path_factory.mktemp("other"))
    (answer,) = await lines(other, "subscribers", "import", str(out), "--from", "nkwatch", "--per-day", "0")
    assert (answer["subscribed"], answer["suppressed"], answer["wrong"]) == (2, 1, 0)
    before, after = await readers(installation), await readers(other)
    for address in (ANN, BEN):
        assert after[address].subscriber.choice == before[address].subscriber.choice
        assert after[address].consent == before[address].consent


async def test_a_table_holds_nothing_that_a_spreadsheet_would_run(installation):
    async with opened(installation) as newsroom:
        await newsroom.subscribe.join(sign_up("=1+1@example.org", phrase="+cmd|' /C calc'!A0"), ON_PAPER)
    told = await done(installation, "subscribers", "export", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(told))
    assert not [cell for cell in row.values() if cell[:1] in {"=", "+", "-", "@"}]


# whether somebody got it


async def posted(installation) -> dict[str, str]:
    """A story went out as an alert (1) and in a digest (2); another stands in the digest. Answers ids by name."""
    clock = FakeClock(NOW)
    people = {
        "got": sign_up(ANN, DAILY),
        "quiet": sign_up("quiet@example.org", DAILY, alerts=False),
        "other": sign_up("other@example.org", DAILY, wishes=(Wish(frozenset({"refugees"})),)),
        "muting": sign_up("muting@example.org", DAILY, mutes=Mutes(themes=frozenset({"prisons"}))),
        "words": sign_up("words@example.org", DAILY, wishes=(Wish(follows=Follows(frozenset({"football"}))),)),
        "never": sign_up("never@example.org", Schedule(Rhythm.NONE), alerts=False),
        "monthly": sign_up("monthly@example.org", Schedule(Rhythm.MONTHLY, 9), alerts=False),
        "paused": sign_up("paused@example.org", DAILY),
        "left": sign_up("left@example.org", DAILY),
    }
    async with opened(installation, clock) as newsroom:
        for form in people.values():
            await newsroom.subscribe.join(form, ON_PAPER)
        await newsroom.subscribe.join(sign_up("pending@example.org", DAILY))
        ids = {o.address.partition("@")[0]: o.subscriber.id for o in await newsroom.subscribers.everybody()}
        await newsroom.subscribe.pause(ids["paused"], at("2099-01-01T00:00"))
        await told(newsroom, "s1", urgency=Urgency.URGENT)
        await told(newsroom, "s2")
        await newsroom.publish()
        clock.forward(hours=3)
        await newsroom.publish()
        await newsroom.subscribe.leave(ids["left"], "left by the link in a mail")
    return ids


async def test_why_says_that_somebody_got_it_and_what_the_relay_said(installation):
    ids = await posted(installation)
    async with opened(installation, FakeClock(NOW + timedelta(hours=4))) as newsroom:
        now, lease = newsroom.clock(), Lease("test", newsroom.clock() + timedelta(hours=1))
        claimed = [c for lane in Lane for c in await newsroom.outbox.claim(now, 99, lease, lane)]
        said = {1: Sent("250 2.0.0 queued"), 2: Deferred("451 4.7.1 try again later")}
        outcomes = [(c.delivery, said[c.number]) for c in claimed if c.subscriber_id == ids["ann"]]
        await newsroom.outbox.book(outcomes, (), now, "test")
        quiet = [(c.delivery, Refused("550 5.1.1 no such user")) for c in claimed if c.subscriber_id == ids["quiet"]]
        await newsroom.outbox.book(quiet, (), now, "test")
    assert await asked(installation, ANN, "1") == (
        True, "alert 1: the relay took it on 2026-11-22 11:00 UTC: 250 2.0.0 queued"
    )  # fmt: skip
    assert await asked(installation, ids["ann"], "s1") == await asked(installation, ANN, "1")
    got, why = await asked(installation, ids["ann"], "2")
    assert (got, "put off 1 times and is tried again" in why, "451 4.7.1" in why) == (False, True, True)
    got, why = await asked(installation, ids["quiet"], "s2")
    assert (got, why) == (False, "digest 2: it was refused on 2026-11-22 11:00 UTC: 550 5.1.1 no such user")
    code, told, _ = await run(installation, "subscribers", "why", ids["ann"], "1", "--json")
    answer = json.loads(told)
    assert (code, answer["got"], answer["state"], answer["standing"]) == (0, True, "sent", "confirmed")
    assert answer["done_at"] == "2026-11-22T11:00:00Z"


@pytest.mark.parametrize(
    ("kind", "then", "got", "said"),
    [
        (BounceKind.SOFT, "", False, "came back as a soft bounce, which has led to nothing yet"),
        (BounceKind.HARD, "", False, "came back as a hard bounce, and the subscription ended for it"),
        (BounceKind.COMPLAINT, "", True, "was complained of, and the subscription ended for it"),
        (BounceKind.SOFT, "asked by telephone", False, "came back as a soft bounce, which led to nothing"),
    ],
)
async def test_why_says_what_came_back_and_what_it_led_to(installation, kind, then, got, said):
    ids = await posted(installation)
    async with opened(installation, FakeClock(NOW + timedelta(hours=4))) as newsroom:
        now, lease = newsroom.clock(), Lease("test", newsroom.clock() + timedelta(hours=1))
        claimed = await newsroom.outbox.claim(now, 99, lease, Lane.URGENT)
        (mail,) = [c.delivery for c in claimed if c.subscriber_id == ids["ann"]]
        await newsroom.outbox.book([(mail, Sent("250 2.0.0 queued"))], (), now, "test")
        assert await newsroom.bounces.take(came_back(newsroom, mail.id, kind))
        if then:
            await newsroom.subscribe.leave(ids["ann"], then)
    was, why = await asked(installation, ids["ann"], "1")
    assert (was, why) == (
        got, f"alert 1: the relay took it on 2026-11-22 11:00 UTC: 250 2.0.0 queued; on 2026-11-22 11:00 UTC it {said}"
    )  # fmt: skip
    code, told, _ = await run(installation, "subscribers", "why", ids["ann"], "--json")
    mails = json.loads(told)["mails"]
    assert [m["came_back"]["kind"] for m in mails if m["came_back"]] == [str(kind)]
    assert code == (1 if "ended" in said or then else 0)


async def test_why_says_why_not_for_every_reason_that_there_is(installation):
    ids = await posted(installation)
    expected = {
        ("quiet", "1"): "alerts are off",
        ("other", "1"): "it does not fit the wish: it asks for the themes refugees, and the story is on prisons",
        ("other", "2"): "none of its 2 stories fits the choice; the first: it does not fit the wish",
        ("muting", "s1"): "it is muted: by the theme prisons",
        ("words", "s1"): "it does not fit the wish: no followed word or name stands in it",
        ("never", "s1"): "no digests are chosen",
        ("never", "2"): "no digests are chosen",
        ("monthly", "s2"): "it was no alert, and the window that holds it closes on 2026-12-01 09:00 UTC",
        ("monthly", "2"): "this reader's windows close at another time",
        ("paused", "1"): "paused until 2099-01-01",
        ("paused", "s2"): "paused until 2099-01-01",
        ("pending", "s1"): "has been asked to confirm since 2026-11-22 07:00 UTC, and has not",
        ("left", "1"): "it was cancelled on 2026-11-22 10:00 UTC: left by the link in a mail",
        ("ann", "2"): "digest 2: it waits to be handed over",
        ("ann", "99"): "there is no bulletin with the number 99",
        ("ann", "nosuch"): "there is no story with the id 'nosuch'",
    }
    async with opened(installation, FakeClock(NOW + timedelta(hours=4))):
        for (name, what), why in expected.items():
            got, said = await asked(installation, ids[name], what)
            assert not got
            assert why in said, (name, what, said)
            assert "football" not in said


async def test_why_without_a_bulletin_says_whether_mails_go_there_at_all(installation):
    ids = await posted(installation)
    got, said = await asked(installation, ids["ann"])
    assert got
    assert "daily digests, the next window closes on 2026-11-23 09:00 UTC, alerts; the last mail: digest 2" in said
    assert await asked(installation, ids["paused"]) == (False, "paused until 2099-01-01 00:00 UTC")
    assert (await asked(installation, ids["left"]))[1].startswith(
        "the subscription ended on 2026-11-22 10:00 UTC: left"
    )
    assert await asked(installation, "nosuch") == (False, "nobody with the id 'nosuch' is known here")
    async with opened(installation) as newsroom:
        await newsroom.subscribers.suppress("x@example.org", Suppression.COMPLAINED, NOW)
    assert (await asked(installation, "x@example.org"))[1].endswith("whoever has the address complained")


# keys


async def test_a_new_key_is_added_and_rows_move_to_it_while_everything_stays_readable(installation):
    async with opened(installation) as newsroom:
        await newsroom.subscribe.join(sign_up(ANN, phrase="blue heron"), ON_PAPER)
        await newsroom.subscribers.suppress(BEN, Suppression.ERASED, NOW)
    secrets = installation.folder / "nkwatch.secrets.toml"
    secrets.write_text("# keep me\n" + secrets.read_text())
    old = tomllib.loads(secrets.read_text())
    (first,) = await lines(installation, "keys", "list")
    assert first == {"key": 1, "current": True, "readers": 1, "erased": 1}
    code, _, said = await run(installation, "keys", "new")
    assert code == 0
    assert "apart from the database; start the service again" in " ".join(said.split())
    new = tomllib.loads(secrets.read_text())
    assert secrets.read_text().startswith("# keep me\n")
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert (new["current"], new["keys"]["1"]) == (2, old["keys"]["1"])
    assert [p.name for p in installation.folder.iterdir() if "secrets" in p.name] == ["nkwatch.secrets.toml"]
    assert (await lines(installation, "keys", "reseal")) == [{"moved": 1}]
    assert (await lines(installation, "keys", "reseal")) == [{"moved": 0}]
    listed = await done(installation, "keys", "list", "--json")
    assert [json.loads(line) for line in listed.splitlines()] == [
        {"key": 1, "current": False, "readers": 0, "erased": 1},
        {"key": 2, "current": True, "readers": 1, "erased": 0},
    ]
    assert not [key for key in new["keys"].values() if key in listed]
    assert (await readers(installation))[ANN].subscriber.choice.phrase == "blue heron"
    assert not (await asked(installation, BEN))[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('current = 255\n[keys]\n255 = "{key}"\n', "key 255 is the last"),
        ('current = 1\nkeys = {{ 1 = "{key}" }}\n', ""),
        ('current = 1\n[keys]\n1 = "c2hvcnQ="\n', "32 bytes in each key"),
    ],
)
async def test_secrets_of_every_shape_are_edited_or_left_alone(installation, text, said):
    installation.write(port=2)
    secrets = installation.folder / "nkwatch.secrets.toml"
    key = next(iter(tomllib.loads(secrets.read_text())["keys"].values()))
    secrets.write_text(text.format(key=key))
    before = secrets.read_text()
    code, _, told = await run(installation, "keys", "new")
    if said:
        assert (code, said in " ".join(told.split()), secrets.read_text()) == (2, True, before)
    else:
        assert (code, tomllib.loads(secrets.read_text())["current"]) == (0, 2)


def fits(*reports, **chosen) -> str:
    """Why a story of these reports is not wanted by this choice."""
    return unfit(choice(**chosen), Offer.of(story(*reports)))


def test_why_a_story_is_not_wanted_names_the_side_but_no_followed_word():
    sources, press = frozenset({"b"}), frozenset({Role.PRESS})
    guards = Follows(frozenset({"missing"}), frozenset())
    off_topic = report(themes=(context(),))
    assert fits() == ""
    assert fits(mutes=Mutes(sources=frozenset({"a"}))) == (
        "it is muted: all its reports come from muted sources or kinds of source (a, statement)"
    )
    assert fits(mutes=Mutes(follows=guards)) == "it is muted: by a word"
    assert fits(mutes=Mutes(follows=Follows(cases=frozenset({"Hoeryong"})))) == "it is muted: by a name"
    assert fits(off_topic) == (
        "it does not fit the wish: no report of it is on human rights: only who names one of its themes gets it"
    )
    assert fits(
        wishes=(Wish(sources=sources), Wish(frozenset({"refugees"}), roles=press, follows=Follows(cases=sources)))
    ) == (
        "it fits no wish: 1. it asks for sources or kinds of source (b), and the story has a, statement; "
        "2. it asks for the themes refugees, and the story is on prisons, and it asks for sources or kinds of source "
        "(press), and the story has a, statement, and no followed word or name stands in it"
    )


COMMANDS = (
    *(f"subscribers {c}" for c in ("add", "list", "import", "export", "erase", "pause", "why", "end", "allow")),
    *(f"keys {c}" for c in ("list", "new", "reseal")),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    code, told, _ = invoke(*command.split(), "--help")
    assert code == 0
    assert f"Example: nkwatch {command}" in re.sub(r"(-c|--config) \S+ ", "", " ".join(told.split()))
