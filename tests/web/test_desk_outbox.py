"""The outbox at the desk: what is under way, late and waited for, and nothing of any reader."""

from datetime import timedelta

import pytest

from nkwatch.domain.subscriber import QuietHours, Rhythm, Schedule
from nkwatch.store.underway import UnderWay
from tests.web.authenticator import at_the_desk, browser, shown, signed_in
from tests.web.samples import confirmed, empty_newsroom, handed_over, join, rows, tell_samples

OUTBOX = "/desk/outbox"
HOUR = timedelta(hours=1)
READERS = ["one@inbox.example", "two@inbox.example"]


@pytest.fixture
async def newsroom(tmp_path):
    async with empty_newsroom(tmp_path, at_the_desk(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def client(newsroom):
    async with browser(newsroom) as opened:
        await signed_in(newsroom, opened)
        yield opened


async def published(newsroom, **chosen):
    """The sample texts, told to two readers; the held alert is released."""
    ids = [await confirmed(newsroom, address, **chosen) for address in READERS]
    await tell_samples(newsroom)
    await newsroom.publish()
    for story in await newsroom.statements.held_alerts():
        await newsroom.rulings.release(story.id, "Ann")
    newsroom.clock.now += timedelta(minutes=1)
    await newsroom.publish()
    return ids


def numbers(newsroom, kind):
    return [r["number"] for r in rows(newsroom, "bulletin") if r["kind"] == kind]


async def test_who_is_not_signed_in_is_sent_to_sign_in(newsroom):
    async with browser(newsroom) as stranger:
        answer = await stranger.get(OUTBOX)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")


async def test_an_empty_outbox_says_so(client):
    page = await shown(client, OUTBOX)
    assert "Nothing is under way" in page.text()
    assert "No reader waits for an alert" in page.text()
    assert "0 alerts wait for an editor" in page.text()
    assert OUTBOX in page.links()
    assert [a.get("href") for a in page.all("nav a[aria-current=page]")] == [OUTBOX]


async def test_an_alert_under_way_shows_how_far_it_is_and_what_it_is_about(newsroom, client):
    await published(newsroom)
    number, *_ = numbers(newsroom, "alert")
    page = await shown(client, OUTBOX)
    told = page.text(f"#bulletin-{number}")
    assert f"Alert {number} 2 mails under way" in told
    assert "not yet attempted: 2" in told
    (story_id,) = [r["story_id"] for r in rows(newsroom, "bulletin") if r["number"] == number]
    (story,) = await newsroom.statements.stories([story_id])
    assert story.lead.statement.title in told
    assert not page.all(".late")


async def test_what_has_left_stands_there_for_a_week(newsroom, client):
    await published(newsroom)
    number, *_ = numbers(newsroom, "alert")
    await handed_over(newsroom)
    told = (await shown(client, OUTBOX)).text(f"#bulletin-{number}")
    assert "accepted by the relay: 2" in told
    assert "under way" not in told
    since = newsroom.clock() + HOUR
    assert await UnderWay(newsroom.database).bulletins(since, 10) == []


async def test_what_is_under_way_comes_first_however_old_it_is(newsroom):
    await published(newsroom)
    old = {r["bulletin"] for r in rows(newsroom, "delivery")}
    under_way = UnderWay(newsroom.database)
    found = await under_way.bulletins(newsroom.clock() + HOUR, 10)
    assert {b.number: b.undone for b in found} == dict.fromkeys(old, 2)
    assert len(await under_way.bulletins(newsroom.clock() - HOUR, 1)) == 1


async def test_an_alert_that_is_late_is_said_first(newsroom, client):
    await published(newsroom)
    number, *_ = numbers(newsroom, "alert")
    newsroom.clock.now += timedelta(minutes=10)
    late = [" ".join(p.text_content().split()) for p in (await shown(client, OUTBOX)).all(".late")]
    assert any(f"Alert {number} is late: 2 readers wait since" in said for said in late)


async def test_readers_who_wait_for_an_alert_are_counted(newsroom, client):
    hour = newsroom.clock().hour
    schedule = Schedule(Rhythm.WEEKLY, 7, "UTC", 0)
    await published(newsroom, schedule=schedule, quiet=QuietHours((hour - 1) % 24, (hour + 3) % 24))
    told = (await shown(client, OUTBOX)).text("ul.waiting")
    assert "2 readers wait for it" in told
    assert "The first of these mails leaves at" in told


async def test_a_digest_says_what_it_covers(newsroom):
    await published(newsroom)
    newsroom.clock.now += timedelta(days=1, hours=1)
    await newsroom.publish()
    number, *_ = numbers(newsroom, "digest")
    told = (await shown_anew(newsroom)).text(f"#bulletin-{number}")
    assert f"Digest {number}" in told
    assert "stories from" in told


async def shown_anew(newsroom):
    """The page in a browser of its own: sessions end when a day goes by."""
    async with browser(newsroom) as opened:
        await signed_in(newsroom, opened)
        return await shown(opened, OUTBOX)


async def test_links_and_confirmations_are_counted_apart(newsroom, client):
    await join(newsroom)
    page = await shown(client, OUTBOX)
    assert "Links and confirmations that are not done: not yet attempted: 1" in page.text()
    assert not page.all("article.bulletin")


async def test_nothing_of_any_reader_stands_there(newsroom, client):
    ids = await published(newsroom, phrase="my own phrase")
    ids.append(await join(newsroom))
    hidden = [*READERS, "inbox.example", "my own phrase", *ids, *(r["message_id"] for r in rows(newsroom, "delivery"))]
    text = (await client.get(OUTBOX)).text
    assert "mails under way" in text
    assert [h for h in hidden if h in text] == []


async def test_the_page_needs_no_script_and_no_style_of_its_own(newsroom, client):
    await published(newsroom)
    page = await shown(client, OUTBOX)
    assert not page.all("main script, main style, main [style], main form")
    assert "Look again" in page.text()
