"""What editors say of a story stands on its page and in the feeds; what they hold back does not."""

from datetime import timedelta

import feedparser
import pytest

from nkwatch.domain.desk import Note, Ruling, RulingKind
from tests.web.archived import samples_indexed
from tests.web.html import Page
from tests.web.samples import NOW

SAID = Note((("en", "It was in Hoeryong,\nnot in <b>Musan</b>."), ("ko", "회령이었습니다.")), "Ann", NOW)


@pytest.fixture
async def story(newsroom):
    await samples_indexed(newsroom)
    return (await newsroom.statements.newest(1))[0].id


async def corrected(newsroom, story, kind=RulingKind.CORRECT):
    await newsroom.desk.rule(Ruling(story, kind, "Ann", NOW, "wrong town"), SAID)


async def test_a_correction_stands_on_the_page_in_the_words_of_the_editor(newsroom, client, story):
    await corrected(newsroom, story)
    page = (await client.get(f"/stories/{story}?lang=en")).text
    assert "Corrected: something in what we sent of this was wrong" in page
    assert "not in &lt;b&gt;Musan&lt;/b&gt;." in page
    assert "Ann" in Page.of(page).one(".remark .quiet").text_content()
    korean = Page.of((await client.get(f"/stories/{story}?lang=ko")).text)
    assert korean.one(".remark .said").get("lang") in {None, "ko"}
    assert "회령이었습니다." in korean.one(".remark .said").text_content()
    french = Page.of((await client.get(f"/stories/{story}?lang=fr")).text)
    assert french.one(".remark .said").get("lang") == "en", "words in another language than the page say in which"


async def test_a_withdrawal_says_that_all_of_it_was_wrong(newsroom, client, story):
    await corrected(newsroom, story, RulingKind.WITHDRAW)
    assert "Withdrawn: what we sent of this was wrong" in (await client.get(f"/stories/{story}?lang=en")).text


async def test_feeds_tell_a_correction_as_a_change_of_the_entry(newsroom, client, story):
    def entry(body):
        return next(e for e in feedparser.parse(body).entries if e.id.endswith(story))

    before = entry((await client.get("/feed.atom?lang=en")).content)
    await corrected(newsroom, story)
    newsroom.clock.now += timedelta(minutes=2)
    after = entry((await client.get("/feed.atom?lang=en")).content)
    assert after.title == f"[Corrected] {before.title}"
    assert after.summary == "It was in Hoeryong, not in <b>Musan</b>. (Ann)"
    assert after.updated_parsed >= before.updated_parsed


async def test_a_note_stands_beside_the_story(newsroom, client, story):
    await newsroom.desk.note(story, SAID, NOW)
    assert "From the editors" in (await client.get(f"/stories/{story}?lang=en")).text


async def test_a_held_story_is_nowhere_until_it_is_freed(newsroom, client, story):
    await newsroom.desk.hold(story, "Ann", NOW)
    assert (await client.get(f"/stories/{story}")).status_code == 404
    assert story not in (await client.get("/")).text
    assert story not in (await client.get("/feed.atom")).text
    await newsroom.desk.free(story, "Ann", NOW)
    assert (await client.get(f"/stories/{story}")).status_code == 200
