"""Mailboxes: a maildir, a scripted IMAP server on loopback, forged and broken newsletters."""

import asyncio
import base64
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from nkwatch.domain.outcome import Failed, Fetched, Trouble, Unchanged
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.kinds import KindPoller
from nkwatch.feeds.mailboxes import Mailboxes, newest
from nkwatch.feeds.newsletters import Skipped, read_mail
from nkwatch.feeds.senders import authenticated, expected
from nkwatch.feeds.workers import Workers
from nkwatch.net.answers import Unreached
from nkwatch.net.imap import Account, Imap, MailLimits, Mails, NoNews, Refused, Security

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
PASSWORD = 'correct horse \\ "battery"'
OPTIONS = {"from": "news@ngo.example @list.example", "authserv": "mx.operator.example"}
PASS = "mx.operator.example; dkim=pass header.d=ngo.example header.s=k1"


def a_source(url: str = "maildir:/var/mail/news", **fields) -> Source:
    given_ = {"kind": "mailbox", "domains": ("ngo.example",), "options": OPTIONS}
    return Source(**({"id": "letters", "url": url, "publisher": "NGO"} | given_ | fields))


def letter(
    html: str = "<p>Nine people were sent back.</p>", plain: str = "", results: str | None = PASS, **headers: str
) -> bytes:
    message = EmailMessage()
    given_ = {
        "From": "NGO News <news@ngo.example>",
        "To": "desk@operator.example",
        "Subject": "Nine people sent back",
        "Date": "Sat, 21 Nov 2026 18:30:00 +0900",
        "Message-ID": "<1@ngo.example>",
    }
    for name, value in (given_ | {n.replace("_", "-"): v for n, v in headers.items()}).items():
        if value:
            message[name] = value
    if plain or not html:
        message.set_content(plain)
    if html:
        (message.add_alternative if plain else message.set_content)(html, subtype="html")
    top = b"" if results is None else f"Authentication-Results: {results}\n".encode()
    return top + message.as_bytes()


def entry(raw: bytes, **fields) -> Entry:
    found = read_mail(raw, a_source(**fields))
    assert isinstance(found, Entry), found
    return found


# A newsletter as an entry


def test_a_newsletter_is_an_entry():
    found = entry(letter("<h1>Sent back</h1><p>Nine people<br>were sent back.</p>"))
    assert found == Entry(
        title="Nine people sent back",
        text="Sent back\n\nNine people were sent back.",
        guid="<1@ngo.example>",
        published=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        author="NGO News",
    )


def test_subjects_and_names_are_decoded_into_one_line():
    raw = letter(Subject="x", From="y").replace(
        b"Subject: x",
        b"Subject: =?euc-kr?B?"
        + base64.b64encode("북한인권 ".encode("cp949"))
        + b"?=\r\n =?utf-8?B?"
        + base64.b64encode("성명".encode())
        + b"?=",
    )
    found = entry(
        raw.replace(b"From: y", b"From: =?utf-8?B?" + base64.b64encode("인권단체".encode()) + b"?= <news@ngo.example>")
    )
    assert (found.title, found.author) == ("북한인권 성명", "인권단체")


def test_a_subject_of_raw_bytes_is_read():
    raw = letter(Subject="x").replace(b"Subject: x", "Subject: 북한인권 성명을 발표하다".encode("cp949"))
    assert entry(raw).title == "북한인권 성명을 발표하다"


def test_plain_text_is_read_where_there_is_no_html():
    assert (
        entry(letter("", "One line\nand another.\n\nA second paragraph.")).text
        == "One line and another.\n\nA second paragraph."
    )


def test_japanese_that_is_flowed_with_spaces_to_delete_is_joined():
    raw = b"\r\n".join(
        [
            b"Authentication-Results: " + PASS.encode(),
            b"From: news@ngo.example",
            b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes",
            b"",
            "北朝鮮の ".encode(),
            "人権".encode(),
        ]
    )
    assert entry(raw).text == "北朝鮮の人権"


@pytest.mark.parametrize("charset", ["x-unknown", "utf-8", "euc-kr", ""])
def test_a_declared_charset_may_be_wrong(charset):
    raw = (
        letter("<p>x</p>")
        .replace(b'charset="utf-8"', b'charset="' + charset.encode() + b'"')
        .replace(b"<p>x</p>", "<p>탈북민 아홉 명이 송환되었다고 한다</p>".encode("cp949"))
    )
    assert entry(raw).text == "탈북민 아홉 명이 송환되었다고 한다"


def test_attachments_and_forwarded_mails_are_no_text():
    message = EmailMessage()
    message["From"], message["Authentication-Results"] = "news@ngo.example", PASS
    message.set_content("The statement.")
    message.add_attachment("<p>An attachment</p>", subtype="html", filename="a.html")
    inner = EmailMessage()
    inner.set_content("<p>Inside</p>", subtype="html")
    message.add_attachment(inner)
    assert entry(message.as_bytes()).text == "The statement."


@pytest.mark.parametrize(
    "footer",
    [
        'If you want to leave: <a href="https://ngo.example/u/abc123">Unsubscribe</a>',
        "Manage your email preferences",
        "update your preferences | View in browser",
        "메일을 원하지 않으시면 [수신거부]를 눌러 주세요",
        "구독 취소",
        "配信停止はこちら",
        "メールの配信を希望されない方は購読解除",
        "Se désinscrire",
        "Darse de baja",
        "This mail was sent to DESK@operator.example",
        "View this email in your browser",
        "Opt out",
    ],
)
def test_lines_for_the_recipient_are_dropped(footer):
    text = "The first line.<br>{}<br>The last line."
    assert entry(letter(text.format(footer))).text == "The first line. The last line."
    plain = "The first line.\n\n{} https://ngo.example/u/abc\n\nThe last line."
    assert entry(letter("", plain.format(re.sub("<[^>]+>", "", footer)))).text == "The first line.\n\nThe last line."


@pytest.mark.parametrize(
    "line",
    ["Four states opt out of the treaty.", "Nobody there can read the news online.", "word " * 250 + "unsubscribe"],
)
def test_paragraphs_that_speak_of_such_things_stay(line):
    assert entry(letter(f"<p>{line}</p>")).text == line


def test_addresses_in_a_text_are_left_out():
    found = entry(
        letter(
            "",
            "Read (https://click.example/CAESabcdef) more:\nngo.example/u/AbC123def456GHI789 and www.ngo.example/x?e=1 <https://t.example/1>에서 and/or A/HRC/25/63.",
        )
    )
    assert found.text == "Read more: and 에서 and/or A/HRC/25/63."


def test_what_is_hidden_in_the_html_is_no_text():
    assert entry(letter('<div style="display:none">Preview</div><p>Text</p><style>p {}</style>')).text == "Text"


# Its address


def browser(href: str, text: str = "View this email in your browser") -> bytes:
    return letter(f'<p><a href="{href}">{text}</a></p><p>Text</p>')


@pytest.mark.parametrize(
    "text",
    [
        "View this email in your browser",
        "Read it in your web browser",
        "View online",
        "웹에서 보기",
        "브라우저에서 보기",
        "ブラウザで表示",
        "Voir dans votre navigateur",
        "Voir ce message dans votre navigateur",
        "Ver en el navegador",
        "Ver este correo en su navegador",
    ],
)
def test_the_version_in_the_browser_is_the_address(text):
    found = entry(browser("https://news.ngo.example/2026/11/issue-41", text))
    assert found.url == "https://news.ngo.example/2026/11/issue-41"
    assert found.text == "Text"


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://ngo.example/?u=0a1b2c&amp;id=99aa&amp;e=deadbeef", "https://ngo.example/?u=0a1b2c&id=99aa"),
        ("https://ngo.example/letter?idx=41&amp;utm_source=mail#x", "https://ngo.example/letter?idx=41"),
        ("https://ngo.example/north_korea_statement_2026", "https://ngo.example/north_korea_statement_2026"),
        ("https://ngo.example/letter?token=abc", ""),
        ("https://ngo.example/?e=deadbeef", ""),
        ("https://ngo.example/view?id=9f8e7d6c5b4a9f8e7d6c5b4a9f8e7d6c5b4a", ""),
        ("https://ngo.example/v/AbC123def456GHI789", ""),
        ("https://ngo.example/v/1b4e28ba-2fa1-11d2-883f-0016d3cca427", ""),
        ("https://ngo.example/v/desk@operator.example", ""),
        ("https://me:secret@ngo.example/v/1", ""),
        ("https://tracker.example/v/1", ""),
        ("https://xngo.example/v/1", ""),
        ("javascript:ngo.example", ""),
        ("https://[ngo.example/v", ""),
        ("", ""),
    ],
)
def test_an_address_names_the_issue_and_never_the_recipient(href, url):
    assert entry(browser(href)).url == url


def test_in_plain_text_the_address_stands_near_the_words():
    assert (
        entry(letter("", "View this email in your browser:\nhttps://ngo.example/41.\n\nText")).url
        == "https://ngo.example/41"
    )


def test_archived_at_is_the_address_where_there_is_no_link():
    assert entry(letter(Archived_At="<https://lists.ngo.example/msg/41>")).url == "https://lists.ngo.example/msg/41"


def test_the_archive_of_the_whole_list_is_no_address_of_a_mail():
    assert entry(letter(List_Archive="<https://lists.ngo.example/archive/>")).url == ""


# Forgery


@pytest.mark.parametrize(
    "results",
    [
        PASS,
        "MX.operator.example 1; spf=fail smtp.mailfrom=x.example; dkim=pass (2048-bit key) header.d=NGO.example",
        "mx.operator.example;\r\n\tdkim = pass\r\n\theader.d = ngo.example",
        "mx.operator.example; dkim=fail header.d=ngo.example; dkim=pass header.d=ngo.example",
        "mx.operator.example; dkim=pass header.i=@mail.ngo.example header.b=ab+/=; dmarc=pass (p=NONE) header.from=ngo.example",
        "mx.operator.example (ours); dmarc=pass header.from=ngo.example",
        'mx.operator.example; dkim/1=pass reason="good; fine" header.d="ngo.example"',
    ],
)
def test_a_newsletter_that_our_server_vouches_for_is_read(results):
    assert isinstance(read_mail(letter(results=results), a_source()), Entry)


@pytest.mark.parametrize(
    "results",
    [
        None,
        "",
        "mx.evil.example; dkim=pass header.d=ngo.example",
        "mx.operator.example.evil.example; dkim=pass header.d=ngo.example",
        "mx.operator.example; none",
        "mx.operator.example; dkim=fail header.d=ngo.example",
        "mx.operator.example; dkim=pass header.d=evil.example",
        "mx.operator.example; dkim=pass header.d=xngo.example",
        "mx.operator.example; dkim=pass header.d=example",
        "mx.operator.example; dkim=pass",
        "mx.operator.example; spf=pass smtp.mailfrom=ngo.example header.d=ngo.example",
        "mx.operator.example; dmarc=pass header.from=evil.example",
        "mx.operator.example; dmarc=none header.from=ngo.example",
        'mx.operator.example; dkim=fail reason="; dkim=pass header.d=ngo.example"',
        "mx.operator.example; dkim=fail (; dkim=pass header.d=ngo.example)",
        "mx.operator.example; dkim=fail (a (b) \\) ; dkim=pass header.d=ngo.example",
        'mx.operator.example; dkim=pass header.d=evil.example header.i="x header.d=ngo.example"@evil.example',
        "(mx.operator.example); dkim=pass header.d=ngo.example",
    ],
)
def test_a_newsletter_that_our_server_does_not_vouch_for_is_forged(results):
    assert read_mail(letter(results=results), a_source()) is Skipped.FORGED


def test_only_the_topmost_results_count():
    forged = letter(results="mx.other.example; none").replace(b"\n", f"\nAuthentication-Results: {PASS}\n".encode(), 1)
    assert read_mail(forged, a_source()) is Skipped.FORGED


def test_a_trusted_mailbox_asks_for_no_results():
    assert isinstance(
        read_mail(letter(results=None), a_source(options={"from": "@ngo.example", "trust": "yes"})), Entry
    )
    assert read_mail(letter(), a_source(options={"from": "@ngo.example"})) is Skipped.FORGED


@pytest.mark.parametrize(
    "sender",
    [
        "other@ngo.example",
        "news@evil.example",
        '"news@ngo.example" <x@evil.example>',
        "<news@ngo.example>, <x@evil.example>",
        "news@ngo.example <x@evil.example>",
        "x@sub.list.example",
        "x@y@list.example",
        "NGO",
        "",
    ],
)
def test_mails_of_others_are_foreign(sender):
    raw = letter(From="NAME").replace(b"From: NAME", b"From: " + sender.encode())
    assert read_mail(raw, a_source()) is Skipped.FOREIGN


def test_two_senders_are_none():
    raw = letter().replace(b"From:", b"From: news@ngo.example\nFrom:", 1)
    assert read_mail(raw, a_source()) is Skipped.FOREIGN


def test_a_domain_stands_for_all_its_addresses():
    assert expected("any@list.example", OPTIONS["from"])
    assert not expected("any@xlist.example", OPTIONS["from"])


@given(st.text(alphabet='mx.operatnglk=pashd;()"\\ \r\n\t', max_size=200))
def test_any_results_are_answered(results):
    headers = BytesHeaderParser().parsebytes(b"Authentication-Results: " + results.encode() + b"\n\n")
    assert authenticated(headers, "ngo.example", "mx.operator.example") in {True, False}


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters='\r\n"'), max_size=60))
def test_nothing_in_quotes_can_make_a_pass(quoted):
    headers = BytesHeaderParser().parsebytes(
        f'Authentication-Results: mx.operator.example; dkim=fail reason="{quoted}x"\n\n'.encode()
    )
    assert not authenticated(headers, "ngo.example", "mx.operator.example")


# Hostile mails


def nested(depth: int) -> bytes:
    head = f"Authentication-Results: {PASS}\nFrom: news@ngo.example\nSubject: S\n"
    opened = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(depth))
    return f"{head}{opened}Content-Type: text/plain\n\nDeep".encode()


def many_parts(count: int) -> bytes:
    head = f'Authentication-Results: {PASS}\nFrom: news@ngo.example\nSubject: S\nContent-Type: multipart/mixed; boundary="b"\n\n'
    return (head + "--b\nContent-Type: text/x\n\nx\n" * count + "--b--").encode()


@pytest.mark.parametrize(
    "raw",
    [
        nested(3),
        nested(50),
        nested(3_000),
        many_parts(10_000),
        letter().replace(b"text/html", b"multipart/mixed"),
        letter().replace(b"text/html", b"text/html; charset*0*=''%ff; charset*1=x"),
        letter("<div>" * 50_000),
        letter(Date="Sat, 99 Foo 2026 99:99:99 +9999"),
        letter().replace(b"Subject: Nine", b"Subject: =?utf-8?B?a?= =?x?q?=ff?= =?utf-8?B?" + b"A" * 1_001 + b"?="),
        b"Authentication-Results: " + PASS.encode() + b"\nFrom: news@ngo.example\n\n\xff\xfe\x00",
        b"Authentication-Results: "
        + PASS.encode()
        + b"\nFrom: news@ngo.example\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n!!!",
    ],
)
def test_a_hostile_mail_is_an_entry_or_skipped(raw):
    assert isinstance(read_mail(raw, a_source()), Entry | Skipped)


def test_missing_headers_leave_what_there_is():
    raw = b"Authentication-Results: " + PASS.encode() + b"\nFrom: news@ngo.example\n\nText"
    assert entry(raw) == Entry(title="", text="Text")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail_or_skipped(body):
    head = b"Authentication-Results: " + PASS.encode() + b"\nFrom: news@ngo.example\n"
    assert isinstance(read_mail(body, a_source()), Skipped)
    assert isinstance(read_mail(head + body, a_source()), Entry | Skipped)


# Maildirs


@dataclass
class Maildir:
    path: Path
    count: int = 0

    def deliver(self, raw: bytes, folder: str = "new", age: int = 0) -> Path:
        self.count += 1
        file = self.path / folder / f"{self.count}.host"
        file.write_bytes(raw)
        when = NOW.timestamp() - age
        os.utime(file, (when, when))
        return file


@pytest.fixture
def maildir(tmp_path) -> Maildir:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    return Maildir(tmp_path)


@pytest.fixture
async def workers():
    async with Workers() as pool:
        yield pool


def state(etag: str = "") -> PollState:
    return PollState("letters", NOW, etag=etag, full_at=NOW - timedelta(days=1) if etag else None)


def mailboxes(workers: Workers, passwords: dict[str, str] | None = None, **how) -> Mailboxes:
    return Mailboxes({"letters": PASSWORD} if passwords is None else passwords, workers, lambda: NOW, **how)


async def test_a_maildir_shows_its_newsletters_and_stays_as_it_is(maildir, workers):
    maildir.deliver(letter(Message_ID="<old@x>"), "cur", age=60)
    maildir.deliver(letter(Message_ID="<new@x>"))
    maildir.deliver(letter(results=None), age=30)
    maildir.deliver(letter(From="x@evil.example"), age=30)
    before = sorted(p.relative_to(maildir.path) for p in maildir.path.rglob("*"))
    poller, source = KindPoller([mailboxes(workers)]), a_source(f"maildir:{maildir.path}")
    with capture_logs() as logs:
        first = await poller.poll(source, state())
    assert isinstance(first, Fetched), first
    assert [e.guid for e in first.entries] == ["<new@x>", "<old@x>"]
    assert (first.body, first.snapshot) == ("", None)
    assert {"forged": 1, "foreign": 1, "broken": 0, "too_large": 0, "source": "letters"}.items() <= logs[0].items()
    assert sorted(p.relative_to(maildir.path) for p in maildir.path.rglob("*")) == before
    assert await poller.poll(source, state().after(first, NOW)) == Unchanged()


async def test_a_new_mail_brings_the_known_ones_along(maildir, workers):
    maildir.deliver(letter(Message_ID="<1@x>"), age=60)
    box, source = mailboxes(workers), a_source(f"maildir:{maildir.path}")
    first = await box.poll(source, state())
    maildir.deliver(letter(Message_ID="<2@x>"))
    second = await box.poll(source, state(first.etag))
    assert [e.guid for e in second.entries] == ["<2@x>", "<1@x>"]
    assert second.etag != first.etag


async def test_once_a_week_a_maildir_is_read_without_the_cursor(maildir, workers):
    maildir.deliver(letter())
    box, source = mailboxes(workers), a_source(f"maildir:{maildir.path}")
    first = await box.poll(source, state())
    assert isinstance(await box.poll(source, replace(state(first.etag), full_at=NOW - timedelta(days=8))), Fetched)


async def test_a_mail_that_kills_its_reader_is_skipped_alone(maildir):
    class Killing:
        async def run(self, function, *args):
            return (await pool.run(os._exit, 3)) if b"kill" in args[0] else await pool.run(function, *args)

    maildir.deliver(letter("<p>kill</p>"))
    maildir.deliver(letter("<p>stay</p>"), age=9)
    async with Workers() as pool:
        found = await mailboxes(Killing()).poll(a_source(f"maildir:{maildir.path}"), state())
    assert [e.text for e in found.entries] == ["stay"]


def test_reading_a_mail_changes_its_flags_and_nothing_else(maildir):
    file = maildir.deliver(letter(), "cur")
    first = newest(maildir.path, "")
    file.rename(file.with_name(f"{file.name}:2,S"))
    assert isinstance(first, Mails)
    assert newest(maildir.path, first.cursor) == NoNews()


def test_of_a_maildir_the_newest_two_hundred_are_read(maildir):
    for n in range(250):
        maildir.deliver(str(n).encode(), age=n)
    found = newest(maildir.path, "")
    assert isinstance(found, Mails)
    assert found.mails == tuple(str(n).encode() for n in range(200))


def test_large_mails_pipes_and_links_are_left_alone(maildir):
    maildir.deliver(b"x" * 11)
    maildir.deliver(b"small", age=1)
    maildir.deliver(b"second", age=2)
    os.mkfifo(maildir.path / "new" / "pipe")
    (maildir.path / "new" / "link").symlink_to("/etc/passwd")
    found = newest(maildir.path, "", MailLimits(largest=10, total=10))
    assert isinstance(found, Mails)
    assert (found.mails, found.left_out) == ((b"small",), 2)


async def test_a_maildir_that_is_none_is_a_sentence(tmp_path, workers):
    found = await mailboxes(workers).poll(a_source(f"maildir:{tmp_path / 'none'}"), state())
    assert isinstance(found, Failed)
    assert "cannot be read" in found.reason


# IMAP


@dataclass
class Server:
    """Answers as much IMAP as is needed, one connection after the other, and remembers every line."""

    mails: dict[int, bytes] = field(default_factory=dict)
    validity: int = 7
    context: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None
    answers: dict[str, bytes] = field(default_factory=dict)
    greeting: bytes = b"* OK ready\r\n"
    trickle: bool = False
    size: Callable[[bytes], int] = len
    lines: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        while not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                self._talk(connection)
            except (OSError, ValueError):
                pass
            finally:
                connection.close()
                self.left.set()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True)
        connection.sendall(self.greeting)
        while self.trickle and not self.over.wait(0.02):
            connection.sendall(b"x")
        stream = connection.makefile("rb")
        while line := stream.readline():
            said = line.decode().rstrip("\r\n")
            self.lines.append(said)
            tag, _, command = said.partition(" ")
            verb = next((v for v in self.answers if command.startswith(v)), "")
            if verb:
                connection.sendall(self.answers[verb].replace(b"TAG", tag.encode()))
                continue
            if command == "STARTTLS" and self.starttls:
                connection.sendall(f"{tag} OK go\r\n".encode())
                connection = self.starttls.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rb")
                continue
            if command.startswith("AUTHENTICATE"):
                connection.sendall(b"+ \r\n")
                self.lines.append(base64.b64decode(stream.readline()).decode())
            connection.sendall(self._untagged(command) + f"{tag} OK done\r\n".encode())
            if command == "LOGOUT":
                connection.close()
                return

    def _untagged(self, command: str) -> bytes:
        match command.split():
            case ["CAPABILITY"]:
                return b"* CAPABILITY IMAP4rev1 AUTH=PLAIN" + (b" STARTTLS" if self.starttls else b"") + b"\r\n"
            case ["EXAMINE", *_]:
                return f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] valid\r\n".encode()
            case ["UID", "SEARCH", *_]:
                return f"* SEARCH {' '.join(map(str, self.mails))}\r\n".encode()
            case ["UID", "FETCH" | "fetch", uids, *what]:
                return b"".join(self._fetched(int(uid), " ".join(what)) for uid in uids.split(","))
            case ["LOGOUT"]:
                return b"* BYE\r\n"
        return b""

    def _fetched(self, uid: int, what: str) -> bytes:
        mail = self.mails[uid]
        about = f"* {uid} FETCH (UID {uid} RFC822.SIZE {self.size(mail)}"
        if "BODY" not in what:
            return f"{about})\r\n".encode()
        return f"{about} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n"


@contextmanager
def running(server: Server) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=(listener,))
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(10)


@dataclass
class Certificate:
    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Certificate:
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return Certificate(server, ssl.create_default_context(cadata=pem.decode()))


def account(server: Server, **fields) -> Account:
    given_ = {"user": "desk@operator.example", "password": PASSWORD, "security": Security.NONE, "port": server.port}
    return Account("127.0.0.1", **(given_ | fields))


async def looked(server: Server, cursor: str = "", limits: MailLimits | None = None, **fields):
    with running(server):
        return await Imap(limits).newest(account(server, **fields), cursor)


async def test_newsletters_come_over_tls_and_nothing_is_marked_as_seen(certificate, workers):
    mails = {n: letter(Message_ID=f"<{n}@x>") for n in (3, 4)}
    with running(Server(mails, context=certificate.server)) as server:
        url = f"imaps://desk%40operator.example@127.0.0.1:{server.port}/News/NK"
        box = mailboxes(workers, imap=Imap(context=certificate.client))
        first = await box.poll(a_source(url), state())
        again = await box.poll(a_source(url), state(first.etag))
        server.mails[5] = letter(Message_ID="<5@x>")
        later = await box.poll(a_source(url), state(first.etag))
    assert isinstance(first, Fetched), first
    assert [e.guid for e in first.entries] == ["<4@x>", "<3@x>"]
    assert first.etag == "7:4"
    assert again == Unchanged()
    assert ([e.guid for e in later.entries], later.etag) == (["<5@x>", "<4@x>", "<3@x>"], "7:5")
    said = "\n".join(server.lines)
    assert 'EXAMINE "News/NK"' in said
    assert "BODY.PEEK[]" in said
    assert not re.search(r"SELECT|STORE|EXPUNGE|COPY|MOVE|APPEND|BODY\[", said)


async def test_another_validity_makes_the_cursor_void():
    found = await looked(Server({1: b"a"}, validity=8), "7:1")
    assert found == Mails((b"a",), "8:1")
    assert await looked(Server({1: b"a"}, validity=7), "7:1") == NoNews()
    assert await looked(Server({}, validity=7), "7:1") == NoNews()
    assert await looked(Server({}), "") == Mails((), "7:0")


async def test_the_newest_fifty_come_newest_first():
    found = await looked(Server({n: str(n).encode() for n in range(1, 81)}))
    assert found == Mails(tuple(str(n).encode() for n in range(80, 30, -1)), "7:80")


async def test_large_mails_are_not_asked_for():
    server = Server({1: b"small", 2: b"x" * 101, 3: b"y" * 60, 4: b"z" * 60})
    found = await looked(server, limits=MailLimits(largest=100, total=100))
    assert found == Mails((b"z" * 60, b"small"), "7:4", left_out=2)
    assert not [line for line in server.lines if "BODY" in line and re.search(r"FETCH [23] ", line, re.IGNORECASE)]


async def test_a_server_that_sends_more_than_it_said_is_given_up():
    found = await looked(Server({1: b"x" * 200}, size=lambda _: 5), limits=MailLimits(largest=100))
    assert isinstance(found, Unreached)


async def test_a_refused_login_says_so_without_the_password(workers):
    with running(Server(answers={"LOGIN": b"TAG NO bad " + PASSWORD.encode() + b"\r\n"})) as server:
        url = f"imap://desk@127.0.0.1:{server.port}/INBOX"
        found = await mailboxes(workers).poll(a_source(url), state())
    assert isinstance(found, Failed)
    assert found.trouble is Trouble.BLOCKED
    assert "login" in found.reason
    assert PASSWORD not in repr(found)


async def test_a_missing_folder_is_a_sentence():
    found = await looked(Server(answers={"EXAMINE": b"TAG NO none\r\n"}), folder="Newsletter")
    assert isinstance(found, Refused)
    assert "Newsletter" in found.reason


@pytest.mark.parametrize("verb", ["CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH", "UID fetch"])
@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n",
        b"\xff\xfe\r\nTAG OK\r\n",
        b"TAG BAD " + PASSWORD.encode() + b"\r\n",
        b"* BYE over\r\n",
        b"* SEARCH x y\r\nTAG OK\r\n",
        b"* 1 FETCH (BODY[] {99999999999}\r\n",
        b"* 1 FETCH (UID x RFC822.SIZE y)\r\nTAG OK\r\n",
    ],
)
async def test_whatever_a_server_answers_is_a_value(verb, answer):
    found = await looked(Server({1: b"mail"}, answers={verb: answer}), limits=MailLimits(step=1, deadline=5))
    assert isinstance(found, Mails | NoNews | Refused | Unreached)
    assert PASSWORD not in repr(found)


async def test_a_server_that_trickles_is_left_at_the_deadline():
    with running(Server(trickle=True, greeting=b"* OK ")) as server:
        found = await Imap(MailLimits(step=5, deadline=0.3)).newest(account(server), "")
        assert isinstance(found, Unreached)
        assert "0.3 seconds" in found.reason
        assert await asyncio.to_thread(server.left.wait, 10)


async def test_nobody_there_is_unreached(workers):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = await mailboxes(workers).poll(a_source(f"imap://desk@127.0.0.1:{port}/"), state())
    assert isinstance(found, Failed)
    assert found.trouble is Trouble.UNREACHED


async def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_login(certificate):
    server = Server(context=certificate.server)
    found = await looked(server, security=Security.TLS)
    assert found == Unreached("127.0.0.1 has no valid certificate.")
    assert not server.lines


async def test_a_server_without_tls_is_a_sentence():
    assert isinstance(await looked(Server(), security=Security.TLS, limits=MailLimits(step=1)), Unreached)


async def test_starttls_comes_before_the_login(certificate):
    with running(Server({1: b"mail"}, starttls=certificate.server)) as server:
        found = await Imap(context=certificate.client).newest(account(server, security=Security.STARTTLS), "")
    assert found == Mails((b"mail",), "7:1")
    verbs = [line.split()[1] for line in server.lines]
    assert verbs.index("STARTTLS") < verbs.index("LOGIN")


async def test_without_starttls_there_is_no_login():
    server = Server()
    assert isinstance(await looked(server, security=Security.STARTTLS), Unreached)
    assert PASSWORD not in "".join(server.lines)


async def test_passwords_beyond_ascii_are_sent_as_utf8():
    server = Server({1: b"mail"})
    assert await looked(server, password="비밀번호") == Mails((b"mail",), "7:1")
    assert "\0desk@operator.example\0비밀번호" in server.lines


async def test_a_password_cannot_hold_a_command():
    server = Server()
    assert isinstance(await looked(server, password="x\r\na1 DELETE INBOX"), Refused)
    assert not any("DELETE" in line for line in server.lines)


def test_passwords_are_in_no_repr():
    box = Mailboxes({"letters": PASSWORD}, Workers(), lambda: NOW)
    assert "battery" not in repr(Account("h", "u", PASSWORD)) + repr(box)


# Settings


def problems(
    url: str = "imaps://desk@mail.example/INBOX", passwords: dict[str, str] | None = None, **options: str
) -> str:
    box = Mailboxes({"letters": "p"} if passwords is None else passwords, Workers(), lambda: NOW)
    return " ".join(box.problems(a_source(url, options=options or OPTIONS)))


@pytest.mark.parametrize(
    "url",
    [
        "maildir:/var/mail/x",
        "maildir:///var/mail/x",
        "imaps://desk@mail.example",
        "imaps://desk%40x.example@mail.example:1993/A/B",
        "imap+starttls://desk@mail.example/INBOX",
        "imap://desk@localhost/INBOX",
        "imap://desk@[::1]/INBOX",
    ],
)
def test_a_mailbox_that_is_well_described_has_no_problems(url):
    assert problems(url) == ""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("imap://desk@mail.example/INBOX", "in the clear"),
        ("imaps://mail.example/INBOX", "USER@HOST"),
        ("imaps://desk@/INBOX", "USER@HOST"),
        ("imaps://desk:hunter2@mail.example/", "secrets file"),
        ("imaps://desk@mail.example:99999/", "maildir:/PATH"),
        ("imaps://desk@[mail/", "maildir:/PATH"),
        ("https://mail.example/", "maildir:/PATH"),
        ("maildir:mail", "whole path"),
        ("maildir://host/mail", "whole path"),
        ("", "maildir:/PATH"),
    ],
)
def test_an_address_that_is_wrong_is_told(url, told):
    assert told in problems(url)
    assert "hunter2" not in problems(url)


def test_options_that_are_wrong_or_missing_are_told():
    assert "option from is missing" in problems(authserv="mx.example")
    assert "authserv" in problems(**{"from": "@a.example"})
    assert "neither an address" in problems(**{"from": "a.example", "authserv": "m"})
    assert 'only be "yes"' in problems(**{"from": "@a.example", "authserv": "m", "trust": "maybe"})
    assert problems(**{"from": "@a.example", "trust": "yes"}) == ""
    assert "no option form" in problems(**{"from": "@a.example", "authserv": "m", "form": "x"})
    assert "secrets file" in problems(passwords={})
    assert problems("maildir:/m", passwords={}) == ""


async def test_a_mailbox_with_a_problem_is_not_asked(workers):
    found = await mailboxes(workers).poll(a_source("imap://desk@mail.example/"), state())
    assert isinstance(found, Failed)
    assert "in the clear" in found.reason
