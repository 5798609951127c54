"""What holds for every answer: headers, languages, small bodies, pages instead of tracebacks."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse

from nkwatch.domain.problems import ConfigError
from nkwatch.web.app import create_app
from nkwatch.web.languages import negotiate
from nkwatch.web.shell import LARGEST_BODY, Shell
from nkwatch.web.values import LARGEST_FORM
from tests.web.conftest import visitor
from tests.web.html import Page
from tests.web.samples import dump, join


class Broken:
    """A store that is not there."""

    async def stories(self, query, now, **more):
        raise OSError(f"disk is gone, secret of {query}")


@pytest.mark.parametrize(
    "path", ["/", "/sources", "/healthz", "/nothing", "/confirm/x", "/leave/x", "/check", "/style.css", "/icon.svg"]
)
async def test_every_answer_carries_the_security_headers(client, path):
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"].split("; ")
    assert {
        "default-src 'none'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    } <= set(policy)
    assert not any("unsafe" in part or "script-src" in part for part in policy)
    assert (headers["referrer-policy"], headers["x-content-type-options"]) == ("no-referrer", "nosniff")
    assert "set-cookie" not in headers


async def test_a_page_that_does_not_exist_says_where_to_go(client):
    for path in ("/nothing", "/stories/doesnotexist", "/stories/%00", "/demo", "/docs", "/openapi.json", "/sources/"):
        answer = await client.get(path)
        page = Page.of(answer.text)
        assert answer.status_code == 404
        assert page.text("h1") == "There is no such page"
        assert page.one(".onward a").get("href") == "/"


async def test_a_wrong_method_is_told_with_those_that_are_allowed(client):
    answer = await client.post("/")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert Page.of(answer.text).text("h1") == "This page cannot be used in that way"


async def test_a_failure_of_ours_shows_a_page_and_no_traceback(newsroom, capsys):
    async with visitor(replace(newsroom, search=Broken())) as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    said = Page.of(answer.text).text()
    assert "Something went wrong on our side" in said
    assert "editors@watch.example" in said
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "content-security-policy" in answer.headers
    noted = "".join(capsys.readouterr())
    assert "page failed" in noted
    assert "OSError" in noted


async def test_a_failure_behind_a_link_does_not_put_the_link_into_the_log(newsroom, capsys):
    reader = await join(newsroom)
    token = newsroom.keyring.token("confirm", reader)
    async with visitor(replace(newsroom, subscribers=Broken())) as client:
        assert (await client.get(f"/confirm/{token}")).status_code == 500
    noted = "".join(capsys.readouterr())
    assert "/confirm/{token}" in noted
    assert token not in noted


async def test_when_even_the_page_of_problems_is_broken_a_line_of_text_remains():
    def answer(request, problem):
        raise ZeroDivisionError

    async def app(scope, receive, send):
        raise KeyError

    sent = []

    async def send(message):
        sent.append(message)

    await Shell(app, answer)({"type": "http", "method": "GET", "path": "/", "headers": []}, asyncio.Queue().get, send)
    assert sent[0]["status"] == 500
    assert sent[1]["body"] == b"Something went wrong on our side.\n"


async def test_a_body_that_never_comes_is_not_waited_for():
    sent = []

    async def send(message):
        sent.append(message)

    def answer(request, problem):
        return PlainTextResponse(problem.title, problem.status)

    shell = Shell(lambda *_: pytest.fail("served"), answer, patience=0)
    await shell({"type": "http", "method": "POST", "path": "/", "headers": []}, asyncio.Queue().get, send)
    assert sent[0]["status"] == 408


@pytest.mark.parametrize("path", ["/confirm/", "/leave/"])
async def test_a_large_body_is_refused_before_anything_happens(newsroom, client, path):
    purpose = path.strip("/")
    token = newsroom.keyring.token(purpose, await join(newsroom))
    before = dump(newsroom)

    async def in_pieces():
        for _ in range(5):
            yield b"x" * 1000

    for body in (b"x" * (LARGEST_BODY + 1), in_pieces()):
        answer = await client.post(path + token, content=body)
        assert answer.status_code == 413
        assert "Nothing was changed." in Page.of(answer.text).text()
    odd = await client.post(path + token, headers={"content-length": "9" * 5000})
    assert odd.status_code == 413
    assert dump(newsroom) == before
    assert (await client.post(path + token, content=b"x" * LARGEST_BODY)).status_code == 200


async def test_only_where_readers_choose_a_body_may_be_as_large_as_the_largest_form(client):
    for path in ("/subscribe", "/settings/x/choice"):
        assert (await client.post(path, content=b"x" * LARGEST_FORM)).status_code not in {413, 500}
        assert (await client.post(path, content=b"x" * (LARGEST_FORM + 1))).status_code == 413
    assert (await client.post("/leave/x", content=b"x" * (LARGEST_BODY + 1))).status_code == 413


def asked(path="/subscribe", method="POST", **headers):
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "headers": [(b"host", b"watch.example"), *given]}


class Served:
    """A site behind the shell that reads a body and says so, and what the shell answers."""

    def __init__(self, **shell):
        self.waiting, self.statuses = asyncio.Event(), []
        self.shell = Shell(self.app, lambda _, problem: PlainTextResponse(problem.title, problem.status), **shell)

    async def app(self, scope, receive, send):
        await receive()
        await self.waiting.wait()
        await PlainTextResponse("served")(scope, receive, send)

    async def __call__(self, scope, *pieces):
        bodies = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        parts = iter([*bodies, {"type": "http.request"}])

        async def receive():
            return next(parts)

        async def send(message):
            self.statuses.extend([message["status"]] if "status" in message else [])

        await self.shell(scope, receive, send)


async def test_large_bodies_share_the_room_that_there_is_and_give_it_back():
    served = Served(room=100_000)
    first = asyncio.create_task(served(asked(), b"x" * 60_000, b"x" * 20_000))
    await asyncio.sleep(0)
    await served(asked(), b"x" * 60_000)
    assert served.statuses == [429]
    served.waiting.set()
    await first
    await served(asked(), b"x" * 90_000)
    await served(asked(), b"x" * 60_000)
    await served(asked(), b"x" * 100)
    assert served.statuses == [429, 200, 200, 200, 200]


async def test_a_body_that_was_cut_off_gives_its_room_back():
    served = Served(room=100_000)
    served.waiting.set()

    async def cut(pieces=iter([{"type": "http.request", "body": b"x" * 90_000, "more_body": True}])):  # noqa: B008
        return next(pieces, {"type": "http.disconnect"})

    async def send(message):
        pass

    await served.shell(asked(), cut, send)
    await served(asked(), b"x" * 90_000)
    assert served.statuses == [200]


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec_fetch_site": "same-origin"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"sec_fetch_site": "cross-site"}, True),
        ({"sec_fetch_site": "same-site"}, True),
        ({"sec_fetch_site": "odd"}, True),
        ({"sec_fetch_site": "same-origin", "origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://watch.example"}, False),
        ({"origin": "HTTPS://Watch.example"}, False),
        ({"origin": "http://127.0.0.1:8080", "host": "127.0.0.1:8080"}, False),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "https://watch.example.evil.example"}, True),
        ({"origin": "https://watch.example:8443"}, True),
        ({"origin": ""}, True),
    ],
)
async def test_what_another_site_sends_is_refused(headers, foreign):
    scope = asked(**headers) | (
        {"headers": [(n.encode(), v.encode()) for n, v in headers.items()]} if "host" in headers else {}
    )
    served = Served(site="https://watch.example/nk")
    served.waiting.set()
    await served(scope)
    assert served.statuses == [403 if foreign else 200]


@pytest.mark.parametrize(("path", "method"), [("/leave/x", "POST"), ("/subscribe", "GET"), ("/subscribe", "OPTIONS")])
async def test_leaving_and_looking_may_come_from_anywhere(path, method):
    served = Served(site="https://watch.example")
    served.waiting.set()
    await served(asked(path, method, sec_fetch_site="cross-site"))
    assert served.statuses == [200]


async def test_the_whole_site_refuses_what_another_site_sends(newsroom, client):
    reader = await join(newsroom)
    before = dump(newsroom)
    for path in ("/subscribe", f"/confirm/{newsroom.keyring.token('confirm', reader)}"):
        answer = await client.post(path, headers={"Origin": "https://evil.example"})
        assert (answer.status_code, Page.of(answer.text).text("h1")) == (403, "That came from another site")
    assert dump(newsroom) == before


@pytest.mark.parametrize(
    ("asked", "accepted", "language", "words"),
    [
        ("", "", "en", "Newest stories"),
        ("", "de-DE, fr-CH;q=0.8, en;q=0.2", "fr", "Derniers sujets"),
        ("", "ko-KR,ko;q=0.9", "ko", "최신 소식"),
        ("ja", "fr", "ja", "最新のニュース"),
        ("xx", "fr", "fr", "Derniers sujets"),
        ("<script>", "de", "en", "Newest stories"),
    ],
)
async def test_the_language_is_the_one_asked_for_else_accepted_else_english(client, asked, accepted, language, words):
    answer = await client.get("/", params={"lang": asked} if asked else {}, headers={"Accept-Language": accepted})
    page = Page.of(answer.text)
    assert (page.language, answer.headers["content-language"]) == (language, language)
    assert "Accept-Language" in answer.headers["vary"]
    assert page.text("h2#newest") == words


async def test_a_chosen_language_goes_on_with_every_link_of_ours(client):
    page = Page.of((await client.get("/sources?lang=ko")).text)
    assert page.one("nav.pages li:first-child a").get("href") == "/?lang=ko"
    assert {a.get("lang"): a.text for a in page.all(".languages a")} == {
        "en": "English", "fr": "Français", "ja": "日本語", "ko": "한국어",
    }  # fmt: skip


@given(st.text(max_size=400))
def test_no_header_of_languages_is_too_odd(accept):
    assert negotiate(accept, ("en", "ko")) in {"en", "ko"}


@given(st.permutations(["ko", "fr", "ja"]))
def test_the_language_with_the_greatest_weight_wins(order):
    accept = ", ".join(f"{code};q={0.9 - n / 10}" for n, code in enumerate(order))
    assert negotiate(accept, ("en", "fr", "ja", "ko")) == order[0]


async def test_a_wrong_template_of_the_operator_is_told_at_the_start(newsroom, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "front.html").write_text("{% if %}")
    config = newsroom.config.model_copy(update={"templates": tmp_path})
    with pytest.raises(ConfigError, match=r"front\.html, line 1"):
        create_app(replace(newsroom, config=config))


async def test_the_operators_own_template_goes_before_ours(newsroom, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "front.html").write_text("Ours: {{ stories|length }}")
    config = newsroom.config.model_copy(update={"templates": tmp_path})
    async with visitor(replace(newsroom, config=config)) as client:
        assert (await client.get("/")).text == "Ours: 0"
