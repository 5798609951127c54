"""One message over one open connection: MAIL, RCPT, DATA, each answer read before the next command (RFC 5321, 3.3)."""

import re

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPResponseException

from nkwatch.domain.bulletin import Deferred, Handover, Refused, Sent
from nkwatch.mail.headers import ascii_domain

#: "Service not available, closing transmission channel": says nothing about the message (RFC 5321, 3.8).
CLOSING = 421
PERMANENT = 500
#: Seconds for a polite end.
GOODBYE = 5.0

#: Also quoted local parts: nobody has one, and what parses them may find another mailbox in it.
_UNSENDABLE = re.compile(r"[\s<>,;:()\[\]\\\"\x00-\x1f\x7f-\x9f]|@.*@")


def sendable(address: str) -> str:
    """The address as it goes into the envelope, its domain in punycode. Raises `ValueError`, without naming it."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or _UNSENDABLE.search(address):
        raise ValueError("the address is not valid")
    try:
        return ascii_domain(address)
    except ValueError as wrong:
        raise ValueError("the domain of the address is not valid") from wrong


async def begin(client: SMTP, sender: str, recipient: str) -> None:
    """Open a transaction. Raises `SMTPNotSupported` when the relay cannot take such a recipient (RFC 6531)."""
    options: list[str] = []
    if not recipient.isascii():
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        if not client.supports_extension("smtputf8"):
            raise SMTPNotSupported("the relay takes no addresses with letters outside ASCII")
        options = ["SMTPUTF8"]
    await client.mail(sender, options=options, encoding="utf-8")


async def finish(client: SMTP, recipient: str, content: bytes) -> Handover:
    """Name the recipient and hand over the content. The connection is closed, or fit for the next message."""
    stage = "before the message"
    try:
        await client.rcpt(recipient, encoding="utf-8")
        stage = "after the message"
        response = await client.data(content)
    except SMTPResponseException as refusal:
        await _reset(client)
        if refusal.code == CLOSING:
            return Deferred(said(refusal), line=True)
        return Refused(said(refusal)) if refusal.code >= PERMANENT else Deferred(said(refusal))
    except (SMTPException, OSError) as why:
        client.close()
        # once the message was offered it may have arrived: then waiting longer spares the reader copies
        return Deferred(f"connection lost {stage}: {said(why)}", line=stage == "before the message")
    return Sent(f"{response.code} {response.message}")


async def goodbye(client: SMTP) -> None:
    """End a connection politely, or at least end it."""
    try:
        await client.quit(timeout=GOODBYE)
    except (SMTPException, OSError):
        client.close()


def said(problem: Exception) -> str:
    """What the relay answered, or what went wrong on the line."""
    if isinstance(problem, SMTPResponseException):
        return f"{problem.code} {problem.message}"
    return str(problem) or type(problem).__name__


async def _reset(client: SMTP) -> None:
    """End a refused transaction; aiosmtplib has closed the connection already where it was lost."""
    try:
        await client.rset()
    except (SMTPException, OSError):
        client.close()
