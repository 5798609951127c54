"""Settings of mail that leaves: relays, senders, and how fast."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from nkwatch.config.section import Address, Section

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _named(host: Any) -> Any:
    if host is None:
        msg = 'name the relay, or where mail goes instead: to = "maildir:mails"'
        raise ValueError(msg)
    return host


class Connection(Section):
    """How a relay is reached."""

    host: str = Field(description="The relay's name.")
    port: int = Field(
        default=25, ge=1, le=65535, description="The port of the relay: 587 for submission, 465 with `tls`."
    )
    security: Literal["tls", "starttls", "none"] = Field(
        default="starttls",
        description="How the line is encrypted: `starttls`, `tls` from the first octet, or `none`, which is for a "
        "relay on this machine only.",
    )
    username: str = Field(
        default="",
        description="The name to sign in by; without one nobody signs in. The password stands in the secrets file.",
    )

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.security == "none" and self.host and self.host not in LOOPBACK:
            msg = 'security = "none" is for a relay on this machine only; use "starttls" or "tls"'
            raise ValueError(msg)
        return self


class RelaySettings(Connection):
    """A relay that is used while those before it cannot be reached. Its password: `[relays]` of the secrets file."""


class MailSettings(Connection):
    """The relay that takes the mail, who it comes from, and how fast it leaves."""

    host: Annotated[str, BeforeValidator(_named)] = Field(
        default="", description="The name of the relay that takes the mail. Needed, unless `to` is there."
    )
    to: Annotated[str, Field(pattern=r"^(stdout|(maildir|mbox):.+)?$")] = Field(
        default="",
        description="Where mail goes instead of a relay, for trying out: `maildir:FOLDER`, `mbox:FILE` or `stdout`.",
    )
    fallback: tuple[RelaySettings, ...] = Field(
        default=(), description="Further relays, tried in their order while the one before cannot be reached."
    )
    sender: Address = Field(
        description="The address that mails come from. One for ever: readers learn to know it, and filters too."
    )
    return_path: Address | None = Field(
        default=None,
        description="The envelope sender, where there is no `[bounces]`; else `sender`. Mails that cannot be "
        "delivered come back to it.",
    )
    connections: int = Field(
        default=5,
        ge=1,
        le=50,
        description="How many connections to the relay there are at a time. The more, the faster, and the more second "
        "copies a crash can cost.",
    )
    timeout: float = Field(default=30, gt=0, le=300, description="Seconds to wait for an answer of the relay.")
    last_timeout: float = Field(
        default=300,
        gt=0,
        le=900,
        description="Seconds to wait for its answer to a whole mail. RFC 5321 (4.5.3.2.6) asks for ten minutes.",
    )
    lease: float = Field(
        default=60,
        ge=2,
        le=3600,
        description="Seconds after which another process sends what a dead one had claimed. One that lives renews its "
        "claim.",
    )
    rate: float = Field(
        default=0,
        ge=0,
        description="Digests a second, at most; 0 is no limit. Alerts and confirmations do not wait for it.",
    )
    domain_rate: float = Field(default=0, ge=0, description="The same for each domain of readers.")
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="The same for domains by name, in place of `domain_rate`."
    )
    per_day: int = Field(
        default=20_000,
        ge=1,
        description="The emergency brake: no more digests than this in 24 hours. Alerts and confirmations go on.",
    )
    impersonable: bool = Field(
        default=False,
        description="Whether digests are sent though anybody could send mail in your name; `nkwatch doctor` says what "
        "is missing.",
    )

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


class NeutralSettings(Section):
    """Who mails come from for readers who must not be seen to read on this subject."""

    name: str = Field(
        default="Reading list", min_length=1, description="The name that stands in From and in the name of the list."
    )
    sender: Address | None = Field(
        default=None,
        description="The address that these mails come from, best of a domain of its own; else mail.sender.",
    )
