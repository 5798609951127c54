"""Feeds: what stands in them, that Atom is valid whatever the texts hold, and that asking again costs nothing."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
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
from nkwatch.web.atom import atom
from nkwatch.web.channel import Channel, Telling
from nkwatch.web.feeds import FORMATS
from nkwatch.web.subjects import KEPT, LOOKED_AT, SHOWN
from tests.making import finding, prose, reading, statement
from tests.web.archived import samples_indexed
from tests.web.samples import ENGLISH, NOW, SITE, tell, tell_samples

CAMP = "The North Korean government must close the prison camp at Yodok. Nobody should be tortured there. " * 9
CHANNEL = Channel("nkwatch", f"{SITE}/feed", f"{SITE}/?lang=en", "en")
NINE = (
    "Nine families from Hoeryong were banished to a mining village. The North Korean police beat them on the way. " * 3
)
ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


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
    newsroom.clock.now += KEPT - timedelta(seconds=1)
    await client.get("/feed.atom")
    assert len(read) == 1
    newsroom.clock.now += timedelta(seconds=1)
    await client.get("/feed.atom")
    assert len(read) == 2


async def test_what_is_new_is_in_the_feeds_at_once(newsroom, client):
    await tell(newsroom, ENGLISH, entry())
    assert len(parsed((await client.get("/feed.atom")).content).entries) == 1
    await tell(newsroom, ENGLISH, entry(), entry("Free the nine of Hoeryong", NINE, url="https://x.example/2"))
    for path in ("/feed.atom", f"/sources/{ENGLISH}/feed.atom"):
        assert len(parsed((await client.get(path)).content).entries) == 2


async def test_what_may_not_be_shown_is_in_no_feed(newsroom, client):
    await tell(newsroom, ENGLISH, entry())
    assert len(parsed((await client.get("/feed.atom")).content).entries) == 1
    gone = update(schema.statement).values(presence=Presence.MISSING)
    await newsroom.database.write(lambda c: c.execute(gone))
    assert parsed((await client.get("/feed.atom")).content).entries == []


# Themes, sources, searches, alerts


async def indexed(newsroom, *entries, source=ENGLISH):
    """These entries, told and to be found."""
    ids = await tell(newsroom, source, *entries)
    await newsroom.index()
    return ids


async def test_a_rare_theme_has_its_stories_however_old_they_are(newsroom, client, monkeypatch):
    monkeypatch.setattr("nkwatch.web.subjects.LOOKED_AT", 1)
    await indexed(
        newsroom,
        entry(published=NOW - timedelta(days=2)),
        entry("Free the nine of Hoeryong", NINE, url="https://x.example/2"),
    )
    titles = [e.title for e in parsed((await client.get("/themes/prisons/feed.atom")).content).entries]
    assert "Close the camp at Yodok" in titles


async def test_the_feed_of_a_source_tells_each_story_as_that_source_does(newsroom, client):
    await samples_indexed(newsroom)
    shared = next(s for s in await newsroom.statements.newest(90) if len(s.reports) > 1 and s.rights)
    for report in shared.reports:
        statement = report.statement
        found = parsed((await client.get(f"/sources/{statement.source_id}/feed.atom")).content)
        assert found.feed.title == f"nkwatch: {statement.publisher}"
        (here,) = [e for e in found.entries if e.id == f"{SITE}/stories/{shared.id}"]
        assert here.title == statement.title
    assert (await client.get("/sources/nobody/feed.rss")).status_code == 404


async def test_the_feed_of_a_page_holds_what_the_page_shows(newsroom, client):
    await tell_samples(newsroom)
    sport = "The North Korean team won in Pyongyang and the North Korean army cheered at its missile base. " * 5
    await indexed(newsroom, entry("North Korea fires a ballistic missile", sport, published=NOW))
    stories = [s for s in await newsroom.statements.newest(90) if s.public(NOW)]
    beside = {s.id for s in stories if not s.rights}
    assert beside
    places = [f"/themes/{t.code}" for t in newsroom.rules.lexicon.themes]
    places += [f"/sources/{s.id}" for s in newsroom.sources.values()]
    found = set()
    for place in places:
        links = re.findall(r'<h3><a href="/stories/([^"#?]+)', (await client.get(place)).text)
        told_ = [e.id.rpartition("/")[2] for e in parsed((await client.get(f"{place}/feed.atom")).content).entries]
        assert set(told_) == set(links), place
        found |= beside.intersection(told_)
    assert found == beside
    assert not beside.intersection(
        e.id.rpartition("/")[2] for e in parsed((await client.get("/feed.atom")).content).entries
    )


async def test_a_search_is_a_feed_whatever_the_order_of_its_filters(newsroom, client):
    await indexed(newsroom, entry(), entry("Free the nine of Hoeryong", NINE, url="https://x.example/2"))
    found = parsed((await client.get("/search.atom?q=Yodok&theme=prisons&lang=en")).content)
    assert [e.title for e in found.entries] == ["Close the camp at Yodok"]
    assert found.feed.title == "nkwatch: Search: Yodok prisons"
    assert found.feed.id == f"{SITE}/search.atom?q=Yodok&theme=prisons"
    (mine,) = [link.href for link in found.feed.links if link.rel == "self"]
    assert mine == f"{found.feed.id}&lang=en"
    assert found.feed.link == f"{SITE}/search?q=Yodok&theme=prisons&lang=en"
    again = await client.get("/search.atom?theme=prisons&lang=en&q=Yodok")
    assert again.headers["etag"] == (await client.get(mine)).headers["etag"]


async def test_a_search_in_korean_is_a_feed(newsroom, client):
    await samples_indexed(newsroom)
    found = parsed((await client.get("/search.atom", params={"q": "북한", "lang": "ko"})).content)
    assert found.entries
    assert parsed((await client.get(found.feed.links[0].href)).content).feed.id == found.feed.id


async def test_a_search_that_is_mistaken_says_what_is_wrong(client):
    for ending in FORMATS:
        answer = await client.get(f"/search.{ending}", params={"theme": "<b>%(contact)s 100%", "since": "soon"})
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("text/html")
        assert "No theme is called “&lt;b&gt;%(contact)s 100%”." in answer.text
        assert "“soon” is no date" in answer.text


async def test_a_search_that_finds_nothing_is_an_empty_feed(client):
    assert parsed((await client.get("/search.atom?q=nothing")).content).entries == []


async def sent(newsroom, story_id: str, number: int, **fields) -> None:
    """An alert on this story that somebody got."""
    when = newsroom.clock() - timedelta(hours=1)
    row = {
        "number": number,
        "key": f"alert:{number}",
        "kind": "alert",
        "date": when,
        "story_id": story_id,
        "reports": [],
    }
    await newsroom.database.write(lambda c: c.execute(schema.bulletin.insert().values(**row | fields)))


async def test_alerts_that_were_sent_have_a_feed_with_their_numbers(newsroom, client):
    first, second = await tell(
        newsroom, ENGLISH, entry(), entry("Free the nine of Hoeryong", NINE, url="https://x.example/2")
    )
    for number, story_id in ((3, first), (4, second), (5, "gone")):
        await sent(newsroom, story_id, number)
    found = parsed((await client.get("/alerts/feed.atom?lang=en")).content)
    assert found.feed.title == "nkwatch: Alerts"
    assert [e.id for e in found.entries] == [f"{SITE}/alerts/4", f"{SITE}/alerts/3"]
    assert all(re.match(r"Alert \d: ", e.title) for e in found.entries)
    assert {e.published for e in found.entries} == {"2026-11-22T06:00:00Z"}


async def test_an_alert_that_was_corrected_says_so_and_by_which_bulletin(newsroom, client):
    (story_id,) = await tell(newsroom, ENGLISH, entry())
    await sent(newsroom, story_id, 3)
    note = {"words": [["en", "It was eight."]], "editor": "Ann", "at": NOW.isoformat()}
    desk = {"story_id": story_id, "correction": note}
    await newsroom.database.write(lambda c: c.execute(schema.desk.insert().values(**desk)))
    await sent(newsroom, story_id, 7, kind="alert-correction", answers=3, date=NOW + timedelta(minutes=5))
    (told_,) = parsed((await client.get("/alerts/feed.atom?lang=en")).content).entries
    assert told_.title == "Alert 3: [Corrected] Close the camp at Yodok"
    assert told_.summary == "It was eight. (Ann) [Corrected by bulletin 7]"
    assert told_.updated == "2026-11-22T07:05:00Z"


async def test_every_format_of_a_feed_holds_the_same(newsroom, client):
    await indexed(newsroom, entry(), entry("Free the nine of Hoeryong", NINE, url="https://x.example/2"))
    for path in ("/feed", "/themes/prisons/feed", f"/sources/{ENGLISH}/feed", "/search", "/alerts/feed"):
        feeds = [feedparser.parse((await client.get(f"{path}.{e}?lang=en")).content) for e in ("atom", "rss")]
        told_ = (await client.get(f"{path}.json?lang=en")).json()
        assert [[e.id for e in f.entries] for f in feeds] == [[i["id"] for i in told_["items"]]] * 2
        assert [[e.title for e in f.entries] for f in feeds] == [[i["title"] for i in told_["items"]]] * 2
        assert {f.feed.title for f in feeds} == {told_["title"]}


async def test_every_format_is_sent_as_what_it_is_and_known_again(newsroom, client):
    await tell(newsroom, ENGLISH, entry())
    kinds = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
    for ending, kind in kinds.items():
        answer = await client.get(f"/feed.{ending}")
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        known = {"if-none-match": answer.headers["etag"]}
        assert (await client.get(f"/feed.{ending}", headers=known)).status_code == 304
        assert (await client.get(f"/feed.{ending}?lang=fr", headers=known)).status_code == 200


# Entries


def channel(*stories: Story, themes=None) -> Channel:
    telling = Telling(SITE, "en", themes or {})
    return replace(CHANNEL, items=tuple(map(telling.story, stories)))


def told(story: Story, themes=None) -> feedparser.FeedParserDict:
    (only,) = parsed(atom(channel(story, themes=themes))).entries
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
    body = atom(CHANNEL)
    assert parsed(body).entries == []
    assert CHANNEL.updated == datetime(1990, 1, 1, tzinfo=UTC)
    assert atom(CHANNEL) == body


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
    root = etree.fromstring(atom(channel(story(language=""))))
    assert (root.get(LANG), root.find(f"{ATOM}entry/{ATOM}title").get(LANG)) == ("en", "")


def test_markup_in_a_title_stays_text():
    root = etree.fromstring(atom(channel(story(title="<b>x</b> & ]]> <script>"))))
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == "<b>x</b> & ]]> <script>"
    assert root.find(f"{ATOM}entry/{ATOM}title").get("type") in {None, "text"}
