"""Who is meant on the command line, by address or id, and what there is to choose from."""

from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from email_validator import EmailNotValidError, validate_email

from nkwatch.assembly import Newsroom
from nkwatch.cli.choices import Menu
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Own

Someone = Annotated[
    str,
    typer.Argument(metavar="ADDRESS|ID", help="Who; best by the id from `subscribers list`: a shell keeps a history."),
]


def menu(newsroom: Newsroom) -> Menu:
    """What readers of this installation can choose from."""
    languages = frozenset({"en", *newsroom.translations})
    return Menu(languages, frozenset(newsroom.rules.lexicon.by_code), frozenset(newsroom.sources))


def address_of(value: str) -> str:
    """A mail address in its normal form. Raises `ConfigError`."""
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as wrong:
        raise ConfigError(f"{value!r} is no mail address: {wrong}") from wrong


async def someone(newsroom: Newsroom, name: str) -> Own | None:
    """Who has this address or id."""
    if "@" not in name:
        return await newsroom.subscribers.own(name)
    subscriber_id = await newsroom.subscribers.find_address(address_of(name))
    return await newsroom.subscribers.own(subscriber_id) if subscriber_id else None


def nobody(name: str) -> str:
    """What is said when nobody is meant."""
    return f"nobody with the {'address' if '@' in name else 'id'} {name!r} is known here"


def instant(text: str, zone: str) -> datetime:
    """A day (its beginning in this zone) or an instant, in UTC. Raises `ConfigError`."""
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(zone)).astimezone(UTC)
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is no day; write it like 2026-01-31, or 2026-01-31T09:00") from None
    return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
