"""``nkwatch redact``: somebody is taken out, and no page, feed, mail or command names her any more."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.making import NOW, placement, polled, sifted, sign_up, snapshot, statement
from tests.story.commands import answered, done, invoke, lines, opened, refused, run
from tests.workflow.fakes import FakeClock

from nkwatch.domain.bulletin import Mailing
from nkwatch.domain.reading import Evidence, Mention, Quote, Urgency
from nkwatch.domain.redaction import SQUARES
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule
from nkwatch.reading.names import name_key
from nkwatch.web.app import create_app
from nkwatch.workflow.alerts import Alerts
from nkwatch.workflow.publish import Publish

FORMS = ("리은영", "Ri Un-yong")
URL = "https://a.example/2026/ri-un-yong-held"
TEXT = "Ms Ri Un-yong (리은영) was taken to a prison camp in North Korea.\n\nHer mother asked China to let her go."
SITE = "https://watch.example"
FOUND = (
    "/", "/stories/s1", "/stories/s2", "/search?q=prison", "/dossier?q=prison", "/sources/a", "/themes/prisons",
    "/feed.atom", "/feed.rss", "/feed.json", "/sources/a/feed.rss", "/api/v1/stories", "/api/v1/stories/s1",
    "/api/v1/statements", "/numbers", "/data", "/editions", "/cases",
)  # fmt: skip
EDITOR = ("--editor", "Ann", "--reason", "asked by the family", "--yes")


async def told(installation) -> str:
    """A digest that tells of her was mailed; answers the path of its copy."""
    clock = FakeClock(NOW)
    async with opened(installation, clock) as newsroom:
        schedule = Schedule(Rhythm.DAILY, 9, "UTC")
        await newsroom.subscribe.join(sign_up("reader@inbox.example", schedule), Consent("paper", NOW))
        title = "Ri Un-yong is held in a prison camp"
        one = statement("s1", title=title, text=TEXT, url=URL, published=NOW - timedelta(hours=1))
        other = statement("s2", title="Rice prices rise in Hyesan", text="Rice in North Korea is dear this winter.")
        shown = polled(sifted(one, other), snapshot=snapshot(TEXT.encode()))
        await newsroom.statements.record_polls([shown])
        who = Evidence("title", 0, 10, "Ri Un-yong")
        read = placement(one, quotes=(Quote(who, "리은영"),), cases=(Mention(who, name_key("Ri Un-yong")),))
        await newsroom.statements.record_readings([read, placement(other)], NOW)
        await newsroom.index()
        clock.now = NOW.replace(hour=10)
        assert (await newsroom.publish()).deliveries == 1
        (found,) = await newsroom.database.read(
            lambda c: list(c.exec_driver_sql("SELECT id FROM composition WHERE kind = 'digest'").scalars())
        )
        return f"/mails/{found}"


async def everywhere(installation, *paths: str) -> dict[str, str]:
    """What pages, feeds and commands say, by where they say it."""
    said = {}
    async with opened(installation, FakeClock(NOW.replace(hour=11))) as newsroom:
        app = create_app(newsroom)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE) as client:
            for path in (*FOUND, *paths):
                said[path] = (await client.get(path, follow_redirects=True)).text
    for name in ("s1", "1"):
        _, out, err = await run(installation, "explain", name)
        said[f"explain {name}"] = out + err
    return said


def naming(said: dict[str, str]) -> list[str]:
    """Where she is named."""
    forms = re.compile(f"리은영|Ri.Un.yong|{quote('리은영')}", re.IGNORECASE)
    return [where for where, text in said.items() if forms.search(text)]


async def test_a_person_is_taken_out_of_pages_feeds_mails_search_and_explanations(installation):
    copy = await told(installation)
    before = naming(await everywhere(installation, copy))
    feeds = {"/feed.atom", "/feed.rss", "/feed.json", "/sources/a/feed.rss"}
    assert {"/", "/stories/s1", "/search?q=prison", "/dossier?q=prison", copy, "explain s1", *feeds} <= set(before)
    dry = await answered(installation, "redact", "person", *FORMS, "--dry-run")
    assert (dry["statements"], dry["written"]) == (1, False)
    assert dry["samples"] == [{"id": "s1", "title": "Ri Un-yong is held in a prison camp"}]
    assert naming(await everywhere(installation, copy)) == before
    made = await answered(installation, "redact", "person", *FORMS, *EDITOR)
    assert (made["redaction"], made["statements"], made["snapshots"], made["clean"]) == (1, 1, 1, True)
    assert made["pending deliveries"] == 1
    said = await everywhere(installation, copy)
    assert naming(said) == []
    assert SQUARES in said["/stories/s1"]
    assert SQUARES in said[copy]
    assert "Rice prices rise" in said[copy]


async def test_the_next_round_reads_it_anew_and_the_story_stays(installation):
    await told(installation)
    await answered(installation, "redact", "person", *FORMS, *EDITOR)
    assert (await answered(installation, "read"))["statements"] == 1
    said = await everywhere(installation)
    assert naming(said) == []
    assert f"{SQUARES} is held in a prison camp" in said["/stories/s1"]


async def test_a_statement_is_taken_out_and_its_story_is_gone(installation):
    copy = await told(installation)
    dry = await answered(installation, "redact", "statement", "s1", "--dry-run")
    assert (dry["statements"], dry["compositions"], dry["written"]) == (1, 1, False)
    made = await answered(installation, "redact", "statement", "s1", *EDITOR)
    assert (made["statements"], made["compositions"]) == (1, 1)
    said = await everywhere(installation, copy)
    assert naming(said) == []
    assert "prison camp" not in said["/"] + said["/stories/s1"] + said[copy] + said["explain s1"]
    assert "Rice prices rise" in said[copy]
    _, out, err = await run(installation, "statements", "snapshots", "s1")
    assert "its bytes were destroyed" in " ".join((out + err).split())
    assert "no deleted statement" in (await run(installation, "statements", "keep", "s1"))[2]


async def test_redactions_are_listed_without_names(installation):
    await told(installation)
    await done(installation, "redact", "person", *FORMS, *EDITOR)
    await done(installation, "redact", "statement", "s2", *EDITOR)
    person, removed = await lines(installation, "redact", "list")
    assert (person["number"], person["kind"], person["state"]) == (1, "person", "done")
    assert (removed["kind"], removed["statement"], removed["reason"]) == ("statement", "s2", "asked by the family")
    assert naming({"list": str(person)}) == []
    assert "on a terminal only" in await refused(installation, "redact", "list", "--show", code=2)


async def test_a_lifted_redaction_lets_new_texts_name_her(installation):
    await done(installation, "redact", "person", *FORMS, *EDITOR)
    assert await answered(installation, "redact", "lift", "1") == {"lifted": 1}
    assert "no redaction of a person with the number 1 is in force" in await refused(
        installation, "redact", "lift", "1"
    )
    (one,) = await lines(installation, "redact", "list")
    assert one["state"] == "lifted"
    await told(installation)
    assert naming(await everywhere(installation))


async def test_without_a_terminal_somebody_must_have_said_yes(installation):
    await told(installation)
    said = await refused(installation, "redact", "person", *FORMS, "--editor", "Ann", code=2)
    assert "nobody can be asked here" in said
    assert await lines(installation, "redact", "list") == []


async def test_forms_may_come_by_standard_input_where_no_history_keeps_them(installation):
    await told(installation)
    code, out, err = await run(installation, "redact", "person", "-", *EDITOR, given="리은영\n\nRi Un-yong\n")
    assert (code, "statements: 1" in out) == (0, True), err
    assert naming({"told": out}) == []


async def test_what_is_wrong_is_said_and_nothing_is_changed(installation):
    await told(installation)
    assert "form 2: needs 4 letters" in await refused(
        installation, "redact", "person", "Ri Un-yong", "Ri", *EDITOR, code=2
    )
    assert "no statement has the id 's9'" in await refused(installation, "redact", "statement", "s9", *EDITOR)
    assert await answered(installation, "redact", "resume") == {"looked at": 0, "clean": True}


async def test_nothing_of_a_name_stands_in_the_log(installation):
    await told(installation)
    _, out, err = await run(installation, "redact", "person", *FORMS, *EDITOR)
    assert naming({"out": out}) == []
    # what an editor is shown to decide by stands in titles on standard error, before anything is done
    assert [line for line in err.splitlines() if naming({"": line}) and "s1" not in line] == []


def test_what_it_does_is_told_by_its_help():
    for command in ("person", "statement", "list", "lift", "resume"):
        code, out, _ = invoke("redact", command, "--help")
        assert code == 0
        assert "Example: nkwatch redact" in " ".join(out.split())


class Racing:
    """An outbox before which something happens, once, when a mailing is composed and not yet written."""

    def __init__(self, outbox: Any, happens: Callable[[], Awaitable[Any]]) -> None:
        self.outbox, self.happens = outbox, [happens]

    async def enqueue(self, mailing: Mailing) -> int | None:
        if mailing.deliveries and self.happens:
            await self.happens.pop()()
        return await self.outbox.enqueue(mailing)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.outbox, name)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("urgent", [False, True])
async def test_what_is_composed_while_somebody_is_taken_out_is_composed_again(installation, urgent, whole):
    clock = FakeClock(NOW)
    async with opened(installation, clock) as newsroom:
        form = sign_up("reader@inbox.example", Schedule(Rhythm.DAILY, 9, "UTC"), alerts=urgent)
        await newsroom.subscribe.join(form, Consent("paper", NOW))
        one = statement("s1", title="Ri Un-yong is held in a prison camp", text=TEXT, published=NOW)
        await newsroom.statements.record_polls([polled(sifted(one, statement("s2", title="Rice in Hyesan")))])
        level = Urgency.URGENT if urgent else Urgency.ROUTINE
        read = [placement(one, urgency=level), placement(statement("s2", title="Rice in Hyesan"))]
        await newsroom.statements.record_readings(read, NOW)
        clock.now = NOW if urgent else NOW.replace(hour=10)

        async def taken_out():
            redact = newsroom.redact
            return await (redact.statement("s1", "Ann", "") if whole else redact.person(FORMS, "Ann", ""))

        raced, publish = Racing(newsroom.outbox, taken_out), newsroom.publish
        office = replace(publish.alerts.office, outbox=raced)
        windows = replace(publish.digests.windows, outbox=raced)
        racing = Publish(Alerts(office), replace(publish.digests, windows=windows))
        assert (await racing()).deliveries == 0
        assert not raced.happens
        clock.now += timedelta(minutes=6)
        await newsroom.publish()
        kept = await newsroom.database.read(lambda c: list(c.exec_driver_sql("SELECT body FROM block").scalars()))
        heads = await newsroom.database.read(
            lambda c: list(c.exec_driver_sql("SELECT subject FROM composition").scalars())
        )
        told = b"\n".join(bytes(b) for b in kept).replace(b"=\r\n", b"").decode() + "\n".join(heads)
        assert naming({"mails": told}) == []
        if whole:
            assert "prison camp" not in told
        assert (await newsroom.outbox.counts()) == ({} if whole and urgent else {"pending": 1})
