"""Rolls of readers in the formats of other programs and in our own, read into rows. A row that cannot be read is told
by its place and a reason, without the address.

Network addresses, names, opens and clicks are never looked at.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from email_validator import EmailNotValidError, validate_email

from nkwatch.cli.choices import MUTE, SIDES, SINGLE, Menu, read_choice, several, zones
from nkwatch.cli.sheets import ADDRESSES, Cells, Unused, read_cells, several_in
from nkwatch.cli.tags import Tags
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Choice, Consent, Suppression
from nkwatch.workflow.import_roll import Row

_AN_ADDRESS = re.compile(r"\S+@\S+")
#: Go writes a zone twice: 2024-03-01 09:00:00.5 +0000 UTC
_GO_ZONE = re.compile(r"\s+([+-]\d\d:?\d\d)(?:\s+\w+)?$")


class From(StrEnum):
    """Where a roll comes from."""

    CSV = "csv"
    LISTMONK = "listmonk"
    MAILCHIMP = "mailchimp"
    NKWATCH = "nkwatch"


class Subscriptions(StrEnum):
    """How all subscriptions in a file stand, where the file itself does not say."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a file is to be understood. `otherwise` is chosen for whoever chose nothing."""

    menu: Menu
    otherwise: Choice
    origin: str = ""
    tags: Tags = field(default_factory=Tags)
    subscriptions: Subscriptions | None = None


def read_roll(path: Path, kind: From, terms: Terms) -> Iterator[Row | Unused]:
    """Every row of a file, or of the files in a zip archive. Raises `ConfigError` when the file is none of its kind."""
    read = _READERS[kind]
    for cells in read_cells(path):
        try:
            yield cells if isinstance(cells, Unused) else read(cells, terms)
        except (ConfigError, ValueError) as wrong:
            # what goes wrong may quote a cell, and a cell may hold an address
            yield Unused(cells.place, _AN_ADDRESS.sub("…@…", str(wrong)))


def masked(address: str) -> str:
    """An address as it may stand in a report: who knows it knows it again."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain[:1]}…"


def _plain(cells: Cells, terms: Terms) -> Row | Unused:
    """A table of one's own. A consent is on record when `confirmed_at` says when, and its origin is known."""
    status = cells.first("status", "standing").casefold()
    left = _LEFT.get(status)
    if status and not left and status not in {"confirmed", "subscribed", "pending"}:
        return Unused(cells.place, f"no such status: {status!r}; there are {', '.join(_STATUSES)}")
    given_at = None if status == "pending" else _instant(cells, "confirmed_at", "given_at")
    return _row(cells, terms, left, given_at, _instant(cells, "left_at", "ended_at"))


def _listmonk(cells: Cells, terms: Terms) -> Row | Unused:
    """A row of listmonk's export of subscribers.

    It does not say how subscriptions stand, so somebody has to; an export can be had of each (`subscription_status`).
    Confirmed means double opt-in; the moment is not exported, so what is on record is when the subscriber came.
    """
    status = cells.first("status")
    if status == "disabled":
        return Unused(cells.place, "disabled in listmonk", wrong=False)
    stands = cells.first("subscription_status") or terms.subscriptions
    if stands is None:
        raise ConfigError("whether somebody unsubscribed is not in listmonk's file")
    left = Suppression.LEFT if status == "blocklisted" or stands == Subscriptions.UNSUBSCRIBED else None
    given_at = _instant(cells, "created_at") if stands == Subscriptions.CONFIRMED else None
    attributes = _attributes(cells.first("attributes"))
    tagged = Cells(cells.place, dict(cells.named) | attributes, cells.file)
    return _row(tagged, terms, left, given_at, _instant(cells, "updated_at") if left else None)


def _mailchimp(cells: Cells, terms: Terms) -> Row | Unused:
    """A row of Mailchimp's export of an audience; the name of the file says whether these people are subscribed.

    Both times are there, and the confirmation is the later one, only after a double opt-in: who was imported or added
    by hand has no time of opt-in, and after a single opt-in the two are equal.
    """
    if cells.file.startswith("nonsubscribed"):
        return Unused(cells.place, "never subscribed", wrong=False)
    cleaned = cells.file.startswith("cleaned") or bool(cells.first("clean_time"))
    gone = cells.file.startswith("unsubscribed") or bool(cells.first("unsub_time"))
    complained = re.search("abuse|spam|complain", cells.first("unsub_reason"), re.IGNORECASE)
    left = Suppression.BOUNCED if cleaned else Suppression.COMPLAINED if gone and complained else None
    opted, confirmed = _instant(cells, "optin_time"), _instant(cells, "confirm_time")
    given_at = confirmed if opted and confirmed and opted < confirmed else None
    left_at = _instant(cells, "clean_time", "unsub_time", "last_changed")
    return _row(cells, terms, left or (Suppression.LEFT if gone else None), given_at, left_at)


def _row(
    cells: Cells, terms: Terms, left: Suppression | None, given_at: datetime | None, left_at: datetime | None
) -> Row | Unused:
    try:
        address = validate_email(cells.first(*ADDRESSES), check_deliverability=False).normalized
    except EmailNotValidError:
        return Unused(cells.place, f"{masked(cells.first(*ADDRESSES))} is no mail address")
    if left:
        return Row(cells.place, address, terms.otherwise, left=left, left_at=left_at)
    origin = cells.first("origin") or terms.origin
    if given_at and not origin:
        raise ConfigError("a consent is on record, but not where it was given; say so with --origin")
    return Row(
        place=cells.place,
        address=address,
        choice=_choice(cells, terms),
        consent=Consent(origin, given_at) if given_at else None,
        paused_until=_instant(cells, "paused_until"),
    )


def _choice(cells: Cells, terms: Terms) -> Choice:
    """What the cells say, with tags as wishes. A language or zone that is not known here is left as elsewhere."""
    given: dict[str, Any] = {name: cells.named[name] for name in _CHOSEN if name in cells.named}
    for name in ("wishes", "mutes"):
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    language = re.split("[-_]", cells.first("language", "preferred_language", "lang", "locale").casefold())[0]
    zone = cells.first("zone", "timezone", "time_zone")
    given |= {"language": language} if language in terms.menu.languages else {}
    given |= {"zone": zone} if zone in zones() else {}
    return terms.tags.applied(several(cells.first("tags")), read_choice(given, terms.menu, terms.otherwise), given)


def _attributes(text: str) -> dict[str, str]:
    """Tags, language and zone out of listmonk's attributes, a JSON object."""
    found = json.loads(text) if text else {}
    if not isinstance(found, dict):
        return {}
    names = ("tags", "language", "lang", "locale", "zone", "timezone", "time_zone")
    return {n: _as_cell(found[n]) for n in names if found.get(n)}


def _as_cell(value: Any) -> str:
    return several_in(value) if isinstance(value, list) else str(value)


def _instant(cells: Cells, *names: str) -> datetime | None:
    """The first of these times that is filled in, UTC where it names no zone. Raises `ConfigError`."""
    for name in names:
        if said := cells.first(name):
            try:
                read = datetime.fromisoformat(_GO_ZONE.sub(r"\1", said))
            except ValueError:
                raise ConfigError(f"{name}: no date that can be read; write it like 2026-01-31 09:00:00") from None
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    return None


_LEFT = {
    "unsubscribed": Suppression.LEFT,
    "left": Suppression.LEFT,
    "ended": Suppression.LEFT,
    "cleaned": Suppression.BOUNCED,
    "bounced": Suppression.BOUNCED,
    "complained": Suppression.COMPLAINED,
    "erased": Suppression.ERASED,
}
_STATUSES = ("confirmed", "pending", *_LEFT)
#: What of a choice is read as it stands; language and zone have several names.
_CHOSEN = (*(n for n in SINGLE if n not in {"language", "zone"}), "wishes", "mutes", *SIDES, *(MUTE + s for s in SIDES))
_READERS: Mapping[From, Callable[[Cells, Terms], Row | Unused]] = {
    From.CSV: _plain,
    From.LISTMONK: _listmonk,
    From.MAILCHIMP: _mailchimp,
    From.NKWATCH: _plain,
}
