"""Every operation of the site, asked by a machine that reads its description: nothing that it sends breaks anything.

The document is not served. What forms send stands here, made of the constants by which they are read, and a test sees
to it that every form that the site shows fits.
"""

import asyncio
import json
import re
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from nkwatch.domain.casepage import CaseWords
from nkwatch.domain.edition import StandardEdition
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Format, Rhythm, Standing
from nkwatch.domain.wish import LONGEST, MOST_FOLLOWED
from nkwatch.mail.locales import countries
from nkwatch.store.editions import EditionStore
from nkwatch.web.app import create_app
from nkwatch.web.check import MULTIPART
from nkwatch.web.forms import zones
from nkwatch.web.posted import LONGEST_ADDRESS, URLENCODED
from nkwatch.web.shell import HEADERS
from nkwatch.web.values import LARGEST_MAIL, MOST_WISHES
from tests.web.addresses import addresses
from tests.web.archived import samples_indexed
from tests.web.conftest import visitor
from tests.web.html import Page
from tests.web.samples import ENGLISH, SITE, Box, confirmed, join, link, mailed, rows
from tests.web.test_browser import site
from tests.web.test_signup import with_limits

#: Stands for what leads to a page: a token that works, a story that is there.
GOOD = "GOOD"
LANGUAGES = ("en", "fr", "ja", "ko")
#: Wishes in a form that is sent.
WISHES = 2


def one_of(*values):
    return {"type": "string", "enum": [str(v) for v in values]}


def many_of(values):
    """Ticked boxes, or one hidden field with all of them."""
    ticked = {"type": "array", "items": one_of(*values), "maxItems": 5}
    return {"anyOf": [ticked, {"type": "string", "pattern": r"^[a-z_ -]*$", "maxLength": 200}]}


def form(fields, *required):
    return {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}


def choice(newsroom, steps):
    """The form by which a reader chooses."""
    line = {"type": "string", "maxLength": LONGEST}
    lines = {"type": "string", "maxLength": MOST_FOLLOWED}
    side = {
        "themes": many_of(t.code for t in newsroom.rules.lexicon.themes),
        "sources": many_of(newsroom.sources),
        "roles": many_of(Role),
        "words": lines,
        "cases": lines,
    }
    # a form may hold up to five of them, which are all read in one way
    wishes = {f"wish{n}-{kind}": of for n in range(WISHES) for kind, of in side.items()}
    scopes = {f"wish{n}-scope": one_of("all", "some") for n in range(WISHES)}
    own = {
        "rhythm": one_of(*Rhythm),
        "hour": one_of(*range(24)),
        "zone": one_of(*sorted(zones())),
        "weekday": one_of(*range(7)),
        "monthday": one_of(*range(1, 32)),
        "lull": one_of("yes"),
        "alerts": one_of("yes"),
        "evening": one_of("", *range(24)),
        "morning": one_of("", *range(24)),
        "language": one_of(*LANGUAGES),
        "format": one_of(*Format),
        "neutral": one_of("yes"),
        "country": one_of("", *sorted(countries())),
        "phrase": line,
        "step": one_of(*steps, "more", "list", *(f"drop{n}" for n in range(MOST_WISHES))),
    }
    mutes = {f"mute-{kind}": of for kind, of in side.items()} | {"mute-scope": one_of("all", "some")}
    return form(own | scopes | wishes | mutes, "rhythm", "alerts", "language", "format", "wish0-scope", "step")


def bodies(newsroom):
    """What each page takes that is more than a button."""
    address = {"type": "string", "pattern": r"^[a-z]{1,12}@inbox\.example$", "maxLength": LONGEST_ADDRESS}
    joining = choice(newsroom, ("look", "join", "edit"))
    joining["properties"]["address"] = address
    joining["required"].append("address")
    return {
        "/subscribe": joining,
        "/settings/{token}/choice": choice(newsroom, ("look", "save", "edit")),
        "/settings/{token}/pause": form({"until": {"type": "string", "format": "date"}, "step": one_of("pause", "go on")}, "step"),
        "/settings/{token}/address": form({"address": address}, "address"),
        "/leave/{token}": form({"List-Unsubscribe": one_of("One-Click")}),
        "/check": form({"mail": {"type": "string", "format": "binary", "maxLength": LARGEST_MAIL}}, "mail"),
    }  # fmt: skip


#: Forms that hold a file.
FILES = ("/check",)
#: What stands in an address that is more than a language.
WORDS = [{"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 300}}]
QUERIES = {
    "/check": [{"name": "number", "in": "query", "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}}],
    **dict.fromkeys(("/search", "/dossier"), WORDS),
}


def described(newsroom, app):
    """The OpenAPI document of the site, with what forms send."""
    paths = defaultdict(dict)
    for path, method, parts in addresses(app):
        if method == "head":
            continue  # it is asked for as GET is
        held = [{"name": n, "in": "path", "required": True, "schema": {"type": kind}} for n, kind in parts]
        paths[path][method] = {"parameters": held, "responses": {"200": {"description": "A page"}}}
    document = {"openapi": "3.1.0", "info": {"title": "The site", "version": "1"}, "paths": paths}
    known = bodies(newsroom)
    language = {"name": "lang", "in": "query", "schema": one_of(*LANGUAGES)}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = f"{method} {path}"
            for parameter in operation["parameters"]:
                # what does not fit the description is another: forged, cut off, of somebody else
                if parameter["schema"]["type"] == "string":
                    parameter["schema"] = one_of(GOOD)
            operation["parameters"].append(language)
            if method == "post":
                content = {kind_of(path): {"schema": known.get(path, form({}))}}
                operation["requestBody"] = {"content": content}
            else:
                operation["parameters"] += QUERIES.get(path, [])
    return document


def kind_of(path):
    """What the form at this place is sent as."""
    return MULTIPART if path in FILES else URLENCODED


def cases(document, mode, most):
    """What schemathesis makes of each operation: requests that are about to be sent, the same on every run."""
    made = []
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        # what only reads has little to be asked
        examples = most if operation.method == "post" else 2

        @settings(max_examples=examples, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case):
            with suppress(requests.exceptions.InvalidHeader, UnicodeError):
                made.append((case.operation, requests.Request(**case.as_transport_kwargs(SITE)).prepare()))

        collect()
    return made


class Doors:
    """Puts into a request what leads on: a link of a reader with whom it works."""

    def __init__(self, newsroom, **there):
        """`there` is what stands in the places of addresses, by their names; `numbers` are by their addresses."""
        self._newsroom, self._readers, self._count = newsroom, {}, 0
        self._numbers = there.pop("numbers")
        self._there = there

    async def open(self, operation, request):
        """The address to ask for."""
        if GOOD not in request.url:
            return request.url
        name = next(name for name in ("number", "token", *self._there) if f"{{{name}}}" in operation.path)
        good = self._numbers.get(operation.path) or self._there.get(name)
        good = good or await self._token(operation.path.partition("/{")[0].strip("/"))
        return request.url.replace(GOOD, str(good), 1)

    async def _token(self, place):
        purpose = place.replace("/", "-")
        reader = await self._reader("pending" if purpose == "confirm" else "confirmed")
        subject = reader
        if purpose.startswith("move"):
            await self._newsroom.subscribe.ask_move(reader, f"to-{reader}@inbox.example")
            subject = (
                f"{reader}~{(self._newsroom.clock() - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)}"
            )
        return link(self._newsroom, purpose, subject).rpartition("/")[2]

    async def _reader(self, standing):
        """Somebody who has that standing: what was sent before may have ended it."""
        known = self._readers.get(standing)
        found = await self._newsroom.subscribers.find(known) if known else None
        if found is None or found[1] is not Standing(standing):
            self._count += 1
            enter = join if standing == "pending" else confirmed
            self._readers[standing] = await enter(self._newsroom, f"reader{self._count}@inbox.example")
        return self._readers[standing]


@pytest.fixture
async def busy(newsroom):
    """A newsroom without limits, something to read in it, and who looks after the doors."""
    newsroom = with_limits(newsroom, per_network=10**6, per_domain=10**6, total=10**6)
    await samples_indexed(newsroom)
    await confirmed(newsroom, "first@inbox.example", alerts=True)
    box = Box(*await mailed(newsroom))
    await newsroom.database.write(lambda c: c.exec_driver_sql("UPDATE delivery SET state = 'sent'"))
    newsroom.clock.now += timedelta(days=2)
    await newsroom.editions()
    (story, *_) = await newsroom.statements.newest(1)
    copy = await newsroom.database.read(lambda c: c.exec_driver_sql("SELECT id FROM composition").scalar())
    words = CaseWords("en", "A case", "Words of an editor.", "Jin", newsroom.clock())
    case = await newsroom.cases.open(rows(newsroom, "named")[0]["key"], words)
    bulletins = await EditionStore(newsroom.database).listed()
    numbers = {f"/{'editions' if isinstance(b, StandardEdition) else 'alerts'}/{{number}}": b.number for b in bulletins}
    async with visitor(newsroom) as client:
        (cursor, *_) = re.findall("stories-([^.]+)[.]xml", (await client.get("/sitemap.xml")).text)
    doors = Doors(
        newsroom, numbers=numbers, story_id=story.id, composition_id=copy, code="prisons", source_id=ENGLISH,
        page_id=case.id, cursor=cursor,
    )  # fmt: skip
    return newsroom, box, doors


@pytest.mark.campaign
async def test_nothing_that_a_machine_makes_of_the_description_breaks_a_page(busy):
    newsroom, box, doors = busy
    document = described(newsroom, create_app(newsroom, mailbox=box))
    fitting, odd = cases(document, GenerationMode.POSITIVE, 10), cases(document, GenerationMode.NEGATIVE, 5)
    reached = defaultdict(set)
    async with visitor(newsroom, box) as client:
        for operation, request in (*fitting, *odd):
            url = await doors.open(operation, request)
            for method in ("HEAD", "GET") if request.method == "GET" else (request.method,):
                answer = await client.request(method, url, headers=request.headers, content=request.body)
                asked = f"{method} {url} {request.body!r}"
                assert answer.status_code < 500, asked
                assert HEADERS.keys() <= {name.title() for name in answer.headers}, asked
                assert "set-cookie" not in answer.headers
                reached[operation.path, method.lower()].add(answer.status_code)
    assert reached.keys() == {(path, method) for path, method, _ in addresses(create_app(newsroom, mailbox=box))}
    # every page got to its end at least once
    assert {where: said for where, said in reached.items() if 200 not in said} == {}


async def test_every_form_that_the_site_shows_fits_the_description(busy):
    newsroom, box, _ = busy
    document = described(newsroom, create_app(newsroom, mailbox=box))
    reader, pending = await confirmed(newsroom), await join(newsroom, "pending@inbox.example")
    own = link(newsroom, "settings", reader)
    pages = ["/subscribe", "/check", own, *(f"{own}/{place}" for place in ("choice", "pause", "address", "erase"))]
    pages += [link(newsroom, "confirm", pending), link(newsroom, "leave", reader), link(newsroom, "manage", reader)]
    shown = set()
    async with visitor(newsroom, box) as client:
        for path in pages:
            page = Page.of((await client.get(path)).text)
            for sent in (f for f in page.all("main form") if f.get("method") == "post"):
                place = template_of(document, urlsplit(sent.get("action") or path).path)
                content = document["paths"][place]["post"]["requestBody"]["content"]
                fits(sent, content[sent.get("enctype") or URLENCODED]["schema"])
                shown.add(place)
    assert shown >= {*bodies(newsroom), "/confirm/{token}", "/manage/{token}", "/settings/{token}/erase"}


def template_of(document, path):
    """The path in the document that an address belongs to."""
    parts = path.strip("/").split("/")
    fitting = [p for p in document["paths"] if len(p.strip("/").split("/")) == len(parts)]
    (found,) = (
        p for p in fitting if all(w in {"{token}", g} for w, g in zip(p.strip("/").split("/"), parts, strict=True))
    )
    return found


def fits(sent, schema):
    """Every value that a browser could send with this form is one that the schema knows."""
    for field in sent.cssselect("[name]"):
        known = schema["properties"][field.get("name")]
        values = [o.get("value") for o in field.cssselect("option")] or [field.get("value", "")]
        choosing = field.tag in {"select", "button"} or field.get("type") in {"radio", "checkbox"}
        for value in values if choosing else ():
            assert jsonschema_rs.is_valid(known, value), (field.get("name"), value)
        if field.get("maxlength"):
            assert int(field.get("maxlength")) <= known["maxLength"]
    required = {f.get("name") for f in sent.cssselect("[required]")}
    assert required <= {*schema["required"], "until"}


#: What schemathesis sees to, beside that nothing breaks.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def known_places(document, **good):
    """The description with what stands in paths as it is known to be there."""
    for path, operations in document["paths"].items():
        for parameter in operations["get"]["parameters"]:
            if parameter.get("in") == "path":
                assert f"{{{parameter['name']}}}" in path
                parameter["schema"] = one_of(good[parameter["name"]])
    return document


def asked_of_api(document, mode, most):
    """What schemathesis makes of each operation, as it made it, and about to be sent."""
    made = []
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()

        @settings(max_examples=most, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case):
            with suppress(requests.exceptions.InvalidHeader, UnicodeError):
                kept = requests.Request(**case.as_transport_kwargs(f"{SITE}/api/v1")).prepare()
                made.append((case, kept))

        # what takes nothing cannot be asked in a wrong way
        with suppress(Unsatisfiable):
            collect()
    return made


@pytest.mark.campaign
async def test_the_api_keeps_to_its_description_whatever_it_is_asked(newsroom):
    await samples_indexed(newsroom)
    await newsroom.editions()
    newsroom.clock.now += timedelta(days=2)
    await newsroom.editions()
    reached = defaultdict(set)
    async with visitor(newsroom) as client:
        document = (await client.get("/api/v1/openapi.json")).json()
        (story, *_) = (await client.get("/api/v1/stories")).json()["items"]
        (edition, *_) = (await client.get("/api/v1/bulletins")).json()["items"]
        there = known_places(
            json.loads(json.dumps(document)), story_id=story["id"], statement_id=story["id"], number=edition["number"]
        )
        fitting = asked_of_api(there, GenerationMode.POSITIVE, 5)
        odd = asked_of_api(document, GenerationMode.NEGATIVE, 5)
        for case, request in (*fitting, *odd):
            # a minute for each file, lest it is too much
            newsroom.clock.now += timedelta(seconds=30)
            answer = await client.request(request.method, request.url, headers=request.headers)
            case.validate_response(answer, checks=CHECKS)
            assert HEADERS.keys() <= {name.title() for name in answer.headers}
            reached[case.operation.path].add(answer.status_code)
    assert reached.keys() == document["paths"].keys()
    # every address got to its end at least once
    assert {path: said for path, said in reached.items() if 200 not in said} == {}
    assert set().union(*reached.values()) <= {200, 400, 404}


RAW = [
    b"GET /leave/%00%ff HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /mails/%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /stories/\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET //evil.example/%2e%2e/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://evil.example/subscribe HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET /subscribe HTTP/1.1\r\nHost: a\r\nAccept-Language: " + b"x" * 60_000 + b"\r\n\r\n",
    b"POST /subscribe HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /subscribe HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST /subscribe HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /subscribe HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
    b"POST /leave/x HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=\xff\r\nContent-Length: 4\r\n\r\n--\xff\n",
    b"POST /subscribe HTTP/1.1\r\nHost: a\r\nContent-Type: \xff\xfe;;;=\r\nContent-Length: 0\r\n\r\n",
    b"BREW /subscribe HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n",
]


async def test_no_odd_request_on_the_wire_breaks_the_server(newsroom):
    async with site(newsroom) as address:
        where = urlsplit(address)
        answers = [await raw(where, sent) for sent in RAW]
        alive = await raw(where, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    for sent, answer in zip(RAW, answers, strict=True):
        assert not answer or 200 <= int(answer.split()[1]) < 500, (sent, answer)
    assert b" 200 " in alive


async def raw(where, sent):
    """The first line of what the server answers to these bytes; nothing where it hangs up."""
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.readline(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
