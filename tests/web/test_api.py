"""The API: what it gives out and what it never does, page by page, and how it treats who asks."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from starlette.datastructures import QueryParams

from nkwatch.domain.desk import Marks, Note
from nkwatch.domain.reading import Evidence, Quote, Sighting
from nkwatch.domain.source import Role
from nkwatch.domain.statement import Entry, Presence
from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.editing.columns import STATEMENTS
from nkwatch.editing.exporting import dictionary
from nkwatch.store import schema
from nkwatch.store.exporting import Kept
from nkwatch.web.api.description import POLICY, TAKES
from nkwatch.web.api.exports import Exports
from nkwatch.web.api.models import LONGEST
from nkwatch.web.api.pace import FILE, MOST, MOST_NETWORKS, Pace
from nkwatch.web.api.paging import cursor, place, read_asked
from nkwatch.web.api.telling import FIRST, Telling, reading_told
from nkwatch.web.app import create_app
from nkwatch.web.asking import Known
from nkwatch.web.shell import HEADERS
from tests.making import finding, prose, reading, report, statement, story
from tests.web.archived import samples_indexed, shelved
from tests.web.samples import ENGLISH, KOREAN, NOW, SITE, confirmed, handed_over, rows, tell

API = "/api/v1"
HOUR = timedelta(hours=1)
CAMP = "The North Korean government must close the prison camp at Yodok. Nobody should be tortured there."


def entry(name="one", **fields) -> Entry:
    given_ = {"url": f"https://www.{ENGLISH}.example/{name}", "guid": name, "published": NOW - 5 * HOUR}
    given_["text"] = f"{CAMP} {prose(name, 60)}"
    return Entry(f"Close the camp at Yodok {name}", **(given_ | fields))


async def shown(newsroom, *entries) -> list[str]:
    """Statements that a source showed, in the archive."""
    ids = await tell(newsroom, ENGLISH, *entries)
    await newsroom.index()
    return ids


@pytest.fixture
async def full(newsroom):
    """The sample texts, in the archive."""
    await samples_indexed(newsroom)
    return newsroom


async def got(client, path, status=200, **params):
    answer = await client.get(path if path.startswith("http") else f"{API}{path}", params=params or None)
    assert answer.status_code == status, answer.text
    return answer.json()


async def all_pages(client, path, **params):
    """Every entry of a list, page by page; the header names the same next page as the body."""
    found, url = [], f"{SITE}{API}{path}"
    while url:
        answer = await client.get(url, params=params or None)
        page, params = answer.json(), {}
        url = page["next"]
        assert answer.headers.get("link") == (f'<{url}>; rel="next"' if url else None)
        found += page["items"]
    return found


async def test_a_statement_is_told_without_its_text(newsroom, client):
    (one,) = await shown(newsroom, entry())
    (told,) = (await got(client, "/statements"))["items"]
    assert told == await got(client, f"/statements/{one}")
    assert (told["id"], told["story"], told["title"]) == (one, one, "Close the camp at Yodok one")
    assert told["link"] == f"https://www.{ENGLISH}.example/one"
    assert told["self"] == f"{SITE}{API}/statements/{one}"
    assert told["page"] == f"{SITE}/stories/{one}"
    assert told["attribution"] == "Reedbank Border Watch: Close the camp at Yodok one, 2026-11-22"
    assert told["source"] | {"licence": ""} == {
        "id": ENGLISH, "publisher": "Reedbank Border Watch", "owner": "Reedbank Border Watch", "role": "statement",
        "country": "KR", "licence": "",
    }  # fmt: skip
    assert (told["published"], told["published_estimated"]) == ("2026-11-22T02:00:00Z", False)
    assert {t["code"] for t in told["themes"]} >= {"prisons"}
    assert len(told["excerpt"]) <= LONGEST
    assert prose("one", 60)[-80:] not in json.dumps(told)


async def test_nothing_that_is_given_of_a_text_is_longer_than_it_may_be(full, client):
    for told in await all_pages(client, "/statements"):
        assert len(told["excerpt"]) <= LONGEST
        assert all(len(part["text"]) <= LONGEST for part in (*told["quotes"], *told["asks"]))
        assert len(told["quotes"]) <= FIRST
        for kept in (await got(client, f"/statements/{told['id']}/readings"))["items"]:
            text = next(r["text"] for r in rows(full, "statement") if r["id"] == told["id"])
            for found in kept["themes"]:
                for e in found["evidence"]:
                    assert len(e["phrase"]) <= LONGEST
                    if e["field"] == "text":
                        assert text[e["start"] : e["end"]] == e["phrase"]


async def test_stories_are_told_with_the_statement_that_leads(full, client):
    stories = await all_pages(client, "/stories", limit=4)
    ids = [s["id"] for s in stories]
    assert len(set(ids)) == len(ids) == len({r["story_id"] for r in rows(full, "statement")} - {""})
    several = next(s for s in stories if s["reports"] > 1)
    whole = await got(client, f"/stories/{several['id']}")
    assert whole | {"statements": []} == several | {"statements": []}
    assert len(whole["statements"]) == several["reports"]
    assert whole["statements"][0] == whole["lead"] == several["lead"]


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_pages_hold_every_statement_once_the_newest_first(full, client, limit):
    found = await all_pages(client, "/statements", limit=limit)
    assert len({f["id"] for f in found}) == len(found) == sum(bool(r["story_id"]) for r in rows(full, "statement"))
    assert [f["published"] for f in found] == sorted((f["published"] for f in found), reverse=True)


async def test_filters_are_those_of_the_search(full, client):
    korean = await all_pages(client, "/statements", language="ko", limit=2)
    assert korean
    assert {s["language"] for s in korean} == {"ko"}
    both = await all_pages(client, f"/statements?source={KOREAN}&source={ENGLISH}")
    assert {s["source"]["id"] for s in both} == {KOREAN, ENGLISH}
    urgent = await all_pages(client, "/statements", urgency="urgent")
    assert {s["urgency"] for s in urgent} == {"urgent"}
    assert [s["lead"]["id"] for s in await all_pages(client, "/stories", q="투먼")]
    assert (await got(client, "/statements", until="1999"))["items"] == []


async def test_all_mistakes_are_told_at_once(client):
    asked = {"theme": "camps", "since": "soon", "limit": "101", "cursor": "?", "rights": "maybe", "sort": "up"}
    answer = await client.get(f"{API}/stories", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    told = answer.json()
    assert (told["type"], told["title"], told["status"]) == ("about:blank", "Bad Request", 400)
    said = " ".join(e["detail"] for e in told["errors"])
    for part in ("“sort”", "“camps”", "“soon”", "from 1 to 100", "`cursor`", "`rights`"):
        assert part in said
    twice = (await got(client, "/bulletins?limit=3&limit=4&cursor=", 400))["errors"]
    assert twice == [{"detail": "`limit` can be given once."}]
    assert "none" in (await got(client, "/themes", 400, limit="3"))["errors"][0]["detail"]


@pytest.mark.parametrize(
    "path", ["/nope", "/stories/nope", "/stories/%00", "/statements/nope", "/statements/%00/readings", "/bulletins/0",
             "/bulletins/nope", "/bulletins/99999999999999999999", "/statements/nope/readings"]
)  # fmt: skip
async def test_what_is_not_there_is_a_problem_for_programs(client, path):
    answer = await client.get(f"{API}{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"]


HIDDEN = ("deleted", "hidden", "redacted", "embargo", "held")


async def hide(newsroom, how, statement_id):
    """Take a statement away from everybody."""
    if how == "held":
        await newsroom.desk.hold(statement_id, "Jin", NOW)
        return
    changed = {
        "deleted": {"presence": Presence.MISSING},
        "hidden": {"presence": Presence.HIDDEN},
        "redacted": {"presence": Presence.REDACTED},
        "embargo": {"embargo": NOW + HOUR},
    }[how]
    row = update(schema.statement).where(schema.statement.c.id == statement_id).values(**changed)
    await newsroom.database.write(lambda c: c.execute(row))


@pytest.mark.parametrize("how", HIDDEN)
async def test_what_may_not_be_shown_is_nowhere(newsroom, client, how):
    await confirmed(newsroom, alerts=True)
    (one,) = await shown(newsroom, entry("Sariwon", text=f"{CAMP} Seven will be executed there within days."))
    await newsroom.statements.record_alert(one, AlertState.RELEASED, "", NOW)
    await newsroom.publish()
    await handed_over(newsroom)
    paths = ("/stories", "/statements", "/export.csv", "/export.jsonl", "/bulletins")
    for path in paths:
        assert "Sariwon" in (await client.get(f"{API}{path}")).text
    await hide(newsroom, how, one)
    for path in paths:
        assert "Sariwon" not in (await client.get(f"{API}{path}")).text
    for path in (f"/stories/{one}", f"/statements/{one}", f"/statements/{one}/readings"):
        assert (await client.get(f"{API}{path}")).status_code == 404
    told = list(csv.DictReader(io.StringIO((await client.get(f"{API}/coverage.csv?source={ENGLISH}")).text)))
    assert sum(int(day["published"]) for day in told) == 1
    assert sum(int(day["about_nk"]) for day in told) == 0


async def test_readings_are_told_with_their_rules_and_without_names_of_victims(full, client):
    (story, *_) = await all_pages(client, "/stories", q="Tumen")
    told = await got(client, f"/statements/{story['id']}/readings")
    (one,) = told["items"]
    assert one["rules"] == full.rules.version
    assert (one["in_force"], one["revision"], one["about_nk"], one["urgency"]) == (True, 1, True, "urgent")
    assert "cases" not in one
    assert one["quotes"][0]["evidence"]["phrase"] == one["quotes"][0]["text"]


def test_of_earlier_revisions_no_words_are_told():
    words = Evidence("text", 0, 5, "Three")
    full = reading(
        revision=1, quotes=(Quote(words),), urgency_evidence=(words,), dangers=(Sighting("execution", words),) * 2
    )
    now, before = (reading_told(Kept(full, NOW, in_force=True), revision) for revision in (1, 2))
    assert [len(d.evidence) for d in now.dangers] == [2]
    assert now.quotes[0].text == "Three"
    assert [f.code for f in before.themes] == ["prisons"]
    assert not any((before.quotes, before.urgency_evidence, before.dangers, before.themes[0].evidence))
    assert "Three" not in before.model_dump_json()


HOSTILE = "\u202eevil\u200b\x00 <script>alert(1)</script>\u2066"


def test_hostile_texts_are_made_harmless():
    telling = Telling({}, SITE, f"{SITE}{API}")
    words = Evidence("text", 0, 5, HOSTILE * 40)
    one = statement(title=HOSTILE, text=HOSTILE, url="javascript:alert(1)", publisher=HOSTILE, language='"><b>')
    read = reading(quotes=(Quote(words, HOSTILE, HOSTILE),) * 12)
    marks = Marks(note=Note((("en", HOSTILE),), HOSTILE, NOW))
    told = telling.whole(Story("s1", (Report(one, read, Role.PRESS, HOSTILE),), NOW, marks=marks))
    assert told.lead.link is None
    assert told.lead.language == ""
    assert len(told.lead.quotes) == FIRST
    assert all(len(q.text) <= LONGEST for q in told.lead.quotes)
    assert not re.search("[\u202e\u200b\u2066\\x00]", told.model_dump_json())
    assert not re.search(r"\\u0000|\\u202e", told.model_dump_json())


def test_a_link_that_leads_outside_its_source_is_none():
    telling = Telling({}, SITE, f"{SITE}{API}")
    one = replace(report(), link=False)
    assert telling.statement(one, "s1").link is None
    assert telling.statement(report(), "s1").link == "https://a.example/s1"


def test_a_story_of_very_many_reports_is_told_in_part():
    telling = Telling({}, SITE, f"{SITE}{API}")
    told = telling.whole(story(*(report(f"s{n}") for n in range(130))))
    assert (told.reports, len(told.statements)) == (130, 100)


async def test_themes_and_sources_are_told(full, client):
    themes = (await got(client, "/themes"))["items"]
    assert {t["code"] for t in themes} == {t.code for t in full.rules.lexicon.themes}
    assert all(t["names"]["en"] for t in themes)
    sources = {s["id"]: s for s in (await got(client, "/sources"))["items"]}
    assert sources.keys() == full.sources.keys()
    assert (sources[ENGLISH]["state"], sources[ENGLISH]["answered_at"]) == ("ok", "2026-11-22T07:00:00Z")
    assert sources["sample-nurigaram"]["state"] == "fresh"
    assert "127.0.0.1" not in json.dumps(sources)


async def test_alerts_that_were_sent_and_editions_are_told_and_readers_digests_are_not(full, client):
    await confirmed(full, alerts=True)
    await full.publish()
    for _ in range(3):
        await handed_over(full)
        full.clock.now += timedelta(days=2)
        await full.editions()
        await full.publish()
    told = await all_pages(client, "/bulletins", limit=1)
    assert told == (await got(client, "/bulletins"))["items"]
    kinds = {t["kind"] for t in told}
    assert "edition" in kinds
    assert kinds <= {"alert", "edition"}
    numbers = [t["number"] for t in told]
    assert numbers == sorted(numbers, reverse=True)
    edition = next(t for t in told if t["kind"] == "edition")
    assert edition == await got(client, f"/bulletins/{edition['number']}")
    assert edition["window_start"] < edition["window_end"] <= edition["date"]
    assert edition["page"] == f"{SITE}/editions/{edition['number']}"
    assert {v["language"] for v in edition["versions"]} == {"en", "fr", "ja", "ko"}
    version = edition["versions"][0]
    assert version["subject"]
    assert re.fullmatch("[0-9a-f]{64}", version["fingerprint"])
    for story_id in version["stories"]:
        await hide(full, "held", story_id)
    hidden = (await got(client, f"/bulletins/{edition['number']}"))["versions"][0]
    assert (hidden["subject"], hidden["stories"]) == ("", [])
    alerts = [t for t in told if t["kind"] == "alert"]
    for alert in alerts:
        await hide(full, "held", alert["story"])
        await got(client, f"/bulletins/{alert['number']}", 404)


async def test_who_has_an_answer_is_not_sent_it_again(full, client):
    for path in ("/statements", "/themes", "/openapi.json", "/export.csv", "/data.md"):
        first = await client.get(f"{API}{path}")
        again = await client.get(f"{API}{path}", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert first.headers["cache-control"] == again.headers["cache-control"] == "public, max-age=60"
        other = await client.get(f"{API}{path}", headers={"If-None-Match": '"other"'})
        assert other.content == first.content


async def test_head_answers_as_get_without_a_body(full, client):
    for path in ("/statements", "/export.csv", "/nope"):
        got_, head = await client.get(f"{API}{path}"), await client.head(f"{API}{path}")
        assert (head.status_code, head.content) == (got_.status_code, b"")
        same = ("content-type", "etag", "content-length")
        assert [head.headers.get(n) for n in same] == [got_.headers.get(n) for n in same]


async def test_any_page_may_ask(client):
    answer = await client.get(
        f"{API}/themes", headers={"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "Link" in answer.headers["access-control-expose-headers"]
    assert "set-cookie" not in answer.headers
    before = await client.options(
        f"{API}/stories", headers={"Origin": "https://e.example", "Access-Control-Request-Method": "GET"}
    )
    assert (before.status_code, before.headers["access-control-allow-methods"]) == (204, "GET, HEAD")
    assert before.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_changed(client, method):
    answer = await client.request(method, f"{API}/stories")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_answer_has_the_headers_of_the_site(client):
    for path in ("/", "/nope", "/themes"):
        answer = await client.get(f"{API}{path}")
        assert HEADERS.keys() <= {name.title() for name in answer.headers}


async def test_who_asks_too_much_is_told_when_to_come_back(newsroom):
    app = create_app(newsroom)

    def coming_from(host):
        return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(host, 1)), base_url=SITE)

    async with (
        coming_from("192.0.2.1") as one,
        coming_from("192.0.2.99") as beside,
        coming_from("198.51.100.1") as other,
    ):
        first = await one.get(f"{API}/themes")
        assert first.headers["ratelimit-policy"] == '"network";q=300;w=60'
        assert first.headers["ratelimit"] == '"network";r=299;t=60'
        file = await one.get(f"{API}/export.csv")
        assert file.headers["ratelimit"] == f'"network";r={MOST - 1 - FILE};t=60'
        for _ in range((MOST - 1) // FILE - 1):
            await beside.get(f"{API}/coverage.jsonl?since=2026-11-22")
        late = await one.get(f"{API}/export.csv")
        assert (late.status_code, late.headers["retry-after"]) == (429, "60")
        assert late.headers["content-type"] == "application/problem+json"
        assert late.headers["access-control-allow-origin"] == "*"
        assert (await one.get(f"{API}/themes")).status_code == 200
        assert (await other.get(f"{API}/export.csv")).status_code == 200
        newsroom.clock.now += timedelta(seconds=60)
        assert (await one.get(f"{API}/export.csv")).status_code == 200


def test_pace_is_counted_anew_each_minute_and_whenever_the_clock_goes_back():
    now = [NOW]
    pace = Pace(lambda: now[0], most=2)
    assert [pace.take("192.0.2.1").passes for _ in range(3)] == [True, True, False]
    now[0] += timedelta(seconds=59.5)
    assert pace.take("192.0.2.1").seconds == 1
    now[0] -= timedelta(hours=1)
    assert pace.take("192.0.2.1", 2).passes
    assert not pace.take("192.0.2.1").passes


def test_more_networks_than_can_be_counted_do_not_pass():
    pace = Pace(lambda: NOW)
    pace.take("192.0.2.1")
    pace._taken.update(bytes([n % 256, n // 256 % 256, n // 65536]) for n in range(MOST_NETWORKS))
    assert pace.take("192.0.2.2").passes
    assert not pace.take("203.0.113.9").passes


@given(st.integers(0, (1 << 63) - 1))
def test_a_cursor_comes_back_as_its_number(number):
    assert place(cursor(number)) == number


@given(st.text(max_size=14) | st.from_regex("[A-Za-z0-9_-]{11}", fullmatch=True))
def test_what_is_no_cursor_is_none(text):
    assert place(text) is None or cursor(place(text)) == text


@given(
    st.lists(st.tuples(st.sampled_from(["q", "limit", "cursor", "rights", "since", "theme", "x"]), st.text(max_size=9)))
)
def test_whatever_stands_in_an_address_is_read_or_told(pairs):
    asked = read_asked(QueryParams(pairs), Known((), ()), TAKES["/stories"])
    assert 1 <= asked.limit <= 100
    assert all(asked.problems)


async def test_a_table_has_the_rows_that_the_pages_have(full, client):
    found = await all_pages(client, "/statements")
    answer = await client.get(f"{API}/export.csv?bom=yes")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="nkwatch-statements-2026-11-22.csv"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.text.startswith("\ufeffid,")
    table = list(csv.DictReader(io.StringIO(answer.text[1:])))
    lines = [json.loads(line) for line in (await client.get(f"{API}/export.jsonl")).text.splitlines()]
    assert [r["id"] for r in table] == [r["id"] for r in lines] == [f["id"] for f in found]
    assert table[0].keys() == lines[0].keys() == {c.name for c in STATEMENTS}
    some = (await client.get(f"{API}/export.csv?language=ko")).text
    assert {r["language"] for r in csv.DictReader(io.StringIO(some))} == {"ko"}
    assert "link" not in answer.headers


async def test_a_file_that_is_full_says_where_to_go_on(newsroom):
    """As in one of 10,000 rows, for one of 100 and for 2 days."""
    await shelved(newsroom, *(entry(f"x{n}", published=NOW - n * HOUR) for n in range(130)))
    app = FastAPI()
    known = Known((), newsroom.sources)

    def read(request: Request, names):
        return read_asked(request.query_params, known, names)

    for path, call in Exports(newsroom, read, SITE, most=100).operations():
        app.add_api_route(path, call)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE) as client:
        for path, asked, total in (
            ("/export.csv", "rights=yes", 130),
            ("/export.jsonl", "", 130),
            ("/coverage.jsonl", "since=2026-11-01&until=2026-11-22", 22 * len(newsroom.sources)),
        ):
            lines, url, files = [], f"{path}?{asked}", 0
            while url:
                answer = await client.get(url)
                found = answer.text.splitlines()[path.endswith("csv") :]
                assert len(found) <= 100
                lines, files = lines + found, files + 1
                link = answer.headers.get("link")
                url = link and re.fullmatch(r'<(.*)>; rel="next"', link)[1]
            assert (len(lines), len(set(lines)), files > 1) == (total, total, True), path


async def test_coverage_is_bounded_and_whole(full, client):
    answer = await client.get(f"{API}/coverage.csv?source={ENGLISH}")
    days = list(csv.DictReader(io.StringIO(answer.text)))
    assert (len(days), days[0]["day"], days[-1]["day"]) == (90, "2026-08-25", "2026-11-22")
    assert days[-1]["state"] == "new"
    assert "366 days" in (await got(client, "/coverage.csv", 400, since="2020"))["detail"]
    assert (await client.get(f"{API}/coverage.jsonl?since=2026-11-22&until=2027")).text.count("\n") == len(full.sources)
    assert (await client.get(f"{API}/coverage.jsonl?until=0001")).status_code == 200
    assert (await client.get(f"{API}/coverage.jsonl?since=2030")).text == ""


async def test_the_dictionary_is_there(client):
    answer = await client.get(f"{API}/data.md")
    assert (answer.text, answer.headers["content-type"]) == (dictionary(), "text/markdown; charset=utf-8")


async def test_a_bug_is_a_problem_for_programs_and_noted(newsroom, capfd):
    class Broken:
        async def find(self, *args, **options):
            raise LookupError("a secret")

    app = create_app(replace(newsroom, search=Broken()))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=SITE
    ) as client:
        answer = await client.get(f"{API}/statements")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "secret" not in answer.text


async def test_the_beginning_leads_to_everything(full, client):
    begin = await client.get(API)
    assert (begin.status_code, begin.headers["location"]) == (308, f"{API}/")
    start = await got(client, "/")
    assert start["version"] == "1"
    for address in (start["description"], start["documentation"], *(a for a in start["addresses"] if "{" not in a)):
        assert (await client.get(address)).status_code == 200


async def test_the_page_for_people_says_what_there_is(client):
    page = (await client.get("/api")).text
    for path in re.findall(r'href="(/api/v1[^"]*)"', page):
        assert (await client.get(path.replace("&amp;", "&"))).status_code == 200, path
    assert "twelve months" in page


async def test_the_description_says_everything(newsroom, client):
    document = await got(client, "/openapi.json")
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": f"{SITE}{API}"}]
    assert POLICY in document["info"]["description"]
    start = await got(client, "/")
    told = {a.removeprefix(f"{SITE}{API}") for a in start["addresses"]} | {"/"}
    assert document["paths"].keys() == told | {p for p in TAKES if p.endswith((".csv", ".jsonl"))}
    for path, operations in document["paths"].items():
        assert operations.keys() == {"get"}
        one = operations["get"]
        assert one["summary"]
        assert {"200", "304", "400", "429"} <= one["responses"].keys()
        named = {p["$ref"].rpartition("/")[2] for p in one["parameters"] if "$ref" in p}
        assert named == set(TAKES.get(path, ()))
    jsonschema_rs.meta.validate({"$defs": document["components"]["schemas"]})
    for parameter in document["components"]["parameters"].values():
        (example,) = parameter["examples"].values()
        assert jsonschema_rs.is_valid(parameter["schema"], example["value"]), parameter["name"]


async def test_answers_are_as_the_description_says(full, client):
    document = await got(client, "/openapi.json")
    (some, *_) = (await got(client, "/statements"))["items"]
    names = {"story_id": some["story"], "statement_id": some["id"], "number": "1"}
    for path, operations in document["paths"].items():
        content = operations["get"]["responses"]["200"]["content"]
        if "application/json" in content and "number" not in path:
            schema_ = content["application/json"]["schema"] | {"components": document["components"]}
            answer = await got(client, path.format(**names))
            assert jsonschema_rs.is_valid(schema_, answer), path
            assert not jsonschema_rs.is_valid(schema_, answer | {"more": 1}), path


async def test_scores_of_themes_an_editor_put_are_zero():
    one = replace(report(), reading=reading(themes=(finding(score=0.0),)))
    (theme,) = Telling({}, SITE, API).statement(one, "s1").themes
    assert (theme.code, theme.score) == ("prisons", 0.0)
