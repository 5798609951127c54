"""The operator's settings: one TOML file and one file of secrets beside it. Every problem is reported at once."""

import base64
import binascii
import re
import stat
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_serializer, model_validator

from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role, Scope, Source
from nkwatch.keys import Keyring
from nkwatch.net.proxies import proxy

SECRETS = "nkwatch.secrets.toml"
KEY_BYTES = 32
#: Nobody asks a publisher more often than every half hour, or would call less than once a week polling.
SHORTEST_MINUTES, LONGEST_MINUTES = 30, 7 * 24 * 60
M = TypeVar("M", bound=BaseModel)
#: May hold a password, and is not repeated in messages.
PRIVATE = frozenset({"polling.proxy"})
#: Folders of the operator's own, whose files take the place of shipped ones.
FOLDERS = ("templates", "rules")
#: Letters before the @ of the address for replies.
LONGEST_REPLIES = 30
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as wrong:
        raise ValueError(str(wrong)) from wrong


def _room_for_a_tag(value: str) -> str:
    """RFC 5321, 4.5.3.1.1: 64 octets before the @, of which our tag takes 34."""
    if len(value.rpartition("@")[0]) > LONGEST_REPLIES:
        msg = f"at most {LONGEST_REPLIES} letters before the @: what says whose reply it is stands behind them"
        raise ValueError(msg)
    return value


def _zone(value: str) -> str:
    if value and value not in available_timezones():
        msg = "no time zone of that name; use one such as Asia/Seoul"
        raise ValueError(msg)
    return value


def _minutes(value: int) -> int:
    if value and not SHORTEST_MINUTES <= value <= LONGEST_MINUTES:
        msg = f"0 (the source's own rhythm decides) or from {SHORTEST_MINUTES} to {LONGEST_MINUTES}"
        raise ValueError(msg)
    return value


def _proxy(value: str) -> str:
    try:
        if value:
            proxy(value)
    except ConfigError as wrong:
        raise ValueError(str(wrong)) from wrong
    return value


Address = Annotated[str, AfterValidator(_address)]
Zone = Annotated[str, AfterValidator(_zone)]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^/\s]+(/[^\s]*)?$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteSettings(_Section):
    """How readers know this service."""

    url: WebAddress
    name: str = "nkwatch"
    contact: Address


class MailSettings(_Section):
    """The relay that takes the mail, and who it comes from."""

    host: str
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "starttls"
    username: str = ""
    sender: Address
    return_path: Address | None = None
    connections: int = Field(default=5, ge=1, le=50)
    timeout: float = Field(default=30, gt=0, le=300, description="seconds")
    #: how long a process keeps the deliveries that it claimed, before others may send them
    lease: float = Field(default=300, ge=2, le=3600, description="seconds")

    @model_validator(mode="after")
    def _encrypted(self) -> "MailSettings":
        if self.security == "none" and self.host not in LOOPBACK:
            msg = 'security = "none" is for a relay on this machine only; use "starttls" or "tls"'
            raise ValueError(msg)
        return self


class NeutralSettings(_Section):
    """Who mails come from for readers who must not be seen to read on this subject; best a domain of its own."""

    name: str = Field(default="Reading list", min_length=1)
    sender: Address | None = None


class RepliesSettings(_Section):
    """The mailbox that replies go to: who asks to leave leaves, everything else is passed on to the contact.

    `address` must take sub-addresses (replies+...@...).
    """

    address: Annotated[Address, AfterValidator(_room_for_a_tag)]
    mailbox: str = Field(pattern=r"^(imaps?|imap\+starttls|maildir):\S+$")


class SignUpSettings(_Section):
    """How many may subscribe on the site, so that nobody can flood a mailbox or this service. 0 closes the form."""

    per_network: int = Field(default=10, ge=0, description="an hour")
    per_domain: int = Field(default=200, ge=0, description="a day")
    total: int = Field(default=1000, ge=0, description="a day")


class PollingSettings(_Section):
    """How sources are asked."""

    at_once: int = Field(default=8, ge=1, le=64)
    pause: float = Field(default=2, ge=0, description="seconds between two requests to one host")
    deadline: float = Field(default=30, gt=0, le=120, description="seconds for one source")
    #: all requests go through it, names are resolved behind it: socks5://HOST:PORT (Tor) or http://HOST:PORT
    proxy: Annotated[str, AfterValidator(_proxy)] = ""
    #: host:port on this machine that may be fetched; for tests and the demo only
    allow: tuple[str, ...] = ()

    @field_serializer("proxy")
    def _without_password(self, value: str) -> str:
        return str(proxy(value)) if value else ""


class OperatorSettings(_Section):
    """When the people who run this want to hear of the sources."""

    zone: Zone = "UTC"
    morning: int = Field(default=8, ge=0, le=23, description="hour of the zone")


class WebSettings(_Section):
    """Where the small site listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)


class LogSettings(_Section):
    """How the log looks."""

    json_lines: bool = Field(default=False, alias="json")
    level: Literal["debug", "info", "warning", "error"] = "info"


class SourceSettings(_Section):
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
    options: dict[str, str] = {}
    strip: tuple[str, ...] = ()
    article: str = ""
    drop: tuple[str, ...] = ()
    minutes: Annotated[int, AfterValidator(_minutes)] = 0
    alone: bool = False
    licence: str = ""
    confidence: str = ""
    note: str = ""

    def source(self) -> Source:
        """The value that the rest of the program knows."""
        return Source(**self.model_dump())


class CatalogueSettings(_Section):
    """Sources of the shipped catalogue to switch on or off by id."""

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()


class Config(_Section):
    """All settings. Paths are taken relative to the settings file."""

    site: SiteSettings
    mail: MailSettings
    database: str = "sqlite:///nkwatch.db"
    secrets: Path = Path(SECRETS)
    templates: Path | None = None
    rules: Path | None = None
    polling: PollingSettings = PollingSettings()
    operator: OperatorSettings = OperatorSettings()
    web: WebSettings = WebSettings()
    signup: SignUpSettings = SignUpSettings()
    neutral: NeutralSettings = NeutralSettings()
    replies: RepliesSettings | None = None
    log: LogSettings = LogSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    source: tuple[SourceSettings, ...] = ()

    @model_validator(mode="after")
    def _a_person_behind_replies(self) -> "Config":
        if self.replies and self.replies.address == self.site.contact:
            msg = "replies.address and site.contact must differ: what is passed on to the contact would come back"
            raise ValueError(msg)
        return self


class Secrets(_Section):
    """What must never stand in the settings file. Key ids are 1..255; `current` makes what is new."""

    current: int = Field(ge=1, le=255)
    keys: dict[int, str]
    mail_password: str = ""
    replies_password: str = ""
    #: passwords of mailboxes that are sources, by source id
    mailboxes: dict[str, str] = {}

    def keyring(self) -> Keyring:
        """The keys, decoded. Raises `ConfigError` when one is damaged."""
        try:
            masters = {i: base64.urlsafe_b64decode(k) for i, k in self.keys.items()}
        except binascii.Error as wrong:
            raise ConfigError(f"{SECRETS}: a key is no base64 ({wrong}); restore the file from its backup") from wrong
        if self.current not in masters or any(len(k) != KEY_BYTES for k in masters.values()):
            raise ConfigError(f"{SECRETS}: [keys] needs key {self.current}, and 32 bytes in each key")
        return Keyring(masters, self.current)


def load_config(path: Path) -> Config:
    """The settings in `path`. Raises `ConfigError` with every problem and its line."""
    text = _read(path, "run `nkwatch init` to make one")
    config = _validated(Config, text, path)
    base = path.resolve().parent
    resolved: dict[str, Any] = {
        "secrets": base / config.secrets,
        "database": _absolute(config.database, base),
    }
    resolved |= {name: base / own for name in FOLDERS if (own := getattr(config, name))}
    return config.model_copy(update=resolved)


def load_secrets(path: Path) -> Secrets:
    """The secrets in `path`, which nobody but its owner may read. Raises `ConfigError`."""
    text = _read(path, "run `nkwatch init`, or restore it from its backup: without it no address can be read")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: others may read it; run: chmod 600 {path}")
    return _validated(Secrets, text, path)


def _read(path: Path, remedy: str) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; {remedy}") from None
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError(f"{path}: cannot be read: {wrong}") from wrong


def _validated(model: type[M], text: str, path: Path) -> M:
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        raise ConfigError(f"{path}: no TOML: {wrong}") from wrong
    except ValidationError as wrong:
        raise ConfigError(
            *(_problem(e, text, path, open_to_all=model is not Secrets) for e in wrong.errors())
        ) from wrong


def _problem(error: Any, text: str, path: Path, *, open_to_all: bool) -> str:
    """One problem as a sentence: file, line, setting, what is wrong, the value (never one of a secret)."""
    where = error["loc"]
    name = ".".join(str(part) for part in where)
    said = "no such setting" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
    value = error.get("input")
    may_be_shown = open_to_all and name not in PRIVATE
    shown = f" (it is {value!r})" if isinstance(value, str | int | float) and may_be_shown else ""
    return f"{path}, line {line_of(text, where)}: {name}: {said}{shown}"


def line_of(text: str, where: tuple[str | int, ...]) -> int:
    """The line (from 1) on which a setting stands, or else its nearest table."""
    lines = text.splitlines()
    names = [p for p in where if isinstance(p, str)]
    index = next((p for p in where if isinstance(p, int)), 0)
    headers = (
        [i for i, row in enumerate(lines) if re.match(rf"\s*\[\[?\s*{re.escape(names[0])}\b", row)] if names else []
    )
    start = headers[min(index, len(headers) - 1)] if headers else 0
    for number in range(start, len(lines)):
        if names and re.match(rf"\s*{re.escape(names[-1])}\s*=", lines[number]):
            return number + 1
        if headers and number > start and re.match(r"\s*\[", lines[number]):
            break
    return start + 1


def _absolute(database: str, base: Path) -> str:
    prefix = "sqlite:///"
    name = database.removeprefix(prefix)
    return f"{prefix}{base / name}" if database.startswith(prefix) and name != ":memory:" else database
