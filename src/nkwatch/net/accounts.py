"""A folder of mails on somebody's server: how to get there, and how much is taken from it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Security(StrEnum):
    """How the connection is secured, by scheme of the address."""

    TLS = "imaps"
    STARTTLS = "imap+starttls"
    NONE = "imap"


PORTS: Final = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}


@dataclass(frozen=True, slots=True)
class Account:
    """A folder of somebody's mails, and how to get there."""

    host: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    security: Security = Security.TLS
    port: int = 0


@dataclass(frozen=True, slots=True)
class MailLimits:
    """Seconds of one step and of all together; mails a look, bytes of one and of all together."""

    step: float = 30.0
    deadline: float = 120.0
    mails: int = 50
    largest: int = 2_000_000
    total: int = 30_000_000


@dataclass(frozen=True, slots=True)
class Refused:
    """The server does not let us in, or not into this folder; `reason` is one sentence."""

    reason: str
