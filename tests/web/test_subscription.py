"""Confirm and leave: only a POST acts, and no wrong link tells anything."""

from datetime import UTC, datetime, timedelta

import pytest

from nkwatch.domain import retention
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Format, Rhythm, Schedule
from nkwatch.domain.wish import Follows, Mutes, Wish
from tests.web.conftest import visitor
from tests.web.html import Page
from tests.web.samples import (
    ENGLISH,
    KOREAN,
    NOW,
    READER,
    SITE,
    Box,
    confirmed,
    dump,
    handed_over,
    join,
    link,
    link_in,
    mailed,
    row,
    tell_samples,
)

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PURPOSES = ("confirm", "leave", "manage", "settings", "move-old", "move-new")
#: Where the links in our mails lead to.
PLACES = ("confirm/", "leave/", "manage/", "settings/", "move/old/", "move/new/", "mails/", "stories/")


EVERY = ("HEAD", "OPTIONS", "GET")


async def test_following_every_link_changes_nothing(newsroom):
    await tell_samples(newsroom)
    pending, reader = await join(newsroom), await confirmed(newsroom, "b@inbox.example")
    await newsroom.subscribe.ask_settings(reader)
    await newsroom.subscribe.ask_move(reader, "c@inbox.example")
    box = Box(*await mailed(newsroom))
    before = dump(newsroom)
    seen, places, met, waiting = (
        set(),
        set(),
        set(),
        ["/", "/demo", "/healthz", *own_pages(newsroom, pending, reader, newsroom.clock())],
    )
    async with visitor(newsroom, box) as client:
        while waiting:
            path = waiting.pop()
            if path in seen or not path.startswith("/"):
                continue
            # with other parameters a page is asked for, not once more whether it can be
            place = path.partition("?")[0]
            methods = ("GET",) if place in places else EVERY
            seen.add(path)
            places.add(place)
            answers = [await client.request(method, path) for method in methods]
            assert all("set-cookie" not in answer.headers and answer.status_code < 500 for answer in answers)
            answer = answers[-1]
            if "html" in answer.headers["content-type"]:
                links = [href for href in Page.of(answer.text).links() if href not in met]
                met |= {href for href in links if href.startswith("/")}  # leads from every page to the same
                waiting += [str(answer.url.join(href)).removeprefix(SITE) for href in links]
    assert len(seen) > 100
    assert all(any(path.startswith(f"/{place}") for path in seen) for place in PLACES)
    assert dump(newsroom) == before


def own_pages(newsroom, pending, reader, asked_at):
    """The paths that mails to these two lead to."""
    yield link(newsroom, "confirm", pending, hours=48)
    for purpose in ("leave", "manage"):
        yield link(newsroom, purpose, reader)
    yield link(newsroom, "settings", reader, minutes=30)
    for side in ("move-old", "move-new"):
        yield link(newsroom, side, f"{reader}~{micros(asked_at)}", hours=48)


def micros(moment):
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


async def test_the_confirmation_page_says_what_will_be_sent(newsroom, client):
    chosen = Wish(frozenset({"prisons"}), frozenset({ENGLISH}))
    reader = await join(newsroom, wishes=(chosen,), format=Format.TEXT, alerts=False)
    said = Page.of((await client.get(link(newsroom, "confirm", reader))).text).text()
    assert "every week on Monday at 07:00 (Seoul)" in said
    assert "Prisons, camps and torture" in said
    assert "from Reedbank Border Watch" in said
    assert "no alerts" in said
    assert "plain text only" in said
    assert "English" in said
    assert READER not in said


async def test_the_confirmation_page_shows_everything_that_was_chosen(newsroom, client):
    everything = {
        "wishes": (
            Wish(
                frozenset({"prisons", "gone"}), roles=frozenset({Role.STATEMENT}), follows=Follows(frozenset({"요덕"}))
            ),
            Wish(follows=Follows(cases=frozenset({"Ri Sol-ju", "<b>Kim</b>"}))),
            Wish(),
        ),
        "mutes": Mutes(
            frozenset({"nuclear"}),
            frozenset({KOREAN, "no-such-source"}),
            frozenset({Role.STATE_MEDIA}),
            Follows(frozenset({"football"}), frozenset({"Dennis Rodman"})),
        ),
        "neutral": True,
        "phrase": "heron at dawn & dusk",
    }
    page = Page.of((await client.get(link(newsroom, "confirm", await join(newsroom, **everything)))).text)
    topics, never, outside, phrase = (
        value(page, name) for name in ("Topics", "Never", "Neutral envelope", "Your phrase")
    )
    assert "Prisons, camps and torture · gone" in topics[0]
    assert "only from those who speak for themselves" in topics[0]
    assert "in any case, stories with 요덕" in topics[0]
    assert topics[1:] == [
        "in any case, stories about <b>Kim</b> · Ri Sol-ju",
        "every story on human rights in North Korea",
    ]
    for said in ("no-such-source", "North Korean state media", "stories with football", "Dennis Rodman"):
        assert said in never[0]
    assert outside == ["sender and subject do not say what it is about"]
    assert phrase == ["heron at dawn & dusk"]


def value(page, name):
    """What stands in the list of what was chosen beside a name."""
    (row,) = [d for d in page.all("dl.choice > div") if d.cssselect("dt")[0].text_content().startswith(name)]
    return [" ".join(dd.text_content().split()) for dd in row.cssselect("dd")]


async def test_nothing_is_said_of_mutes_and_phrase_where_there_are_none(newsroom, client):
    page = Page.of((await client.get(link(newsroom, "confirm", await join(newsroom)))).text)
    names = [dt.text_content() for dt in page.all("dl.choice dt")]
    assert names == ["Digest", "Alerts", "Topics", "Language", "Format"]


async def test_the_button_confirms_and_records_where_the_consent_comes_from(newsroom, client):
    reader = await join(newsroom)
    page = await client.post(link(newsroom, "confirm", reader))
    assert page.status_code == 200
    assert "Confirmed" in Page.of(page.text).text("h1")
    kept = row(newsroom, reader)
    assert (kept["standing"], kept["consent_origin"]) == ("confirmed", "confirmation page, wording 2")


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
        (Schedule(Rhythm.WEEKLY, 7, "Asia/Seoul", 0), "Your next digest: 23 November 2026, 07:00 (Seoul)"),
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
    assert "Your next digest: 23 November 2026, 07:00 (Seoul)" in said


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
    answer = await client.post(link(newsroom, "leave", reader), **sent)
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
    assert (await client.post(link(newsroom, "leave", reader), **sent)).status_code == 200
    assert (row(newsroom, reader)["standing"], row(newsroom, reader)["end_reason"]) == ("ended", "left by page")


async def test_leaving_twice_is_leaving_once_and_answers_alike(newsroom, client):
    reader = await confirmed(newsroom)
    path = link(newsroom, "leave", reader)
    first = await client.post(path, data=ONE_CLICK)
    before = dump(newsroom)
    newsroom.clock.now += timedelta(days=400)
    assert (await client.post(path, data=ONE_CLICK)).text == first.text
    by_page = [await client.post(path) for _ in range(2)]
    assert by_page[0].text == by_page[1].text
    assert dump(newsroom) == before


async def test_after_leaving_an_old_confirmation_link_is_dead(newsroom, client):
    reader = await join(newsroom)
    path = link(newsroom, "confirm", reader)
    await client.post(path)
    await client.post(link(newsroom, "leave", reader))
    assert (await client.post(path)).status_code == 404
    assert row(newsroom, reader)["standing"] == "ended"


def wrong_links(newsroom, reader):
    good = link(newsroom, "confirm", reader).rpartition("/")[2]
    yield "forged", good[:-2] + ("AA" if good[-2:] != "AA" else "BB")
    yield "cut off", good[:-5]
    for purpose in ("unknown", "look-up", ""):
        yield f"foreign {purpose}", newsroom.keyring.token(purpose, reader)
    for purpose in PURPOSES:
        subject = f"{reader}~{micros(NOW)}" if purpose.startswith("move") else reader
        yield f"expired {purpose}", newsroom.keyring.token(purpose, subject, NOW)
    yield "another key", "9" + good[1:]
    yield "no token", "x"
    yield "digits", "9" * 5000 + ".a.b.c"
    yield "letters", "١.한국.é.\u202e%00"


@pytest.mark.parametrize("purpose", ["confirm", "leave", "manage", "settings", "move-old", "move-new"])
async def test_a_wrong_link_says_what_to_do_and_changes_nothing_and_gives_no_hint(newsroom, client, purpose):
    reader = await join(newsroom)
    before, pages = dump(newsroom), {}
    for name, token in wrong_links(newsroom, reader):
        for method in ("HEAD", "POST", "GET"):
            answer = await client.request(method, page_of(purpose, token))
            assert answer.status_code == 404, name
            pages[name] = answer.text
    assert len(set(pages.values())) == 1
    said = Page.of(pages["forged"]).text()
    assert "Nothing was changed." in said
    assert any(advice in said for advice in ("once more", "editors@watch.example", "the newest mail", "again"))
    assert dump(newsroom) == before


async def test_a_link_made_for_leaving_does_not_confirm(newsroom, client):
    reader = await join(newsroom)
    token = link(newsroom, "leave", reader).rpartition("/")[2]
    assert (await client.post(f"/confirm/{token}")).status_code == 404
    assert row(newsroom, reader)["standing"] == "pending"


async def test_a_good_link_for_somebody_who_is_gone_answers_like_any_other(newsroom, client):
    known, gone = await confirmed(newsroom), "nobodyatall"
    assert (await client.get(link(newsroom, "confirm", gone))).status_code == 404
    answers = [await client.post(link(newsroom, "leave", who)) for who in (known, gone)]
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


def page_of(purpose, token):
    """A page with a button."""
    return f"/{purpose.replace('-', '/')}/{token}{'/erase' if purpose == 'settings' else ''}"


async def test_a_link_of_one_purpose_works_for_no_other(newsroom, client):
    reader = await confirmed(newsroom)
    before = dump(newsroom)
    for purpose in PURPOSES:
        for subject in (reader, f"{reader}~{micros(NOW)}"):
            token = newsroom.keyring.token(purpose, subject)
            for other in PURPOSES:
                if other != purpose:
                    answer = await client.post(page_of(other, token))
                    assert answer.status_code == 404, (purpose, other)
    assert dump(newsroom) == before


async def test_the_link_in_a_mail_only_asks_for_a_link_that_is_mailed_to_the_reader(newsroom, client):
    reader = await confirmed(newsroom, language="ko")
    page = await client.get(link(newsroom, "manage", reader))
    assert Page.of(page.text).one("main form").get("method") == "post"
    assert await handed_over(newsroom) == []
    asked = await client.post(link(newsroom, "manage", reader))
    assert asked.status_code == 200
    (mail,) = await handed_over(newsroom)
    assert (mail["To"], mail["Content-Language"]) == (READER, "ko")
    assert (await client.get(link_in(mail, "settings"))).status_code == 200
    assert "/settings/" not in asked.text


async def test_however_often_the_button_is_pressed_one_link_is_mailed_in_ten_minutes(newsroom, client):
    reader = await confirmed(newsroom)
    for _ in range(20):
        assert (await client.post(link(newsroom, "manage", reader))).status_code == 200
    assert len(await handed_over(newsroom)) == 1
    newsroom.clock.now += timedelta(minutes=10)
    await client.post(link(newsroom, "manage", reader))
    assert len(await handed_over(newsroom)) == 1


async def test_who_got_a_forwarded_mail_cannot_tell_whether_its_reader_is_subscribed(newsroom, client):
    stays, waits = await confirmed(newsroom, language="fr"), await join(newsroom, "b@inbox.example", language="ja")
    left, erased = await confirmed(newsroom, "c@inbox.example"), await confirmed(newsroom, "d@inbox.example")
    await newsroom.subscribe.leave(left, "left")
    await newsroom.subscribe.erase(erased)
    readers = (stays, waits, left, erased, "nobodyatall")
    for method in ("GET", "POST"):
        answers = [await client.request(method, link(newsroom, "manage", who)) for who in readers]
        assert len({(a.status_code, a.text, *sorted(a.headers.items())) for a in answers}) == 1


async def test_an_address_moves_once_both_sides_have_pressed_the_button(newsroom, client):
    reader = await confirmed(newsroom)
    await newsroom.subscribe.ask_move(reader, "new@inbox.example")
    mails = {mail["To"]: mail for mail in await handed_over(newsroom)}
    assert set(mails) == {READER, "new@inbox.example"}
    old, new = link_in(mails[READER], "move/old"), link_in(mails["new@inbox.example"], "move/new")
    for path in (old, new):
        said = await client.get(path)
        assert "Do you want to change the address?" in said.text
        assert not any(address in said.text for address in mails)
    first = Page.of((await client.post(new)).text)
    assert (first.text("h1"), "to the old address" in first.text()) == ("One more step", True)
    assert await address_of(newsroom, reader) == READER
    second = await client.post(old)
    assert "Both sides have confirmed" in second.text
    assert await address_of(newsroom, reader) == "new@inbox.example"
    assert not any(address in second.text for address in mails)


async def test_the_page_names_the_side_that_is_still_missing(newsroom, client):
    reader = await confirmed(newsroom)
    await newsroom.subscribe.ask_move(reader, "new@inbox.example")
    old = link(newsroom, "move-old", f"{reader}~{micros(NOW)}", hours=48)
    for _ in range(2):
        assert "to the new address, and press the button there too" in (await client.post(old)).text
    assert await address_of(newsroom, reader) == READER


async def test_a_link_for_an_earlier_change_of_address_does_not_confirm_a_later_one(newsroom, client):
    reader = await confirmed(newsroom)
    await newsroom.subscribe.ask_move(reader, "first@inbox.example")
    earlier = newsroom.clock()
    newsroom.clock.now += timedelta(minutes=5)
    await newsroom.subscribe.ask_move(reader, "second@inbox.example")
    for side in ("move-old", "move-new"):
        answer = await client.post(link(newsroom, side, f"{reader}~{micros(earlier)}", hours=48))
        assert answer.status_code == 404
        assert "a later one was asked for" in Page.of(answer.text).text()
    assert await address_of(newsroom, reader) == READER


async def test_a_link_cannot_be_used_again_after_the_move(newsroom, client):
    reader = await confirmed(newsroom)
    await newsroom.subscribe.ask_move(reader, "new@inbox.example")
    paths = [link(newsroom, side, f"{reader}~{micros(NOW)}", hours=48) for side in ("move-old", "move-new")]
    for path in paths:
        await client.post(path)
    before = dump(newsroom)
    for path in paths:
        answer = await client.post(path)
        assert answer.status_code == 404
        assert "has taken place already" in Page.of(answer.text).text()
    assert dump(newsroom) == before


async def test_a_move_to_an_address_that_is_taken_or_suppressed_is_answered_like_any_other(newsroom, client):
    texts = {}
    for kind, target in (("free", "e@inbox.example"), ("taken", "f@inbox.example"), ("erased", "g@inbox.example")):
        reader = await confirmed(newsroom, f"{kind}@inbox.example")
        if kind != "free":
            other = await confirmed(newsroom, target)
        if kind == "erased":
            await newsroom.subscribe.erase(other)
        await newsroom.subscribe.ask_move(reader, target)
        paths = [link(newsroom, side, f"{reader}~{micros(NOW)}", hours=48) for side in ("move-old", "move-new")]
        texts[kind] = [(await client.post(path)).text for path in paths]
        moved = await address_of(newsroom, reader) == target
        assert moved == (kind == "free")
    assert texts["free"] == texts["taken"] == texts["erased"]


@pytest.mark.parametrize("subject", ["{}", "{}~", "{}~x", "~1", "{}~-1", "{}~1~2"])
async def test_a_move_link_whose_subject_makes_no_sense_is_a_dead_link(newsroom, client, subject):
    reader = await confirmed(newsroom)
    await newsroom.subscribe.ask_move(reader, "new@inbox.example")
    answer = await client.post(link(newsroom, "move-old", subject.format(reader)))
    assert answer.status_code == 404


async def address_of(newsroom, reader):
    return (await newsroom.subscribers.own(reader)).address


async def test_the_spans_that_the_pages_name_are_those_that_are_kept(newsroom, client):
    reader = await confirmed(newsroom)
    assert f"erased after {retention.ENDED.days} days" in (await client.post(link(newsroom, "leave", reader))).text
    minutes = int(retention.SETTINGS_LINK.total_seconds() // 60)
    assert f"works for {minutes} minutes" in (await client.get(link(newsroom, "manage", reader))).text
    hours = int(retention.MOVES.total_seconds() // 3600)
    assert f"older than {hours} hours" in Page.of((await client.get("/move/old/x")).text).text()
