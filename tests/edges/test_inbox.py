"""The mailbox of replies: what is read of a mail, a maildir and an IMAP server whose mails are marked, passing on."""

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.catalogue.leaving import load_leaving
from nkwatch.domain.bounce import BounceKind
from nkwatch.domain.delivery import Handover, Message, Sent
from nkwatch.domain.reply import Received, Reply
from nkwatch.editing.leaving import Sorting
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.arriving import read_message_id
from nkwatch.mail.forwarding import Forwarding
from nkwatch.mail.inbox import inbox_of_bounces, inbox_of_canary, inbox_of_replies
from nkwatch.mail.incoming import read_reply
from nkwatch.net.accounts import Account, MailLimits, Refused, Security
from nkwatch.net.answers import Unreached
from nkwatch.net.imap import Imap
from nkwatch.net.postboxes import ImapPostbox, MaildirPostbox, Postbox, UnseenMail, postbox
from nkwatch.workflow.replies import Replied, Replies
from nkwatch.workflow.told import Telling
from tests.edges.test_mailboxes import PASSWORD, Server, account, running

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
ID = "abcdefghij234567"
RING = Keyring({1: b"k" * 32}, 1)
REPLIES = f"replies+{ID}.{RING.reply_tag(ID)}@watch.example"


def letter(text: str = "Please unsubscribe me.", html: str = "", **headers: str) -> bytes:
    message = EmailMessage()
    given_ = {
        "From": "Ann <Ann@inbox.example>",
        "To": REPLIES,
        "Subject": "Re: Week 47",
        "Message-ID": "<1@inbox.example>",
    }
    for name, value in (given_ | {n.replace("_", "-"): v for n, v in headers.items()}).items():
        if value:
            message[name] = value
    if text or not html:
        message.set_content(text)
    if html:
        (message.add_alternative if text else message.set_content)(html, subtype="html")
    return message.as_bytes()


def read(raw: bytes) -> Reply:
    found = read_reply(raw)
    assert found is not None
    return found


# What is read of a mail


def test_a_reply_is_its_recipients_sender_subject_and_first_own_lines() -> None:
    raw = letter("Stop.\n\n> quoted", Cc="friend@inbox.example", Delivered_To="Desk@watch.example")
    assert read(raw) == Reply(
        recipients=("desk@watch.example", "friend@inbox.example", REPLIES),
        sender="ann@inbox.example",
        subject="Re: Week 47",
        lines=("Stop.",),
    )


@pytest.mark.parametrize("name", ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"])
def test_the_tag_is_found_wherever_servers_write_it(name: str) -> None:
    raw = letter(**({"To": "replies@watch.example"} | {name: REPLIES.upper()}))
    assert REPLIES in read(raw).recipients


@pytest.mark.parametrize("charset", ["utf-8", "cp949", "euc-kr"])
def test_korean_is_read_whatever_it_was_sent_in(charset: str) -> None:
    raw = letter("x", Subject="x").replace(b"Subject: x", "Subject: 수신거부".encode(charset))
    raw = raw.replace(b'charset="utf-8"', f'charset="{charset}"'.encode()).replace(
        b"\nx\n", "\n구독 해지\n".encode(charset)
    )
    assert (read(raw).subject, read(raw).lines) == ("수신거부", ("구독 해지",))


def test_a_mail_of_html_alone_is_read_without_what_it_quotes() -> None:
    html = (
        "<html><head><title>T</title><style>p {}</style></head><body><!-- c --><div>Hello,</div>\n<p>please <b>stop</b><br>x"
        '<div class="gmail_quote"><p>On Monday</p></div><blockquote><p>Nine people</p></blockquote>y<?pi z?>w</body></html>'
    )
    assert read(letter("", html)).lines == ("Hello,", "please stop", "x", "yw")


def test_html_is_asked_where_the_plain_part_is_empty() -> None:
    assert read(letter("\n", "<p>Stop</p>")).lines == ("Stop",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"), ("Auto-Submitted", "auto-generated; x=y"), ("Precedence", "bulk"),
        ("Precedence", "Auto_Reply"), ("X-Autoreply", "yes"), ("X-Autorespond", ""), ("Return-Path", "<>"),
        ("List-Id", "<a.example>"),
    ],
)  # fmt: skip
def test_what_a_program_wrote_is_automatic(name: str, value: str) -> None:
    assert read(f"{name}: {value}\n".encode() + letter()).automatic


@pytest.mark.parametrize(("name", "value"), [("Auto-Submitted", "no"), ("Precedence", "normal"), ("X-Mailer", "auto")])
def test_what_a_person_wrote_is_not(name: str, value: str) -> None:
    assert not read(f"{name}: {value}\n".encode() + letter()).automatic


def test_a_mail_in_a_circle_or_from_nobody_is_automatic() -> None:
    assert read(b"Received: x\n" * 51 + letter()).automatic
    assert not read(b"Received: x\n" * 50 + letter()).automatic
    assert read(letter(From="")).automatic
    assert read(letter(From="a@x.example, b@x.example")).automatic
    assert read(b"").automatic


def report(kind: str) -> bytes:
    return letter().replace(b"Content-Type: text/plain", f"Content-Type: multipart/report; report-type={kind}".encode())


def test_reports_on_our_mails_are_bounces_and_others_are_automatic() -> None:
    assert read(report("delivery-status")).bounce
    assert read(report("feedback-report")).bounce
    assert read(letter(From="MAILER-DAEMON@mx.example")).bounce
    receipt = read(report("disposition-notification"))
    assert (receipt.bounce, receipt.automatic) == (False, True)


@pytest.mark.parametrize(
    "raw",
    [
        letter().replace(b"text/plain", b"multipart/mixed"),
        letter().replace(b"text/plain; charset", b"text/plain; charset*0*=''%ff; charset*1"),
        letter("", "<div>" * 50_000),
        letter("", "<" * 10_000 + "\0<p>x"),
        b"To: " + b"a@b.example, " * 100_000 + b"\n\nx",
        b"Subject: =?utf-8?B?" + b"A" * 200_001 + b"?=\n\n",
        b"From: ann@inbox.example\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 20_000,
        b"From: ann@inbox.example\nContent-Type: text/html; charset=x-none\n\n\xff\xfe\x00",
        letter()[:100],
        b"\n" * 100_000,
        b"\0\xff" * 1_000,
    ],
    ids=range(11),
)
def test_a_hostile_mail_is_a_value(raw: bytes) -> None:
    found = read_reply(raw)
    assert found is None or len(found.lines) <= 5


@given(st.binary(max_size=400))
def test_any_bytes_are_a_value(raw: bytes) -> None:
    for each in (raw, b"From: ann@inbox.example\n" + raw, b"Content-Type: text/html\n\n" + raw):
        assert isinstance(read_reply(each), Reply | None)


# A maildir


@dataclass
class Maildir:
    path: Path
    count: int = 0

    def deliver(self, raw: bytes, folder: str = "new", flags: str = "") -> Path:
        self.count += 1
        file = self.path / folder / f"{self.count}.host{flags}"
        file.write_bytes(raw)
        os.utime(file, (self.count, self.count))
        return file

    @property
    def names(self) -> list[str]:
        return sorted(f"{p.parent.name}/{p.name}" for p in self.path.glob("*/*"))


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    return Maildir(tmp_path)


def everything(ids: Sequence[str]) -> Sequence[str]:
    return ids


async def seen_in(box: Postbox, choose=everything) -> tuple[UnseenMail, ...]:
    found = await box.unseen(choose)
    assert isinstance(found, tuple), found
    return found


async def test_of_a_maildir_what_nobody_has_seen_comes_oldest_first(maildir: Maildir) -> None:
    maildir.deliver(b"first", "cur", ":2,F")
    maildir.deliver(b"seen", "cur", ":2,RS")
    maildir.deliver(b"third")
    maildir.deliver(b"part", "tmp")
    (maildir.path / "new" / "link").symlink_to("/etc/passwd")
    os.mkfifo(maildir.path / "new" / "pipe")
    box = postbox(f"maildir:{maildir.path}", "")
    assert [m.raw for m in await seen_in(box)] == [b"first", b"third"]
    assert await box.mark_seen(["1.host", "3.host", "gone"]) is None
    assert maildir.names == [
        "cur/1.host:2,FS",
        "cur/2.host:2,RS",
        "cur/3.host:2,S",
        "new/link",
        "new/pipe",
        "tmp/4.host",
    ]
    assert await seen_in(box) == ()


async def test_of_a_large_mail_the_beginning_is_taken(maildir: Maildir) -> None:
    maildir.deliver(b"x" * 11)
    maildir.deliver(b"y" * 10)
    box = MaildirPostbox(maildir.path, MailLimits(largest=10, total=100))
    assert await seen_in(box) == (
        UnseenMail("1.host", b"x" * 10, whole=False),
        UnseenMail("2.host", b"y" * 10, whole=True),
    )


async def test_a_round_takes_few_mails_and_bytes(maildir: Maildir) -> None:
    for _ in range(9):
        maildir.deliver(b"z" * 10)
    assert len(await seen_in(MaildirPostbox(maildir.path, MailLimits(mails=4)))) == 4
    assert len(await seen_in(MaildirPostbox(maildir.path, MailLimits(total=25)))) == 3


async def test_a_maildir_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    box = MaildirPostbox(tmp_path)
    for found in (await box.unseen(everything), await box.mark_seen(["1"])):
        assert isinstance(found, Refused)
        assert str(tmp_path) in found.reason


# IMAP


@dataclass
class Folder(Server):
    """An IMAP server with flags."""

    seen: set[int] = field(default_factory=set)
    writable: bool = True
    storable: bool = True

    def _untagged(self, command: str) -> bytes:
        match command.split():
            case ["SELECT", *_]:
                code = b"" if self.writable else b"* OK [READ-ONLY] no\r\n"
                return super()._untagged("EXAMINE x") + code
            case ["UID", "SEARCH", *what]:
                assert what == ["UNSEEN", "UNDELETED"]
                return f"* SEARCH {' '.join(str(u) for u in self.mails if u not in self.seen)}\r\n".encode()
            case ["UID", "STORE", uids, "+FLAGS.SILENT", r"(\Seen)"]:
                self.seen |= {int(uid) for uid in uids.split(",")} if self.storable else set()
                return b""
        return super()._untagged(command)

    def _fetched(self, uid: int, what: str) -> bytes:
        mail = self.mails.get(uid)
        if mail is None:
            return b""
        part = mail[: int(re.search(r"<0\.(\d+)>", what)[1])]
        about = f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(mail)} BODY[]<0> {{{len(part)}}}\r\n"
        return about.encode() + part + b")\r\n"


LIMITS = MailLimits(step=2, deadline=5, mails=20, largest=1_000)


def imap_box(server: Server, limits: MailLimits = LIMITS, **fields) -> ImapPostbox:
    return ImapPostbox(account(server, **fields), Imap(limits))


async def test_a_folder_is_looked_at_without_a_change_and_then_marked() -> None:
    with running(Folder({3: b"a", 4: b"b", 5: b"c"}, seen={4})) as server:
        box = imap_box(server)
        assert await seen_in(box) == (UnseenMail("7.3", b"a", whole=True), UnseenMail("7.5", b"c", whole=True))
        assert not any("STORE" in line or "SELECT" in line for line in server.lines)
        assert await box.mark_seen({"7.3"}) is None
        assert [m.raw for m in await seen_in(box)] == [b"c"]


async def test_what_is_chosen_is_fetched_in_that_order_and_no_more() -> None:
    with running(Folder({n: str(n).encode() for n in range(1, 9)})) as server:
        found = await seen_in(imap_box(server, replace(LIMITS, mails=2)), lambda ids: ids[::-1])
    assert [m.raw for m in found] == [b"8", b"7"]


async def test_of_a_large_mail_on_a_server_the_beginning_is_fetched() -> None:
    with running(Folder({1: b"x" * 101})) as server:
        found = await seen_in(imap_box(server, replace(LIMITS, largest=100)))
    assert found == (UnseenMail("7.1", b"x" * 100, whole=False),)


async def test_a_mail_that_goes_meanwhile_is_passed_over() -> None:
    with running(Folder({1: b"a", 2: b"b"})) as server:
        found = await seen_in(
            imap_box(server), lambda ids: [server.mails.pop(1) and i for i in ids[:1]] + list(ids[1:])
        )
    assert [m.raw for m in found] == [b"b"]


async def test_marks_never_reach_the_mails_of_another_validity() -> None:
    with running(Folder({3: b"a"}, validity=8)) as server:
        assert await imap_box(server).mark_seen({"7.3", "rubbish", "8.x"}) is None
        assert server.seen == set()


async def test_a_folder_that_may_not_be_changed_is_a_sentence() -> None:
    with running(Folder({3: b"a"}, writable=False)) as server:
        assert isinstance(found := await imap_box(server).mark_seen({"7.3"}), Refused)
        assert "change" in found.reason
    with running(Folder({3: b"a"}, answers={"UID STORE": b"TAG NO never\r\n"})) as server:
        assert isinstance(await imap_box(server).mark_seen({"7.3"}), Refused)


@pytest.mark.parametrize("verb", ["LOGIN", "EXAMINE", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"])
@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n",
        b"TAG BAD " + PASSWORD.encode() + b"\r\n",
        b"* BYE over\r\n",
        b"* SEARCH x y\r\nTAG OK\r\n",
        b"* 1 FETCH (BODY[] {99999999999}\r\n",
        b"* 1 FETCH (UID 1)\r\nTAG OK\r\n",
    ],
)
async def test_whatever_a_server_answers_is_a_value(verb: str, answer: bytes) -> None:
    with running(Folder({1: b"mail"}, answers={verb: answer})) as server:
        box = imap_box(server, MailLimits(step=1, deadline=3))
        found = await box.unseen(everything), await box.mark_seen({"7.1"})
    assert isinstance(found[0], tuple | Refused | Unreached)
    assert isinstance(found[1], Refused | Unreached | None)
    assert PASSWORD not in repr(found)


def test_an_address_of_a_server_is_its_folder() -> None:
    box = postbox("imap+starttls://desk%40watch.example@mail.example:1143/Replies", PASSWORD)
    assert isinstance(box, ImapPostbox)
    assert box.account == Account("mail.example", "desk@watch.example", PASSWORD, "Replies", Security.STARTTLS, 1143)
    assert "battery" not in repr(box)


# Handled once


class Here:
    """Workers that are none."""

    async def run(self, function, /, *args):
        return function(*args)


class Unmarkable:
    """A mailbox in which nothing can be marked, until it can."""

    def __init__(self, *raw: bytes) -> None:
        self.mails = {str(n): UnseenMail(str(n), r, whole=True) for n, r in enumerate(raw)}
        self.broken = True
        self.asked: list[frozenset[str]] = []

    async def unseen(self, choose):
        return tuple(self.mails[i] for i in choose(list(self.mails)))

    async def mark_seen(self, ids):
        self.asked.append(frozenset(ids))
        if self.broken:
            return Refused("Read only.")
        for i in ids:
            self.mails.pop(i, None)
        return None


def ids(found: tuple[Received, ...] | str) -> list[str]:
    return [f.id for f in found]


async def test_what_is_handled_and_not_marked_does_not_come_again() -> None:
    box = Unmarkable(b"a", b"b")
    inbox = inbox_of_replies(box, Here())
    first, second = await inbox.new()
    assert await inbox.handled(first) == "Read only."
    assert ids(await inbox.new()) == ["1"]
    box.broken = False
    assert ids(await inbox.new()) == ["1"]
    assert list(box.mails) == ["1"]
    assert await inbox.handled(second) == ""
    assert await inbox.new() == ()


async def test_what_is_kept_does_not_come_again_and_what_is_put_off_comes_last() -> None:
    box = Unmarkable(b"a", b"b", b"c")
    inbox = inbox_of_replies(box, Here())
    first, second, _ = await inbox.new()
    inbox.keep(first)
    inbox.put_off(second)
    assert ids(await inbox.new()) == ["2", "1"]
    assert ids(await inbox_of_replies(box, Here()).new()) == ["0", "1", "2"]


async def test_a_mail_that_is_gone_is_forgotten() -> None:
    box = Unmarkable(b"a")
    inbox = inbox_of_replies(box, Here())
    (only,) = await inbox.new()
    inbox.keep(only)
    taken = box.mails.pop("0")
    assert await inbox.new() == ()
    box.mails["0"] = taken
    assert ids(await inbox.new()) == ["0"]


async def test_a_mail_that_kills_its_reader_is_unreadable_alone(maildir: Maildir) -> None:
    class Killing:
        async def run(self, function, /, *args):
            return (await pool.run(os._exit, 3)) if b"kill" in args[0] else await pool.run(function, *args)

    maildir.deliver(letter("kill"))
    maildir.deliver(letter("stay"))
    async with Workers() as pool:
        found = await inbox_of_replies(MaildirPostbox(maildir.path), Killing()).new()
    assert [f.reply and f.reply.lines for f in found] == [None, ("stay",)]


async def test_a_mailbox_that_cannot_be_read_says_why() -> None:
    assert "cannot be read" in await inbox_of_replies(MaildirPostbox(Path("/nowhere")), Here()).new()


# Other mailboxes


BOUNCED = b"""\
From: Mail Delivery System <MAILER-DAEMON@mail.example>
To: bounces+abc@watch.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain

There is no such mailbox.

--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; ann@inbox.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--=b--
"""


async def test_a_mailbox_of_bounces_is_read_in_workers_and_each_mail_is_marked_once(maildir: Maildir) -> None:
    maildir.deliver(BOUNCED)
    async with Workers() as pool:
        inbox = inbox_of_bounces(MaildirPostbox(maildir.path), pool)
        (returned,) = await inbox.new()
        assert returned.bounce is not None
        assert (returned.bounce.kind, returned.bounce.recipients) == (BounceKind.HARD, ("ann@inbox.example",))
        assert returned.bounce.sent_to == ("bounces+abc@watch.example",)
        assert await inbox.handled(returned) == ""
        assert await inbox.new() == ()


@pytest.mark.parametrize("make", [inbox_of_replies, inbox_of_bounces, inbox_of_canary])
async def test_a_mail_that_kills_its_reader_comes_as_unreadable(maildir: Maildir, make) -> None:
    class Dying:
        async def run(self, function, /, *args):
            return await pool.run(os._exit, 3)

    maildir.deliver(letter())
    async with Workers() as pool:
        (mail,) = await make(MaildirPostbox(maildir.path), Dying()).new()
    told = [getattr(mail, name, None) for name in ("reply", "bounce", "message_id")]
    assert not any(told)


async def test_what_arrives_at_the_canary_is_known_by_its_message_id() -> None:
    box = Unmarkable(letter(), b"\n\n")
    assert [a.message_id for a in await inbox_of_canary(box, Here()).new()] == ["<1@inbox.example>", ""]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"Message-ID: <a@b>\r\n\r\nx", "<a@b>"),
        (b"Subject: x\nMESSAGE-id:\n <a@b>\nTo: y\n\n", "<a@b>"),
        (b"Subject: x\n\nMessage-ID: <a@b>\n", ""),
        (b"X-Message-ID: <a@b>\n\n", ""),
        (b"Message-ID: <a@b> <c@d>\n\n", ""),
        (b"Message-ID: <a\xffb@c>\n\n", ""),
        (b"Message-ID: " + b"<" * 300_000, ""),
        (b"", ""),
    ],
)
def test_the_message_id_is_that_of_the_header(raw: bytes, found: str) -> None:
    assert read_message_id(raw) == found


@given(st.binary(max_size=2_000))
def test_whatever_bytes_arrive_are_read(raw: bytes) -> None:
    assert isinstance(read_message_id(raw), str)


# Passing on


FORWARDING = Forwarding(
    "nk\u202ewatch", "digest@watch.example", "bounces@watch.example", "editors@watch.example", lambda: NOW
)


def passed_on(raw: bytes, *, asks: bool = False, whole: bool = True) -> EmailMessage:
    message = FORWARDING(Received("1", raw, read_reply(raw), whole), asks_to_leave=asks)
    assert (message.sender, message.recipient) == ("bounces@watch.example", "editors@watch.example")
    assert b"\n" not in message.content.replace(b"\r\n", b"")
    assert b"\r" not in message.content.replace(b"\r\n", b"")
    assert message.content.isascii()
    assert all(len(line) <= 998 for line in message.content.split(b"\r\n"))
    parsed = message_from_bytes(message.content, policy=policy.default)
    assert not parsed.defects
    return parsed


def test_a_mail_is_passed_on_with_the_original_in_it() -> None:
    mail = passed_on(letter("You got a name wrong.\n.\n"))
    words, original = mail.iter_parts()
    assert mail["To"] == "editors@watch.example"
    assert mail["Subject"] == "[nkwatch] Reply: Re: Week 47"
    assert mail["Reply-To"] == "ann@inbox.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "attached" in words.get_content()
    assert original.get_content_type() == "message/rfc822"
    assert original.get_content()["Message-ID"] == "<1@inbox.example>"
    assert original.get_content().get_content().split() == ["You", "got", "a", "name", "wrong.", "."]


def test_our_own_mail_that_comes_back_goes_no_further() -> None:
    content = FORWARDING(Received("1", letter(), read_reply(letter())), asks_to_leave=False).content
    assert read(content).automatic


def test_the_same_mail_has_the_same_message_id() -> None:
    assert passed_on(letter("a"))["Message-ID"] == passed_on(letter("a"), asks=True)["Message-ID"]
    assert passed_on(letter("a"))["Message-ID"] != passed_on(letter("b"))["Message-ID"]


def test_the_person_is_told_what_is_special() -> None:
    told = [
        next(passed_on(letter(), asks=a, whole=w).iter_parts()).get_content() for a, w in ((True, True), (False, False))
    ]
    assert "asks to leave" in told[0]
    assert "only its beginning" in told[1]


@pytest.mark.parametrize("raw", [b"x\0y", b"\xff", b"a\rb", b"x" * 999, "제목: 수신거부\n\n안녕".encode()])
def test_what_may_not_stand_in_a_mail_is_passed_on_as_a_file(raw: bytes) -> None:
    _, original = passed_on(raw).iter_parts()
    assert original.get_content() == raw
    assert original.get_filename() == "reply.eml"


@given(
    st.binary(max_size=300),
    st.text(max_size=80),
    st.sampled_from(["ann@inbox.example", "a b@x", "é@x.example", "a@é x", "", 'a"<@x.example']),
)
def test_whatever_comes_is_passed_on_as_one_mail_of_ours(raw: bytes, subject: str, who: str) -> None:
    received = Received("1", raw, Reply(subject=subject, sender=who))
    content = FORWARDING(received, asks_to_leave=True).content
    parsed = message_from_bytes(content, policy=policy.default)
    assert set(parsed.keys()) - {"Reply-To"} == {
        "From", "To", "Subject", "Date", "Auto-Submitted", "X-Auto-Response-Suppress", "Message-ID", "MIME-Version",
        "Content-Type",
    }  # fmt: skip
    assert len(list(parsed.iter_parts())) == 2
    assert ("Reply-To" in parsed) == (who == "ann@inbox.example")


def test_an_unreadable_mail_can_be_passed_on_too() -> None:
    assert FORWARDING(Received("1", b"x", None), asks_to_leave=False).content


# All of it


@dataclass
class Relay:
    messages: list[Message] = field(default_factory=list)
    connections: int = 1

    async def hand_over(self, message: Message) -> Handover:
        self.messages.append(message)
        return Sent("ok")

    async def close(self) -> None: ...


async def test_reading_happens_in_workers_and_mails_are_marked_on_the_server() -> None:
    mails = {1: letter(), 2: letter("Your figures are wrong."), 3: report("delivery-status"), 4: b"\n\n"}
    async with Workers() as pool:
        with running(Folder(mails)) as server:
            inbox = inbox_of_replies(imap_box(server), pool)
            found = await inbox.new()
            assert [f.reply and (f.reply.lines[:1], f.reply.bounce) for f in found] == [
                (("Please unsubscribe me.",), False),
                (("Your figures are wrong.",), False),
                ((), True),
                ((), False),
            ]
            await asyncio.gather(*(inbox.handled(f) for f in found[:2]))
            assert server.seen == {1, 2}
            assert ids(await inbox.new()) == ["7.3", "7.4"]


async def test_one_round_over_a_maildir_lets_leave_passes_on_and_is_over(maildir: Maildir) -> None:
    ended: list[str] = []

    class Desk:
        async def leave(self, subscriber_id: str, reason: str) -> bool:
            ended.append(subscriber_id)
            return True

    own = frozenset({"digest@watch.example"})
    sort = Sorting(load_leaving(), "replies@watch.example", own, RING.is_reply_tag)
    relay = Relay()
    forged = REPLIES.replace(RING.reply_tag(ID), "a" * 16)
    maildir.deliver(letter())
    maildir.deliver(letter("수신거부 부탁드립니다", To=forged))
    maildir.deliver(letter("Please do not stop writing about prisons."))
    maildir.deliver(b"Auto-Submitted: auto-replied\n" + letter())
    maildir.deliver(report("delivery-status"))
    maildir.deliver(b"x" * 2_000_000)
    async with Workers() as pool:
        inbox = inbox_of_replies(MaildirPostbox(maildir.path), pool)
        replies = Replies(inbox, sort, Desk(), FORWARDING, relay, Telling(lambda *_, **__: None, lambda: NOW))
        assert await replies() == Replied(left=1, passed_on=2, ignored=2, bounces=1)
        assert await replies() == Replied()
    assert ended == [ID]
    assert [b"asks to leave" in m.content for m in relay.messages] == [True, False]
    assert maildir.names == [*(f"cur/{n}.host:2,S" for n in (1, 2, 3, 4, 6)), "new/5.host"]
