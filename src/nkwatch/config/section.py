"""What sections of the settings are made of: the base of all, and values with rules of their own."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nkwatch.domain.problems import ConfigError
from nkwatch.net.proxies import proxy

#: Nobody asks a publisher more often than every half hour, or would call less than once a week polling.
SHORTEST_MINUTES, LONGEST_MINUTES = 30, 7 * 24 * 60
#: Letters before the @ of the addresses for replies and bounces: our tag takes 34, our token and the plus 41.
LONGEST_REPLIES, LONGEST_BOUNCES = 30, 23


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as wrong:
        raise ValueError(str(wrong)) from wrong


def _room_behind(longest: int, what: str) -> AfterValidator:
    """RFC 5321, 4.5.3.1.1: 64 octets before the @, of which `what` takes the rest."""

    def fitting(value: str) -> str:
        if len(value.rpartition("@")[0]) > longest:
            msg = f"at most {longest} letters before the @: {what} stands behind them"
            raise ValueError(msg)
        return value

    return AfterValidator(fitting)


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


def told_apart(what: str, names: Iterable[str]) -> None:
    """Raises `ValueError` where two of these have one name."""
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        msg = f"two {what} have one name: {', '.join(twice)}"
        raise ValueError(msg)


def _format(name: str) -> Any:
    """What a text is, for who reads the schema: editors, and the reference in docs/."""
    return Field(json_schema_extra={"format": name})


Address = Annotated[str, AfterValidator(_address), _format("email")]
#: with room for what is put between its name and the @
ForReplies = Annotated[Address, _room_behind(LONGEST_REPLIES, "what says whose reply it is")]
ForBounces = Annotated[Address, _room_behind(LONGEST_BOUNCES, "what says whose mail came back")]
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
