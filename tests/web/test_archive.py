"""The page of a story tells all that is known of it: quotes, requests, what changed, proofs, how to cite it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from nkwatch.domain.correction import Correction
from nkwatch.domain.desk import Ruling, RulingKind
from nkwatch.domain.errand import Errand, Purpose, Ran
from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Article
from nkwatch.reading.stories import Placement
from nkwatch.store import schema
from nkwatch.store.findings import correction_row
from nkwatch.web.changes import GAP, GONE, NEW, SAME, compared
from tests.making import reading
from tests.web.archived import (
    CAMP,
    HOUR,
    ask,
    entry,
    note,
    proved,
    queries,
    quote,
    read_as,
    shows_now,
    told,
    translated,
)
from tests.web.html import Page
from tests.web.samples import ENGLISH, NOW, SITE


async def page_of(client, story, **asked):
    answer = await client.get(f"/stories/{story}", params=asked)
    assert answer.status_code == 200
    return Page.of(answer.text)


def happened(page):
    return [" ".join(li.text_content().split()) for li in page.all(".timeline li")]


# ---- what is said in it


async def test_quotes_stand_with_speaker_and_role(newsroom, client):
    (story,) = await told(newsroom, entry())
    await read_as(newsroom, story, quotes=(quote("Nobody should be there.", "Kim Ok", "a lawyer"), quote("No.")))
    figures = (await page_of(client, story)).all(".words figure")
    assert [" ".join(f.text_content().split()) for f in figures] == ["Nobody should be there. Kim Ok, a lawyer", "No."]
    assert figures[0].cssselect("blockquote")[0].get("lang") == "en"


async def test_requests_stand_with_whom_they_are_made_of_and_until_when(newsroom, client):
    (story,) = await told(newsroom, entry())
    asks = (ask("let them go", "Beijing", "CN", "by Friday"), ask("speak up", "", "KR"), ask("do more"))
    await read_as(newsroom, story, asks=asks)
    found = [" ".join(li.text_content().split()) for li in (await page_of(client, story)).all(".asks li")]
    assert found == [
        "let them go asked of Beijing (China) · by when: by Friday",
        "speak up asked of South Korea",
        "do more",
    ]
    korean = await page_of(client, story, lang="ko")
    assert "중국" in korean.text(".asks")


async def test_no_more_than_three_hundred_letters_of_anything_are_given(newsroom, client):
    long = "very " * 200
    zalgo = "a" + "\u0301" * 900
    (story,) = await told(newsroom, entry(text=f"North Korea: prison camp at Yodok {zalgo}. {CAMP}"))
    await read_as(newsroom, story, quotes=(quote(long, long, long), quote(zalgo)), asks=(ask(long, long, "", long),))
    page = await page_of(client, story)
    for told_of in page.all("blockquote, figcaption, .asks span"):
        assert len("".join(told_of.itertext()).strip()) <= 300


async def test_un_documents_that_the_text_names_lead_to_the_un(newsroom, client):
    (story,) = await told(newsroom, entry(text=f"{CAMP} See A/HRC/25/63 and S/2024/215."))
    page = await page_of(client, story)
    links = [(a.text, a.get("href"), a.get("rel")) for a in page.all(".documents a")]
    assert links == [
        ("A/HRC/25/63", "https://docs.un.org/en/A/HRC/25/63", "noopener noreferrer"),
        ("S/2024/215", "https://docs.un.org/en/S/2024/215", "noopener noreferrer"),
    ]
    french = await page_of(client, story, lang="fr")
    assert french.all(".documents a")[0].get("href") == "https://docs.un.org/fr/A/HRC/25/63"


async def test_a_translation_is_shown_to_its_readers_with_who_signed_it(newsroom, client):
    (story,) = await told(newsroom, entry())
    await newsroom.desk.translate(translated(story))
    await newsroom.desk.note(story, note(), NOW)
    remarks = [" ".join(r.text_content().split()) for r in (await page_of(client, story, lang="ko")).all(".remark")]
    assert any("요덕 수용소를 닫으라" in r and "Ann" in r for r in remarks)
    assert max(map(len, remarks)) < 600
    assert "요덕" not in (await page_of(client, story, lang="fr")).text()


# ---- what happened


async def test_the_timeline_says_when_it_was_published_and_when_we_saw_it(newsroom, client):
    (story,) = await told(newsroom, entry())
    assert happened(await page_of(client, story)) == [
        "22 Nov 2026, 02:00 UTC Reedbank Border Watch published it. We saw it first on 22 Nov 2026, 07:00 UTC."
    ]


async def test_a_change_by_the_publisher_shows_the_words_that_went_and_came(newsroom, client):
    (story,) = await told(newsroom, entry(guid="one"))
    await shows_now(newsroom, entry("Close the camps at Yodok", CAMP.replace("tortured", "beaten", 1), guid="one"))
    page = await page_of(client, story)
    assert happened(page)[1].startswith("22 Nov 2026, 08:00 UTC Reedbank Border Watch changed it. Title:")
    assert [d.text for d in page.all(".timeline del")] == ["camp", "tortured"]
    assert [d.text for d in page.all(".timeline ins")] == ["camps", "beaten"]
    assert len(page.text(".timeline")) < 900


async def test_a_change_further_down_is_told_without_the_words(newsroom, client):
    (story,) = await told(newsroom, entry(text=CAMP * 3, guid="one"))
    await shows_now(newsroom, entry(text=f"{CAMP * 2} At last. {CAMP}", guid="one"))
    assert happened(await page_of(client, story))[1].endswith("Title and opening stayed as they were.")


async def test_that_we_read_the_whole_page_later_is_no_change(newsroom, client):
    (story,) = await told(newsroom, entry(guid="one"))
    errand = Errand(story, Purpose.ARTICLE, f"https://www.{ENGLISH}.example/1", ENGLISH, NOW, 0)
    article = Article("", f"{CAMP.strip()} And much more of it.")
    await newsroom.statements.record_errand(Ran(errand, NOW + HOUR, article=article))
    await newsroom.read()
    assert len(happened(await page_of(client, story))) == 1


async def test_an_alert_is_told_with_its_number_and_so_is_its_withdrawal(newsroom, client):
    (story,) = await told(newsroom, entry())
    sent = {"story_id": story, "reports": [story], "note": None, "window_start": None, "window_end": None}
    rows = [
        {"number": 7, "key": "a", "kind": "alert", "date": NOW + HOUR, "answers": None},
        {"number": 9, "key": "b", "kind": "alert-correction", "date": NOW + 2 * HOUR, "answers": 7},
    ]
    await newsroom.database.write(lambda c: c.execute(insert(schema.bulletin), [row | sent for row in rows]))
    later = replace(note(), at=NOW + 3 * HOUR)
    await newsroom.desk.rule(Ruling(story, RulingKind.WITHDRAW, "Ann", NOW + 3 * HOUR, "wrong"), later)
    page = await page_of(client, story)
    assert [line.partition("UTC ")[2] for line in happened(page)[1:]] == [
        "An alert went to readers: No. 7",
        "Bulletin 9 told its readers what was wrong in the alert: No. 7",
        "Editors withdrew it: what we sent of this was wrong.",
    ]
    assert [a.get("href") for a in page.all(".timeline a")] == ["/alerts/7", "/alerts/7"]


async def test_a_story_in_which_something_was_wrong_says_so_in_its_timeline(newsroom, client):
    (story,) = await told(newsroom, entry())
    await newsroom.desk.rule(Ruling(story, RulingKind.CORRECT, "Ann", NOW, "wrong"), note())
    assert happened(await page_of(client, story))[-1].endswith("something in what we sent of this was wrong.")


async def test_that_editors_corrected_a_reading_is_told_without_who_and_why(newsroom, client):
    (story,) = await told(newsroom, entry())
    said = Correction(story, 1, "test.1", NOW + HOUR, "Ann", "because I say so", urgency=Urgency.NOTABLE)
    row = insert(schema.correction).values(**correction_row(said))
    await newsroom.database.write(lambda c: c.execute(row))
    page = await page_of(client, story)
    assert happened(page)[-1].endswith("Editors corrected how we read the report of Reedbank Border Watch.")
    assert "because I say so" not in page.text("body")
    assert "Ann" not in page.text("body")


async def test_proofs_name_the_bytes_without_what_is_ours_in_an_address(newsroom, client):
    (story,) = await told(newsroom, entry())
    kept = [
        await proved(newsroom, story),
        await proved(newsroom, story, f"https://www.{ENGLISH}.example/1?utm_source=x"),
    ]
    page = await page_of(client, story)
    assert {code.text for code in page.all(".proofs .hash")} == {k.sha256 for k in kept}
    shown = page.text(".proofs")
    assert f"www.{ENGLISH}.example/feed.xml" in shown
    assert "password" not in shown
    assert f"{len(kept[0].body)} bytes" in shown
    assert "It does not show that others were sent the same." in page.text()


# ---- many reports


async def many(newsroom, count=60):
    """A story with that many reports, each with quotes and requests."""
    entries = [entry(f"Report {n} on Yodok", f"{CAMP} {n}", guid=str(n), url=f"https://www.{ENGLISH}.example/{n}",
                     published=NOW - timedelta(minutes=n + 1)) for n in range(count)]  # fmt: skip
    ids = await told(newsroom, *entries)
    quotes = tuple(quote(f"{words} " * 40, "Somebody", "a lawyer") for words in ("One word", "Two words", "Three"))
    made = [
        Placement(
            reading(i, rules="test.9", quotes=quotes, asks=(ask("close it " * 30, "Pyongyang", "KP"),)), ids[0], ()
        )
        for i in ids
    ]
    await newsroom.database.write(lambda c: c.execute(update(schema.statement).values(story_id=ids[0])))
    await newsroom.statements.record_readings(made, newsroom.clock())
    return ids[0]


async def test_a_story_with_sixty_reports_fits_and_can_be_read_to_its_end(newsroom, client):
    story = await many(newsroom)
    style = len((await client.get("/style.css")).content)
    address, seen, named = f"/stories/{story}", [], set()
    while address:
        answer = await client.get(address)
        assert len(answer.content) + style <= 60_000
        page = Page.of(answer.text)
        assert len(page.all("h1")) == 1
        seen += [r.get("id") for r in page.all("article.report")]
        named |= {r.get("id") for r in page.all(".lines li")}
        onward = page.all("main a[rel=next]")
        address = onward[0].get("href") if onward else None
    assert len(seen) == len(set(seen)) == 60
    assert named <= set(seen)


@pytest.mark.parametrize("first", ["60", "999", "9" * 17])
async def test_behind_the_last_report_there_is_no_page(newsroom, client, first):
    (story,) = await told(newsroom, entry())
    assert (await client.get(f"/stories/{story}", params={"from": first})).status_code == 404


async def test_no_page_asks_the_database_for_each_row(newsroom, client):
    few = await many(newsroom, 3)
    paths = ["/", "/search?q=yodok", "/dossier?q=yodok", "/themes/prisons", f"/sources/{ENGLISH}", f"/stories/{few}"]
    counts = {}
    for path in paths:
        with queries(newsroom) as asked:
            assert (await client.get(path)).status_code == 200
        counts[path] = len(asked)
    more = [entry(f"North Korea: close prison {n}", f"{CAMP} {n} " + " ".join(f"{w}{n}" for w in "abcdefghij"),
                  guid=f"more{n}", published=NOW - n * HOUR) for n in range(15)]  # fmt: skip
    await told(newsroom, *more)
    for path in paths:
        with queries(newsroom) as asked:
            await client.get(path)
        assert len(asked) <= counts[path] + 2, path
        assert len(asked) <= 16, path


# ---- addresses


async def test_a_story_says_how_it_is_cited_and_where_it_stays(newsroom, client):
    (story,) = await told(newsroom, entry())
    page = await page_of(client, story, lang="ko")
    own = f"{SITE}/stories/{story}"
    assert "Close the camp at Yodok" in page.text(".cite")
    assert own in page.text(".cite")
    assert page.one("link[rel=cite-as]").get("href") == own
    assert {f"/stories/{story}.{e}" for e in ("bib", "ris", "csl.json")} <= set(page.links())


async def test_each_language_of_a_page_has_an_address_that_names_the_others(newsroom, client):
    (story,) = await told(newsroom, entry())
    own = f"{SITE}/stories/{story}"
    bare, korean = (await page_of(client, story)), (await page_of(client, story, lang="ko"))
    assert bare.one("link[rel=canonical]").get("href") == own
    assert korean.one("link[rel=canonical]").get("href") == f"{own}?lang=ko"
    for page in (bare, korean):
        others = {e.get("hreflang"): e.get("href") for e in page.all("link[hreflang]")}
        assert others == {"x-default": own} | {c: f"{own}?lang={c}" for c in ("en", "fr", "ja", "ko")}
        assert page.one("meta[property='og:title']").get("content").startswith("Close the camp at Yodok")
        assert page.one("meta[name=description]").get("content") in " ".join(CAMP.split())


@pytest.mark.parametrize("path", [
    "/?before=5", "/search?q=camp&theme=prisons&theme=women&since=2026-01-01", "/themes/prisons?before=7", "/dossier?q=a%26b",
])  # fmt: skip
async def test_the_switch_of_languages_keeps_what_is_asked_for(newsroom, client, path):
    await told(newsroom, entry())
    page = Page.of((await client.get(path)).text)
    query = path.partition("?")[2]
    assert {a.get("hreflang"): a.get("href") for a in page.all(".languages a")} == {
        code: f"?{query}&lang={code}" for code in ("en", "fr", "ja", "ko")
    }
    chosen = Page.of((await client.get(f"{path}&lang=ja")).text)
    assert chosen.language == "ja"
    assert f"?{query}&lang=ko" in chosen.links()


@pytest.mark.parametrize(
    "path", ["/", "/themes", "/themes/prisons", "/search", "/search?q=x", "/dossier?q=x", "/sources"]
)
async def test_links_of_a_page_in_a_chosen_language_keep_it(newsroom, client, path):
    await told(newsroom, entry())
    page = Page.of(
        (
            await client.get(
                path, params={"lang": "ko", **dict([path.partition("?")[2].split("=")] if "?" in path else [])}
            )
        ).text
    )
    inner = [h for h in page.links() if h.startswith("/") and not h.startswith(("/feed", "/stories/"))]
    assert inner
    assert [h for h in inner if "lang=ko" not in h] == []


# ---- words that changed


@given(st.text("ab 한字.", max_size=40), st.text("ab 한字.", max_size=40))
def test_what_stayed_and_what_went_are_the_old_words_what_stayed_and_what_came_the_new(before, after):
    pieces = compared(before, after)
    if before == after:
        assert pieces == ()
    if not any(GAP in p.text for p in pieces) and before != after:
        for kinds, text in (((SAME, GONE), before), ((SAME, NEW), after)):
            kept = "".join(p.text for p in pieces if p.kind in kinds)
            assert "".join(kept.split()) == "".join(text.split())


def test_long_words_that_stayed_are_left_out():
    before = " ".join(f"w{n}" for n in range(100))
    pieces = compared(before, before.replace("w50", "x"))
    assert [(p.kind, p.text) for p in pieces] == [
        (SAME, "… w44 w45 w46 w47 w48 w49"),
        (GONE, "w50"),
        (NEW, "x"),
        (SAME, "w51 w52 w53 w54 w55 w56 …"),
    ]
