"""A week's figures as lines that can be read, with the week before beside each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from nkwatch.domain.week import Figures, Week

UNKNOWN = "unknown"
MEGABYTE, GIGABYTE = 1_000_000, 1_000_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is, that of the week, and that of the week before."""

    label: str
    this: str
    before: str


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


Shown = Callable[[Figures], str]


def sections(week: Week) -> tuple[Section, ...]:
    """All figures, in the order in which they are read."""
    return tuple(
        Section(title, tuple(Row(label, shown(week.this), shown(week.before)) for label, shown in rows))
        for title, rows in _SECTIONS
    )


def states(week: Week, now: datetime) -> tuple[tuple[str, str], ...]:
    """How things are now: names and words."""
    broken = ", ".join(f"{source} ({health})" for source, health in week.sources) or "none"
    return (
        ("Sources that fell silent or broke in that week", broken),
        ("Readers", f"{week.readers:,}"),
        ("Deliveries that wait", f"{week.waiting:,}"),
        ("Last backup", f"{span(now - week.backup_at)} ago" if week.backup_at else f"{UNKNOWN}: make one"),
        ("Free on the disk of the database", UNKNOWN if week.room is None else size(week.room)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in week.versions)),
    )


def span(length: timedelta | None) -> str:
    """A length of time in its two largest units: 3 min 20 s."""
    if length is None:
        return "–"
    seconds = max(0, round(length.total_seconds()))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    found = []
    for name, worth in units:
        count, seconds = divmod(seconds, worth)
        if count:
            found.append(f"{count} {name}")
    return " ".join(found[:2]) or "0 s"


def size(octets: int | None) -> str:
    """Bytes in megabytes, or in gigabytes where these are many."""
    if octets is None:
        return UNKNOWN
    return f"{octets / GIGABYTE:,.1f} GB" if octets >= 10 * GIGABYTE else f"{octets / MEGABYTE:,.1f} MB"


def _count(name: str) -> Shown:
    return lambda figures: f"{getattr(figures, name):,}"


def _span(name: str) -> Shown:
    return lambda figures: span(getattr(figures, name))


_SECTIONS: tuple[tuple[str, tuple[tuple[str, Shown], ...]], ...] = (
    (
        "Sources",
        (("Polls", _count("polls")), ("Polls answered", _count("answered")), ("New statements", _count("new"))),
    ),
    (
        "Reading",
        (
            ("Statements read", _count("read")),
            ("On North Korea", _count("about_nk")),
            ("Stories that became ready", _count("stories")),
        ),
    ),
    (
        "Bulletins",
        (
            ("Alerts", _count("alerts")),
            ("Alerts: first seen to accepted, median", _span("median")),
            ("Alerts: first seen to accepted, worst", _span("worst")),
            ("Digests", _count("digests")),
            ("Deliveries accepted", _count("sent")),
            ("Deliveries refused", _count("refused")),
            ("Deliveries cancelled", _count("cancelled")),
            ("Deliveries not done yet", _count("undone")),
            ("Bounced afterwards", _count("bounced")),
            ("Called junk", _count("complained")),
        ),
    ),
    (
        "Readers",
        (("Joined", _count("joined")), ("Left", _count("left")), ("Ended, as nothing arrived", _count("gone"))),
    ),
    ("Database", (("Size at the end of the week", lambda figures: size(figures.database_bytes)),)),
)
