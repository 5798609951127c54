"""What sections of the settings are made of: the base of all, and values with rules of their own."""

from functools import cache
from typing import Annotated
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


Address = Annotated[str, AfterValidator(_address)]
#: with room for what is put between its name and the @
ForReplies = Annotated[str, AfterValidator(_address), AfterValidator(_room_for_a_tag)]
ForBounces = Annotated[str, AfterValidator(_address), AfterValidator(_room_for_an_envelope)]
Zone = Annotated[str, AfterValidator(_zone)]
Minutes = Annotated[int, AfterValidator(_minutes)]
Proxy = Annotated[str, AfterValidator(_proxy)]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^/\s]+(/[^\s]*)?$")]


class Section(BaseModel):
    """A table of the settings file: unknown names are problems, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
