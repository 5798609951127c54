"""Tries a relay without sending anything: connect, encrypt, log in, say goodbye (RFC 5321, RFC 3207, RFC 4954)."""

import ssl
from contextlib import suppress
from dataclasses import dataclass, field

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException

from nkwatch.domain.delivery import Message
from nkwatch.mail.replies import scrubbed
from nkwatch.mail.smtp import Security
from nkwatch.mail.transaction import unreached

#: Extensions that make a difference to us: speed, addresses beyond ASCII, reports of delivery, size.
WANTED = ("pipelining", "smtputf8", "dsn", "size", "8bitmime")


@dataclass(frozen=True, slots=True)
class RelayAt:
    """A relay and how to get in; `context` replaces the system's certificates."""

    host: str
    port: int
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of it. `trouble` is one sentence, empty where we would be let in; the rest is as far as it went.

    `tls` is the protocol of the connection ("TLSv1.3"), empty for plain text. `extensions` are those of `WANTED` that
    the relay announces. `size` is the largest message that it takes in octets, 0 where it does not say (RFC 1870).
    """

    trouble: str = ""
    tls: str = ""
    extensions: tuple[str, ...] = ()
    size: int = 0
    logged_in: bool = False


async def probe(relay: RelayAt, *, hello: str, patience: float = 10) -> Probed:
    """Try a relay; `hello` is the name that we greet with, `patience` is in seconds for each answer. Never raises."""
    client = _client(relay, hello, patience, start_tls=False)
    try:
        return await _tried(client, relay)
    finally:
        with suppress(SMTPException, OSError):
            await client.quit()
        client.close()


async def send(relay: RelayAt, message: Message, *, hello: str, patience: float = 30) -> str:
    """Hand one message over; answers why it was not taken, in one sentence, and nothing where it was."""
    try:
        async with _client(relay, hello, patience, start_tls=relay.security == "starttls") as client:
            if relay.username:
                await client.login(relay.username, relay.password)
            await client.sendmail(message.sender, [message.recipient], message.content)
    except (SMTPException, OSError) as why:
        return f"{relay.host} did not take it: {_said(why, relay)}."
    return ""


def _client(relay: RelayAt, hello: str, patience: float, *, start_tls: bool) -> SMTP:
    return SMTP(
        hostname=relay.host,
        port=relay.port,
        local_hostname=hello,
        timeout=patience,
        use_tls=relay.security == "tls",
        start_tls=start_tls,
        tls_context=relay.context,
    )


async def _tried(client: SMTP, relay: RelayAt) -> Probed:
    try:
        await client.connect()
        await client.ehlo()
    except (SMTPException, OSError) as why:
        return Probed(f"It cannot be reached: {_said(why, relay)}.")
    if relay.security == "starttls":
        try:
            await client.starttls()
            await client.ehlo()
        except (SMTPException, OSError) as why:
            return _found(client, f"The connection cannot be encrypted: {_said(why, relay)}.")
    return await _let_in(client, relay)


async def _let_in(client: SMTP, relay: RelayAt) -> Probed:
    if not relay.username:
        return _found(client)
    if not client.supports_extension("auth"):
        return _found(client, "It offers no way to log in on this connection.")
    try:
        await client.login(relay.username, relay.password)
    except SMTPAuthenticationError as why:
        return _found(client, f"It does not let us in: {_said(why, relay)}.")
    except (SMTPException, OSError) as why:
        return _found(client, f"Logging in failed: {_said(why, relay)}.")
    return _found(client, logged_in=True)


def _found(client: SMTP, trouble: str = "", *, logged_in: bool = False) -> Probed:
    announced = client.esmtp_extensions
    size = announced.get("size", "")
    secured = client.get_transport_info("ssl_object") if client.is_connected else None
    return Probed(
        trouble=trouble,
        tls=secured.version() or "" if isinstance(secured, ssl.SSLObject) else "",
        extensions=tuple(name for name in WANTED if name in announced),
        size=int(size) if size.isascii() and size.isdecimal() else 0,
        logged_in=logged_in,
    )


def _said(why: Exception, relay: RelayAt) -> str:
    """What was said, in one line, without who we are there."""
    heard = unreached(why) or getattr(why, "message", "") or str(why) or type(why).__name__
    said = " ".join(str(heard).split())
    return scrubbed(said, relay.username or "-").rstrip(".")
