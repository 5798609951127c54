"""Files of citations: of a story, and of a search."""

from dataclasses import replace
from datetime import timedelta

import bibtexparser
import rispy
from sqlalchemy import update

from nkwatch.domain.source import Role
from nkwatch.domain.statement import Entry, Presence
from nkwatch.store import schema
from nkwatch.web.citing import MOST, Archive
from tests.making import prose, report
from tests.web.archived import shelved
from tests.web.samples import ENGLISH, NOW, SITE, tell, tell_samples

ARCHIVE = Archive("nkwatch", SITE)
CAMP = "The North Korean government must close the prison camp at Yodok. Nobody should be tortured there. " * 9


def entry(title="Close the camp at Yodok", text=CAMP, **fields):
    given = {"url": f"https://www.{ENGLISH}.example/1", "guid": title, "published": NOW - timedelta(hours=5)}
    return Entry(title, text=text, **(given | fields))


async def test_a_story_is_cited_with_all_its_reports_the_leading_one_first(newsroom, client):
    await tell_samples(newsroom)
    told = max(await newsroom.statements.newest(90), key=lambda s: len(s.reports))
    items = (await client.get(f"/stories/{told.id}.csl.json")).json()
    assert [i["id"] for i in items] == [f"nkwatch-{r.statement.id}" for r in (told.lead, *told.others)]
    assert items[0]["author"] == [{"literal": told.lead.by}]
    assert {i["archive_location"] for i in items} == {f"{SITE}/stories/{told.id}"}
    assert {i["archive"] for i in items} == {"nkwatch"}


async def test_each_style_is_a_file_that_its_readers_understand(newsroom, client):
    (story_id,) = await tell(newsroom, ENGLISH, entry())
    ris, bib = [await client.get(f"/stories/{story_id}.{ending}") for ending in ("ris", "bib")]
    assert ris.headers["content-type"] == "application/x-research-info-systems; charset=utf-8"
    assert ris.headers["content-disposition"] == f'attachment; filename="nkwatch-{story_id}.ris"'
    (found,) = rispy.loads(ris.text)
    assert (found["title"], found["id"]) == ("Close the camp at Yodok", f"nkwatch-{story_id}")
    assert bib.headers["content-type"] == "application/x-bibtex; charset=utf-8"
    (same,) = bibtexparser.parse_string(bib.text).entries
    assert (same.key, same["url"]) == (f"nkwatch-{story_id}", f"https://www.{ENGLISH}.example/1")


async def test_a_citation_names_the_bytes_that_prove_the_text(newsroom, client):
    (story_id,) = await tell(newsroom, ENGLISH, entry())
    sha = "ab" * 32
    kept = {"sha256": sha, "size": 1, "zstd": b""}
    capture = {"statement_id": story_id, "sha256": sha, "url": "", "at": NOW - timedelta(days=1), "headers": []}

    def write(connection):
        connection.execute(schema.snapshot.insert().values(**kept))
        connection.execute(schema.capture.insert().values(**capture))

    await newsroom.database.write(write)
    (item,) = (await client.get(f"/stories/{story_id}.csl.json")).json()
    assert item["note"] == f"SHA-256 of the snapshot: {sha}"
    assert item["accessed"] == {"date-parts": [[2026, 11, 21]]}


async def test_who_has_the_citations_already_is_told_so(newsroom, client):
    (story_id,) = await tell(newsroom, ENGLISH, entry())
    first = await client.get(f"/stories/{story_id}.bib")
    again = await client.get(f"/stories/{story_id}.bib", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_what_may_not_be_shown_cannot_be_cited(newsroom, client):
    (story_id,) = await tell(newsroom, ENGLISH, entry())
    await newsroom.index()
    gone = update(schema.statement).values(presence=Presence.MISSING)
    await newsroom.database.write(lambda c: c.execute(gone))
    for ending in ("csl.json", "ris", "bib"):
        assert (await client.get(f"/stories/{story_id}.{ending}")).status_code == 404
        assert (await client.get(f"/stories/nobody.{ending}")).status_code == 404
    assert (await client.get("/search.csl.json")).json() == []


async def test_a_search_is_cited_as_it_is_found(newsroom, client):
    await tell(newsroom, ENGLISH, entry(), entry("Free the nine of Hoeryong", prose("nine"), url="https://x.example/2"))
    await newsroom.index()
    (item,) = (await client.get("/search.csl.json?q=Yodok")).json()
    assert item["title"] == "Close the camp at Yodok"
    assert (await client.get("/search.ris?q=Yodok")).text.count("TY  - ") == 1
    assert "Close the camp" in (await client.get("/search.bib?q=Yodok")).text


async def test_a_search_that_is_mistaken_says_what_is_wrong(client):
    answer = await client.get("/search.bib?since=soon")
    assert answer.status_code == 400
    assert "“soon” is no date" in answer.text


async def test_a_large_search_is_cited_up_to_a_limit(newsroom, client):
    many = [
        entry(f"North Korea: close prison {prose(f'camp{n}', 3)}", f"North Korea prison. {prose(f'case{n}')}",
              url=f"https://www.{ENGLISH}.example/{n}", guid=f"camp{n}", published=NOW - timedelta(hours=n + 1))
        for n in range(MOST + 5)
    ]  # fmt: skip
    await shelved(newsroom, *many)
    items = (await client.get("/search.csl.json")).json()
    assert len({i["id"] for i in items}) == len(items) == MOST


def test_an_address_that_may_not_be_linked_is_not_cited():
    assert "URL" not in ARCHIVE.citation(report("a", url="javascript:alert(1)"), "a").csl()
    assert "URL" in ARCHIVE.citation(report("a"), "a").csl()


def test_who_passed_a_text_on_is_its_container():
    passed = report("a", publisher="Old Wire")
    assert "container-title" not in ARCHIVE.citation(passed, "a").csl()
    released = replace(passed, reading=replace(passed.reading, released_by="Reedbank"))
    item = ARCHIVE.citation(released, "a").csl()
    assert (item["author"], item["container-title"]) == ([{"literal": "Reedbank"}], "Old Wire")


def test_only_whose_own_words_it_is_can_be_a_report_or_a_speech():
    title = "Report of the Secretary-General (A/78/526)"
    assert ARCHIVE.citation(report("a", title=title), "a").csl()["type"] == "report"
    assert ARCHIVE.citation(report("a", title=title, role=Role.PRESS), "a").csl()["type"] == "webpage"
