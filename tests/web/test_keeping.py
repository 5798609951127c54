"""What is the same for everybody is made once and kept for a while; what is one reader's own never is."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from nkwatch.domain.statement import Presence
from nkwatch.store import schema
from nkwatch.web import keeping
from nkwatch.web.keeping import KEPT, LONGEST, Keeping
from tests.web.archived import entry, told
from tests.web.samples import NOW, SITE, join

HALF_A_MINUTE = timedelta(seconds=30)


class Site:
    """A site that says how often it was asked, and its clock."""

    def __init__(self, **headers):
        self.now, self.generation, self.asked, self.status = NOW, object(), [], 200
        self.headers = {"cache-control": "public, max-age=30", "vary": "Accept-Language"} | headers
        self.going = asyncio.Event()
        self.going.set()
        self.pieces = 1

    async def __call__(self, scope, receive, send):
        self.asked.append(scope["path"])
        number = len(self.asked)
        await self.going.wait()
        if self.status == 500:
            raise OSError("disk is gone")
        headers = [(n.encode(), v.encode()) for n, v in self.headers.items() if v]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for left in reversed(range(self.pieces)):
            body = f"answer {number}".encode()
            await send({"type": "http.response.body", "body": body, "more_body": left > 0})

    def browser(self, **headers):
        app = Keeping(self, ("en", "ko"), lambda: self.now, lambda: self.generation, ["/api/v1"])
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers)


async def texts(client, *paths, **headers):
    return [(await client.get(path, headers=headers)).text for path in paths]


async def test_an_answer_is_kept_as_long_as_it_says():
    site = Site()
    async with site.browser() as client:
        assert await texts(client, "/", "/") == ["answer 1"] * 2
        site.now += HALF_A_MINUTE - timedelta(seconds=1)
        late = await client.get("/")
        assert (late.text, late.headers["age"]) == ("answer 1", "29")
        site.now += timedelta(seconds=1)
        fresh = await client.get("/")
        assert fresh.text == "answer 2"
        assert "age" not in fresh.headers
        site.now -= timedelta(hours=1)  # a clock that was put back
        assert await texts(client, "/") == ["answer 3"]


async def test_nothing_is_kept_for_longer_than_a_minute_whatever_it_says():
    site = Site(**{"cache-control": "public, max-age=31536000, immutable"})
    async with site.browser() as client:
        assert await texts(client, "/", "/") == ["answer 1"] * 2
        site.now += KEPT
        assert await texts(client, "/") == ["answer 2"]


async def test_addresses_and_languages_are_kept_apart_and_browsers_of_one_language_together():
    async with Site().browser() as client:
        assert await texts(client, "/", "/?a=1", "/?a=2", "/b") == [f"answer {n}" for n in range(1, 5)]
        assert await texts(client, "/", **{"accept-language": "ko-KR, en;q=0.5"}) == ["answer 5"]
        assert await texts(client, "/", **{"accept-language": "ko"}) == ["answer 5"]
        assert await texts(client, "/", **{"accept-language": "de"}) == ["answer 1"]


async def test_many_who_ask_at_once_cost_one_rendering():
    site = Site()
    site.going.clear()
    async with site.browser() as client:
        asked = [asyncio.create_task(client.get("/")) for _ in range(20)]
        await asyncio.sleep(0.01)
        other = asyncio.create_task(client.get("/other"))
        await asyncio.sleep(0.01)
        site.going.set()
        assert {(await one).text for one in asked} == {"answer 1"}
        assert (await other).text == "answer 2"


@pytest.mark.parametrize("headers", [{"cache-control": ""}, {"cache-control": "no-store"}, {"set-cookie": "a=b"},
                                     {"cache-control": "private, max-age=30"}, {"cache-control": "public, max-age=0"}])  # fmt: skip
async def test_what_is_not_for_everybody_is_made_anew_for_each_who_asks_or_waited(headers):
    site = Site(**headers)
    site.going.clear()
    async with site.browser() as client:
        asked = [asyncio.create_task(client.get("/")) for _ in range(3)]
        await asyncio.sleep(0.01)
        site.going.set()
        assert {(await one).text for one in asked} == {"answer 1", "answer 2", "answer 3"}
        answer = await client.get("/")
        assert (answer.text, "etag" in answer.headers) == ("answer 4", False)


@pytest.mark.parametrize("status", [304, 404, 500, 503])
async def test_errors_are_not_kept(status):
    site = Site()
    async with site.browser() as client:
        site.status = status
        assert (await client.get("/")).status_code == status
        site.status = 200
        assert (await client.get("/")).text == "answer 2"


async def test_what_comes_in_pieces_or_is_very_large_passes_unkept(monkeypatch):
    site = Site()
    async with site.browser() as client:
        site.pieces = 3
        assert await texts(client, "/", "/") == ["answer 1" * 3, "answer 2" * 3]
        site.pieces = 1
        monkeypatch.setattr(keeping, "LARGEST", 5)
        assert await texts(client, "/", "/") == ["answer 3", "answer 4"]


async def test_what_minds_who_asks_and_very_long_addresses_are_not_kept():
    async with Site().browser() as client:
        assert await texts(client, "/api/v1/stories", "/api/v1/stories") == ["answer 1", "answer 2"]
        long = f"/?q={'x' * LONGEST}"
        assert await texts(client, long, long) == ["answer 3", "answer 4"]
        assert (await client.post("/")).text == "answer 5"
        assert await texts(client, "/api") == ["answer 6"]


async def test_many_different_answers_take_no_more_room_than_there_is(monkeypatch):
    monkeypatch.setattr(keeping, "ROOM", 3 * (keeping.BESIDES + 9))
    async with Site().browser() as client:
        await texts(client, *(f"/{n}" for n in range(1, 6)))
        assert await texts(client, "/5", "/4", "/3", "/1") == ["answer 5", "answer 4", "answer 3", "answer 6"]


async def test_who_has_the_answer_already_is_told_so_without_it():
    async with Site(**{"content-type": "text/plain", "content-language": "en"}).browser() as client:
        etag = (await client.get("/")).headers["etag"]
        for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            again = await client.get("/", headers={"if-none-match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
            assert {"cache-control", "vary", "content-language"} <= set(again.headers)
            assert "content-type" not in again.headers
        for unknown in ("", '"x"', etag.strip('"'), "\x01,,W/"):
            assert (await client.get("/", headers={"if-none-match": unknown})).status_code == 200


async def test_all_is_forgotten_once_something_is_written_and_what_was_under_way_is_for_those_who_asked_before():
    site = Site()
    async with site.browser() as client:
        assert await texts(client, "/", "/b") == ["answer 1", "answer 2"]
        site.generation = object()
        assert await texts(client, "/", "/b") == ["answer 3", "answer 4"]
        site.generation = object()
        site.going.clear()
        before = asyncio.create_task(client.get("/"))
        await asyncio.sleep(0.01)
        site.generation = object()
        after = asyncio.create_task(client.get("/"))
        await asyncio.sleep(0.01)
        site.going.set()
        assert ((await before).text, (await after).text) == ("answer 5", "answer 6")
        assert await texts(client, "/") == ["answer 6"]


# The site itself


async def test_public_pages_are_kept_with_a_tag_and_say_how_long_they_are_good(newsroom, client):
    (story,) = await told(newsroom, entry())
    paths = ("/", f"/stories/{story}", "/themes", "/themes/prisons", "/sources", "/numbers", "/editions", "/cases",
             "/subscribe", "/api", "/numbers.csv", f"/stories/{story}.bib", "/sitemap.xml", "/feed.atom", "/style.css")  # fmt: skip
    first = [await client.get(path) for path in paths]
    newsroom.clock.now += timedelta(seconds=29)
    for path, answer in zip(paths, first, strict=True):
        again = await client.get(path)
        assert again.headers["age"] == "29", path
        assert again.headers["cache-control"].startswith("public, max-age=")
        assert (again.content, again.headers["etag"]) == (answer.content, answer.headers["etag"])
        assert "content-security-policy" in again.headers
        unchanged = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert unchanged.status_code == 304
        assert "content-security-policy" in unchanged.headers


async def test_nothing_of_a_reader_or_of_who_looks_for_something_is_kept(newsroom, client):
    (story,) = await told(newsroom, entry())
    reader = await join(newsroom)
    tokens = [f"/{p}/{newsroom.keyring.token(p, reader)}" for p in ("confirm", "leave", "settings")]
    for path in (*tokens, "/manage", "/check", "/search?q=camp", "/dossier?q=camp", "/healthz", "/nothing"):
        for _ in range(2):
            answer = await client.get(path)
            newsroom.clock.now += timedelta(seconds=2)
            assert not answer.headers.get("cache-control", "").startswith("public"), path
            assert not {"age", "etag"} & set(answer.headers), path
    assert (await client.get(f"/stories/{story}")).status_code == 200


async def test_what_may_not_be_shown_any_more_is_gone_at_once(newsroom, client):
    (story,) = await told(newsroom, entry())
    paths = ("/", f"/stories/{story}", "/feed.atom", "/themes/prisons")
    title = "Close the camp"

    async def seen():
        return [title in (await client.get(path)).text for path in paths]

    assert await seen() == [True] * 4
    await newsroom.stories.hold(story, "Ann")
    assert await seen() == [False] * 4
    await newsroom.stories.free(story, "Ann")
    assert await seen() == [True] * 4
    gone = update(schema.statement).values(presence=Presence.MISSING)
    await newsroom.database.write(lambda c: c.execute(gone))
    assert await seen() == [False] * 4


async def test_a_person_who_is_taken_out_is_gone_at_once(newsroom, client):
    (story,) = await told(newsroom, entry("Close the camp at Yodok, says Ri Un-yong"))
    paths = ("/", f"/stories/{story}", "/feed.json", f"/stories/{story}.ris")

    async def named():
        return ["Ri Un-yong" in (await client.get(path)).text for path in paths]

    assert await named() == [True] * 4
    await newsroom.redact.person(["Ri Un-yong"], "Ann", "asked for by the family")
    await newsroom.read()
    assert await named() == [False] * 4
