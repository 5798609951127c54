"""How well a service stands: what was looked at, what was found, and what to do about it."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    FINE = "fine"
    #: it works, and could be better
    ADVICE = "advice"
    #: mail is lost, anybody can write in our name, or something is not what the settings say
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `do` says what to do, in one sentence; `record` is what to publish, in full."""

    about: str
    severity: Severity
    found: str
    do: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A name has these records, at least one."""

    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such name, or it has no record of this kind."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """Nobody answered; `reason` is one sentence."""

    reason: str


Looked = Answered | Absent | Unreached

#: What was found under which name.
Answers = Mapping[str, Looked]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The public half of a key that we sign with: `algorithm` is rsa or ed25519 (RFC 6376, 3.6.1; RFC 8463, 4)."""

    domain: str
    selector: str
    algorithm: str
    public: bytes

    @property
    def name(self) -> str:
        """Where its record stands."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What stands there."""
        return f"v=DKIM1; k={self.algorithm}; p={b64encode(self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Identity:
    """In whose name mails go out. All are domains (A-labels, small letters) but for `address`, which is shown.

    `keys` is empty where the mail server signs. `relay` is the host that takes the mail; empty for none.
    """

    address: str
    sender: str
    return_path: str
    keys: tuple[SigningKey, ...] = ()
    relay: str = ""


#: RFC 2606, RFC 6761, RFC 6762: nobody has such a name, and nobody is asked about it.
RESERVED = frozenset({"example", "test", "invalid", "localhost", "local"})
_EXAMPLES = frozenset({"example.com", "example.net", "example.org"})


def is_reserved(domain: str) -> bool:
    """Whether a domain cannot have records of its own: one for examples and tests, a bare host, an IP address."""
    labels = domain.lower().strip(".").split(".")
    literal = domain.startswith("[") or ":" in domain or labels[-1].isdigit()
    return literal or len(labels) == 1 or labels[-1] in RESERVED or ".".join(labels[-2:]) in _EXAMPLES
