"""Handing over to a relay the careful way: real servers on the loopback that answer, refuse, hang up, or are not there.

aiosmtpd does not announce PIPELINING; for relays that do see test_pipelining.py.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.delivery import Deferred, Message, Refused, Sent, Unknown
from nkwatch.mail.replies import scrubbed
from nkwatch.mail.smtp import SmtpRelay
from tests.edges.relaying import Bag, certificate

MESSAGE = Message("bounce@watch.example", "reader@inbox.example", b"Subject: hello\r\n\r\ntext\r\n")


class Mailbox:
    """Answers by script: each stage takes its next answer; "drop" hangs up without one, nothing means yes."""

    def __init__(self, **script):
        self.script = {stage: list(answers) for stage, answers in script.items()}
        self.received = []
        self.sessions = []
        self.hung_up = []

    def answer(self, stage, server):
        answers = self.script.get(stage)
        reply = answers.pop(0) if answers else None
        if reply == "drop":
            self.hung_up.append(stage)
            server.transport.abort()
        return reply

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.sessions.append(hostname)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if reply := self.answer("mail", server):
            return reply
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if reply := self.answer("rcpt", server):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if reply := self.answer("data", server):
            return reply
        self.received.append(envelope)
        return "250 2.0.0 taken as 1"


@asynccontextmanager
async def relay_to(mailbox, *, server=None, tls=None, **settings):
    """A relay whose server is `mailbox`; `server` are options of the server, `tls` is what it speaks from the start."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(mailbox, loop=loop, **(server or {})), "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    relay = SmtpRelay(**({"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5} | settings))
    try:
        yield relay
    finally:
        await relay.close()
        listening.close()
        await asyncio.sleep(0.05)  # lets aiosmtpd end its sessions


def to(address):
    return Message(MESSAGE.sender, address, MESSAGE.content)


async def test_a_message_is_handed_over_as_it_is():
    mailbox = Mailbox()
    async with relay_to(mailbox) as relay:
        assert await relay.hand_over(MESSAGE) == Sent("250 2.0.0 taken as 1")

    taken = mailbox.received[0]
    assert (taken.mail_from, taken.rcpt_tos) == (MESSAGE.sender, [MESSAGE.recipient])
    assert taken.content == MESSAGE.content
    assert mailbox.sessions == ["watch.example"]


async def test_many_messages_share_few_connections():
    mailbox = Mailbox()
    async with relay_to(mailbox, connections=3) as relay:
        outcomes = await asyncio.gather(*(relay.hand_over(MESSAGE) for _ in range(30)))

    assert relay.connections == 3
    assert all(isinstance(o, Sent) for o in outcomes)
    assert len(mailbox.received) == 30
    assert 1 <= len(mailbox.sessions) <= 3


async def test_letters_go_one_after_the_other_and_each_refusal_concerns_one():
    mailbox = Mailbox(rcpt=[None, "550 5.1.1 no such user", "552 too many", None], data=[None, "451 4.3.0 later"])
    bag = Bag([to(f"reader{n}@inbox.example") for n in range(5)])
    async with relay_to(mailbox) as relay:
        assert await relay.carry(bag) == ""

    assert bag.kinds == ["Sent", "Refused", "Deferred", "Deferred", "Sent"]
    assert bag.offered == [f"reader{n}@inbox.example" for n in (0, 3, 4)]
    assert len(mailbox.sessions) == 1


@pytest.mark.parametrize(("stage", "kind"), [("mail", "Sent"), ("rcpt", "Sent"), ("data", "Deferred")])
async def test_a_relay_that_closes_in_between_costs_the_other_letters_nothing(stage, kind):
    mailbox = Mailbox(**{stage: [None, "421 4.3.2 shutting down"]})
    bag = Bag([to(f"reader{n}@inbox.example") for n in range(4)])
    async with relay_to(mailbox) as relay:
        assert await relay.carry(bag) == ""

    assert bag.kinds == ["Sent", kind, "Sent", "Sent"]
    assert len(mailbox.sessions) == 2


async def test_a_message_too_large_for_the_relay_is_refused_without_asking():
    mailbox = Mailbox()
    async with relay_to(mailbox, server={"data_size_limit": 1000}) as relay:
        assert isinstance(await relay.hand_over(Message(MESSAGE.sender, MESSAGE.recipient, b"a" * 2000)), Refused)
        assert isinstance(await relay.hand_over(MESSAGE), Sent)

    assert len(mailbox.received) == 1


async def test_a_sender_of_another_domain_is_not_known_by_the_name_of_the_first():
    mailbox = Mailbox()
    senders = ["a@watch.example", "b@reading.example", "", "c@watch.example"]
    bag = Bag([Message(s, f"reader{n}@inbox.example", MESSAGE.content) for n, s in enumerate(senders)])
    async with relay_to(mailbox) as relay:
        assert await relay.carry(bag) == ""

    assert mailbox.sessions == ["watch.example", "reading.example", "watch.example"]


async def test_full_stops_arrive_as_they_were_however_they_were_given():
    mailbox = Mailbox()
    content = b"Subject: dots\r\n\r\n.one\r\n..two\r\n"
    stuffed = b"Subject: dots\r\n\r\n..one\r\n...two\r\n"
    async with relay_to(mailbox) as relay:
        await relay.hand_over(Message(MESSAGE.sender, MESSAGE.recipient, content))
        await relay.hand_over(Message(MESSAGE.sender, MESSAGE.recipient, stuffed, stuffed=True))

    assert [taken.content for taken in mailbox.received] == [content, content]


@pytest.mark.parametrize("stage", ["rcpt", "data"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 4.3.0 later", Deferred("451 4.3.0 later")),
        ("452 4.2.2 mailbox full", Deferred("452 4.2.2 mailbox full")),
        ("550 5.1.1 no such user", Refused("550 5.1.1 no such user")),
        ("552 5.3.4 too big", Refused("552 5.3.4 too big")),
    ],
)
async def test_a_refused_message_leaves_the_connection_fit_for_the_next(stage, answer, outcome):
    mailbox = Mailbox(**{stage: [answer]})
    async with relay_to(mailbox) as relay:
        assert await relay.hand_over(MESSAGE) == outcome
        assert isinstance(await relay.hand_over(MESSAGE), Sent)

    assert len(mailbox.received) == 1
    assert len(mailbox.sessions) == 1


@pytest.mark.parametrize("answer", ["550 5.7.1 sender not allowed", "451 try later", "530 log in first"])
async def test_a_refused_sender_is_our_trouble_and_costs_no_reader_the_delivery(answer):
    async with relay_to(Mailbox(mail=[answer])) as relay:
        assert await relay.hand_over(MESSAGE) == Deferred(answer, line=True)
        assert isinstance(await relay.hand_over(MESSAGE), Sent)


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
async def test_a_connection_lost_before_the_message_is_a_matter_of_the_line(stage):
    mailbox = Mailbox(**{stage: ["drop"] * 3})
    async with relay_to(mailbox) as relay:
        outcome = await relay.hand_over(MESSAGE)
        assert isinstance(outcome, Deferred)
        assert outcome.line
        assert isinstance(await relay.hand_over(MESSAGE), Sent)

    assert mailbox.hung_up == [stage] * 3


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
async def test_a_connection_lost_once_before_the_message_costs_nothing(stage):
    mailbox = Mailbox(**{stage: ["drop"]})
    async with relay_to(mailbox) as relay:
        assert isinstance(await relay.hand_over(MESSAGE), Sent)

    assert len(mailbox.received) == 1


async def test_a_connection_lost_after_the_message_leaves_the_outcome_unknown():
    async with relay_to(Mailbox(data=["drop"])) as relay:
        outcome = await relay.hand_over(MESSAGE)

    assert isinstance(outcome, Unknown)
    assert outcome.reply.startswith("connection lost after the message")


async def test_a_relay_that_hung_up_while_idle_is_called_again():
    mailbox = Mailbox(mail=[None, "drop"])
    async with relay_to(mailbox) as relay:
        await relay.hand_over(MESSAGE)
        assert isinstance(await relay.hand_over(MESSAGE), Sent)

    assert len(mailbox.sessions) == 2
    assert len(mailbox.received) == 2


async def test_a_relay_that_closes_its_service_is_called_again():
    mailbox = Mailbox(mail=[None, "421 4.7.0 too many messages"])
    async with relay_to(mailbox) as relay:
        await relay.hand_over(MESSAGE)
        assert isinstance(await relay.hand_over(MESSAGE), Sent)

    assert len(mailbox.sessions) == 2


@pytest.mark.parametrize(("stage", "times"), [("mail", 3), ("rcpt", 3), ("data", 1)])
async def test_a_relay_that_is_closing_says_nothing_about_the_reader(stage, times):
    async with relay_to(Mailbox(**{stage: ["421 4.3.2 shutting down"] * times})) as relay:
        assert await relay.hand_over(MESSAGE) == Deferred("421 4.3.2 shutting down", line=True)


async def test_a_relay_that_is_not_there_defers_and_is_not_the_readers_fault():
    async with relay_to(Mailbox()) as relay:
        pass
    gone = SmtpRelay(host="127.0.0.1", port=relay._port, security="none", timeout=5)

    outcome = await gone.hand_over(MESSAGE)

    assert isinstance(outcome, Deferred)
    assert outcome.line
    await gone.close()


async def test_a_relay_that_says_nothing_is_given_up_after_the_time_allowed():
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        relay = SmtpRelay(host="127.0.0.1", port=server.sockets[0].getsockname()[1], security="none", timeout=0.2)
        outcome = await relay.hand_over(MESSAGE)
        assert isinstance(outcome, Deferred)
        assert outcome.line
    await asyncio.sleep(0.05)


async def test_a_hand_over_that_is_cancelled_leaves_no_half_used_connection():
    slow = Mailbox()
    arrived = asyncio.Event()

    async def stalls(server, session, envelope):
        arrived.set()
        await asyncio.sleep(3600)

    slow.handle_DATA = stalls
    async with relay_to(slow) as relay:
        task = asyncio.create_task(relay.hand_over(MESSAGE))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del slow.handle_DATA
        assert isinstance(await relay.hand_over(MESSAGE), Sent)

    assert len(slow.sessions) == 2


@pytest.mark.parametrize(
    "address",
    [
        "",
        "reader",
        "@inbox.example",
        "reader@",
        "a b@inbox.example",
        "a@b\r\nRCPT TO:<c@d>",
        "<a@b>",
        "a,b@inbox.example",
        '"a b"@inbox.example',
        "a@b@inbox.example",
        "a@b..c테",
    ],
)
async def test_what_is_no_address_is_refused_without_asking_the_relay(address):
    async with relay_to(Mailbox(mail=["drop"])) as relay:
        outcome = await relay.hand_over(to(address))

    assert isinstance(outcome, Refused)
    assert "not valid" in outcome.reply


async def test_a_domain_with_other_letters_goes_out_in_punycode():
    mailbox = Mailbox()
    async with relay_to(mailbox) as relay:
        assert isinstance(await relay.hand_over(to("reader@테스트.example")), Sent)

    assert mailbox.received[0].rcpt_tos == ["reader@xn--9t4b11yi5a.example"]


async def test_an_address_with_other_letters_is_refused_by_a_relay_that_cannot_take_it():
    mailbox = Mailbox()
    async with relay_to(mailbox) as relay:
        assert isinstance(await relay.hand_over(to("독자@inbox.example")), Refused)
        assert isinstance(await relay.hand_over(MESSAGE), Sent)

    assert len(mailbox.received) == 1


async def test_an_address_with_other_letters_goes_to_a_relay_that_can_take_it():
    mailbox = Mailbox()
    async with relay_to(mailbox, server={"enable_SMTPUTF8": True}) as relay:
        assert isinstance(await relay.hand_over(to("독자@inbox.example")), Sent)

    assert mailbox.received[0].rcpt_tos == ["독자@inbox.example"]
    assert "SMTPUTF8" in mailbox.received[0].mail_options


# ---- encryption and login


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls") / "both.pem")


@pytest.fixture
def serving(contexts):
    return contexts[0]


@pytest.fixture
def trusting(contexts):
    return contexts[1]


async def test_a_relay_is_reached_over_tls_from_the_first_byte(serving, trusting):
    mailbox = Mailbox()
    async with relay_to(mailbox, tls=serving, security="tls", context=trusting) as relay:
        assert isinstance(await relay.hand_over(MESSAGE), Sent)


async def test_a_relay_is_reached_over_starttls(serving, trusting):
    mailbox = Mailbox()
    server = {"tls_context": serving, "require_starttls": True}
    async with relay_to(mailbox, server=server, security="starttls", context=trusting) as relay:
        assert isinstance(await relay.hand_over(MESSAGE), Sent)


async def test_a_certificate_that_is_not_trusted_ends_it(serving):
    mailbox = Mailbox()
    server = {"tls_context": serving}
    async with relay_to(mailbox, server=server, security="starttls") as relay:
        outcome = await relay.hand_over(MESSAGE)

    assert isinstance(outcome, Deferred)
    assert outcome.line
    assert not mailbox.received


async def test_there_is_no_falling_back_to_plain_text():
    mailbox = Mailbox()
    async with relay_to(mailbox, security="starttls") as relay:
        outcome = await relay.hand_over(MESSAGE)

    assert isinstance(outcome, Deferred)
    assert outcome.line
    assert not mailbox.received


def _knows(server, session, envelope, mechanism, data):
    known = isinstance(data, LoginPassword) and data == LoginPassword(b"desk", b"open sesame")
    return AuthResult(success=known, handled=known)


@pytest.mark.parametrize(("password", "enters"), [("open sesame", True), ("guess", False)])
async def test_a_relay_that_asks_for_a_login_gets_it(password, enters, serving, trusting):
    server = {"tls_context": serving, "require_starttls": True, "authenticator": _knows, "auth_required": True}
    settings = {"security": "starttls", "context": trusting, "username": "desk", "password": password}
    async with relay_to(Mailbox(), server=server, **settings) as relay:
        outcome = await relay.hand_over(MESSAGE)

    assert isinstance(outcome, Sent) == enters
    assert enters or outcome.line
    assert password not in outcome.reply


# ---- what may be kept of a reply


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 <Kim.Minji+nk@Inbox.Example>: unknown",
        "550 5.1.1 kim.minji+nk@inbox.example unknown, see https://help.example/?a=kim.minji%40inbox.example",
        "550 user kim.minji does not exist; try k.minji@inbox.example",
        "451 greylisted (bounce+kim.minji=inbox.example@watch.example)",
    ],
)
async def test_no_address_is_kept_of_a_reply(reply):
    async with relay_to(Mailbox(rcpt=[reply])) as relay:
        kept = (await relay.hand_over(to("kim.minji+nk@inbox.example"))).reply

    assert kept.startswith(reply[:3])
    assert "kim.minji" not in kept.lower()
    assert "@" not in kept
    assert "%40" not in kept


@given(st.text(max_size=400), st.from_regex(r"[a-z.]{3,12}@[a-z]{3,8}\.example", fullmatch=True))
def test_a_reply_with_the_address_anywhere_in_it_is_kept_without_it(around, address):
    kept = scrubbed(f"550 {around} <{address}> {around}", address)

    assert address not in kept
    assert len(kept) <= 200
    assert len(kept.splitlines()) == 1


async def test_a_long_reply_is_cut():
    async with relay_to(Mailbox(rcpt=["550 " + "no " * 120])) as relay:
        assert len((await relay.hand_over(MESSAGE)).reply) == 200
