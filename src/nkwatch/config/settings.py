"""What may stand in the settings file and in the file of secrets: the sections, their defaults, what is allowed."""

import base64
import binascii
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_serializer, model_validator

from nkwatch.config.archive import ArchiveSettings
from nkwatch.config.desk import DeskSettings
from nkwatch.config.mail import (
    BouncesSettings,
    DkimSettings,
    MailSettings,
    NeutralSettings,
    RepliesSettings,
    WatchSettings,
)
from nkwatch.config.section import Address, Minutes, Proxy, Section, WebAddress, Zone
from nkwatch.config.webhooks import WebhookList, WebhookSecrets
from nkwatch.domain.desk import Editor
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role, Scope, Source
from nkwatch.keys import Keyring
from nkwatch.net.proxies import proxy

SECRETS = "nkwatch.secrets.toml"
KEY_BYTES = 32


class SiteSettings(Section):
    """How readers know this service."""

    url: WebAddress
    name: str = "nkwatch"
    contact: Address


class SignUpSettings(Section):
    """How many may subscribe on the site, so that nobody can flood a mailbox or this service. 0 closes the form."""

    per_network: int = Field(default=10, ge=0, description="an hour")
    per_domain: int = Field(default=200, ge=0, description="a day")
    total: int = Field(default=1000, ge=0, description="a day")


class PollingSettings(Section):
    """How sources are asked."""

    at_once: int = Field(default=8, ge=1, le=64)
    pause: float = Field(default=2, ge=0, description="seconds between two requests to one host")
    deadline: float = Field(default=30, gt=0, le=120, description="seconds for one source")
    #: whether several processes poll; by default on PostgreSQL only
    shared: bool | None = None
    #: all requests go through it, names are resolved behind it: socks5://HOST:PORT (Tor) or http://HOST:PORT
    proxy: Proxy = ""
    #: host:port on this machine that may be fetched; for tests and the demo only
    allow: tuple[str, ...] = ()

    @field_serializer("proxy")
    def _without_password(self, value: str) -> str:
        return str(proxy(value)) if value else ""


class OperatorSettings(Section):
    """When and where the people who run this want to hear what need not wake them; at `site.contact` by default."""

    address: Address | None = None
    zone: Zone = "UTC"
    morning: int = Field(default=8, ge=0, le=23, description="hour of the zone")


class AlertSettings(Section):
    """Who lets alerts go, and how many one reader gets. By default every alert waits for an editor."""

    #: ids of primary sources whose urgent statements go out by themselves
    trusted: tuple[str, ...] = ()
    #: two sources that do not depend on each other may release one together
    two_sources: bool = False
    #: how many editors must say yes
    persons: int = Field(default=1, ge=1, le=2)
    per_day: int = Field(default=5, ge=1, le=100, description="mails with alerts for one reader in a day")
    second_after: int = Field(default=30, ge=1, le=1440, description="minutes until the second editors are called")


class EditorSettings(Section):
    """Somebody who is told by mail when an alert waits."""

    name: str = Field(min_length=1)
    address: Address
    language: str = "en"
    second: bool = False

    def editor(self) -> Editor:
        """The value that the rest of the program knows."""
        return Editor(**self.model_dump())


class InstallationSettings(Section):
    """How a database knows where it belongs, and where it is kept who left: see docs/backup.md."""

    #: the name of this host, where the machine's own changes, as in containers
    host: str = ""
    #: beside the database by default; for PostgreSQL beside the settings
    departed: Path | None = None
    #: public keys of age that backups are encrypted for
    backup_for: tuple[Annotated[str, Field(pattern=r"^age1[0-9a-z]+$")], ...] = ()


class WebSettings(Section):
    """Where the small site listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)


class VitalsSettings(Section):
    """Where a process tells how it is: /healthz, /readyz, /metrics. With port 0 it does not.

    Who may ask it learns how many readers there are: elsewhere than on this machine or in an inner network it listens
    only with `public`.
    """

    listen: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    public: bool = False

    @model_validator(mode="after")
    def _within(self) -> Self:
        try:
            address = ip_address(self.listen)
        except ValueError as wrong:
            msg = "listen must be an address, such as 127.0.0.1"
            raise ValueError(msg) from wrong
        inner = (address.is_loopback or address.is_private) and not address.is_unspecified
        if not inner and not self.public:
            msg = "anybody may reach it there; where that is meant, or something else prevents it, set public = true"
            raise ValueError(msg)
        return self


class LogSettings(Section):
    """How the log looks."""

    json_lines: bool = Field(default=False, alias="json")
    level: Literal["debug", "info", "warning", "error"] = "info"


class SourceSettings(Section):
    """A source of the operator's own; what each field means stands at `domain.source.Source`."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    url: str = Field(pattern=r"^(https?://[^/\s]+(/[^\s]*)?|(imaps?|imap\+starttls|maildir):\S+)$")
    publisher: str
    owner: str = ""
    organisation: str = ""
    kind: str = "feed"
    role: Role = Role.PRESS
    scope: Scope = Scope.ALL_TOPIC
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    languages: tuple[str, ...] = ()
    homepage: str = ""
    domains: tuple[str, ...] = ()
    zone: Zone = ""
    alerts: bool = False
    enabled: bool = True
    options: dict[str, str] = Field(default_factory=dict)
    strip: tuple[str, ...] = ()
    article: str = ""
    drop: tuple[str, ...] = ()
    minutes: Minutes = 0
    alone: bool = False
    licence: str = ""
    confidence: str = ""
    note: str = ""

    def source(self) -> Source:
        """The value that the rest of the program knows."""
        return Source(**self.model_dump())


class CatalogueSettings(Section):
    """Sources of the shipped catalogue to switch on or off by id."""

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()


class Config(Section):
    """All settings. Paths are taken relative to the settings file."""

    site: SiteSettings
    mail: MailSettings
    database: str = "sqlite:///nkwatch.db"
    secrets: Path = Path(SECRETS)
    templates: Path | None = None
    rules: Path | None = None
    calendar: Path | None = None
    polling: PollingSettings = PollingSettings()
    operator: OperatorSettings = OperatorSettings()
    installation: InstallationSettings = InstallationSettings()
    web: WebSettings = WebSettings()
    desk: DeskSettings = DeskSettings()
    signup: SignUpSettings = SignUpSettings()
    neutral: NeutralSettings = NeutralSettings()
    replies: RepliesSettings | None = None
    dkim: DkimSettings | None = None
    bounces: BouncesSettings | None = None
    watch: WatchSettings = WatchSettings()
    vitals: VitalsSettings = VitalsSettings()
    log: LogSettings = LogSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    source: tuple[SourceSettings, ...] = ()
    alerts: AlertSettings = AlertSettings()
    archive: ArchiveSettings = ArchiveSettings()
    editor: tuple[EditorSettings, ...] = ()
    webhook: WebhookList = ()
    #: where to write to a government, by its country (ISO 3166-1 alpha-2)
    contacts: dict[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], WebAddress] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _editors_can_be_told_apart(self) -> "Config":
        names = [e.name.casefold() for e in self.editor]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            msg = f"two editors have one name: {', '.join(twice)}"
            raise ValueError(msg)
        if self.alerts.persons > 1 and len(names) < self.alerts.persons:
            msg = "alerts.persons = 2 needs two [[editor]] tables: nobody could release an alert"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _a_person_behind_replies(self) -> "Config":
        if self.replies and self.replies.address == self.site.contact:
            msg = "replies.address and site.contact must differ: what is passed on to the contact would come back"
            raise ValueError(msg)
        return self


class Secrets(Section):
    """What must never stand in the settings file. Key ids are 1..255; `current` makes what is new."""

    current: int = Field(ge=1, le=255)
    keys: dict[int, str]
    mail_password: str = ""
    #: passwords of relays, by host
    relays: dict[str, str] = Field(default_factory=dict)
    replies_password: str = ""
    bounces_password: str = ""
    canary_password: str = ""
    #: keys by which providers sign what they report: mailgun (signing key), sendgrid (public key)
    webhook_keys: dict[str, str] = Field(default_factory=dict)
    #: passwords of mailboxes that are sources, by source id
    mailboxes: dict[str, str] = Field(default_factory=dict)
    #: what calls of webhooks are signed with, by name of the webhook
    webhooks: WebhookSecrets = Field(default_factory=dict)

    def keyring(self) -> Keyring:
        """The keys, decoded. Raises `ConfigError` when one is damaged."""
        try:
            masters = {i: base64.urlsafe_b64decode(k) for i, k in self.keys.items()}
        except binascii.Error as wrong:
            raise ConfigError(f"{SECRETS}: a key is no base64 ({wrong}); restore the file from its backup") from wrong
        if self.current not in masters or any(len(k) != KEY_BYTES for k in masters.values()):
            raise ConfigError(f"{SECRETS}: [keys] needs key {self.current}, and 32 bytes in each key")
        return Keyring(masters, self.current)
