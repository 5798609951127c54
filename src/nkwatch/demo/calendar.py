"""What is coming in the demo: a calendar of invented dates, always ahead of the day on which it runs."""

from datetime import datetime, timedelta
from pathlib import Path

from icalendar import Calendar, Event

#: Days from now, how many days it lasts, what it is, where.
DATES = (
    (9, 1, "Invented example: hearing of families in the National Assembly", "Seoul"),
    (23, 2, "Invented example: dialogue with the Special Rapporteur", "Geneva"),
    (44, 5, "Invented example: session of the working group on the periodic review", "Geneva"),
)


def write_calendar(path: Path, now: datetime) -> None:
    """Write it as an operator would keep it (RFC 5545)."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//nkwatch//demo//EN")
    for number, (ahead, days, title, place) in enumerate(DATES):
        day = (now + timedelta(days=ahead)).date()
        event = Event()
        event.add("uid", f"demo-{number}@nkwatch.example")
        event.add("dtstamp", now)
        event.add("summary", title)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=days))
        event.add("location", place)
        calendar.add_component(event)
    path.write_bytes(calendar.to_ical())
