"""Editors tell readers at the desk what was wrong, after a look at who they are: by touch, in their own words."""

import json
from datetime import timedelta

import pytest

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.subscriber import Rhythm, Schedule
from tests.web.authenticator import at_the_desk, browser, press, shown, signed_in, touch
from tests.web.html import Page
from tests.web.samples import confirmed, empty_newsroom, handed_over, rows, tell_samples

PLACE = "/desk/corrections"
WORDS = {"say-en": "It was in Hoeryong.\r\nNot in Tumen.", "say-ko": "회령이었습니다."}


@pytest.fixture
async def newsroom(tmp_path):
    async with empty_newsroom(tmp_path, at_the_desk(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def client(newsroom):
    async with browser(newsroom) as opened:
        yield opened


@pytest.fixture
async def device(newsroom, client):
    return await signed_in(newsroom, client)


@pytest.fixture
async def alerted(newsroom):
    """The id of a story whose alert a reader has."""
    await tell_samples(newsroom)
    await confirmed(newsroom, alerts=True)
    await newsroom.publish()
    for held in await newsroom.statements.held_alerts():
        await newsroom.rulings.release(held.id, "Ann")
    await newsroom.publish()
    assert await handed_over(newsroom)
    (told, *_) = [s.id for s in await newsroom.statements.sent_alerts() if await newsroom.outbox.bulletins_with(s.id)]
    return told


@pytest.fixture
async def digested(newsroom):
    """The number of a digest that a reader has, and a story that it tells of."""
    await tell_samples(newsroom)
    await confirmed(newsroom, alerts=False, schedule=Schedule(Rhythm.DAILY, 20, "UTC"))
    newsroom.clock.now += timedelta(hours=14)
    await newsroom.publish()
    assert await handed_over(newsroom)
    (number,) = [r["number"] for r in rows(newsroom, "bulletin") if r["kind"] == "digest"]
    (made,) = [r for r in rows(newsroom, "composition") if r["bulletin"] == number]
    return number, json.loads(made["stories"])[0]


def corrections(newsroom, kind):
    numbers = [r["number"] for r in rows(newsroom, "bulletin") if r["kind"] == kind]
    return [r for r in rows(newsroom, "delivery") if r["bulletin"] in numbers]


def audited(newsroom, act):
    return [(r["editor"], r["thing"], json.loads(r["after"])) for r in rows(newsroom, "audit") if r["act"] == act]


async def test_an_alert_is_corrected_after_a_look_at_who_gets_it(newsroom, client, device, alerted):
    place = f"{PLACE}/stories/{alerted}"
    page = await shown(client, place)
    assert "1 reader got it" in page.text("main")
    assert corrections(newsroom, BulletinKind.ALERT_CORRECTION) == []
    done = await touch(client, page, f"{place}/correct", device, **WORDS)
    assert done.headers["location"] == f"{place}?did=corrected&told=1&cancelled=0&lacking=0"
    assert len(corrections(newsroom, BulletinKind.ALERT_CORRECTION)) == 1
    (story,) = await newsroom.statements.stories([alerted])
    told = (("en", "It was in Hoeryong.\nNot in Tumen."), ("ko", "회령이었습니다."))
    assert (story.marks.correction.words, story.marks.correction.editor) == (told, "Ann")
    ((editor, thing, after),) = audited(newsroom, "correct")
    assert (editor, thing, after["outcome"]) == ("Ann", alerted, "corrected")
    assert "Hoeryong" not in str(after)
    page = await shown(client, done.headers["location"])
    assert "on their way to 1 reader" in page.text("[role=status]")
    assert "It was in Hoeryong." in page.text("main")


async def test_an_alert_is_withdrawn_by_a_touch_for_that_alone(newsroom, client, device, alerted):
    place = f"{PLACE}/stories/{alerted}"
    page = await shown(client, place)
    done = await touch(client, page, f"{place}/withdraw", device, **{"say-en": "Nobody was returned."})
    assert "did=withdrawn" in done.headers["location"]
    (story,) = await newsroom.statements.stories([alerted])
    assert story.marks.withdrawn
    assert [thing for _, thing, _ in audited(newsroom, "withdraw")] == [alerted]


async def test_what_has_not_left_is_stopped_at_once_and_without_words(newsroom, client, device):
    await tell_samples(newsroom)
    await confirmed(newsroom, alerts=True)
    await newsroom.publish()
    (held, *_) = await newsroom.statements.held_alerts()
    await newsroom.rulings.release(held.id, "Ann")
    place = f"{PLACE}/stories/{held.id}"
    assert (await shown(client, place)).all(f"form[action='{place}/stop']"), "it is released, and not yet written"
    await newsroom.publish()
    page = await shown(client, place)
    answer = await press(client, page, f"{place}/stop")
    assert answer.status_code == 403
    assert "You keep back what has not left" in Page.of(answer.text).text("main")
    done = await touch(client, page, f"{place}/stop", device)
    assert done.headers["location"] == f"{place}?did=stopped&told=0&cancelled=1&lacking=0"
    assert audited(newsroom, "stop")[0][:2] == ("Ann", held.id)
    stories = {m["Subject"] for m in await handed_over(newsroom)}
    assert not any(held.lead.statement.title[:10] in subject for subject in stories)
    page = await shown(client, done.headers["location"])
    assert "1 mail that had not left is cancelled" in page.text("[role=status]")
    assert not page.all(f"form[action='{place}/stop']"), "nothing is left to be stopped"


async def test_what_was_taken_back_is_marked_in_every_list(newsroom, client, device, alerted):
    place = f"{PLACE}/stories/{alerted}"
    for path in (PLACE, "/desk/outbox"):
        assert "Withdrawn" not in (await shown(client, path)).text("main")
    await touch(client, await shown(client, place), f"{place}/withdraw", device)
    assert "nothing was done" in (await shown(client, "/desk/")).text(".done li:first-child")
    await touch(client, await shown(client, place), f"{place}/withdraw", device, **{"say-en": "Nobody was returned."})
    for path in (PLACE, "/desk/outbox"):
        assert "Withdrawn" in (await shown(client, path)).text("main")
    front = await shown(client, "/desk/")
    assert "nothing was done" not in front.text(".done li:first-child")
    assert f"/desk/stories/{alerted}" in front.links()


async def test_without_a_touch_or_without_words_nobody_is_told(newsroom, client, device, alerted):
    place = f"{PLACE}/stories/{alerted}"
    page = await shown(client, place)
    answer = await press(client, page, f"{place}/correct", **WORDS)
    assert answer.status_code == 403
    again = Page.of(answer.text)
    assert "It cannot be called back" in again.text("main")
    done = await touch(client, page, f"{place}/correct", device)
    assert "did=unsaid" in done.headers["location"]
    assert "Nothing was done" in (await shown(client, done.headers["location"])).text("[role=status]")
    assert corrections(newsroom, BulletinKind.ALERT_CORRECTION) == []
    done = await touch(client, again, f"{place}/correct", device)
    assert "did=corrected" in done.headers["location"], "the page that asks for a touch has kept the words"


async def test_a_digest_is_corrected_for_who_got_it(newsroom, digested, client, device):
    number, _ = digested
    place = f"{PLACE}/digests/{number}"
    page = await shown(client, place)
    assert "1 reader got it" in page.text("main")
    assert "The archive shows it" not in page.text("main")
    assert (await press(client, page, f"{place}/correct", **WORDS)).status_code == 403
    assert corrections(newsroom, BulletinKind.DIGEST_CORRECTION) == []
    done = await touch(client, page, f"{place}/correct", device, **WORDS)
    assert done.headers["location"] == f"{place}?did=corrected&told=1&lacking=0"
    assert len(corrections(newsroom, BulletinKind.DIGEST_CORRECTION)) == 1
    ((editor, thing, after),) = audited(newsroom, "correct digest")
    assert (editor, thing, after["told"]) == ("Ann", str(number), 1)
    done = await touch(client, await shown(client, place), f"{place}/correct", device, **{"say-en": "x" * 2001})
    assert "did=refused" in done.headers["location"]


async def test_an_edition_that_nobody_got_is_corrected_where_the_archive_shows_it(newsroom, client):
    await tell_samples(newsroom)
    newsroom.clock.now += timedelta(days=1)
    assert (await newsroom.editions()).editions == 1
    (number,) = [r["number"] for r in rows(newsroom, "edition")]
    device = await signed_in(newsroom, client)
    page = await shown(client, f"{PLACE}/digests/{number}")
    assert "0 readers got it" in page.text("main")
    assert "The archive shows it" in page.text("main")
    done = await touch(client, page, f"{PLACE}/digests/{number}/correct", device, **WORDS)
    assert "did=corrected&told=0" in done.headers["location"]


async def test_a_story_that_was_told_in_a_digest_alone_leads_to_that_digest(newsroom, digested, client, device):
    number, story = digested
    page = await shown(client, f"{PLACE}/stories/{story}")
    assert "No alert on this story was told to anybody" in page.text("main")
    assert f"{PLACE}/digests/{number}" in page.links()
    assert not page.all("main form")


async def test_what_was_sent_is_found_by_number_story_or_address(newsroom, client, device, alerted):
    page = await shown(client, PLACE)
    assert f"{PLACE}/stories/{alerted}" in page.links()
    (number,) = [r["number"] for r in rows(newsroom, "bulletin") if r["story_id"] == alerted]
    for asked in (str(number), alerted, f"https://watch.example/stories/{alerted}?lang=ko"):
        answer = await client.get(PLACE, params={"of": asked})
        assert answer.headers["location"] == f"{PLACE}/stories/{alerted}", asked
    for asked in ("99", "nosuch", "https://watch.example/", "\0", "<b>"):
        answer = await client.get(PLACE, params={"of": asked})
        assert "Nothing that was sent has this number" in Page.of(answer.text).text("[role=status]"), asked
        assert "<b>" not in answer.text.replace("<b>0</b>", "")


async def test_a_digest_is_found_by_its_number(digested, client, device):
    number, _ = digested
    answer = await client.get(PLACE, params={"of": str(number)})
    assert answer.headers["location"] == f"{PLACE}/digests/{number}"
    assert f"{PLACE}/digests/{number}" in (await shown(client, PLACE)).links()
    assert f"{PLACE}/digests/{number}" in (await shown(client, "/desk/outbox")).links()


@pytest.mark.parametrize("path", ["/stories/nosuch", "/stories/%00", "/digests/99", "/digests/x", "/digests/0"])
async def test_what_was_never_sent_has_no_page_and_is_not_corrected(client, device, path):
    assert (await client.get(PLACE + path)).status_code == 404
    page = await shown(client, "/desk/passkeys")
    csrf = page.all("input[name=csrf]")[0].get("value")
    answer = await client.post(
        f"{PLACE}{path}/correct", data={"csrf": csrf}, headers={"Origin": "http://localhost:8026"}
    )
    assert answer.status_code in {403, 404}


async def test_who_is_not_signed_in_is_sent_to_sign_in(newsroom, alerted):
    async with browser(newsroom) as stranger:
        for path in (PLACE, f"{PLACE}/stories/{alerted}", f"{PLACE}/digests/1"):
            assert (await stranger.get(path)).headers["location"] == "/desk/sign-in"


async def test_the_front_leads_to_everything_at_the_desk(client, device):
    links = set((await shown(client, "/desk/")).links())
    there = {"queue", "readings", "sources", "outbox", "preview", "corrections", "passkeys"}
    assert {f"/desk/{name}" for name in there} <= links
    tiles = {a.get("href") for a in (await shown(client, "/desk/")).all(".waits a")}
    assert {"/desk/sources", "/desk/outbox"} <= tiles
