"""A relay by script, on the loopback: it announces what it is told to, and each of its replies can be set beforehand."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nkwatch.domain.delivery import Message
from nkwatch.mail.smtp import SmtpRelay

SENDER = "bounces@watch.example"
USUAL = {
    "greeting": "220 relay.example ESMTP",
    "mail": "250 2.1.0 Ok",
    "rcpt": "250 2.1.5 Ok",
    "go": "354 End data with <CR><LF>.<CR><LF>",
    "rset": "250 2.0.0 Ok",
    "quit": "221 2.0.0 Bye",
}
#: Besides a reply, a script may say: hang up, say nothing from now on, or take the rest of the input and then hang up.
DROP, STALL, CUT = "drop", "stall", "cut"


def letter(number, *, sender=SENDER, size=0, content=None, recipient=None, stuffed=False):
    """The message with this number, recognised by its content."""
    text = content or b"Subject: %d\r\n\r\ntext of %d\r\n%s" % (number, number, b"x" * 70 * (size // 70) + b"\r\n")
    return Message(sender, recipient or f"reader{number}@inbox.example", text, stuffed)


@dataclass
class RelayByScript:
    """What the relay is like, and what it got.

    `script` has, by stage, the replies to give in turn; None or the end of them means yes. The stages are greeting,
    ehlo, mail, rcpt, data, middle (as soon as content comes), end (after the final dot), rset, quit. `about` has replies
    by recipient and stage. `extra` is written after the reply of a stage, once for each entry.
    """

    announces: tuple = ("PIPELINING", "DSN", "SIZE 10000000", "ENHANCEDSTATUSCODES")
    script: dict = field(default_factory=dict)
    about: dict = field(default_factory=dict)
    extra: dict = field(default_factory=dict)
    #: octets of each write; 0 is all at once
    packets: int = 0
    tls: ssl.SSLContext | None = None
    password: str = ""
    #: accepts DATA though nobody is to get anything
    careless: bool = False
    #: refuses MAIL within a transaction, as the RFC says
    sessions: list = field(default_factory=list)
    accepted: list = field(default_factory=list)
    commands: list = field(default_factory=list)
    #: what was accepted for nobody: the lone dots
    empty: int = 0
    #: how often a session heard something after it had answered everything: round trips
    rounds: int = 0
    names: list = field(default_factory=list)

    def __post_init__(self):
        self.script = {stage: deque(replies) for stage, replies in self.script.items()}
        self.extra = {stage: deque(replies) for stage, replies in self.extra.items()}

    def reply(self, stage, recipient=""):
        if reply := self.about.get((recipient, stage)):
            return reply
        replies = self.script.get(stage)
        return (replies.popleft() if replies else None) or USUAL.get(stage)

    def addition(self, stage):
        extra = self.extra.get(stage)
        return extra.popleft() if extra else None


class Session(asyncio.Protocol):
    def __init__(self, relay):
        self.relay, self.buffer, self.mode = relay, b"", "commands"
        self.mail = self.rcpt = ""
        self.secured = self.shaking_hands = self.dead = self.silent = self.answered = False
        self.answered_early = False
        self.commands = []

    def connection_made(self, transport):
        self.transport = transport
        self.relay.sessions.append(self)
        self.say("greeting")

    def data_received(self, data):
        if self.dead or self.silent:
            return
        if self.answered:
            self.relay.rounds += 1
            self.answered = False
        self.buffer += data
        self.go_on()

    def go_on(self):
        while not self.shaking_hands and not self.dead and not self.silent and self.step():
            pass

    def step(self):
        if self.mode == "content":
            return self.content()
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer = rest
        self.command(line.decode())
        return True

    def content(self):
        if not self.buffer:
            return False
        if not self.answered_early and (reply := self.relay.reply("middle", self.rcpt)):
            self.say_that("middle", reply)
            self.answered_early = True
            if self.dead or self.silent:
                return False
        if self.buffer.startswith(b".\r\n"):
            body, self.buffer = b"", self.buffer[3:]
        else:
            body, end, rest = self.buffer.partition(b"\r\n.\r\n")
            if not end:
                return False
            body, self.buffer = body + b"\r\n", rest
        self.mode = "commands"
        if self.answered_early:
            self.mail = self.rcpt = ""
            self.answered_early = False
            return True
        body = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in body.split(b"\r\n"))
        self.whole(body)
        return True

    def whole(self, body):
        """The message is complete: what the relay says is what it did, unless the script says to hang up."""
        mail, rcpt, self.mail, self.rcpt = self.mail, self.rcpt, "", ""
        if not rcpt:
            self.relay.empty += 1
            self.say_that("end", "250 2.0.0 accepted for nobody" if not body else "554 5.5.1 no valid recipients")
            return
        number = len(self.relay.accepted) + 1
        reply = self.relay.reply("end", rcpt) or f"250 2.0.0 Ok: queued as Q{number}X"
        if reply.startswith("2") or reply == CUT:
            self.relay.accepted.append((mail, rcpt, body))
        self.say_that("end", DROP if reply == CUT else reply, rcpt)

    def command(self, line):
        self.relay.commands.append(line)
        self.commands.append(line)
        verb = line.split(" ")[0].upper()
        match verb:
            case "EHLO":
                self.mail = self.rcpt = ""
                self.relay.names.append(line[5:])
                self.say("ehlo")
            case "STARTTLS":
                self.say_that("starttls", "220 go ahead")
                self.secured = self.shaking_hands = True
                self.securing = asyncio.get_running_loop().create_task(self.secure())
            case "AUTH":
                self.say_that("auth", "235 2.7.0 welcome" if self.relay.password else "535 5.7.8 no")
            case "MAIL":
                self.begin(line)
            case "RCPT":
                self.recipient(line)
            case "DATA":
                self.data()
            case "RSET":
                self.mail = self.rcpt = ""
                self.say("rset")
            case "QUIT":
                self.say("quit")
                self.drop(politely=True)
            case _:
                self.say_that("unknown", "500 5.5.2 what?")

    def begin(self, line):
        if self.mail:
            self.say_that("mail", "503 5.5.1 nested MAIL command")
            return
        reply = self.relay.reply("mail")
        if reply.startswith("2"):
            self.mail = line
        self.say_that("mail", reply)

    def recipient(self, line):
        address = line.partition("<")[2].partition(">")[0]
        if not self.mail:
            self.say_that("rcpt", "503 5.5.1 need MAIL command")
            return
        reply = self.relay.reply("rcpt", address)
        if reply.startswith("2"):
            self.rcpt = address
        self.say_that("rcpt", reply, address)

    def data(self):
        if not self.rcpt and not self.relay.careless:
            self.say_that("data", "554 5.5.1 no valid recipients" if self.mail else "503 5.5.1 need RCPT command")
            return
        reply = self.relay.reply("data", self.rcpt) or USUAL["go"]
        if reply.startswith("354"):
            self.mode = "content"
        self.say_that("data", reply, self.rcpt)

    def say(self, stage):
        reply = self.relay.reply(stage)
        if stage == "ehlo" and reply is None:
            announced = [*self.relay.announces]
            if self.relay.tls and not self.secured:
                announced.append("STARTTLS")
            if self.relay.password:
                announced.append("AUTH PLAIN")
            lines = ["relay.example", *announced]
            reply = "\r\n".join(f"250-{line}" for line in lines[:-1]) + f"\r\n250 {lines[-1]}"
            reply = reply.removeprefix("\r\n")
        self.say_that(stage, reply)

    def say_that(self, stage, reply, recipient=""):
        if reply == DROP:
            self.drop()
        elif reply == STALL:
            self.silent = True
        else:
            extra = self.relay.addition(stage)
            self.write((reply + "\r\n" + (extra + "\r\n" if extra else "")).encode())
            if reply.startswith("421"):
                self.drop(politely=True)

    def write(self, octets):
        self.answered = True
        size = self.relay.packets or len(octets)
        for start in range(0, len(octets), size):
            self.transport.write(octets[start : start + size])

    def drop(self, *, politely=False):
        self.dead = True
        if politely:
            self.transport.close()
        else:
            self.transport.abort()

    async def secure(self):
        loop = asyncio.get_running_loop()
        try:
            self.transport = await loop.start_tls(self.transport, self, self.relay.tls, server_side=True)
        except OSError:
            self.dead = True
        self.shaking_hands = False
        self.go_on()

    def connection_lost(self, exc):
        self.dead = True


@asynccontextmanager
async def relaying(relay, *, implicit_tls=False, **settings):
    """An `SmtpRelay` to this relay by script."""
    loop = asyncio.get_running_loop()
    tls = relay.tls if implicit_tls else None
    if implicit_tls:
        relay.tls = None
    server = await loop.create_server(lambda: Session(relay), "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    usual = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5, "last_timeout": 5}
    ours = SmtpRelay(**(usual | settings))
    try:
        yield ours
    finally:
        await ours.close()
        server.close()
        for session in relay.sessions:
            session.transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class Bag:
    """Letters for connections; what became of each, in the order of events."""

    def __init__(self, messages, *, wait=None):
        self.waiting = deque(messages)
        self.out = []
        self.outcomes = {}
        self.events = []
        self.returned = []
        self.offered = []
        self.wait = wait

    async def next(self):
        return self.take()

    def take(self):
        if not self.waiting:
            return None
        message = self.waiting.popleft()
        assert message not in self.out
        self.out.append(message)
        return message

    async def offer(self, message):
        assert message in self.out
        self.offered.append(message.recipient)
        if self.wait is not None:
            await self.wait(message)

    def answered(self, message, outcome):
        self.out.remove(message)
        assert message.recipient not in self.outcomes, "two outcomes for one message"
        self.outcomes[message.recipient] = outcome
        self.events.append((message.recipient, type(outcome).__name__))

    def give_back(self, message):
        self.out.remove(message)
        self.returned.append(message.recipient)
        self.waiting.appendleft(message)

    @property
    def kinds(self):
        """The outcomes by number, in words."""
        return [type(o).__name__ for _, o in sorted(self.outcomes.items())]


def certificate(path):
    """A certificate for 127.0.0.1 that nobody but a test trusts, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    return serving, ssl.create_default_context(cafile=str(path))
