"""Confirm and leave: only a POST acts, and no wrong link tells anything."""

from datetime import timedelta

import pytest

from nkwatch.domain.subscriber import Format, Rhythm, Schedule, Wish
from tests.web.conftest import visitor
from tests.web.html import Page
from tests.web.samples import ENGLISH, NOW, READER, Box, confirmed, dump, join, mailed, row, tell_samples

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def link(newsroom, purpose, subscriber_id, *, hours=48):
    expires = newsroom.clock() + timedelta(hours=hours) if hours else None
    return f"/{purpose}/{newsroom.keyring.token(purpose, subscriber_id, expires)}"


async def test_following_every_link_changes_nothing(newsroom):
    await tell_samples(newsroom)
    pending, reader = await join(newsroom), await confirmed(newsroom, "b@inbox.example")
    box = Box(*await mailed(newsroom))
    before = dump(newsroom)
    start = ["/", "/demo", "/healthz", link(newsroom, "confirm", pending), link(newsroom, "leave", reader)]
    seen, waiting = set(), start
    async with visitor(newsroom, box) as client:
        while waiting:
            path = waiting.pop()
            if path in seen or not path.startswith("/"):
                continue
            seen.add(path)
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = await client.request(method, path)
                assert "set-cookie" not in answer.headers
                assert answer.status_code < 500
            answer = await client.get(path)
            if "html" in answer.headers["content-type"]:
                waiting += [str(answer.url.join(href).raw_path.decode()) if href.startswith("?") else href
                            for href in Page.of(answer.text).links()]  # fmt: skip
    assert len(seen) > 100
    assert dump(newsroom) == before


async def test_the_confirmation_page_says_what_will_be_sent(newsroom, client):
    chosen = Wish(frozenset({"prisons"}), frozenset({ENGLISH}))
    reader = await join(newsroom, wishes=(chosen,), format=Format.TEXT, alerts=False)
    said = Page.of((await client.get(link(newsroom, "confirm", reader))).text).text()
    assert "every week on Monday at 07:00 (Asia/Seoul)" in said
    assert "Prisons, camps and torture" in said
    assert "from Reedbank Border Watch" in said
    assert "no alerts" in said
    assert "plain text only" in said
    assert "English" in said
    assert READER not in said


async def test_the_button_confirms_and_records_where_the_consent_comes_from(newsroom, client):
    reader = await join(newsroom)
    page = await client.post(link(newsroom, "confirm", reader))
    assert page.status_code == 200
    assert "Confirmed" in Page.of(page.text).text("h1")
    kept = row(newsroom, reader)
    assert (kept["standing"], kept["consent_origin"]) == ("confirmed", "confirmation page, wording 1")


async def test_confirming_twice_is_confirming_once(newsroom, client):
    path = link(newsroom, "confirm", await join(newsroom))
    first = await client.post(path)
    before = dump(newsroom)
    newsroom.clock.now += timedelta(hours=1)
    assert (await client.post(path)).text == first.text
    assert "Confirmed" in Page.of((await client.get(path)).text).text("h1")
    assert dump(newsroom) == before


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Schedule(Rhythm.WEEKLY, 7, "Asia/Seoul", 0), "Your next digest: 23 November 2026, 07:00 (Asia/Seoul)"),
        (Schedule(Rhythm.NONE), "You will get alerts, and no digests."),
    ],
)
async def test_the_confirmed_page_says_when_the_first_digest_comes(newsroom, client, schedule, said):
    path = link(newsroom, "confirm", await join(newsroom, schedule=schedule))
    assert said in Page.of((await client.post(path)).text).text()


async def test_a_confirmed_reader_is_told_the_next_digest_in_the_readers_own_zone(newsroom, client):
    reader = await confirmed(newsroom, schedule=Schedule(Rhythm.DAILY, 7, "Asia/Seoul"))
    await newsroom.publish()
    said = Page.of((await client.get(link(newsroom, "confirm", reader))).text).text()
    assert "Your next digest: 23 November 2026, 07:00 (Asia/Seoul)" in said


async def test_the_page_of_a_link_is_in_the_subscribers_language(newsroom, client):
    reader = await join(newsroom, language="ko")
    path = link(newsroom, "leave", reader)
    assert Page.of((await client.get(path, headers={"Accept-Language": "fr"})).text).language == "ko"
    assert Page.of((await client.get(f"{path}?lang=ja")).text).language == "ja"


@pytest.mark.parametrize(
    "sent",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
    ],
    ids=["urlencoded", "multipart"],
)
async def test_one_click_leaves_at_once_without_cookie_or_redirect(newsroom, client, sent):
    reader = await confirmed(newsroom)
    answer = await client.post(link(newsroom, "leave", reader, hours=0), **sent)
    assert (answer.status_code, answer.history, "set-cookie" in answer.headers) == (200, [], False)
    kept = row(newsroom, reader)
    assert (kept["standing"], kept["end_reason"]) == ("ended", "left by one click")
    assert READER not in answer.text


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": {"a": "b"}},
        {"content": b"\xff\xfe;;;", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"{}", "headers": {"content-type": "application/json"}},
        {"files": {"List-Unsubscribe": ("One-Click", b"One-Click")}},
    ],
)
async def test_whoever_holds_the_link_leaves_by_any_post(newsroom, client, sent):
    reader = await confirmed(newsroom)
    assert (await client.post(link(newsroom, "leave", reader, hours=0), **sent)).status_code == 200
    assert (row(newsroom, reader)["standing"], row(newsroom, reader)["end_reason"]) == ("ended", "left by page")


async def test_leaving_twice_is_leaving_once_and_answers_alike(newsroom, client):
    reader = await confirmed(newsroom)
    path = link(newsroom, "leave", reader, hours=0)
    first = await client.post(path, data=ONE_CLICK)
    before = dump(newsroom)
    newsroom.clock.now += timedelta(days=400)
    assert (await client.post(path)).text == first.text
    assert dump(newsroom) == before


async def test_after_leaving_an_old_confirmation_link_is_dead(newsroom, client):
    reader = await join(newsroom)
    path = link(newsroom, "confirm", reader)
    await client.post(path)
    await client.post(link(newsroom, "leave", reader, hours=0))
    assert (await client.post(path)).status_code == 404
    assert row(newsroom, reader)["standing"] == "ended"


def wrong_links(newsroom, reader):
    good = link(newsroom, "confirm", reader).rpartition("/")[2]
    yield "forged", good[:-2] + ("AA" if good[-2:] != "AA" else "BB")
    yield "cut off", good[:-5]
    yield "foreign", newsroom.keyring.token("preferences", reader)
    yield "expired", newsroom.keyring.token("confirm", reader, NOW - timedelta(seconds=1))
    yield "another key", "9" + good[1:]
    yield "no token", "x"
    yield "digits", "9" * 5000 + ".a.b.c"
    yield "letters", "١.한국.é.\u202e%00"


@pytest.mark.parametrize("purpose", ["confirm", "leave"])
async def test_a_wrong_link_says_what_to_do_and_changes_nothing_and_gives_no_hint(newsroom, client, purpose):
    reader = await join(newsroom)
    before, pages = dump(newsroom), {}
    for name, token in wrong_links(newsroom, reader):
        for method in ("HEAD", "POST", "GET"):
            answer = await client.request(method, f"/{purpose}/{token}")
            assert answer.status_code == 404, name
            pages[name] = answer.text
    assert len(set(pages.values())) == 1
    said = Page.of(pages["forged"]).text()
    assert "Nothing was changed." in said
    assert "subscribe once more" in said or "editors@watch.example" in said
    assert dump(newsroom) == before


async def test_a_link_made_for_leaving_does_not_confirm(newsroom, client):
    reader = await join(newsroom)
    token = link(newsroom, "leave", reader).rpartition("/")[2]
    assert (await client.post(f"/confirm/{token}")).status_code == 404
    assert row(newsroom, reader)["standing"] == "pending"


async def test_a_good_link_for_somebody_who_is_gone_answers_like_any_other(newsroom, client):
    known, gone = await confirmed(newsroom), "nobodyatall"
    assert (await client.get(link(newsroom, "confirm", gone))).status_code == 404
    answers = [await client.post(link(newsroom, "leave", who, hours=0)) for who in (known, gone)]
    assert answers[0].text == answers[1].text
    assert {a.status_code for a in answers} == {200}


async def test_pages_of_links_are_kept_nowhere(newsroom, client):
    reader = await join(newsroom)
    for purpose in ("confirm", "leave"):
        for method in ("GET", "POST"):
            answer = await client.request(method, link(newsroom, purpose, reader))
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert Page.of(answer.text).one("meta[name=robots]").get("content") == "noindex"
