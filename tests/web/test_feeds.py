"""Atom feeds: what stands in them, that they are valid whatever the texts hold, and that asking again costs nothing."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import feedparser
import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import update

from nkwatch.domain.reading import Finding
from nkwatch.domain.source import Role
from nkwatch.domain.statement import Entry, Presence
from nkwatch.domain.story import Report, Story
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.store import schema
from nkwatch.web.atom import Channel, atom
from nkwatch.web.feeds import KEPT, LOOKED_AT, SHOWN, Feeds
from nkwatch.web.pages import Pages
from tests.making import finding, prose, reading, statement
from tests.web.samples import ENGLISH, NOW, SITE, tell, tell_samples

CAMP = "The North Korean government must close the prison camp at Yodok. Nobody should be tortured there. " * 9
CHANNEL = Channel("nkwatch", f"{SITE}/feed.atom?lang=en", f"{SITE}/?lang=en", "en", SITE)
NINE = (
    "Nine families from Hoeryong were banished to a mining village. The North Korean police beat them on the way. " * 3
)
ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@pytest.fixture
async def client(newsroom):
    app = FastAPI()
    app.include_router(Feeds(newsroom, Pages(newsroom)).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE) as opened:
        yield opened


def entry(title="Close the camp at Yodok", text=CAMP, **fields):
    given_ = {"url": f"https://www.{ENGLISH}.example/1", "guid": title, "published": NOW - timedelta(hours=5)}
    return Entry(title, text=text, **(given_ | fields))


def parsed(body: bytes) -> feedparser.FeedParserDict:
    found = feedparser.parse(body)
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "atom10"
    return found


def story(**fields) -> Story:
    said = {"url": "https://a.example/1", "title": "A title", "text": "A text."} | fields
    return Story("s1", (Report(statement(**said), reading(), Role.STATEMENT, "A"),), NOW)


async def test_a_feed_tells_of_a_story_what_readers_need_and_no_more(newsroom, client):
    (story_id,) = await tell(newsroom, ENGLISH, entry())
    answer = await client.get("/feed.atom?lang=en")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = parsed(answer.content)
    assert (feed.feed.id, feed.feed.title, feed.feed.language) == (f"{SITE}/feed.atom", "nkwatch", "en")
    (told,) = feed.entries
    assert told.id == f"{SITE}/stories/{story_id}"
    assert told.title == "Close the camp at Yodok"
    assert told.author == "Reedbank Border Watch"
    assert told.link == f"https://www.{ENGLISH}.example/1"
    assert [link.href for link in told.links if link.rel == "related"] == [told.id]
    assert [(tag.term, tag.label) for tag in told.tags] == [("prisons", "Prisons, camps and torture")]
    assert told.summary in CAMP
    assert len(told.summary) <= 300
    assert told.published == "2026-11-22T02:00:00Z"
    assert told.updated == feed.feed.updated
    assert "content" not in told


async def test_the_newest_fifty_on_human_rights_come_the_newest_first(newsroom, client):
    days = [entry(f"North Korea: close prison {prose(f'camp{n}', 3)}", prose(f"case{n}"),
                  published=NOW - timedelta(hours=n + 1)) for n in range(SHOWN + 2)]  # fmt: skip
    sport = entry("North Korea wins a football match", "The North Korean team won in Pyongyang. " * 5, published=NOW)
    await tell(newsroom, ENGLISH, *days, sport)
    shown = [e.title for e in parsed((await client.get("/feed.atom")).content).entries]
    assert shown == [day.title for day in days[:SHOWN]]
    assert LOOKED_AT > SHOWN


async def test_the_feed_of_a_theme_holds_that_theme(newsroom, client):
    await tell_samples(newsroom)
    everything = parsed((await client.get("/feed.atom")).content).entries
    one = parsed((await client.get("/themes/prisons/feed.atom")).content)
    assert one.feed.title == "nkwatch: Prisons, camps and torture"
    assert one.feed.id == f"{SITE}/themes/prisons/feed.atom"
    expected = [e.id for e in everything if "prisons" in [t.term for t in e.get("tags", ())]]
    assert [e.id for e in one.entries] == expected
    assert 0 < len(expected) < len(everything)


async def test_themes_are_named_in_the_language_asked_for_and_texts_keep_theirs(newsroom, client):
    await tell_samples(newsroom)
    answer = await client.get("/feed.atom?lang=ko")
    assert answer.headers["content-language"] == "ko"
    root = etree.fromstring(answer.content)
    assert root.get(LANG) == "ko"
    labels = {c.get("label") for c in root.iter(f"{ATOM}category")}
    assert any(re.search("[가-힣]", label) for label in labels)
    languages = {t.get(LANG) for t in root.iterfind(f"{ATOM}entry/{ATOM}title")}
    assert {"en", "ko"} <= languages
    assert {s.get(LANG) for s in root.iterfind(f"{ATOM}entry/{ATOM}summary")} <= languages
    assert root.findtext(f"{ATOM}id") == f"{SITE}/feed.atom"


async def test_without_a_language_in_the_address_the_header_decides(client):
    answer = await client.get("/feed.atom", headers={"accept-language": "fr"})
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("fr", "Accept-Language")
    assert (await client.get("/feed.atom?lang=xx")).headers["content-language"] == "en"


async def test_there_is_a_page_for_themes_that_are_none(client):
    answer = await client.get("/themes/football/feed.atom")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


async def test_every_theme_has_a_feed_even_an_empty_one(newsroom, client):
    for theme in newsroom.rules.lexicon.themes:
        assert parsed((await client.get(f"/themes/{theme.code}/feed.atom")).content).entries == []


async def test_who_has_the_feed_already_is_told_so_without_it(newsroom, client):
    await tell(newsroom, ENGLISH, entry())
    first = await client.get("/feed.atom")
    assert first.headers["cache-control"] == "public, max-age=60"
    assert first.headers["last-modified"] == "Sun, 22 Nov 2026 07:00:00 GMT"
    etag = first.headers["etag"]
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        again = await client.get("/feed.atom", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    for unknown in ("", '"x"', etag.strip('"'), "\x01,,W/"):
        assert (await client.get("/feed.atom", headers={"if-none-match": unknown})).status_code == 200


async def test_head_answers_with_the_same_headers(client):
    headers = [(await client.request(method, "/feed.atom")).headers for method in ("GET", "HEAD")]
    assert headers[0] == headers[1]


async def test_other_methods_are_refused(client):
    assert (await client.post("/feed.atom")).status_code == 405


async def test_a_crowd_costs_one_rendering_a_minute(newsroom, client):
    read = []
    newest = newsroom.statements.newest

    async def counted(limit):
        read.append(limit)
        return await newest(limit)

    object.__setattr__(newsroom.statements, "newest", counted)
    await tell(newsroom, ENGLISH, entry())
    answers = await asyncio.gather(*(client.get("/feed.atom") for _ in range(20)))
    assert len({a.content for a in answers}) == 1
    await client.get("/themes/prisons/feed.atom")
    assert read == [LOOKED_AT]
    await tell(newsroom, ENGLISH, entry(), entry("Free the nine of Hoeryong", NINE, url="https://x.example/2"))
    assert len(parsed((await client.get("/feed.atom")).content).entries) == 1
    newsroom.clock.now += KEPT
    assert len(parsed((await client.get("/feed.atom")).content).entries) == 2
    assert len(read) == 2


async def test_what_may_not_be_shown_is_in_no_feed(newsroom, client):
    await tell(newsroom, ENGLISH, entry())
    assert len(parsed((await client.get("/feed.atom")).content).entries) == 1
    gone = update(schema.statement).values(presence=Presence.MISSING)
    await newsroom.database.write(lambda c: c.execute(gone))
    newsroom.clock.now += KEPT
    assert parsed((await client.get("/feed.atom")).content).entries == []


# Entries


def told(story: Story, themes=None) -> feedparser.FeedParserDict:
    body, _ = atom(CHANNEL, [story], themes or {})
    (only,) = parsed(body).entries
    return only


def test_an_address_that_may_not_be_linked_leads_to_our_page():
    for url in ("", "javascript:alert(1)", "https://user@a.example/"):
        assert told(story(url=url)).link == f"{SITE}/stories/s1"


def test_a_date_that_was_estimated_is_not_told():
    assert "published" not in told(story(published_estimated=True))


def test_an_edited_story_was_updated_then():
    later = NOW + timedelta(hours=3, microseconds=5)
    assert told(story(edited_at=later)).updated == "2026-11-22T10:00:00Z"
    assert told(story(edited_at=NOW - timedelta(days=3))).updated == "2026-11-22T07:00:00Z"


def test_who_passed_it_on_stands_beside_whose_words_they_are():
    passed = story(publisher="Wire")
    lead = replace(passed.reports[0], reading=reading(released_by="NGO"))
    assert told(replace(passed, reports=(lead,))).author == "NGO / Wire"


def test_themes_that_the_catalogue_has_no_more_are_left_out():
    theme = Theme("prisons", ThemeKind.RIGHTS, {"en": "Pri\x00sons\ufffe"})
    old = Finding("old", ThemeKind.RIGHTS, 1.0, ())
    lead = replace(story().reports[0], reading=reading(themes=(finding(), old)))
    tags = told(replace(story(), reports=(lead,)), {"prisons": theme}).tags
    assert [(t.term, t.label) for t in tags] == [("prisons", "Prisons")]


def test_an_empty_feed_is_valid_and_always_the_same():
    body, updated = atom(CHANNEL, [], {})
    assert parsed(body).entries == []
    assert updated == datetime(1990, 1, 1, tzinfo=UTC)
    assert atom(CHANNEL, [], {})[0] == body


@given(*[st.text(max_size=60)] * 5)
def test_whatever_a_text_holds_the_feed_can_be_read(title, text, publisher, url, language):
    held = story(title=title, text=text, publisher=publisher, url=f"https://a.example/{url}", language=language)
    only = told(held)
    assert only.id == f"{SITE}/stories/s1"
    assert only.title
    assert only.author


@pytest.mark.parametrize("title", ["A\x00B", "A\x0bB", "A\ufffeB", "A\uffffB", "A\ud800B", "A\u202eB", "A\x85B"])
def test_control_characters_do_not_break_the_feed(title):
    assert told(story(title=title)).title in {"AB", "A B"}


def test_a_title_of_unknown_language_does_not_take_that_of_the_feed():
    root = etree.fromstring(atom(CHANNEL, [story(language="")], {})[0])
    assert (root.get(LANG), root.find(f"{ATOM}entry/{ATOM}title").get(LANG)) == ("en", "")


def test_markup_in_a_title_stays_text():
    root = etree.fromstring(atom(CHANNEL, [story(title="<b>x</b> & ]]> <script>")], {})[0])
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == "<b>x</b> & ]]> <script>"
    assert root.find(f"{ATOM}entry/{ATOM}title").get("type") in {None, "text"}
