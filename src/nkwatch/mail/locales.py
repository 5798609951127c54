"""What differs between readers' languages in a mail's frame: words, dates, numbers of columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale as Region
from babel.core import get_global
from babel.dates import format_date, format_interval, format_skeleton, format_time, get_day_names

from nkwatch.domain.bulletin import Window

Texts = Mapping[str, str]
"""Translations into one language by their English text."""

#: Dates in the order and spelling of a region where the language alone does not say.
_REGION = {"en": "en_GB"}
#: What CLDR lists beside countries: unions, outlying islands, test regions.
_NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])


@cache
def countries() -> frozenset[str]:
    """The countries whose governments a reader may choose (ISO 3166-1 alpha-2)."""
    return frozenset(filter(str.isalpha, map(str, Region("en").territories))) - _NO_COUNTRIES


@dataclass(frozen=True)
class Locale:
    """A language of frames. What is not translated appears in English."""

    language: str
    texts: Texts

    @property
    def region(self) -> str:
        """The name under which Babel knows the language."""
        return _REGION.get(self.language, self.language)

    def text(self, english: str) -> str:
        """The translation of `english`."""
        return self.texts.get(english) or english

    def day(self, moment: datetime) -> str:
        """The date of `moment` in its own time zone: 3 November 2025."""
        return self.on(moment.date())

    def day_of_year(self, moment: datetime, zone: str) -> str:
        """The date of `moment` in the time zone `zone`, without the year: 3 November."""
        return str(format_skeleton("MMMMd", moment.astimezone(ZoneInfo(zone)).date(), locale=self.region))

    def instant(self, moment: datetime) -> str:
        """The date and time of `moment` in UTC: 3 November 2025, 14:05 UTC."""
        utc = moment.astimezone(ZoneInfo("UTC"))
        time = format_time(utc.time(), "HH:mm", locale=self.region)
        return self.text("%(date)s, %(time)s UTC") % {"date": self.day(utc), "time": time}

    def period(self, window: Window, zone: str) -> str:
        """The days from the beginning to the end of `window` in the time zone `zone`."""
        start, end = (moment.astimezone(ZoneInfo(zone)).date() for moment in (window.start, window.end))
        return str(format_interval(start, end, "yMMMd", locale=self.region))

    def on(self, day: date) -> str:
        """A day of the calendar: 3 November 2025."""
        return _long(day, self.region)

    def days(self, first: date, last: date) -> str:
        """The days from `first` to `last`; one day where they are the same."""
        return self.on(first) if first == last else str(format_interval(first, last, "yMMMd", locale=self.region))

    def country(self, code: str) -> str:
        """What a country is called; its code where nobody knows."""
        return str(Region.parse(self.region).territories.get(code, code))

    def place(self, zone: str) -> str:
        """What the place is called that a time zone (IANA) is named after: Seoul for Asia/Seoul. UTC has none."""
        return _places(self.region).get(zone) or zone.rpartition("/")[2].replace("_", " ")

    def weekday(self, number: int) -> str:
        """The name of a weekday; 0 is Monday."""
        return str(get_day_names("wide", locale=self.region)[number])


@cache
def _places(region: str) -> Mapping[str, str]:
    """Zones with the names of their places, as far as CLDR has any: it may know a zone by an older name alone."""
    known = {zone: told["city"] for zone, told in Region.parse(region).time_zones.items() if "city" in told}
    today = {new: known[old] for old, new in get_global("zone_aliases").items() if old in known}
    return today | known


@lru_cache(2000)
def _long(day: date, region: str) -> str:
    """A day as a region writes it out. Pages and mails name the same few again and again."""
    return format_date(day, "long", locale=region)
