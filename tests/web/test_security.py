"""The site as an attacker sees it: what could be learned, forged, replayed, injected, flooded or leaked, and is not."""

import asyncio
import itertools
import logging
import re
import string
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import httpx
import structlog
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from lxml import html
from sqlalchemy import event

from nkwatch import logs
from nkwatch.demo.mailbox import open_mailbox
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.subscriber import Rhythm, Schedule
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.keys import Keyring
from nkwatch.mail.bounces.hooks import hooks, path_of
from nkwatch.web.app import create_app
from nkwatch.web.posted import check_address
from nkwatch.web.shell import HEADERS
from nkwatch.web.values import LARGEST_MAIL, LARGEST_REPORT, LARGEST_UPLOAD, Values
from tests.web.addresses import addresses
from tests.web.conftest import visitor
from tests.web.samples import (
    ENGLISH,
    READER,
    SITE,
    claim,
    confirmed,
    dump,
    handed_over,
    join,
    link,
    link_in,
    row,
    rows,
    secluded_newsroom,
    settings,
    tell_samples,
)
from tests.web.test_signup import NEW, counted, press, with_limits

ELSEWHERE = "elsewhere@inbox.example"
PURPOSES = ("confirm", "leave", "manage", "settings", "move-old", "move-new")
#: What may be asked for behind each kind of link.
PAGES = {
    "confirm": ("/confirm/{}",),
    "leave": ("/leave/{}",),
    "manage": ("/manage/{}",),
    "settings": tuple(f"/settings/{{}}{p}" for p in ("", "/choice", "/pause", "/address", "/data", "/erase")),
    "move-old": ("/move/old/{}",),
    "move-new": ("/move/new/{}",),
}
#: Each may be what a reader chose, and must come out as it went in.
PHRASE, WORD, CASE = "heron on the third stone", "zinnwaldite", "Kim Dong-chul"
SECRETS = ("kestrel", "inbox.example", "heron on the", WORD, "Dong-chul")
NO_LIMITS = {"per_network": 10**6, "per_domain": 10**6, "total": 10**6}


@asynccontextmanager
async def service(folder):
    """A newsroom with the sample texts, whose relay is a mailbox on this machine, and a browser without limits."""
    async with open_mailbox() as mailbox:
        config = settings(folder)
        config = config.model_copy(update={"mail": config.mail.model_copy(update={"port": mailbox.port})})
        async with (
            # what stands in its files is looked at
            secluded_newsroom(folder, config) as newsroom,
            visitor(with_limits(newsroom, **NO_LIMITS)) as client,
        ):
            yield newsroom, client, Post(newsroom, mailbox)


class Post:
    """Mails as a real SMTP server took them."""

    def __init__(self, newsroom, mailbox):
        self.newsroom, self.mailbox, self.read = newsroom, mailbox, 0

    async def mails(self):
        """What has come since the last time."""
        await self.newsroom.deliver()
        new = [message_from_bytes(m, policy=default) for m in self.mailbox.messages[self.read :]]
        self.read = len(self.mailbox.messages)
        return new


def micros(moment):
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


async def open_settings(newsroom, client, reader):
    """The path of a reader's settings, from the mail that it was sent in."""
    await client.post(link(newsroom, "manage", reader))
    (mail,) = (m for m in await handed_over(newsroom) if f"{SITE}/settings/" in text(m))
    return link_in(mail, "settings")


def text(mail):
    return mail.get_body(("plain",)).get_content()


async def move(newsroom, reader, address):
    """Let a reader's address change."""
    await newsroom.subscribe.ask_move(reader, address)
    for side in (BulletinKind.MOVE_OLD, BulletinKind.MOVE_NEW):
        assert await newsroom.subscribers.confirm_move(reader, side, newsroom.clock())


# Who reads?


async def test_nobody_can_tell_by_what_is_rendered_whether_an_address_is_known(newsroom):
    plain, with_phrase, left = (f"reader{n}@inbox.example.org" for n in range(3))
    await confirmed(newsroom, plain)
    await confirmed(newsroom, with_phrase, phrase="heron", language="ko")
    await newsroom.subscribe.leave(await confirmed(newsroom, left), "left by page")
    hours, composer = iter(range(24)), newsroom.subscribe.composer
    async with visitor(with_limits(newsroom, **NO_LIMITS)) as client:

        async def work(address, phrase):
            before = composer.renders
            # an hour that nobody chose before: what is made for it was never made
            await press(client, "join", address=address, hour=str(next(hours)), phrase=phrase)
            return composer.renders - before

        # what everybody's mails are made of has been made before
        await work(plain, "")
        await work(with_phrase, "")
        done = {(a, p): await work(a, p) for p in ("", "mine") for a in (NEW, plain, with_phrase, left)}
    assert len(set(done.values())) == 1, done


async def test_nobody_can_tell_by_the_work_of_a_change_of_address_who_reads(newsroom, client):
    known, erased = await confirmed(newsroom, "known@inbox.example"), await confirmed(newsroom, "erased@inbox.example")
    await newsroom.subscribe.erase(erased)
    assert known
    work = {}
    for n, address in enumerate(("new@inbox.example", "known@inbox.example", "erased@inbox.example")):
        path, statements = link(newsroom, "settings", await confirmed(newsroom, f"r{n}@inbox.example")), []
        with counted(newsroom, statements):
            answer = await client.post(f"{path}/address", data={"address": address})
        work[address] = (answer.status_code, len(answer.content), Counter(s.split()[0] for s in statements))
    assert len(set(map(str, work.values()))) == 1, work


# Tokens


def good_link(newsroom, purpose, reader):
    subject = f"{reader}~{micros(newsroom.clock())}" if purpose.startswith("move") else reader
    return link(newsroom, purpose, subject, minutes=30).rpartition("/")[2]


async def test_every_link_opens_its_own_pages_and_no_other_in_any_way(newsroom, client):
    pending, reader = await join(newsroom, "pending@inbox.example"), await confirmed(newsroom)
    await newsroom.subscribe.ask_move(reader, ELSEWHERE)
    before = dump(newsroom)
    for purpose in PURPOSES:
        token = good_link(newsroom, purpose, pending if purpose == "confirm" else reader)
        for page in PAGES[purpose]:
            assert (await client.get(page.format(token))).status_code == 200
        for page in (p for other in PURPOSES if other != purpose for p in PAGES[other]):
            for method in ("GET", "HEAD", "POST"):
                answer = await client.request(method, page.format(token), data={"List-Unsubscribe": "One-Click"})
                assert answer.status_code in {404, 405}, (purpose, page, method)
    keyring = newsroom.keyring
    made = [keyring.reply_tag(reader), keyring.message_id(f"1/{reader}"), keyring.lookup(READER).hex(), reader]
    for tag in (*made, *(f"1.{reader}..{m}" for m in made), *(f"1.{reader}~{m}..{m}" for m in made)):
        for page in (p for pages in PAGES.values() for p in pages):
            assert (await client.post(page.format(tag))).status_code in {404, 405}
    assert dump(newsroom) == before


KEYS = Keyring({1: b"k" * 32, 2: b"m" * 32}, current=2)
LETTERS = string.ascii_letters + string.digits + "-_.~=/%+ \u0661\u212a"


@given(st.sampled_from(PURPOSES), st.integers(0, 60), st.text(LETTERS, max_size=3), st.integers(0, 3), st.booleans())
def test_a_link_of_which_any_letter_is_changed_added_or_cut_is_worth_nothing(purpose, at, put, cut, lasting):
    now = datetime(2026, 11, 22, tzinfo=UTC)
    token = KEYS.token(purpose, "abcdefghijklmnop", None if lasting else now + timedelta(hours=1))
    forged = token[:at] + put + token[at + cut :]
    subject = KEYS.subject(purpose, forged, now)
    assert subject == ("abcdefghijklmnop" if forged == token else None)


async def test_a_link_to_the_settings_dies_when_the_address_changes(newsroom, client):
    reader = await confirmed(newsroom, phrase=PHRASE)
    path = await open_settings(newsroom, client, reader)
    assert READER in (await client.get(f"{path}/data")).text
    await move(newsroom, reader, ELSEWHERE)
    before = dump(newsroom)
    for page in PAGES["settings"]:
        for method in ("GET", "POST"):
            answer = await client.request(method, page.format(path.rpartition("/")[2]))
            assert answer.status_code in {404, 405}, page
            assert ELSEWHERE not in answer.text
            assert PHRASE not in answer.text
    assert dump(newsroom) == before
    newsroom.clock.now += timedelta(minutes=10)
    path = await open_settings(newsroom, client, reader)
    assert ELSEWHERE in (await client.get(f"{path}/data")).text


async def test_a_link_to_the_settings_outlives_a_new_key(newsroom, client):
    reader = await confirmed(newsroom)
    path = await open_settings(newsroom, client, reader)
    ring = Keyring({**newsroom.keyring.masters, 2: b"n" * 32}, current=2)
    async with visitor(replace(newsroom, keyring=ring)) as later:
        assert (await later.get(path)).status_code == 200


async def test_nothing_of_an_erased_reader_works_and_nobody_comes_back_by_old_links(newsroom, client):
    reader = await confirmed(newsroom)
    await newsroom.subscribe.ask_move(reader, ELSEWHERE)
    paths = [p.format(good_link(newsroom, purpose, reader)) for purpose in PURPOSES for p in PAGES[purpose]]
    await newsroom.subscribe.erase(reader)
    await join(newsroom)  # a stranger gives the address again
    before = dump(newsroom)
    for path in paths:
        for method in ("GET", "HEAD", "POST"):
            assert (await client.request(method, path)).status_code < 500
    assert dump(newsroom) == before
    assert await handed_over(newsroom) == []


async def test_a_confirmation_used_again_after_leaving_subscribes_nobody(newsroom, client):
    reader = await join(newsroom)
    path = link(newsroom, "confirm", reader, hours=48)
    await client.post(path)
    await client.post(link(newsroom, "leave", reader))
    for _ in range(2):
        await client.post(path)
        assert row(newsroom, reader)["standing"] == "ended"
    newsroom.clock.now += timedelta(hours=48)
    await join(newsroom)  # a stranger signs up for somebody who left
    await client.post(path)
    assert row(newsroom, reader)["standing"] == "pending"


# Requests that are none of ours


async def test_every_button_but_leaving_is_refused_to_other_sites(newsroom, client):
    reader = await confirmed(newsroom)
    await newsroom.subscribe.ask_move(reader, ELSEWHERE)
    asked = addresses(create_app(newsroom))
    posted = sorted({path for path, method, _ in asked if method == "post"}, key=lambda p: "/leave/" in p)
    before = dump(newsroom)
    assert len(posted) >= 10
    for path in posted:
        purpose = "-".join(path.partition("/{")[0].strip("/").split("/"))
        filled = path.replace("{token}", good_link(newsroom, purpose, reader)) if "{" in path else path
        assert dump(newsroom) == before
        for said in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
        ):
            answer = await client.post(filled, headers=said, data={"step": "join"})
            if not path.startswith("/leave/"):
                assert answer.status_code == 403, path
    # leaving alone may come from anywhere: mail providers ask for it
    assert row(newsroom, reader)["standing"] == "ended"


ODD_BODIES = [
    ("undefined", b"x", b"One-Click"),
    ("idna", b"x" * 80, b"y" * 80),
    ("a\0b", b"x", b"x"),
    ("hex", b"zz", b"zz"),
    ("utf-16", b"x", b"x"),
]


async def test_whoever_holds_the_link_leaves_whatever_letters_the_body_claims_to_be_in(newsroom, client):
    for n, (charset, name, value) in enumerate(ODD_BODIES):
        reader = await confirmed(newsroom, f"reader{n}@inbox.example")
        body = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n--b--\r\n' % (name, value)
        said = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
        answer = await client.post(link(newsroom, "leave", reader), content=body, headers=said)
        assert (answer.status_code, row(newsroom, reader)["standing"]) == (200, "ended"), charset


async def test_of_an_address_with_a_letter_that_no_database_takes_none_is_asked_for_that_letter(newsroom, client):
    given = []

    def note(connection, cursor, statement, parameters, *_):
        given.append(repr(parameters))

    event.listen(newsroom.database.engine, "before_cursor_execute", note)
    for path in (
        "/mails/%00",
        "/stories/%00",
        "/mails/a%00b",
        "/stories/x%00",
        "/cases/%00",
        "/api/v1/statements/%00/readings",
    ):
        assert (await client.get(path)).status_code == 404, path
    event.remove(newsroom.database.engine, "before_cursor_execute", note)
    assert [one for one in given if "\\x00" in one or "\0" in one] == []


async def test_providers_report_through_the_whole_site_and_their_links_are_told_to_nobody(newsroom, capsys):
    path = path_of(newsroom.keyring, "sendgrid")
    told = [{"event": "spamreport", "email": "kestrel@inbox.example", "sg_message_id": "abc.filter1"}]
    open_to_it = replace(newsroom, hooks=hooks(["sendgrid"], {}))
    async with visitor(open_to_it) as client:
        taken = await client.post(path, json=told)
        assert taken.status_code == 204
        assert HEADERS.keys() <= {name.title() for name in taken.headers}
        assert (await client.post(path, json=told, headers={"Origin": "https://evil.example"})).status_code == 403
        assert (await client.post(path, content=b" " * (LARGEST_REPORT + 1))).status_code == 413
        assert (await client.get(path)).status_code == 405
    async with visitor(replace(open_to_it, bounces=Broken(ValueError))) as client:
        assert (await client.post(path, json=told)).status_code == 500
    shown = "".join(capsys.readouterr())
    assert "/bounces/{provider}/{token}" in shown
    assert [s for s in (path.rpartition("/")[2], "kestrel", "inbox.example") if s in shown] == []


async def test_a_file_may_be_as_large_as_the_page_says_and_no_other_form_may(newsroom, client):
    whole = {"mail": ("mail.eml", b"x" * LARGEST_MAIL, "message/rfc822")}
    for path in ("/confirm/x", "/manage/x", "/leave/x", "/subscribe"):
        assert (await client.post(path, files=whole)).status_code == 413
    for size, status in ((LARGEST_MAIL, 200), (LARGEST_MAIL + 1, 413), (LARGEST_UPLOAD, 413)):
        answer = await client.post("/check", files={"mail": b"x" * size})
        assert answer.status_code == status
        assert HEADERS.keys() <= {name.title() for name in answer.headers}


# Floods


async def test_one_address_gets_few_mails_whatever_is_pressed_by_how_many(newsroom):
    victim = READER
    helpers = [await confirmed(newsroom, f"helper{n}@evil.example") for n in range(6)]
    async with visitor(with_limits(newsroom, **NO_LIMITS)) as client:
        for _ in range(8):
            await press(client, "join", address=victim)
            for helper in helpers:
                await client.post(link(newsroom, "settings", helper) + "/address", data={"address": victim})
            newsroom.clock.now += timedelta(hours=1)
    got = Counter(mail["To"] for mail in await handed_over(newsroom))
    # one that asks to confirm, and three that ask whether somebody may move there
    assert got[victim] <= 4


async def test_a_domain_has_its_limit_though_everybody_comes_at_once(newsroom):
    app = create_app(with_limits(newsroom, per_network=10**6, per_domain=5, total=10**6))

    async def one(n):
        transport = httpx.ASGITransport(app, client=(f"10.0.{n}.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            return (await press(client, "join", address=f"ann{n}@inbox.example")).status_code

    answers = await asyncio.gather(*(one(n) for n in range(40)))
    assert Counter(answers) == {200: 5, 429: 35}
    assert len(rows(newsroom, "subscriber")) == 5


# Scanners


async def test_opening_every_link_of_every_kind_of_mail_changes_nothing(tmp_path):
    async with service(tmp_path) as (newsroom, client, post):
        await tell_samples(newsroom)
        await join(newsroom, "pending@inbox.example")
        reader = await confirmed(newsroom, schedule=Schedule(Rhythm.DAILY, 7, "UTC"), wishes=(Wish(),))
        await newsroom.subscribe.ask_settings(reader)
        await newsroom.subscribe.ask_move(reader, ELSEWHERE)
        await newsroom.publish()
        mails = await post.mails()
        newsroom.clock.now += timedelta(days=1)
        await newsroom.publish()
        mails += await post.mails()
        newsroom.clock.now -= timedelta(days=1)  # so that no link is too old
        before, opened = dump(newsroom), set().union(*map(urls, mails))
        for url in sorted(opened):
            for method in ("GET", "HEAD", "OPTIONS"):
                assert (await client.request(method, url)).status_code in {200, 405}, url
        assert dump(newsroom) == before
    kinds = {"/confirm", "/leave", "/manage", "/settings", "/move/old", "/move/new", "/mails"}
    places = {url.removeprefix(SITE).rpartition("/")[0] for url in opened}
    assert kinds <= places, kinds - places


def urls(mail):
    """Every address of ours in a mail: in its header, in its text, in its HTML."""
    found = set(re.findall(rf"{re.escape(SITE)}[^\s<>\"]*", f"{mail['List-Unsubscribe'] or ''} {text(mail)}"))
    rich = mail.get_body(("html",))
    if rich is not None:
        found |= {e.get("href") for e in html.document_fromstring(rich.get_content()).cssselect("[href]")}
    return {u for u in found if u.startswith(f"{SITE}/")}


# What is injected


HOSTILE = st.sampled_from(
    ["{{ 7*7 }}", "{% raise %}", "<b>x</b>", '"><img src=x>', "a\r\nBcc: x@y.example", "\r\n.\r\n", "=?utf-8?q?x?=",
     "https://evil.example/", "&lt;b&gt;", "\u202eabc", "--=_x", "=\r\nx", "''", "%(phrase)s", "\0", "x\u2028y"]
) | st.text(st.characters(codec="utf-8"), max_size=60)  # fmt: skip


async def subscribe(newsroom, client, post, fields, address):
    """The whole way in, by what a browser sends; answers the confirmation, or None where the form was refused."""
    given = {"rhythm": "daily", "alerts": "yes", "mute_cases": "nobody at all", **fields}
    if (await press(client, "join", address=address, **given)).status_code != 200:
        return None
    (mail,) = (m for m in await post.mails() if m["To"] == f"<{address}>" or m["To"] == address)
    assert (await client.post(link_in(mail, "confirm"))).status_code == 200
    return mail


def shape(mail):
    """What a mail is made of, without what may differ from reader to reader."""
    rich = mail.get_body(("html",))
    tags = [e.tag for e in html.document_fromstring(rich.get_content()).iter() if isinstance(e.tag, str)]
    return [name for name, _ in mail.items()], [p.get_content_type() for p in mail.walk()], tags


def hostile_fields():
    """Fields as hypothesis makes them, the same on every run."""
    made = []

    @examples(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(HOSTILE, HOSTILE, HOSTILE)
    def collect(phrase, words, cases):
        made.append(
            {"phrase": phrase, "wish0_words": f"Musan\n{words}", "wish0_cases": cases, "mute_words": f"zz{words}"}
        )

    collect()
    return made


async def test_what_a_reader_writes_is_only_text_in_every_mail_received(tmp_path):
    async with service(tmp_path) as (newsroom, client, post):
        await tell_samples(newsroom)
        assert await subscribe(newsroom, client, post, {"phrase": "heron", "wish0_words": "Musan"}, READER)
        for n, fields in enumerate(hostile_fields()):
            confirmation = await subscribe(newsroom, client, post, fields, f"reader{n}@inbox.example")
            if confirmation is not None:
                assert not confirmation.defects
                # not a word of who filled the form in goes to an address that has not confirmed
                assert len(fields["phrase"].strip()) < 4 or fields["phrase"].strip() not in text(confirmation)
        newsroom.clock.now += timedelta(days=1)
        await newsroom.publish()
        digests = [m for m in await post.mails() if "digests" in (m["List-Id"] or "")]
    benign = next(shape(m) for m in digests if READER in m["To"])
    assert len(digests) > 10
    for mail in digests:
        assert not mail.defects
        assert shape(mail)[:2] == benign[:2]
        assert set(shape(mail)[2]) <= set(benign[2])
        assert len(mail.get_all("To")) == 1
        assert "49" not in phrase_line(mail)
        assert f"{SITE}/leave/" in text(mail)


def phrase_line(mail):
    return next((line for line in text(mail).splitlines() if "Your own phrase" in line), "")


# What is told to nobody


async def test_at_the_loudest_no_log_no_page_and_no_file_holds_what_is_secret(tmp_path, capfd):
    logs.set_up(level="debug", json=True)
    loud = logging.StreamHandler()
    logging.getLogger().addHandler(loud)
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("sqlalchemy").setLevel(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # the other side: the server that takes the mails
    try:
        async with service(tmp_path) as (newsroom, client, post):
            await tell_samples(newsroom)
            tokens = await whole_way(newsroom, client, post)
            files = b"".join(p.read_bytes() for p in tmp_path.rglob("nkwatch.db*")).lower()
            assert (tmp_path / "nkwatch.db-wal").stat().st_size > 0
    finally:
        logging.getLogger().removeHandler(loud)
        logging.basicConfig(force=True, handlers=[logging.NullHandler()])
        logging.getLogger().setLevel(logging.WARNING)
        logging.getLogger("sqlalchemy").setLevel(logging.WARNING)  # as it sets itself
        logging.getLogger("mail.log").setLevel(logging.NOTSET)
        structlog.reset_defaults()
    told = "".join(capfd.readouterr()).lower()
    assert [s for s in SECRETS if s.lower().encode() in files] == []
    assert [s for s in (*SECRETS, *tokens) if s.lower() in told] == []
    assert told.count("select") > 10  # it was loud indeed


async def whole_way(newsroom, client, post):
    """A reader comes, gets a digest, changes, moves; answers the tokens that were used."""
    fields = {"phrase": PHRASE, "wish0_words": f"{WORD}\nMusan", "wish0_cases": CASE, "mute_words": "kestrels"}
    confirmation = await subscribe(newsroom, client, post, fields, "kestrel@inbox.example")
    newsroom.clock.now += timedelta(days=1)
    await newsroom.publish()
    (digest,) = (m for m in await post.mails() if "digests" in (m["List-Id"] or ""))
    assert PHRASE in text(digest)
    await client.post(link_in(digest, "manage"))
    (mail,) = await post.mails()
    path = link_in(mail, "settings")
    await client.post(f"{path}/pause", data={"until": "nonsense"})
    await client.post(f"{path}/address", data={"address": "kestrel@elsewhere.example"})
    assert len(await post.mails()) == 2
    checked = await client.post("/check", files={"mail": (f"{WORD}.eml", digest.as_bytes(), "message/rfc822")})
    assert checked.status_code == 200
    used = [link_in(confirmation, "confirm"), link_in(digest, "leave"), link_in(digest, "manage"), path]
    return [u.rpartition("/")[2] for u in used]


class Broken:
    """A part that fails and says everything that it was given."""

    def __init__(self, kind):
        self.kind = kind

    def __getattr__(self, name):
        async def fail(*given, **named):
            own = [
                (g.address, g.choice.phrase, *g.choice.wishes[-1].follows.words) if hasattr(g, "choice") else g
                for g in given
            ]
            raise self.kind(f"{name} {own} {named}")

        return fail


async def test_a_failure_that_names_what_a_reader_wrote_is_told_without_it(newsroom, capsys):
    path = link(newsroom, "leave", await confirmed(newsroom))
    for part, kind in itertools.product(("subscribe", "subscribers"), (ValueError, KeyError)):
        async with visitor(replace(newsroom, **{part: Broken(kind)})) as client:
            answers = [
                await press(client, "join", address="kestrel@inbox.example", phrase=PHRASE, wish0_words=WORD),
                await client.post(path),
            ]
        told = "".join(capsys.readouterr())
        assert {a.status_code for a in answers} == {500}
        for secret in (*SECRETS, path.rpartition("/")[2]):
            assert secret not in told + "".join(a.text for a in answers)
        assert kind.__name__ in told
        assert ".py, line" in told


async def test_a_template_that_fails_on_a_phrase_does_not_tell_it(newsroom, tmp_path, capsys):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "settings.html").write_text("{{ {'a': 1}[chosen.choice.phrase].b }}")
    config = newsroom.config.model_copy(update={"templates": tmp_path})
    path = link(newsroom, "settings", await confirmed(newsroom, phrase=PHRASE))
    async with visitor(replace(newsroom, config=config)) as client:
        answer = await client.get(path)
    told = "".join(capsys.readouterr())
    assert answer.status_code == 500
    assert "page failed" in told
    assert PHRASE not in told + answer.text


async def test_a_database_that_fails_is_told_with_its_reason_and_no_value(newsroom, client, capsys):
    await newsroom.database.write(lambda c: c.exec_driver_sql("ALTER TABLE subscriber RENAME TO gone"))
    answer = await press(client, "join", address="kestrel@inbox.example", phrase=PHRASE, wish0_words=WORD)
    told = "".join(capsys.readouterr())
    assert answer.status_code == 500
    assert "no such table" in told
    assert [s for s in SECRETS if s in told + answer.text] == []


async def test_nothing_that_is_passed_around_shows_what_is_secret(newsroom):
    chosen = {
        "wishes": (
            Wish(frozenset({"prisons"}), frozenset({ENGLISH}), follows=Follows(frozenset({WORD}), frozenset({CASE}))),
        ),
        "mutes": Mutes(follows=Follows(frozenset({WORD}))),
        "phrase": PHRASE,
    }
    address = "kestrel@inbox.example"
    reader = await confirmed(newsroom, address, **chosen)
    own = await newsroom.subscribers.own(reader)
    values = Values.of(own.subscriber.choice)
    await newsroom.subscribe.ask_settings(reader)
    claimed = await claim(newsroom, newsroom.clock())
    shown = [own, own.subscriber, own.subscriber.choice, values, *values.wishes, values.mutes, *claimed]
    shown += [newsroom.keyring, check_address(address)]
    for one in shown:
        for secret in SECRETS:
            assert secret not in repr(one), type(one)
