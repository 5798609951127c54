"""What sections of the settings are made of: the base of all, and values with rules of their own."""

from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nkwatch.domain.problems import ConfigError
from nkwatch.net.proxies import proxy

#: Nobody asks a publisher more often than every half hour, or would call less than once a week polling.
SHORTEST_MINUTES, LONGEST_MINUTES = 30, 7 * 24 * 60
#: Letters before the @ of the addresses for replies and bounces.
LONGEST_REPLIES = 30
LONGEST_BOUNCES = 23


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


def _room_for_an_envelope(value: str) -> str:
    """RFC 5321, 4.5.3.1.1: 64 octets before the @, of which our token and the plus take 41."""
    if len(value.rpartition("@")[0]) > LONGEST_BOUNCES:
        msg = f"at most {LONGEST_BOUNCES} letters before the @: what says whose mail came back stands behind them"
        raise ValueError(msg)
    return value


@cache
def _zones() -> set[str]:
    """Looked up once: it reads the whole folder of zones."""
    return available_timezones()


def _zone(value: str) -> str:
    if value and value not in _zones():
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


def _format(name: str) -> Any:
    """What a text is, for who reads the schema: editors, and the reference in docs/."""
    return Field(json_schema_extra={"format": name})


Address = Annotated[str, AfterValidator(_address), _format("email")]
#: with room for what is put between its name and the @
ForReplies = Annotated[Address, AfterValidator(_room_for_a_tag)]
ForBounces = Annotated[Address, AfterValidator(_room_for_an_envelope)]
Zone = Annotated[str, AfterValidator(_zone), _format("time-zone")]
Minutes = Annotated[int, AfterValidator(_minutes)]
Proxy = Annotated[str, AfterValidator(_proxy)]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^/\s]+(/[^\s]*)?$"), _format("uri")]
Mailbox = Annotated[str, Field(pattern=r"^(imaps?|imap\+starttls|maildir):\S+$"), _format("mailbox")]
MaybeMailbox = Annotated[str, Field(pattern=r"^((imaps?|imap\+starttls|maildir):\S+)?$"), _format("mailbox")]
MaybeWebAddress = Annotated[str, Field(pattern=r"^(https?://\S+)?$"), _format("uri")]


class Section(BaseModel):
    """A table of the settings file: unknown names are problems, values never change.

    Every setting has a `description`: it stands in docs/reference/configuration.md, in the schema and in messages.
    (Docstrings of attributes would do, and cost a third more of the start of each command: pydantic looks for them in
    the sources.)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
