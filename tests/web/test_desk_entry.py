"""Coming to the desk: links bound to a browser, passkeys, sessions, and everything that does not get in."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from nkwatch.domain.delivery import Refused
from nkwatch.web.app import create_app
from nkwatch.web.desk.ceremony import Ceremony
from nkwatch.web.desk.entry import MAILING, PER_NAME, PER_NETWORK
from tests.web.authenticator import (
    ATTESTED,
    DESK,
    OWN,
    PRESENT,
    VERIFIED,
    Device,
    Post,
    asked,
    at_the_desk,
    browser,
    challenged,
    decoded,
    enrolled,
    fields_of,
    form_to,
    press,
    shown,
    signed_in,
    touch,
)
from tests.web.html import Page
from tests.web.samples import dump, empty_newsroom, rows

MINUTES = timedelta(minutes=1)


@pytest.fixture
async def newsroom(tmp_path):
    async with empty_newsroom(tmp_path, at_the_desk(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def client(newsroom):
    async with browser(newsroom) as opened:
        yield opened


@pytest.fixture
def post(newsroom, monkeypatch):
    kept = Post()
    object.__setattr__(newsroom.editors.enrol.post.pen, "relay", kept)
    return kept


async def ask(client, who):
    answer = await press(client, await shown(client, "/desk/enrol"), "/desk/enrol", who=who)
    await settled()
    return answer


async def settled():
    """What is mailed is mailed afterwards."""
    await asyncio.gather(*(t for t in asyncio.all_tasks() if t.get_name() == MAILING))


def mails(post):
    return [message_from_bytes(m.content, policy=default) for m in post.messages]


def link_in(mail):
    (link,) = re.findall(rf"{DESK}(/desk/enrol/\w+)", mail.get_content())
    return link


def audited(newsroom):
    return [(r["editor"], r["act"], r["thing"]) for r in rows(newsroom, "audit")]


# Links


@pytest.mark.parametrize("who", ["Ann", " ann ", "ANN@inbox.example"])
async def test_an_editor_comes_in_by_a_link_that_was_asked_for(newsroom, client, post, who):
    asked_for = await ask(client, who)
    assert asked_for.status_code == 200
    (mail,) = mails(post)
    assert (mail["To"], mail["Auto-Submitted"]) == ("ann@inbox.example", "auto-generated")
    link, device = link_in(mail), Device()
    page = await shown(client, link)
    opened = await press(client, page, link)
    making = Page.of(opened.text)
    assert "Ann" in making.text("h1")
    kept = await touch(client, making, "/desk/passkey", device, label="my phone")
    assert (kept.status_code, kept.headers["location"]) == (303, "/desk/sign-in?made")
    entered = await touch(client, await shown(client, "/desk/sign-in?made"), "/desk/sign-in", device)
    assert entered.headers["location"] == "/desk/"
    assert "Ann" in (await shown(client, "/desk/")).text("header")
    await settled()
    told = mails(post)[1:]
    assert sorted(m["To"] for m in told) == ["ann@inbox.example", "ben@inbox.example"]
    assert all("my phone" in m.get_content() for m in told)
    assert [a[:2] for a in audited(newsroom)] == [("Ann", "add passkey"), ("Ann", "sign in")]


async def test_known_and_unknown_names_get_the_same_answer_and_one_a_mail(client, post):
    answers = [(await ask(client, who)).text for who in ("Ann", "Nobody", "x@inbox.example", "")]
    assert len(set(answers)) == 1
    assert len(post.messages) == 1


async def test_a_link_works_once(client, post):
    await ask(client, "Ann")
    link = link_in(mails(post)[0])
    page = await shown(client, link)
    assert (await press(client, page, link)).status_code == 200
    again = await press(client, page, link)
    assert again.status_code == 404
    assert "does not work" in Page.of(again.text).text("h1")


async def test_a_link_works_in_the_browser_that_asked_and_in_no_other(newsroom, client, post):
    await ask(client, "Ann")
    link = link_in(mails(post)[0])
    async with browser(newsroom) as other:
        assert (await other.get(link)).status_code == 404
        form = await shown(other, "/desk/enrol")
        stolen = await other.post(link, data=fields_of(form_to(form, "/desk/enrol")), headers=OWN)
        assert stolen.status_code == 404
    assert (await client.get(link)).status_code == 200


async def test_a_link_works_for_ten_minutes(newsroom, client, post):
    await ask(client, "Ann")
    link = link_in(mails(post)[0])
    page = await shown(client, link)
    newsroom.clock.now += 10 * MINUTES
    assert (await client.get(link)).status_code == 404
    assert (await press(client, page, link)).status_code == 404


async def test_to_open_a_link_spends_nothing(client, post):
    await ask(client, "Ann")
    link = link_in(mails(post)[0])
    for _ in range(3):
        assert (await client.get(link)).status_code == 200
        assert (await client.head(link)).status_code == 200


async def test_who_follows_a_link_from_a_mail_on_the_web_goes_on_as_from_our_own_page(client):
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = await client.get("/desk/enrol/whatever", headers=elsewhere)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0">' in answer.text
    assert "set-cookie" not in answer.headers


async def test_an_editor_with_a_passkey_gets_no_link_by_mail(newsroom, client, post):
    await enrolled(newsroom, client)
    await settled()
    post.messages.clear()
    await ask(client, "Ann")
    (mail,) = mails(post)
    assert "/desk/enrol" not in mail.get_content()
    assert f"{DESK}/desk/" in mail.get_content()


async def test_links_are_asked_for_so_often_and_no_more(newsroom, client, post):
    for _ in range(PER_NAME + 2):
        assert (await ask(client, "Ann")).status_code == 200
    assert len(post.messages) == PER_NAME
    codes = [(await ask(client, "Nobody")).status_code for _ in range(PER_NETWORK)]
    assert codes[-1] == 429


async def test_a_mail_that_cannot_be_sent_is_told_to_the_operator(newsroom, client, capsys):
    class Down:
        async def hand_over(self, message):
            return Refused("550 no")

    object.__setattr__(newsroom.editors.enrol.post.pen, "relay", Down())
    assert (await ask(client, "Ann")).status_code == 200
    told = capsys.readouterr()
    assert "link to a passkey not sent" in told.out + told.err
    assert "ann@" not in told.out + told.err


async def test_who_is_no_editor_any_more_makes_no_passkey(newsroom, client, post):
    await ask(client, "Ann")
    link = link_in(mails(post)[0])
    page = await shown(client, link)
    object.__setattr__(newsroom.editors.enrol, "editors", newsroom.editors.enrol.editors[1:])
    assert (await press(client, page, link)).status_code == 404


# Making a passkey


async def making(newsroom, client):
    enrol = newsroom.editors.enrol
    link = (await enrol.link(enrol.editor("Ann"))).removeprefix(DESK)
    return Page.of((await press(client, await shown(client, link), link)).text)


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "http://localhost:8027"},
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"flags": PRESENT},
        {"flags": 0},
        {"cross_origin": True},
    ],
)
async def test_what_was_not_made_here_by_a_verified_user_is_not_kept(newsroom, client, bent):
    kept = await touch(client, await making(newsroom, client), "/desk/passkey", Device(**bent), label="x")
    assert kept.status_code == 403
    assert await newsroom.editors.passkeys.all() == []


async def test_the_browser_is_asked_for_a_key_that_it_keeps_and_a_user_that_it_checks(newsroom, client):
    told = await challenged(client, await making(newsroom, client), "/desk/passkey", label="x")
    options = told["publicKey"]
    assert options["rp"] == {"id": "localhost", "name": "nkwatch"}
    wanted = options["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"], options["attestation"]) == (
        "required", "required", "none",
    )  # fmt: skip
    handle = decoded(options["user"]["id"])
    assert len(handle) == 32
    assert b"ann" not in handle.lower()


async def test_a_credential_that_is_known_is_not_kept_again(newsroom, client):
    device = await enrolled(newsroom, client)
    async with browser(newsroom) as other:
        kept = await touch(other, await making(newsroom, other), "/desk/passkey", device, label="x")
        assert kept.status_code == 403


async def test_a_permit_makes_one_passkey(newsroom, client):
    page = await making(newsroom, client)
    assert (await touch(client, page, "/desk/passkey", Device(), label="x")).status_code == 303
    fields = fields_of(form_to(page, "/desk/passkey")) | asked(page, "/desk/passkey")
    assert (await client.post("/desk/challenge", data=fields, headers=OWN)).status_code == 403


async def test_what_is_signed_for_other_words_is_not_kept(newsroom, client):
    page, device = await making(newsroom, client), Device()
    told = await challenged(client, page, "/desk/passkey", label="mine")
    credential = device.create(told["publicKey"])
    kept = await press(client, page, "/desk/passkey", label="yours", nonce=told["nonce"], credential=credential)
    assert kept.status_code == 403


# Signing in


async def entering(client, device, **said):
    return await touch(client, await shown(client, "/desk/sign-in"), "/desk/sign-in", device, **said)


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "http://127.0.0.1:8026"},
        {"rp_id": "other.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"cross_origin": True},
        {"credential": b"another"},
        {"handle": b"somebody else"},
        {"key": Device().key},
    ],
)
async def test_what_was_not_signed_here_by_a_verified_editor_does_not_enter(newsroom, client, bent):
    device = await enrolled(newsroom, client)
    answer = await entering(client, replace(device, **bent))
    assert answer.status_code == 403
    assert rows(newsroom, "desk_session") == []


async def test_a_signature_enters_once(newsroom, client):
    device = await enrolled(newsroom, client)
    page = await shown(client, "/desk/sign-in")
    told = await challenged(client, page, "/desk/sign-in")
    said = {"nonce": told["nonce"], "credential": device.get(told["publicKey"])}
    browser_cookie = client.cookies["nkwatch-browser"]
    assert (await press(client, page, "/desk/sign-in", **said)).status_code == 303
    client.cookies.clear()
    client.cookies.set("nkwatch-browser", browser_cookie, domain="localhost.local")
    client.headers["cookie"] = f"nkwatch-browser={browser_cookie}"
    again = await press(client, page, "/desk/sign-in", **said)
    assert again.status_code == 403
    assert "did not work" in again.text


async def test_a_challenge_ends_after_two_minutes_and_is_the_browsers_own(newsroom, client):
    device = await enrolled(newsroom, client)
    page = await shown(client, "/desk/sign-in")
    told = await challenged(client, page, "/desk/sign-in")
    said = {"nonce": told["nonce"], "credential": device.get(told["publicKey"])}
    async with browser(newsroom) as other:
        theirs = await shown(other, "/desk/sign-in")
        assert (await press(other, theirs, "/desk/sign-in", **said)).status_code == 403
    newsroom.clock.now += 2 * MINUTES
    assert (await press(client, page, "/desk/sign-in", **said)).status_code == 403


async def test_a_copy_of_a_key_is_noticed(newsroom, client, capsys):
    device = await enrolled(newsroom, client)
    copied = replace(device)
    assert (await entering(client, device)).status_code == 303
    async with browser(newsroom) as other:
        assert (await entering(other, copied)).status_code == 403
    told = capsys.readouterr()
    assert "there may be a copy of it" in told.out + told.err


async def test_a_key_that_does_not_count_enters_each_time(newsroom, client):
    device = await enrolled(newsroom, client, device=Device(counting=False))
    for _ in range(2):
        async with browser(newsroom) as other:
            assert (await entering(other, device)).status_code == 303


async def test_an_editor_who_is_gone_from_the_settings_neither_enters_nor_stays(newsroom, client):
    device = await signed_in(newsroom, client)
    object.__setattr__(newsroom.editors.enrol, "editors", newsroom.editors.enrol.editors[1:])
    assert (await client.get("/desk/")).headers["location"] == "/desk/sign-in"
    async with browser(newsroom) as other:
        assert (await entering(other, device)).status_code == 403


async def test_who_sits_down_gets_a_new_name_and_loses_the_old_one(newsroom, client):
    device = await signed_in(newsroom, client)
    old = client.cookies["nkwatch-desk"]
    page = Page.of((await client.get("/desk/")).text)
    assert (await client.get("/desk/sign-in")).headers["location"] == "/desk/"
    left = await press(client, page, "/desk/sign-out")
    assert left.headers["location"] == "/desk/sign-in"
    assert "nkwatch-desk" not in client.cookies
    assert (await entering(client, device)).status_code == 303
    assert client.cookies["nkwatch-desk"] != old
    async with browser(newsroom) as thief:
        thief.headers["cookie"] = f"nkwatch-desk={old}"
        assert (await thief.get("/desk/")).headers["location"] == "/desk/sign-in"


async def test_a_session_ends_after_half_an_hour_and_after_twelve(newsroom, client):
    await signed_in(newsroom, client)
    for _ in range(24):
        newsroom.clock.now += 29 * MINUTES
        assert (await client.get("/desk/")).status_code == 200
    newsroom.clock.now += 29 * MINUTES
    assert (await client.get("/desk/")).headers["location"] == "/desk/sign-in"


async def test_an_idle_session_ends_and_what_was_written_then_changes_nothing(newsroom, client):
    await signed_in(newsroom, client)
    page = await shown(client, "/desk/passkeys")
    newsroom.clock.now += 30 * MINUTES
    answer = await press(client, page, "/desk/passkeys/add")
    assert answer.status_code == 403
    assert "signed out" in Page.of(answer.text).text("h1")


# Keys of one's own


async def test_an_editor_adds_a_key_by_the_one_at_hand_and_removes_it(newsroom, client, post):
    device, spare = await signed_in(newsroom, client), Device(credential=b"spare")
    await settled()
    post.messages.clear()
    page = await shown(client, "/desk/passkeys")
    opened = await touch(client, page, "/desk/passkeys/add", device)
    kept = await touch(client, Page.of(opened.text), "/desk/passkey", spare, label="spare <b>")
    assert kept.headers["location"] == "/desk/passkeys"
    await settled()
    assert len(post.messages) == 2
    page = await shown(client, "/desk/passkeys")
    assert [h.text_content() for h in page.all(".key h2")] == ["phone", "spare <b>"]
    assert device.handle == spare.handle
    removed = await touch(client, page, "/desk/passkeys/2/remove", spare)
    assert removed.headers["location"] == "/desk/passkeys"
    page = await shown(client, "/desk/passkeys")
    assert len(page.all(".key")) == 1
    assert page.all(".key form") == []


async def test_the_only_key_is_not_removed(newsroom, client):
    device = await signed_in(newsroom, client)
    page = await shown(client, "/desk/passkeys")
    fields = fields_of(form_to(page, "/desk/passkeys/add")) | {"act": "remove passkey", "thing": "1"}
    told = (await client.post("/desk/challenge", data=fields, headers=OWN)).json()
    said = fields | {"nonce": told["nonce"], "credential": device.get(told["publicKey"])}
    answer = await client.post("/desk/passkeys/1/remove", data=said, headers=OWN)
    assert answer.status_code == 409
    assert len(await newsroom.editors.passkeys.of("Ann")) == 1


async def test_nothing_is_added_or_removed_without_a_touch(newsroom, client):
    await signed_in(newsroom, client)
    page = await shown(client, "/desk/passkeys")
    answer = await press(client, page, "/desk/passkeys/add")
    assert answer.status_code == 403
    assert Page.of(answer.text).one("form[data-act='add passkey']") is not None
    fields = fields_of(form_to(page, "/desk/passkeys/add"))
    for number in ("1", "²", "99999999999", "x"):
        answer = await client.post(f"/desk/passkeys/{number}/remove", data=fields, headers=OWN)
        assert answer.status_code in {403, 404}


# Everything else


async def test_every_page_behind_the_door_leads_to_the_door(client):
    for path in ("/", "/desk", "/desk/", "/desk/queue", "/desk/readings", "/desk/passkeys"):
        answer = await client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"] in {"/desk/", "/desk/sign-in"}
    assert (await client.get("/desk/sign-in")).status_code == 200


async def test_a_form_without_its_token_or_with_anothers_changes_nothing(newsroom, client):
    await signed_in(newsroom, client)
    async with browser(newsroom) as other:
        theirs = fields_of(form_to(await shown(other, "/desk/enrol"), "/desk/enrol"))
    for data in ({}, {"csrf": ""}, {"csrf": "0" * 66}, theirs):
        for path in ("/desk/sign-out", "/desk/passkeys/add", "/desk/challenge", "/desk/stories/x/release"):
            answer = await client.post(path, data=data, headers=OWN)
            assert answer.status_code in {400, 403, 404}, (path, data)
    assert (await client.get("/desk/")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8026"},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost:8026"},
        {"Origin": DESK, "Sec-Fetch-Site": "cross-site"},
        {"Origin": DESK, "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_what_another_site_sends_is_refused(newsroom, client, headers):
    await signed_in(newsroom, client)
    fields = fields_of(form_to(await shown(client, "/desk/"), "/desk/sign-out"))
    answer = await client.post("/desk/sign-out", data=fields, headers={"Sec-Fetch-Site": "", **headers})
    assert answer.status_code == 403
    assert (await client.get("/desk/")).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8026", "127.0.0.1:8026", "localhost", "localhost:80", ""]
)
async def test_another_host_name_opens_nothing(newsroom, client, host):
    await signed_in(newsroom, client)
    for path in ("/desk/", "/desk/sign-in", "/desk/desk.js"):
        assert (await client.get(path, headers={"Host": host})).status_code == 421


async def test_every_answer_says_that_nothing_may_be_run_kept_framed_or_indexed(newsroom, client):
    await signed_in(newsroom, client)
    for path in ("/desk/", "/desk/queue", "/desk/nothing", "/desk/desk.js", "/desk/sign-in"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"].split("; ")
        assert policy == [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
            "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
        ]  # fmt: skip
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert headers["referrer-policy"] == "same-origin"
        assert (
            "immutable" in headers["cache-control"] if path.endswith(".js") else headers["cache-control"] == "no-store"
        )


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(newsroom, client):
    device = await enrolled(newsroom, client)
    given = (await entering(client, device)).headers.get_list("set-cookie")
    (session,) = [c for c in given if c.startswith("nkwatch-desk=")]
    assert re.fullmatch(r"nkwatch-desk=[0-9a-f]{64}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict", session)


async def test_over_https_cookies_are_this_hosts_alone(tmp_path):
    config = at_the_desk(tmp_path)
    desk = config.desk.model_copy(update={"url": "https://desk.example"})
    https = config.model_copy(update={"desk": desk})
    async with empty_newsroom(tmp_path, https) as newsroom, browser(newsroom) as client:
        answer = await client.get("https://desk.example/desk/sign-in")
        (cookie,) = answer.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-nkwatch-browser=")
        assert "; Secure" in cookie
        assert "Domain" not in cookie
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_nothing_of_the_desk_is_on_the_public_site(newsroom):
    public = create_app(newsroom)
    paths = ("/desk", "/desk/", "/desk/queue", "/desk/sign-in", "/desk/desk.js", "/desk/desk.css", "/desk/challenge")
    async with browser(newsroom, public) as client:
        for path in paths:
            assert (await client.get(path)).status_code == 404, path
            assert (await client.post(path, headers=OWN)).status_code == 404, path


async def test_no_secret_of_a_browser_stands_in_the_database_or_the_log(newsroom, client, capsys):
    await signed_in(newsroom, client)
    kept = "\n".join(dump(newsroom))
    for secret in client.cookies.values():
        assert secret not in kept
    told = capsys.readouterr()
    for secret in client.cookies.values():
        assert secret not in told.out + told.err


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(st.one_of(st.text(), st.binary().map(lambda b: b.decode("latin-1")), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "signature"]), inner
    ), max_leaves=12).map(__import__("json").dumps)))  # fmt: skip
def test_whatever_a_browser_answers_is_a_value(newsroom, answer):
    ceremony = Ceremony(newsroom.config.desk, "nkwatch")
    assert ceremony.made(answer, b"c" * 32) is None
    ceremony.credential(answer)


async def test_rubbish_in_cookies_forms_and_paths_gets_a_page(newsroom, client):
    await signed_in(newsroom, client)
    fields = fields_of(form_to(await shown(client, "/desk/"), "/desk/sign-out"))
    for path in (
        "/desk/stories/%00/release",
        "/desk/statements/%00/correct",
        "/desk/stories/x/nothing",
        "/desk/enrol/%00",
    ):
        answer = await client.post(path, data=fields | {"nonce": "\0", "credential": "{"}, headers=OWN)
        assert answer.status_code in {403, 404}, path
    for asked_for in ("", "release", "nothing"):
        answer = await client.post("/desk/challenge", data=fields | {"act": asked_for, "permit": "x"}, headers=OWN)
        assert answer.status_code in {400, 403}
    client.headers["cookie"] = 'nkwatch-desk="; nkwatch-browser=../../etc'
    assert (await client.get("/desk/")).headers["location"] == "/desk/sign-in"


async def test_too_large_a_form_is_refused(newsroom, client):
    await signed_in(newsroom, client)
    fields = fields_of(form_to(await shown(client, "/desk/"), "/desk/sign-out"))
    answer = await client.post("/desk/stories/x/note", data=fields | {"say-en": "x" * 200_000}, headers=OWN)
    assert answer.status_code == 413


async def test_challenges_are_asked_for_so_often_and_no_more(newsroom, client):
    page = await shown(client, "/desk/sign-in")
    fields = fields_of(form_to(page, "/desk/sign-in")) | asked(page, "/desk/sign-in")
    codes = [(await client.post("/desk/challenge", data=fields, headers=OWN)).status_code for _ in range(31)]
    assert (codes[29], codes[30]) == (200, 429)


def test_attested_data_is_what_the_device_says():
    assert Device()._data(ATTESTED)[32] == PRESENT | VERIFIED | ATTESTED
