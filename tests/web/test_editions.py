"""The archive of editions and alerts: all that everybody may see of what was told, and nothing of a reader's."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from nkwatch.domain.desk import Note, Ruling, RulingKind
from nkwatch.domain.edition import SentAlert, StandardEdition
from nkwatch.domain.statement import Presence
from nkwatch.domain.subscriber import Choice, Edition, Rhythm, Schedule
from nkwatch.domain.wish import Wish
from nkwatch.store import schema
from nkwatch.store.editions import EditionStore
from nkwatch.web.editions import PAGE
from tests.web.html import Page
from tests.web.samples import NOW, READER, SITE, confirmed, handed_over, link_in, once, rows, tell_samples

#: Where the week of the samples is over: editions close on Mondays at 7:00 UTC.
MONDAY = NOW + timedelta(days=1)
STANDARD = Schedule(Rhythm.WEEKLY, 7, "UTC", 0)
WORDS = Note((("en", "It was in Hoeryong."), ("ko", "회령이었습니다.")), "Ann", NOW)


async def told(newsroom) -> StandardEdition:
    """The edition of the samples' week."""
    await once(newsroom, closed)
    newsroom.clock.now = MONDAY
    (found,) = [e for e in await EditionStore(newsroom.database).listed() if isinstance(e, StandardEdition)]
    return found


async def closed(newsroom):
    """The rows of that."""
    await tell_samples(newsroom)
    newsroom.clock.now = MONDAY
    assert (await newsroom.editions()).editions == 1


async def corrected(newsroom, story, kind=RulingKind.CORRECT, hours=1):
    """Editors say that something in a story was wrong, so many hours after the edition."""
    at = MONDAY + timedelta(hours=hours)
    note = Note(WORDS.words, WORDS.editor, at)
    await newsroom.desk.rule(Ruling(story, kind, "Ann", at, "wrong town"), note)


async def removed(newsroom, story):
    """The source took back every report of a story."""
    gone = update(schema.statement).where(schema.statement.c.story_id == story).values(presence=Presence.MISSING)
    await newsroom.database.write(lambda c: c.execute(gone))


async def an_alert(newsroom):
    """The number of an alert that a reader was sent, and its story."""
    await tell_samples(newsroom)
    await confirmed(newsroom, alerts=True)
    await newsroom.publish()
    for held in await newsroom.statements.held_alerts():
        await newsroom.rulings.release(held.id, "Ann")
    await newsroom.publish()
    assert await handed_over(newsroom)
    sent = [one for one in await EditionStore(newsroom.database).listed() if isinstance(one, SentAlert)]
    (told,) = [one for one in sent if one.versions]
    return told.number, told.story_id


async def page(client, path) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, path
    return Page.of(answer.text)


# Editions


async def test_an_edition_is_listed_and_shown_in_every_language_of_the_site(newsroom, client):
    edition = await told(newsroom)
    listed = await page(client, "/editions?lang=en")
    assert f"/editions/{edition.number}?lang=en" in listed.links()
    assert "Weekly edition" in listed.text()
    for language in ("en", *newsroom.translations):
        shown = await page(client, f"/editions/{edition.number}?lang={language}")
        version = next(v for v in edition.versions if v.language == language)
        assert shown.one("pre").get("lang") == language
        assert version.fingerprint in shown.text()
        assert f"/mails/{version.composition_id}" in shown.links()
        assert (await client.get(f"/mails/{version.composition_id}")).status_code == 200
    assert (
        f"/check?number={edition.number}&lang=en" in (await page(client, f"/editions/{edition.number}?lang=en")).links()
    )


async def test_an_edition_tells_what_a_preview_shows_for_who_wishes_for_everything(newsroom):
    edition = await told(newsroom)
    made = await newsroom.proofs.preview(Choice(schedule=STANDARD, edition=Edition("ko")), edition.window)
    (version,) = (v for v in edition.versions if v.language == "ko")
    assert made.composition.stories == version.stories
    assert made.composition.subject == version.subject


async def test_a_reader_who_wishes_for_everything_has_the_mail_whose_copy_is_the_edition(newsroom, client):
    await tell_samples(newsroom)
    reader = await confirmed(newsroom, alerts=False, schedule=STANDARD)
    start = update(schema.subscriber).where(schema.subscriber.c.id == reader)
    week = MONDAY - timedelta(weeks=1)
    await newsroom.database.write(lambda c: c.execute(start.values(covered_until=week, closes_at=MONDAY)))
    newsroom.clock.now = MONDAY
    await newsroom.publish()
    await newsroom.editions()
    (mail,) = await handed_over(newsroom)
    (edition,) = await EditionStore(newsroom.database).listed()
    english = next(v for v in edition.versions if v.language == "en")
    assert link_in(mail, "mails") == f"/mails/{english.composition_id}"
    assert f"number={edition.number}" in (await client.get(f"/editions/{edition.number}")).text


async def test_no_digest_of_a_reader_is_ever_listed_or_counted(newsroom, client):
    await tell_samples(newsroom)
    wishes = (Wish(frozenset({"refugees"})),)
    await confirmed(newsroom, alerts=False, schedule=Schedule(Rhythm.DAILY, 20, "UTC"), wishes=wishes)
    newsroom.clock.now = NOW + timedelta(hours=14)
    await newsroom.publish()
    (mail,) = await handed_over(newsroom)
    (number,) = [r["number"] for r in rows(newsroom, "bulletin") if r["kind"] == "digest"]
    listed = await client.get("/editions")
    assert "There is nothing yet" in listed.text
    for path in (f"/editions/{number}", f"/alerts/{number}"):
        assert (await client.get(path)).status_code == 404
    newsroom.clock.now = MONDAY
    await newsroom.editions()
    for path in ("/editions", f"/editions/{number + 1}"):
        text = (await client.get(path)).text
        assert link_in(mail, "mails") not in text
        assert READER not in text


async def test_an_edition_holds_nothing_of_one_reader(newsroom, client):
    edition = await told(newsroom)
    for path in (f"/editions/{edition.number}", f"/mails/{edition.versions[0].composition_id}"):
        text = (await client.get(path)).text
        for personal in ("/leave/", "/manage/", "/settings/", "because you subscribed"):
            assert personal not in text


async def test_before_the_first_edition_the_list_says_so(client):
    assert "The first edition appears" in (await page(client, "/editions?lang=en")).text()


async def test_the_list_goes_on_page_by_page(newsroom, client):
    await tell_samples(newsroom)
    bulletins = [
        {"number": n, "key": f"digest {n}", "kind": "digest", "date": MONDAY, "story_id": ""}
        for n in range(1, PAGE + 6)
    ]
    await newsroom.database.write(lambda c: c.execute(schema.bulletin.insert(), bulletins))
    kept = [
        {"number": n, "rhythm": "daily", "window_start": NOW, "window_end": MONDAY, "date": MONDAY}
        for n in range(1, PAGE + 6)
    ]
    await newsroom.database.write(lambda c: c.execute(schema.edition.insert(), kept))
    first = await page(client, "/editions")
    assert len(first.all("li.bulletin")) == PAGE
    older = first.one("a[rel=next]").get("href")
    assert older == "/editions?before=6"
    rest = await page(client, older)
    assert len(rest.all("li.bulletin")) == 5
    assert not rest.all("a[rel=next]")


@pytest.mark.parametrize("what", ["0", "-1", "x", "1e3", "%00", "9" * 30, "١", "1.0", "99"])
async def test_what_is_no_number_is_a_page_that_does_not_exist(client, what):
    for path in (f"/editions/{what}", f"/alerts/{what}"):
        assert (await client.get(path)).status_code == 404
    expected = 200 if what == "99" else 404
    assert (await client.get(f"/editions?before={what}")).status_code == expected


# What became of it since


async def test_what_was_corrected_or_withdrawn_since_stands_above_edition_and_copy(newsroom, client):
    edition = await told(newsroom)
    first, second = edition.versions[0].stories[:2]
    path, copy = f"/editions/{edition.number}?lang=en", f"/mails/{edition.versions[0].composition_id}"
    assert "Since this was sent" not in (await client.get(path)).text + (await client.get(copy)).text
    await corrected(newsroom, first, RulingKind.WITHDRAW)
    await corrected(newsroom, second)
    for place in (path, copy):
        text = (await client.get(place)).text
        assert "Since this was sent" in text
        assert "Withdrawn, because it was wrong:" in text
        assert "It was in Hoeryong." in text
        assert f"/stories/{first}" in text
    listed = (await page(client, "/editions?lang=en")).text()
    assert "Something in it was withdrawn since" in listed
    assert "Something in it was corrected since" in listed
    assert (await client.get(copy)).headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_banner_speaks_the_language_of_the_copy(newsroom, client):
    edition = await told(newsroom)
    korean = next(v for v in edition.versions if v.language == "ko")
    await corrected(newsroom, korean.stories[0])
    copy = Page.of((await client.get(f"/mails/{korean.composition_id}")).text)
    assert "회령이었습니다." in copy.text("aside")


async def test_what_was_said_before_a_bulletin_is_not_told_beside_it(newsroom, client):
    edition = await told(newsroom)
    await corrected(newsroom, edition.versions[0].stories[0], hours=-1)
    assert "Since this was sent" not in (await client.get(f"/editions/{edition.number}?lang=en")).text


async def test_a_story_that_may_not_be_shown_any_more_is_left_out_of_edition_and_copy(newsroom, client):
    edition = await told(newsroom)
    version = edition.versions[0]
    gone, stays = version.stories[1], version.stories[2]
    title = (await newsroom.statements.stories([gone]))[0].lead_in("en").statement.title
    path, copy = f"/editions/{edition.number}?lang=en", f"/mails/{version.composition_id}"
    before = (await page(client, path)).text("pre")
    assert " ".join(title.split())[:30] in before
    await removed(newsroom, gone)
    for place, part in ((path, "pre"), (copy, ".sheet")):
        shown = await page(client, place)
        assert " ".join(title.split())[:30] not in shown.text(part), place
        assert gone not in (await client.get(place)).text
        assert stays in shown.text("body") or any(stays in href for href in shown.links())
        assert "1 story may not be shown any more and is left out." in shown.text("body")
    left = (await page(client, path)).text("pre")
    assert len(before) > len(left) > 200


async def test_where_the_leading_story_is_gone_its_title_is_gone_from_the_subject_too(newsroom, client):
    edition = await told(newsroom)
    version = edition.versions[0]
    title = (await newsroom.statements.stories([version.stories[0]]))[0].lead_in("en").statement.title[:20]
    assert title in (await page(client, "/editions?lang=en")).text()
    await removed(newsroom, version.stories[0])
    for place in (
        "/editions?lang=en",
        f"/editions/{edition.number}?lang=en",
        f"/mails/{version.composition_id}?lang=en",
    ):
        text = (await client.get(place)).text
        assert title not in text, place
        assert f"Bulletin number {edition.number}" in text


async def test_every_story_that_is_left_out_leaves_the_others_whole(newsroom, client):
    edition = await told(newsroom)
    version = edition.versions[0]
    copy = f"/mails/{version.composition_id}"
    for gone in version.stories[1:]:
        await removed(newsroom, gone)
        answer = await client.get(copy)
        assert answer.text.count("<div") == answer.text.count("</div"), gone
        assert version.stories[0] in answer.text


async def test_what_is_redacted_since_is_gone_and_the_hash_is_that_of_what_it_was(newsroom, client):
    edition = await told(newsroom)
    version, path = edition.versions[0], f"/editions/{edition.number}?lang=en"
    assert (await client.get(f"/mails/{version.composition_id}")).status_code == 200
    for block in rows(newsroom, "block"):
        body = block["body"].replace(b"Tumen", b"=E2=96=A0=E2=96=A0")
        change = update(schema.block).where(schema.block.c.number == block["number"]).values(body=body)
        await newsroom.database.write(lambda c, change=change: c.execute(change))
    assert "Tumen" not in (await client.get(f"/mails/{version.composition_id}")).text
    shown = await page(client, path)
    assert "Tumen" not in shown.text("pre")
    assert version.fingerprint in shown.text()
    assert "to protect a person" in shown.text()


async def test_a_correction_that_readers_were_sent_stands_on_the_edition(newsroom, client):
    await tell_samples(newsroom)
    reader = await confirmed(newsroom, alerts=False, schedule=STANDARD)
    start = update(schema.subscriber).where(schema.subscriber.c.id == reader)
    week = MONDAY - timedelta(weeks=1)
    await newsroom.database.write(lambda c: c.execute(start.values(covered_until=week, closes_at=MONDAY)))
    newsroom.clock.now = MONDAY
    await newsroom.editions()
    await newsroom.publish()
    await handed_over(newsroom)
    (edition,) = await EditionStore(newsroom.database).listed()
    done = await newsroom.digests.correct_digest(edition.number, WORDS.words, "Ann")
    assert done.told == 1
    await handed_over(newsroom)
    shown = await page(client, f"/editions/{edition.number}?lang=en")
    assert "told its readers what was wrong" in shown.text()
    (copy,) = [a for a in shown.all(".remark a") if a.get("href").startswith("/mails/")]
    assert "It was in Hoeryong." in (await client.get(copy.get("href"))).text


async def test_an_edition_that_nobody_got_by_mail_is_corrected_on_its_page_and_in_the_list(newsroom, client):
    edition = await told(newsroom)
    newsroom.clock.now += timedelta(hours=1)
    done = await newsroom.digests.correct_digest(edition.number, WORDS.words, "Ann")
    assert (done.readers, done.public) == (0, True)
    assert (await newsroom.digests.correct_digest(edition.number, WORDS.words, "Ben")).public
    path = f"/editions/{edition.number}"
    for language, said in (("en", "It was in Hoeryong."), ("ko", "회령이었습니다.")):
        remark = (await page(client, f"{path}?lang={language}")).text(".remark")
        assert remark.count(said) == 1, "the same words are one correction"
        assert "Ann" in remark
    assert "told its readers" not in (await page(client, f"{path}?lang=en")).text()
    assert "It was in Hoeryong." in (await client.get(f"/mails/{edition.versions[0].composition_id}")).text
    assert "Something in it was corrected since" in (await page(client, "/editions?lang=en")).text()
    assert (await client.get(f"/editions/{edition.number + 1}")).status_code == 404
    (listed,) = (await client.get("/api/v1/bulletins")).json()["items"]
    assert [c["number"] for c in listed["corrections"]] == [edition.number + 1]


# Alerts


async def test_an_alert_that_was_sent_is_listed_and_shown(newsroom, client):
    number, story = await an_alert(newsroom)
    listed = await page(client, "/editions?lang=en")
    assert f"/alerts/{number}?lang=en" in listed.links()
    assert (await client.get("/alerts/feed.atom")).status_code == 200
    assert "/alerts/feed.atom?lang=en" in listed.links()
    shown = await page(client, f"/alerts/{number}?lang=en")
    assert f"/stories/{story}?lang=en" in shown.links()
    assert READER not in (await client.get(f"/alerts/{number}")).text
    assert len(shown.one("code").text_content()) == 64
    assert shown.all("pre")


async def test_a_withdrawn_alert_says_so_in_the_list_on_its_page_and_above_its_copy(newsroom, client):
    number, story = await an_alert(newsroom)
    await corrected(newsroom, story, RulingKind.WITHDRAW)
    assert "Withdrawn: it was wrong" in (await page(client, "/editions?lang=en")).text()
    shown = await page(client, f"/alerts/{number}?lang=en")
    assert "It was in Hoeryong." in shown.text()
    (copy,) = {href for href in shown.links() if href.startswith("/mails/")}
    assert "It was in Hoeryong." in (await page(client, copy)).text("aside")


async def test_an_alert_whose_story_is_gone_is_not_shown(newsroom, client):
    number, story = await an_alert(newsroom)
    (copy,) = {h for h in (await page(client, f"/alerts/{number}")).links() if h.startswith("/mails/")}
    title = (await newsroom.statements.stories([story]))[0].lead.statement.title[:20]
    await removed(newsroom, story)
    assert (await client.get(f"/alerts/{number}")).status_code == 404
    assert (await client.get(copy)).status_code == 404
    listed = await client.get("/editions")
    assert (listed.status_code, title in listed.text) == (200, False)
    assert f"Bulletin number {number}" in (await client.get("/editions?lang=en")).text


async def test_pages_of_the_archive_load_nothing_from_elsewhere(newsroom, client):
    edition = await told(newsroom)
    for path in ("/editions", f"/editions/{edition.number}"):
        shown = await page(client, path)
        assert not shown.all("script, iframe, img, [style]")
        assert [a for a in shown.links() if a.startswith("http") and not a.startswith(SITE)] == []
