"""Settings of mail: relays, signatures, what comes back, and how all of it is watched."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from nkwatch.config.section import Address, ForBounces, ForReplies, Section

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _named(host: Any) -> Any:
    if host is None:
        msg = 'name the relay, or where mail goes instead: to = "maildir:mails"'
        raise ValueError(msg)
    return host


class Connection(Section):
    """How a relay is reached."""

    host: str
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "starttls"
    username: str = ""

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.security == "none" and self.host and self.host not in LOOPBACK:
            msg = 'security = "none" is for a relay on this machine only; use "starttls" or "tls"'
            raise ValueError(msg)
        return self


class RelaySettings(Connection):
    """A relay that takes mail. Its password stands in the file of secrets, under the relay's name."""


class MailSettings(Connection):
    """The relay that takes the mail, who it comes from, and how fast it leaves."""

    host: Annotated[str, BeforeValidator(_named)] = ""
    #: where mail goes instead of a relay, for trying out: maildir:FOLDER, mbox:FILE or stdout
    to: Annotated[str, Field(pattern=r"^(stdout|(maildir|mbox):.+)?$")] = ""
    #: tried in order while the one before cannot be reached
    fallback: tuple[RelaySettings, ...] = ()
    sender: Address
    return_path: Address | None = None
    connections: int = Field(default=5, ge=1, le=50)
    timeout: float = Field(default=30, gt=0, le=300, description="seconds for an answer")
    #: seconds for the answer to a whole message (RFC 5321, 4.5.3.2.6, asks for ten minutes)
    last_timeout: float = Field(default=300, gt=0, le=900)
    #: how long the deliveries of a process that died stay with it; one that lives renews it
    lease: float = Field(default=60, ge=2, le=3600, description="seconds")
    #: digests a second, in all and to one domain; 0 is no limit. Alerts and confirmations do not wait
    rate: float = Field(default=0, ge=0)
    domain_rate: float = Field(default=0, ge=0)
    #: the same for domains by name
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    #: the emergency brake: no more digests than this in 24 hours. Alerts and confirmations go on
    per_day: int = Field(default=20_000, ge=1)
    #: send digests though anybody can send mail in our name (see `nkwatch doctor`)
    impersonable: bool = False

    @model_validator(mode="before")
    @classmethod
    def _somewhere(cls, given: Any) -> Any:
        """Without a place for the mails no relay is named: that is told beside all else that is wrong."""
        return given if not isinstance(given, dict) or given.get("to") else {"host": None} | given

    @property
    def relays(self) -> tuple[Connection, ...]:
        """The relays in the order in which they are tried; none where mail goes somewhere else."""
        return () if self.to else (self, *self.fallback)

    @property
    def envelope_sender(self) -> str:
        """Where what cannot be delivered comes back to, unless the address for bounces says otherwise."""
        return self.return_path or self.sender


class SigningSettings(Section):
    """A domain that we sign for. `key` and `ed25519_key` are PEM files that only their owner may read.

    `nkwatch keys dkim` makes them.
    """

    domain: str = Field(pattern=r"^[a-z0-9.-]+$")
    selector: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    key: Path
    ed25519_selector: str = Field(default="", pattern=r"^([a-z0-9][a-z0-9-]*)?$")
    ed25519_key: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.ed25519_selector) != bool(self.ed25519_key):
            msg = "ed25519_selector and ed25519_key go together"
            raise ValueError(msg)
        return self

    def beside(self, folder: Path) -> Self:
        """The same, its files named from this folder on."""
        second = self.ed25519_key and folder / self.ed25519_key
        return self.model_copy(update={"key": folder / self.key, "ed25519_key": second})


class DkimSettings(SigningSettings):
    """Signatures (RFC 6376) that prove a mail is ours; without this section the mail server signs.

    `also` are further domains that mails come from, such as that of the neutral sender: each signs its own mails.
    """

    also: tuple[SigningSettings, ...] = ()
    #: header fields that the relay rewrites, and that are therefore not signed (Amazon SES: Date, Message-ID)
    leave_out: tuple[Literal["date", "message-id"], ...] = ()
    #: processes beside this one that sign; 0 signs in this one
    processes: int = Field(default=1, ge=0, le=8)

    @model_validator(mode="after")
    def _each_domain_once(self) -> Self:
        if len({s.domain for s in self.signing}) < len(self.signing):
            msg = "each domain signs with the keys of one section: one is named twice"
            raise ValueError(msg)
        return self

    @property
    def signing(self) -> tuple[SigningSettings, ...]:
        """All domains that we sign for; the first signs what comes from none of them."""
        return (self, *self.also)

    def beside(self, folder: Path) -> Self:
        """The same, all files named from this folder on."""
        return super().beside(folder).model_copy(update={"also": tuple(s.beside(folder) for s in self.also)})


class BouncesSettings(Section):
    """Where mails come to that say one of ours did not arrive, or that its reader complained.

    `address` must take sub-addresses (bounces+...@...); it is the envelope sender of everything to readers.
    `webhooks` are providers that may report to /bounces/PROVIDER/TOKEN: `nkwatch bounces webhooks` prints these.
    """

    address: ForBounces
    mailbox: str = Field(default="", pattern=r"^((imaps?|imap\+starttls|maildir):\S+)?$")
    webhooks: tuple[Literal["ses", "postmark", "mailgun", "sendgrid"], ...] = ()


class WatchSettings(Section):
    """How this service is watched, and how its people are told when it fails: not by the mail that may have failed.

    `canary` gets a copy of each bulletin; with `mailbox` it is looked whether they arrive. `webhook` is posted to
    (JSON), `command` is run with the same on its standard input. `heartbeat_url` is asked each minute while all is
    well, so that somebody outside notices when it is not.
    """

    canary: Address | None = None
    mailbox: str = Field(default="", pattern=r"^((imaps?|imap\+starttls|maildir):\S+)?$")
    webhook: str = Field(default="", pattern=r"^(https?://\S+)?$")
    command: tuple[str, ...] = ()
    heartbeat_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    #: seconds within which an alert must have been accepted
    alerts_within: int = Field(default=120, ge=10, le=3600)
    #: seconds after which an outbox is stuck of which nothing leaves that should
    stuck_after: int = Field(default=7200, ge=600, le=86400)
    #: seconds within which a bulletin must have arrived at the canary
    arrival_within: int = Field(default=1800, ge=60, le=86400)


class NeutralSettings(Section):
    """Who mails come from for readers who must not be seen to read on this subject; best a domain of its own."""

    name: str = Field(default="Reading list", min_length=1)
    sender: Address | None = None


class RepliesSettings(Section):
    """The mailbox that replies go to: who asks to leave leaves, everything else is passed on to the contact.

    `address` must take sub-addresses (replies+...@...).
    """

    address: ForReplies
    mailbox: str = Field(pattern=r"^(imaps?|imap\+starttls|maildir):\S+$")
