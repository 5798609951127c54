"""``nkwatch alert`` and ``nkwatch digest``: an editor's day on the command line, with a real database and relay."""

import email
import email.policy
from datetime import timedelta

import pytest
from tests.making import NOW, placement, polled, sifted, sign_up, statement
from tests.story.commands import SOURCE, answered, done, invoke, lines, opened, refused, run
from tests.workflow.fakes import FakeClock

from nkwatch.demo.mailbox import open_mailbox
from nkwatch.domain.reading import Evidence, Urgency
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule

EDITORS = """
[[editor]]
name = "Ann"
address = "ann@watch.example"
[[editor]]
name = "Ben"
address = "ben@watch.example"
second = true
"""
TWO = EDITORS + "[alerts]\npersons = 2\n"
#: A primary source whose alerts wait for an editor.
CAREFUL = SOURCE.replace("alerts = true", "alerts = false")
CUE = Evidence("title", 0, 11, "Prison camp")
HOUR = timedelta(hours=1)


async def held(installation, *, more: str = "", port: int = 2) -> FakeClock:
    """One reader, and an alert that waits for an editor."""
    installation.write(port=port, more=CAREFUL + more)
    clock = FakeClock(NOW)
    async with opened(installation, clock) as newsroom:
        form = sign_up("reader@inbox.example", Schedule(Rhythm.DAILY, 9, "UTC"), alerts=True)
        await newsroom.subscribe.join(form, Consent("paper", NOW))
        one = statement("s1", title="Prison camp in North Korea", published=NOW - HOUR)
        await newsroom.statements.record_polls([polled(sifted(one))])
        found = placement(one, "s1", urgency=Urgency.URGENT, urgency_evidence=(CUE,))
        await newsroom.statements.record_readings([found], NOW)
        await newsroom.publish()
    return clock


async def sent(installation) -> FakeClock:
    """That alert, released and on its way."""
    clock = await held(installation, more=EDITORS)
    await done(installation, "alert", "release", "s1", "--by", "Ann")
    async with opened(installation, clock) as newsroom:
        assert (await newsroom.publish()).alerts == 1
    return clock


async def test_an_alert_waits_is_released_and_listed_as_sent(installation):
    clock = await held(installation, more=EDITORS)
    (waiting,) = await lines(installation, "alert", "list")
    assert (waiting["story"], waiting["cues"], waiting["released by"]) == ("s1", "Prison camp", "")
    assert waiting["held because"] == "a may not raise alerts without an editor"
    assert await answered(installation, "alert", "release", "s1", "--by", "ann") == {
        "outcome": "released", "cancelled": 0, "told": 0,
    }  # fmt: skip
    async with opened(installation, clock) as newsroom:
        assert (await newsroom.publish()).deliveries == 1
    assert await lines(installation, "alert", "list") == []
    (told,) = await lines(installation, "alert", "list", "--sent")
    assert (told["number"], told["readers"], told["because"], told["taken back"]) == (1, 0, "released by Ann", "")


async def test_with_two_persons_one_is_not_enough_and_nobody_counts_twice(installation):
    clock = await held(installation, more=TWO)
    assert (await answered(installation, "alert", "release", "s1", "--by", "Ann"))["outcome"] == "needs-second"
    assert "a second editor must release it too" in await refused(installation, "alert", "release", "s1", "--by", "ann")
    async with opened(installation, clock) as newsroom:
        assert (await newsroom.publish()).alerts == 0
    assert (await answered(installation, "alert", "release", "s1", "--by", "Ben"))["outcome"] == "released"


async def test_who_says_so_must_be_an_editor_of_the_settings(installation):
    await held(installation, more=EDITORS)
    assert "no editor is called 'Eve'" in await refused(installation, "alert", "release", "s1", "--by", "Eve", code=2)
    assert "say who you are" in await refused(installation, "alert", "withhold", "s1", code=2)


async def test_what_does_not_wait_is_not_released(installation):
    await held(installation, more=EDITORS)
    assert "'nosuch': no such story" in await refused(installation, "alert", "release", "nosuch", "--by", "Ann")
    await done(installation, "alert", "withhold", "s1", "--by", "Ann", "--note", "an anniversary")
    assert "no alert on this story waits" in await refused(installation, "alert", "release", "s1", "--by", "Ann")


async def test_a_stopped_alert_does_not_leave(installation):
    clock = await sent(installation)
    stopped = await answered(installation, "alert", "stop", "s1", "--by", "Ann")
    assert (stopped["outcome"], stopped["cancelled"]) == ("stopped", 1)
    async with opened(installation, clock) as newsroom:
        assert (await newsroom.outbox.counts()) == {"cancelled": 1}


async def test_a_correction_reaches_who_got_the_alert_in_its_thread(installation):
    async with open_mailbox() as mailbox:
        clock = await held(installation, more=EDITORS, port=mailbox.port)
        await done(installation, "alert", "release", "s1", "--by", "Ann")
        async with opened(installation, clock) as newsroom:
            await newsroom.publish()
            await newsroom.deliver()
        said = ("--by", "Ann", "--say", "en=It was in Hoeryong.", "--say", "ko=회령이었습니다.")
        tried = await answered(installation, "alert", "correct", "s1", *said, "--dry-run")
        assert tried == {"bulletins": [1], "digests": [], "readers": 1, "written": False}
        told = await answered(installation, "alert", "correct", "s1", *said)
        assert (told["outcome"], told["told"]) == ("corrected", 1)
        again = await answered(installation, "alert", "correct", "s1", *said)
        assert again["told"] == 0, "the same words reach nobody twice"
        clock.forward(hours=24)
        async with opened(installation, clock) as newsroom:
            await newsroom.deliver()
            (story,) = await newsroom.statements.stories(["s1"])
        assert story.marks.correction.words == (("en", "It was in Hoeryong."), ("ko", "회령이었습니다."))
        alert, correction = (email.message_from_bytes(m, policy=email.policy.default) for m in mailbox.messages)
        assert correction["In-Reply-To"] == alert["Message-ID"]
        assert correction["Subject"].startswith("Correction: ")
        assert "It was in Hoeryong." in correction.get_body(("plain",)).get_content()
    (listed,) = await lines(installation, "alert", "list", "--sent")
    assert listed["taken back"] == "corrected"
    ruled = (await answered(installation, "explain", "s1"))["editors"]["ruled"]
    assert [(r["what"], r["by"]) for r in ruled] == [("release", "Ann"), ("correct", "Ann")]
    assert (await answered(installation, "explain", "2"))["answers"] == 1


async def test_a_dry_run_refuses_what_the_command_itself_would_refuse(installation):
    await held(installation, more=EDITORS)
    said = ("--by", "Ann", "--say", "en=It was in Hoeryong.")
    for story_id, why in (("nosuch", "no such story"), ("s1", "no alert on this story was told to anybody")):
        for command in ("withdraw", "correct"):
            assert why in await refused(installation, "alert", command, story_id, *said)
            assert why in await refused(installation, "alert", command, story_id, *said, "--dry-run")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "tell readers what was wrong"),
        (["--say", "It was wrong"], "write a language of"),
        (["--say", "xx=It was wrong"], "write a language of"),
        (["--say", "en=a", "--say", "en=b"], "twice in en"),
    ],
)
async def test_words_without_their_language_are_refused(installation, given, why):
    await held(installation, more=EDITORS)
    assert why in await refused(installation, "alert", "withdraw", "s1", "--by", "Ann", *given, code=2)


async def test_precision_is_what_editors_ruled_and_trust_is_written_after_it_was_shown(installation):
    await sent(installation)
    (measured,) = await lines(installation, "alert", "precision", "--days", "3650")
    assert (measured["source"], measured["right"], measured["wrong"], measured["trusted"]) == ("a", 1, 0, False)
    code, _, said = await run(installation, "alert", "trust", "a", given="n\n")
    assert (code, "1 were right" in said, "nothing was changed" in said) == (1, True, True)
    code, _, said = await run(installation, "alert", "trust", "a", "--yes")
    assert code == 0, said
    assert 'trusted = ["a"]' in installation.settings.read_text()
    assert (await lines(installation, "alert", "precision", "--days", "3650"))[0]["trusted"]
    await done(installation, "alert", "trust", "a", "--off")
    assert "trusted = []" in installation.settings.read_text()


async def test_only_a_primary_source_that_exists_can_be_trusted(installation):
    installation.write(port=2, more=CAREFUL.replace('"statement"', '"press"'))
    assert "is no primary source" in await refused(installation, "alert", "trust", "a", "--yes", code=2)
    assert "no source has the id 'b'" in await refused(installation, "alert", "trust", "b", "--yes", code=2)


SPAN = ("--from", (NOW - 24 * HOUR).isoformat()[:16], "--to", (NOW + HOUR).isoformat()[:16])


async def test_a_digest_is_previewed_as_any_kind_of_reader(installation, tmp_path):
    await held(installation, more=EDITORS)
    text = await done(installation, "digest", "preview", *SPAN)
    assert "Prison camp in North Korea" in text
    told = await answered(installation, "digest", "preview", "--as", "language=ko", "--as", "themes=prisons", *SPAN)
    assert [s["story"] for s in told["leads"]] == ["s1"]
    assert told["leads"][0]["why"] == [{"kind": "theme", "values": ["prisons"]}]
    assert len(told["fingerprint"]) == 64
    await done(installation, "digest", "preview", *SPAN, "--out", str(tmp_path / "out"))
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"digest.eml", "digest.html", "digest.txt"}
    assert "no mail would be sent" in await refused(installation, "digest", "preview", "--as", "themes=women", *SPAN)
    async with opened(installation) as newsroom:
        assert await newsroom.outbox.counts() == {}, "a preview writes nothing"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--as", "colour=red"], "there is no such choice"),
        (["--as", "language=xx"], "language: 'xx' is none of"),
        (["--from", "soon"], "write a day such as"),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "the window is empty"),
    ],
)
async def test_a_preview_of_nothing_that_there_is_says_why(installation, given, why):
    await held(installation)
    assert why in await refused(installation, "digest", "preview", *given, code=2)


async def test_a_test_digest_goes_to_an_editor_and_nobody_else(installation):
    async with open_mailbox() as mailbox:
        await held(installation, more=EDITORS, port=mailbox.port)
        assert "no editor is called 'Eve'" in await refused(installation, "digest", "test", "Eve", *SPAN, code=2)
        await done(installation, "digest", "test", "Ann", *SPAN)
        (mail,) = (email.message_from_bytes(m, policy=email.policy.default) for m in mailbox.messages)
    assert mail["To"] == "ann@watch.example"
    assert mail["Subject"].startswith("[TEST] ")


async def test_what_editors_say_of_a_story_can_be_taken_back(installation):
    await held(installation, more=EDITORS)
    ann = ("--by", "Ann")
    assert (await answered(installation, "digest", "hold", "s1", *ann))["held"]
    assert not (await answered(installation, "digest", "hold", "s1", *ann, "--off"))["held"]
    assert "is not held" in await refused(installation, "digest", "hold", "s1", *ann, "--off")
    assert (await answered(installation, "digest", "pin", "s1", *ann))["pinned"]
    assert (await answered(installation, "digest", "drop", "s1", *ann))["dropped"]
    assert not (await answered(installation, "digest", "drop", "s1", *ann, "--off"))["dropped"]
    noted = await answered(installation, "digest", "note", "s1", *ann, "--say", "en=The hearing is on Friday.")
    assert noted["note"] == "The hearing is on Friday. (Ann)"
    assert not (await answered(installation, "digest", "note", "s1", *ann, "--off"))["note"]
    assert "no story has the id" in await refused(installation, "digest", "pin", "nosuch", *ann)


async def test_an_editors_translation_leads_and_says_whose_it_is(installation, tmp_path):
    await held(installation, more=EDITORS)
    (tmp_path / "ko.txt").write_text("수용소에서 사람들이 사라졌다.", "utf-8")
    given = ("--language", "ko", "--title", "북한의 수용소", "--text", str(tmp_path / "ko.txt"), "--by", "Ann")
    assert (await answered(installation, "digest", "translate", "s1", *given))["title"] == "북한의 수용소"
    text = await done(installation, "digest", "preview", "--as", "language=ko", *SPAN)
    assert "북한의 수용소" in text
    assert "Ann" in text
    assert "Prison camp in North Korea" in text, "the original stands beside it"
    assert "give --title" in await refused(installation, "digest", "translate", "s1", "--language", "ko", code=2)
    await done(installation, "digest", "translate", "s1", "--language", "ko", "--off", "--by", "Ann")
    assert "북한의 수용소" not in await done(installation, "digest", "preview", "--as", "language=ko", *SPAN)


async def test_digests_are_sent_now_after_a_look_at_what_would_be(installation):
    clock = await held(installation, more=EDITORS)
    clock.forward(hours=24)
    tried = await answered(installation, "digest", "send", "--rhythm", "daily", "--dry-run")
    assert tried["deliveries"] == 1
    async with opened(installation) as newsroom:
        assert await newsroom.outbox.counts() == {}
    assert "say who you are" in await refused(installation, "digest", "send", "--rhythm", "daily", code=2)
    ann = ("--by", "Ann")
    assert (await answered(installation, "digest", "send", "--rhythm", "daily", *ann))["deliveries"] == 1
    assert (await answered(installation, "digest", "send", "--rhythm", "daily", *ann))["deliveries"] == 0
    assert "gets no digests" in await refused(installation, "digest", "send", "--rhythm", "none", *ann, code=2)


async def test_a_digest_is_corrected_for_who_got_it(installation):
    async with open_mailbox() as mailbox:
        clock = await held(installation, more=EDITORS, port=mailbox.port)
        clock.forward(hours=24)
        async with opened(installation, clock) as newsroom:
            await newsroom.publish()
            await newsroom.deliver()
        said = ("--by", "Ann", "--say", "en=The town was another.")
        tried = await answered(installation, "digest", "correct", "1", *said, "--dry-run")
        assert tried["readers"] == 1
        assert (await answered(installation, "digest", "correct", "1", *said))["told"] == 1
        assert "nobody has got a digest with the number 77" in await refused(
            installation, "digest", "correct", "77", *said
        )
        told = await refused(installation, "alert", "withdraw", "s1", *said)
        assert "digest 1 told of it, too; its readers are told by: nkwatch digest correct 1" in told
        assert "no alert on this story was told to anybody" in told


@pytest.mark.parametrize(
    "command",
    ["alert list", "alert release", "alert withhold", "alert stop", "alert withdraw", "alert correct",
     "alert precision", "alert trust", "digest send", "digest hold", "digest pin", "digest drop", "digest note",
     "digest translate", "digest correct", "digest preview", "digest test"],
)  # fmt: skip
def test_each_command_has_an_example(command):
    code, told, _ = invoke(*command.split(), "--help")
    assert code == 0
    assert f"Example: nkwatch {command}" in " ".join(told.split())
