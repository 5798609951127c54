"""Trying a relay: what it says of itself, where it stops us, and that nothing is sent."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nkwatch.mail.probe import RelayAt, probe


class Door:
    """Notes every command that could lead to a mail."""

    def __init__(self):
        self.taken = []

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        self.taken.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append("data")
        return "250 OK"


def own_certificate(folder):
    """The two sides of an encrypted connection to 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.example")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "relay.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


@asynccontextmanager
async def relay(door, *, tls=None, **options):
    """The port on which a relay listens."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(door, loop=loop, **options), "127.0.0.1", 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await asyncio.sleep(0.05)  # lets aiosmtpd end its sessions


async def tried(port, **settings):
    return await probe(
        RelayAt("127.0.0.1", port, **({"security": "none"} | settings)), hello="watch.example", patience=2
    )


def checks(_server, _session, _envelope, _mechanism, login):
    right = isinstance(login, LoginPassword) and (login.login, login.password) == (b"nkwatch", b"right")
    return AuthResult(success=right, handled=right)


async def test_a_relay_says_what_it_can_and_gets_no_mail():
    door = Door()
    async with relay(door, enable_SMTPUTF8=True, data_size_limit=10_000_000) as port:
        found = await tried(port)
    assert (found.trouble, found.tls, found.size, found.logged_in) == ("", "", 10_000_000, False)
    assert set(found.extensions) == {"size", "8bitmime", "smtputf8"}
    assert door.taken == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_the_connection_is_encrypted_and_we_are_let_in(tmp_path, security):
    server, client = own_certificate(tmp_path)
    door = Door()
    options = {"tls": server} if security == "tls" else {"tls_context": server, "require_starttls": True}
    more = {"authenticator": checks, "auth_require_tls": security == "starttls"}
    async with relay(door, **options, **more) as port:
        found = await tried(port, security=security, username="nkwatch", password="right", context=client)
        wrong = await tried(port, security=security, username="nkwatch", password="wrong", context=client)
    assert (found.trouble, found.logged_in) == ("", True)
    assert found.tls.startswith("TLSv1")
    assert wrong.trouble.startswith("It does not let us in: ")
    assert not wrong.logged_in
    assert "wrong" not in wrong.trouble
    assert "nkwatch" not in wrong.trouble
    assert door.taken == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_certificate_that_nobody_vouches_for_is_no_way_in(tmp_path, security):
    server, _ = own_certificate(tmp_path)
    options = {"tls": server} if security == "tls" else {"tls_context": server}
    async with relay(Door(), **options) as port:
        found = await tried(port, security=security)
    assert found.trouble


async def test_a_relay_that_cannot_encrypt_or_let_in_is_told():
    async with relay(Door()) as port:
        assert (await tried(port, security="starttls")).trouble.startswith("The connection cannot be encrypted: ")
        found = await tried(port, username="nkwatch", password="right")
    assert found.trouble == "It offers no way to log in on this connection."


async def test_nobody_there_is_a_sentence():
    found = await tried(9)
    assert found.trouble == "It cannot be reached: the connection was refused: nobody listens there."


async def test_a_name_without_an_address_and_a_door_without_tls_are_told_in_words():
    nowhere = await probe(RelayAt("nowhere.invalid", 25, "none"), hello="watch.example", patience=5)
    assert nowhere.trouble == "It cannot be reached: no address is found for that name."
    async with relay(Door()) as port:
        plain = await tried(port, security="tls")
    assert plain.trouble == "It cannot be reached: it does not speak TLS there."


async def test_a_relay_that_says_nothing_is_not_waited_for_long():
    async def mute(reader, writer):
        await reader.read()
        writer.close()
        gone.set()

    gone = asyncio.Event()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server:
        relay_at = RelayAt("127.0.0.1", server.sockets[0].getsockname()[1], "none")
        found = await probe(relay_at, hello="watch.example", patience=0.2)
        await gone.wait()
    assert found.trouble.startswith("It cannot be reached: ")


@pytest.mark.parametrize(
    "greeting", [b"554 go away digest@watch.example\r\n", b"\xff\xfe\r\n", b"", b"220 hello\r\n500 what\r\n"]
)
async def test_odd_greetings_are_told_in_one_line_without_addresses(greeting):
    async def odd(_reader, writer):
        writer.write(greeting)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(odd, "127.0.0.1", 0)
    async with server:
        relay_at = RelayAt("127.0.0.1", server.sockets[0].getsockname()[1], "none", "digest@watch.example")
        found = await probe(relay_at, hello="watch.example", patience=1)
    assert found.trouble
    assert "digest@" not in found.trouble
    assert "\n" not in found.trouble
