"""Subscribing on the site: choose, see what it brings, be asked by mail. Nobody can tell who reads already."""

import asyncio
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html
from sqlalchemy import event

from nkwatch.catalogue.sources import load_sources
from nkwatch.config import SignUpSettings
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Choice, Edition, Format, Rhythm, Schedule, Suppression
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.web.outlook import Recent, Unknown
from nkwatch.web.values import LARGEST_FORM, Values
from tests.making import entry, prose
from tests.web.conftest import visitor
from tests.web.html import Page
from tests.web.samples import ENGLISH, KOREAN, NOW, SITE, confirmed, dump, handed_over, join, rows, tell, tell_samples

NEW = "ann@inbox.example.org"
PLAIN = {"rhythm": "weekly", "language": "en", "format": "html", "wish0-scope": "all", "address": NEW}


def with_limits(newsroom, **limits):
    config = newsroom.config.model_copy(update={"signup": SignUpSettings(**limits)})
    return replace(newsroom, config=config)


@pytest.fixture
async def wide_open(newsroom):
    """A browser at a site without limits."""
    async with visitor(with_limits(newsroom, per_network=10**6, per_domain=10**6, total=10**6)) as opened:
        yield opened


async def press(client, step="look", path="/subscribe", **fields):
    """Send the least form with these fields by the button `step`."""
    given = {name.replace("_", "-"): value for name, value in fields.items()}
    return await client.post(path, data=PLAIN | given | {"step": step})


def carried(page, button):
    """What a browser sends when a button of the first form of a page is pressed."""
    return dict(page.all("main form")[0].form_values()) | {"step": button}


async def standing(newsroom, address):
    own = {o.address: o for o in await newsroom.subscribers.everybody()}
    return own.get(address)


async def test_the_page_offers_the_feeds_first_and_says_who_sees_an_address(client):
    page = Page.of((await client.get("/subscribe")).text)
    said = page.text()
    assert said.index("Without an address: feeds") < said.index("Your mail address")
    assert {"/feed.atom", "/themes/prisons/feed.atom"} <= set(page.links())
    assert all(who in said for who in ("this service", "the relay", "your own mail provider"))
    assert page.one("link[type='application/atom+xml']").get("href") == "/feed.atom"


async def test_every_page_leads_to_it(client):
    for path in ("/", "/sources", "/nothing"):
        assert "/subscribe" in Page.of((await client.get(path)).text).links()


async def test_the_page_is_the_same_for_everybody_in_a_language_and_made_once(client):
    first = await client.get("/subscribe?lang=ko")
    again = await client.get("/subscribe?lang=ko", headers={"Accept-Language": "fr"})
    assert again.content == first.content
    assert first.headers["cache-control"] == "public, max-age=30"
    assert (first.headers["content-language"], first.headers["vary"]) == ("ko", "Accept-Language")
    assert Page.of(first.text).one("#zone option[selected]").get("value") == "Asia/Seoul"
    assert Page.of((await client.get("/subscribe")).text).one("#zone option[selected]").get("value") == "UTC"
    head = await client.head("/subscribe")
    assert (head.status_code, head.headers["content-length"]) == (
        200,
        (await client.get("/subscribe")).headers["content-length"],
    )


async def test_time_zones_are_named_after_places_in_the_readers_language(client):
    page = Page.of((await client.get("/subscribe?lang=ko")).text)
    named = {o.get("value"): o.text.strip() for o in page.all("#zone option")}
    # of the last one Unicode has the name under an older zone alone
    assert [named[z] for z in ("Asia/Seoul", "America/New_York", "Asia/Kolkata")] == ["서울", "뉴욕", "콜카타"]
    assert [zone for zone, place in named.items() if place.isascii()] == ["UTC"]
    (asia,) = [g for g in page.all("#zone optgroup") if g.get("label") == "아시아"]
    places = [o.text.strip() for o in asia]
    assert places == sorted(places)


async def test_with_every_source_on_the_page_stays_small(newsroom, client):
    sources = {i: replace(s, enabled=True) for i, s in load_sources([], (), ()).items()}
    async with visitor(replace(newsroom, sources=sources)) as visiting:
        page = await visiting.get("/subscribe")
    assert len(page.content) < 60_000
    assert len(Page.of(page.text).all("[name=wish0-sources]")) > 80


async def test_every_field_has_a_name_for_everybody(client):
    page = Page.of((await client.get("/subscribe")).text)
    labelled = {label.get("for") for label in page.all("label[for]")}
    for field in page.all("main form input, main form select, main form textarea"):
        assert field.get("id") in labelled or field.getparent().tag == "label", field.get("name")
    assert all(fieldset.find("legend") is not None for fieldset in page.all("fieldset"))
    names = [field.get("id") for field in page.all("[id]")]
    assert len(names) == len(set(names))


async def test_looking_says_what_a_choice_would_have_sent_and_saves_nothing(newsroom, client):
    await tell_samples(newsroom)
    before = dump(newsroom)
    page = Page.of((await press(client, wish0_scope="some", wish0_themes="prisons", wish0_words="Musan")).text)
    said = page.text()
    assert "In the last 30 days:" in said
    assert "in 1 digest" in said
    assert "Prisons, camps and torture" in page.text(".choice")
    assert "Family punished over a handwritten prayer book in Musan" in page.text(".brought")
    assert any("“" not in q.text_content() and q.text == "Musan" for q in page.all(".why q"))
    assert dump(newsroom) == before


async def test_a_choice_that_brings_nothing_is_warned_of(newsroom, client):
    await tell_samples(newsroom)
    page = Page.of((await press(client, wish0_scope="some", wish0_words="zyzzyva")).text)
    assert "would have brought you nothing" in page.text(".warning")


async def test_a_flood_is_warned_of(newsroom, client):
    told = [
        entry(f"{prose(f'title{n}', 8)}: torture in a prison camp", text=prose(f"text{n}"), url=f"https://{ENGLISH}.example/{n}", published=NOW)
        for n in range(30)
    ]  # fmt: skip
    await tell(newsroom, ENGLISH, *told)
    page = Page.of((await press(client)).text)
    assert "a lot to read" in page.text(".warning")


async def test_muted_stories_are_counted(newsroom, client):
    await tell_samples(newsroom)
    page = Page.of((await press(client, mute_words="Musan")).text)
    assert "left out, because you never want" in page.text()
    assert "Musan" not in page.text(".brought")


async def test_without_any_story_nobody_is_warned(client):
    page = Page.of((await press(client)).text)
    assert "nobody can tell" in page.text()
    assert not page.all(".warning")


async def test_a_forecast_that_takes_too_long_is_given_up(newsroom):
    await tell_samples(newsroom)
    assert await Recent(newsroom, patience=0).forecast(Choice()) is Unknown.TOO_LONG


async def test_too_many_forecasts_at_once_are_turned_away(newsroom):
    recent = Recent(newsroom)
    answers = await asyncio.gather(*(recent.forecast(Choice()) for _ in range(20)))
    assert Counter(answers) == {Unknown.NO_STORIES: 8, Unknown.CROWDED: 12}


async def test_stories_are_read_once_in_five_minutes(newsroom):
    await tell_samples(newsroom)
    recent, reads = Recent(newsroom), []
    with counted(newsroom, reads):
        await recent.forecast(Choice())
        once = len(reads)
        await recent.forecast(Choice())
        assert len(reads) == once
        newsroom.clock.now += timedelta(minutes=6)
        await recent.forecast(Choice())
        assert len(reads) == 2 * once


async def test_joining_begins_on_the_page_that_was_seen_and_asks_by_mail(newsroom, client):
    fields = {
        "rhythm": "monthly", "monthday": "31", "hour": "23", "zone": "Asia/Seoul", "alerts": "yes", "language": "ko",
        "format": "text", "neutral": "yes", "phrase": "blue <b>heron</b>", "wish0_scope": "some", "wish0_themes": ["prisons", "women"],
        "wish0_sources": ENGLISH, "wish0_roles": "press", "wish0_words": "북송\r\nfamin*", "wish0_cases": "Kim Dong-chul",
        "mute_sources": KOREAN, "mute_words": "“quoted” & 'so'",
    }  # fmt: skip
    page = Page.of((await press(client, **fields)).text)
    asked = await client.post("/subscribe", data=carried(page, "join"))
    assert (asked.status_code, Page.of(asked.text).text("h1")) == (200, "Look into your mailbox")
    own = await standing(newsroom, NEW)
    assert own.standing == "pending"
    assert own.subscriber.choice == Choice(
        Schedule(Rhythm.MONTHLY, 23, "Asia/Seoul", 0, 31),
        True,
        Edition("ko", Format.TEXT, neutral=True),
        (
            Wish(
                frozenset({"prisons", "women"}),
                frozenset({ENGLISH}),
                frozenset({Role.PRESS}),
                Follows(frozenset({"북송", "famin*"}), frozenset({"Kim Dong-chul"})),
            ),
        ),
        Mutes(sources=frozenset({KOREAN}), follows=Follows(frozenset({"“quoted” & 'so'"}))),
        "blue <b>heron</b>",
    )
    (mail,) = await handed_over(newsroom)
    assert mail["To"] == NEW


async def test_the_way_back_keeps_everything(newsroom, client):
    looked = Page.of((await press(client, phrase="blue heron", wish0_words="famin*", hour="5")).text)
    page = Page.of((await client.post("/subscribe", data=carried(looked, "edit"))).text)
    assert page.one("#address").get("value") == NEW
    assert page.one("#phrase").get("value") == "blue heron"
    assert page.one("#wish0-words").text.strip() == "famin*"
    assert page.one("#hour option[selected]").get("value") == "5"


async def test_wishes_are_added_and_removed_by_buttons(client):
    page = Page.of((await press(client, "more", wish0_scope="some", wish0_themes="prisons", phrase="kept")).text)
    assert [f.find("legend").text for f in page.all("fieldset.wish")] == ["Wish 1", "Wish 2"]
    assert page.one("[name=wish0-themes][checked]").get("value") == "prisons"
    assert (page.one("#phrase").get("value"), page.one("#address").get("value")) == ("kept", NEW)
    assert not page.all("#problems")
    page = Page.of((await client.post("/subscribe", data=carried(page, "drop0"))).text)
    assert len(page.all("fieldset.wish")) == 1
    assert not page.all("[name=wish0-themes][checked]")


async def test_the_first_button_is_not_the_one_that_adds_a_wish(client):
    page = Page.of((await client.get("/subscribe")).text)
    assert page.all("main form button")[0].get("value") == "look"


async def test_what_is_wrong_stands_at_its_field_and_above(newsroom, client):
    before = dump(newsroom)
    for step in ("look", "join"):
        answer = await press(client, step, address="ann@", hour="99", wish0_words="x" * 101)
        page = Page.of(answer.text)
        assert answer.status_code == 422
        assert [a.get("href") for a in page.all("#problems a")] == ["#hour", "#wish0-words", "#address"]
        for name in ("hour", "wish0-words", "address"):
            field = page.one(f"#{name}")
            assert field.get("aria-invalid") == "true"
            assert f"{name}-wrong" in field.get("aria-describedby").split()
            assert page.one(f"#{name}-wrong").text
        assert page.one("#address").get("value") == "ann@"
    assert dump(newsroom) == before


async def test_an_address_to_throw_away_is_told(client):
    page = Page.of((await press(client, "join", address="ann@mailinator.com")).text)
    assert "thrown away" in page.text("#address-wrong")


@contextmanager
def counted(newsroom, statements):
    """Notes what is asked of the database."""

    def note(connection, cursor, statement, *_):
        statements.append(statement)

    engines = [e for e in vars(newsroom.database).values() if hasattr(e, "dialect")]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


async def test_nobody_can_tell_from_the_answer_or_the_work_whether_an_address_is_known(newsroom, client):
    pending, known, left, erased, bounced = (f"reader{n}@inbox.example.org" for n in range(5))
    await join(newsroom, pending)
    await confirmed(newsroom, known)
    await newsroom.subscribe.leave(await confirmed(newsroom, left), "left by page")
    await newsroom.subscribe.erase(await confirmed(newsroom, erased))
    await newsroom.subscribers.suppress(bounced, Suppression.BOUNCED, newsroom.clock())
    newsroom.clock.now += timedelta(days=3)
    answers, work = set(), {}
    for address in (NEW, pending, known, left, erased, bounced):
        statements = []
        with counted(newsroom, statements):
            answer = await press(client, "join", address=address)
        answers.add((answer.status_code, answer.content, tuple(answer.headers.items())))
        work[address] = Counter(s.split()[0] for s in statements)
    assert len(answers) == 1
    assert len(set(map(str, work.values()))) == 1, work
    assert work[NEW]


async def test_who_is_known_gets_a_link_and_who_is_new_a_question_and_who_is_erased_nothing(newsroom, client):
    known, erased = "known@inbox.example.org", "erased@inbox.example.org"
    await confirmed(newsroom, known)
    await newsroom.subscribe.erase(await confirmed(newsroom, erased))
    for address in (NEW, known, erased):
        await press(client, "join", address=address)
    mails = {mail["To"]: mail.get_body(("plain",)).get_content() for mail in await handed_over(newsroom)}
    assert set(mails) == {NEW, known}
    assert f"{SITE}/confirm/" in mails[NEW]
    assert f"{SITE}/settings/" in mails[known]


async def test_a_sign_up_for_somebody_who_is_subscribed_changes_nothing_of_theirs(newsroom, client):
    await confirmed(newsroom, NEW, phrase="mine")
    await press(client, "join", phrase="not mine")
    assert (await standing(newsroom, NEW)).subscriber.choice.phrase == "mine"


async def test_one_mail_for_each_address_and_day_however_often_it_is_given(newsroom):
    async with visitor(with_limits(newsroom, per_network=1000)) as client:
        for n in range(30):
            address = NEW if n % 2 else NEW.replace("inbox", "INBOX")
            assert (await press(client, "join", address=address)).status_code == 200
            newsroom.clock.now += timedelta(minutes=30)
        assert len(await handed_over(newsroom)) == 1
        newsroom.clock.now += timedelta(hours=12)
        await press(client, "join")
        assert len(await handed_over(newsroom)) == 1


async def test_over_a_limit_everybody_is_told_when_to_come_back(newsroom):
    known = "known@inbox.example.org"
    await confirmed(newsroom, known)
    async with visitor(with_limits(newsroom, per_network=2)) as client:
        for n in range(2):
            await press(client, "join", address=f"ann{n}@inbox.example.org")
        before = dump(newsroom)
        answers = [await press(client, "join", address=a) for a in (NEW, known)]
        assert dump(newsroom) == before
    assert {a.status_code for a in answers} == {429}
    assert answers[0].content == answers[1].content
    assert answers[0].headers["retry-after"] == "3600"
    assert "Please try again from 22 November 2026, 08:00 UTC on." in Page.of(answers[0].text).text()


async def test_a_domain_has_a_limit_too(newsroom):
    async with visitor(with_limits(newsroom, per_domain=2)) as client:
        answers = [await press(client, "join", address=f"ann{n}@inbox.example.org") for n in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 429]
        assert (await press(client, "join", address="ann@other.example.org")).status_code == 200


async def test_looking_too_often_is_told(newsroom):
    async with visitor(with_limits(newsroom, per_network=1)) as client:
        answers = [(await press(client)).status_code for _ in range(21)]
    assert Counter(answers) == {200: 20, 429: 1}


@pytest.mark.parametrize("limit", ["per_network", "per_domain", "total"])
async def test_a_closed_form_says_so_and_offers_the_feeds(newsroom, limit):
    async with visitor(with_limits(newsroom, **{limit: 0})) as client:
        page = Page.of((await client.get("/subscribe")).text)
        assert "Nobody can subscribe here at present" in page.text()
        assert "/feed.atom" in page.links()
        assert not page.all("main form")
        assert (await press(client, "join")).status_code == 403
    assert not rows(newsroom, "subscriber")


async def test_where_somebody_comes_from_is_kept_nowhere(newsroom, client, capsys):
    for step in ("look", "join"):
        await press(client, step, phrase="blue heron", wish0_words="zyzzyva")
    kept = "\n".join([*dump(newsroom), *capsys.readouterr()])
    for secret in ("127.0.0.1", "127.0.0", NEW, "blue heron", "zyzzyva"):
        assert secret not in kept


URLENCODED = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"", "headers": URLENCODED}, 422),
        ({"content": b"address=%FF%FE", "headers": URLENCODED}, 400),
        ({"content": b"%%%===&&&;;;", "headers": URLENCODED}, 422),
        ({"content": b"&".join([b"wish0-words=a"] * 5000), "headers": URLENCODED}, 400),
        ({"content": b"a" * (LARGEST_FORM + 1), "headers": URLENCODED}, 413),
        ({"content": b"a" * LARGEST_FORM, "headers": URLENCODED}, 422),
        ({"content": b"{}", "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"step=join"}, 400),
        ({"files": {"step": (None, "join")}}, 400),
        ({"files": {"address": ("a.txt", b"x")}}, 400),
        ({"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"a=b", "headers": {"content-type": "application/x-www-form-urlencoded; charset=utf-16"}}, 400),
    ],
)
async def test_what_is_no_form_of_ours_gets_a_page_that_says_so(newsroom, client, sent, status):
    before = dump(newsroom)
    answer = await client.post("/subscribe", **sent)
    assert answer.status_code == status
    assert Page.of(answer.text).text("h1")
    assert dump(newsroom) == before


ODD = st.text(st.characters(codec="utf-8"), max_size=80) | st.sampled_from(
    ["{{ 7*7 }}", "{% raise %}", "<script>alert(1)</script>", '"><img src=x onerror=1>', "a\r\nBcc: x@y.org", "\0", "all", "some", "%0d%0a", "'"]
)  # fmt: skip
NAMES = st.sampled_from(
    [*(n for n, _ in Values.of(Choice(phrase="x")).fields()), "neutral", "address", "wish0-themes", "wish0-sources",
     "wish0-roles", "wish0-words", "wish0-cases", "wish5-words", "mute-themes", "mute-words", "lang"]
)  # fmt: skip
#: What an injected text would bring into a page.
FOREIGN = "script, img, iframe, object, style, [onerror], [onload]"


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(NAMES, ODD, max_size=6), st.sampled_from(["look", "join", "edit", "more", "drop0", "odd"]))
async def test_no_field_breaks_a_page_or_gets_into_one(wide_open, fields, step):
    answer = await wide_open.post("/subscribe", data=PLAIN | fields | {"step": step})
    assert answer.status_code in {200, 422}, answer.status_code
    page = Page(html.document_fromstring(answer.content))
    assert not page.all(FOREIGN)
    assert "set-cookie" not in answer.headers
    assert ">49<" not in answer.text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ODD, ODD, ODD)
async def test_no_text_of_a_reader_gets_into_the_headers_of_a_mail(newsroom, wide_open, phrase, words, local):
    address = f"{local}@inbox.example.org"
    answer = await press(wide_open, "join", address=address, phrase=phrase, wish0_words=words)
    mails = await handed_over(newsroom)
    assert answer.status_code in {200, 422}
    for mail in mails:
        assert mail["Bcc"] is None
        assert not mail.defects
        assert len(mail.get_all("To")) == 1
