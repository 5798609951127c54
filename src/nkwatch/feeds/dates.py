"""Dates of feeds and pages as instants in UTC. Strict: what could mean two days is no date.

feedparser reads ten o'clock KST as ten o'clock UTC, the 22nd of a dotted date as the 1st, and drops times in
words: so its dates are not used. What is missing or impossible is estimated by the caller, and marked so.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from nkwatch.domain.source import Source

#: Longer than any date with its label, weekday and zone.
LONGEST = 120
#: What names of zones mean (hours east of Greenwich) where the source's own zone does not go by that name.
#: RFC 822 fixed the American ones; the others are of countries whose sources are read.
_NAMES_OF_ZONES = (
    *((0.0, "UT UTC GMT Z WET"), (1, "BST CET WEST"), (2, "CEST EET"), (3, "EEST MSK"), (5.5, "IST")),
    *((7, "ICT WIB"), (8, "AWST HKT PHT SGT"), (9, "KST JST"), (10, "AEST"), (11, "AEDT"), (12, "NZST")),
    *(
        (13, "NZDT"),
        (-3, "ADT"),
        (-4, "AST EDT"),
        (-5, "EST CDT"),
        (-6, "CST MDT"),
        (-7, "MST PDT"),
        (-8, "PST"),
    ),
)
ZONES = {name: timedelta(hours=hours) for hours, names in _NAMES_OF_ZONES for name in names.split()}
#: The months as dates name them, in the languages of the sources (Russian ones in the genitive).
YEARS = (
    "january february march april may june july august september october november december",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
)
#: A month may be shortened to this many letters, as long as no other in any of the languages begins so.
SHORTEST = 3
#: Countries whose numeric dates begin with the month; in all others they begin with the day.
MONTH_FIRST = frozenset({"US", "PH"})
#: Letters, or the tag of a language, that give away the zone of dates which name none.
HOMES = ((re.compile(r"[가-힣]|\bko\b"), "Asia/Seoul"), (re.compile(r"[ぁ-ゖァ-ヺ]|\bja\b"), "Asia/Tokyo"))
AFTERNOONS = ("p", "오후", "午後", "下午")

_FLAGS = re.VERBOSE | re.IGNORECASE
_TIME = r"""
    (?P<half>오전|오후|午前|午後|上午|下午|[ap]\.?\s?m\.?)?\s*
    (?P<hour>\d{1,2})\s*[:시時点h]\s*(?:(?P<minute>\d{1,2})\s*[분分]?)?
    (?:\s*:?\s*(?P<second>\d{1,2})(?![\d:])\s*[초秒]?(?:[.,]\d+)?)?
    (?:\s*(?P<half_after>[ap]\.?\s?m\.?)(?!\w))?
    (?:\s*(?P<zone>(?:UTC|GMT)?[+-]\d{1,2}(?::?\d\d)?(?!\d)|(?-i:[A-Z]{1,5})(?!\w)))?
"""
_DAY_NAME = r"(?:[월화수목금토일月火水木金土日](?:요일|曜日)?|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)"
_WEEKDAY = rf"(?:\s*[(\[]?{_DAY_NAME}[)\]]?)?"
_THEN_TIME = rf"(?:{_WEEKDAY}(?:T|,|-|–|\||at|à|às|a\slas|um|в|의|г\.?|\s)*{_TIME})?"
_NAME = r"(?:(?P<name>[^\W\d_]{3,10})\.?|(?P<month>\d{1,2})월)"
#: 2026-11-22, 2026/11/22, 2026.11.22, 2026. 11. 22., 2026년 11월 22일, 2026年11月22日
YEAR_FIRST = re.compile(
    r"(?<!\d)(?P<year>\d{4})\s*[-./년年]\s*(?P<month>\d{1,2})\s*[-./월月]\s*(?P<day>\d{1,2})(?!\d)[.일日]?"
    + _THEN_TIME,
    _FLAGS,
)
#: RFC 822 section 5 as loosely as it is met (full names of months, two digits of a year, no seconds, no zone), and
#: 1er décembre 2026, 22 de noviembre de 2026, 22. Dezember 2026.
DAY_FIRST = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|[oa](?!\w))?[\s.-]+(?:(?:de|of)\s+)?{_NAME}[\s,-]+(?:del?\s+)?"
    rf"(?P<year>\d{{4}}|\d\d)(?!\d){_THEN_TIME}",
    _FLAGS,
)
#: June 08, 2018
NAME_FIRST = re.compile(
    rf"\b(?P<name>[^\W\d_]{{3,10}})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?!\d){_THEN_TIME}",
    _FLAGS,
)
#: How `date` of C writes it, the year behind the time: Sun Nov 22 10:00:00 KST 2026
YEAR_LAST = re.compile(
    rf"\b(?P<name>[^\W\d_]{{3,10}})\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+(?P<year>\d{{4}})(?!\d)", _FLAGS
)
NUMERIC = re.compile(
    rf"(?<!\d)(?P<first>\d{{1,2}})(?P<mark>[/.-])(?P<then>\d{{1,2}})(?P=mark)(?P<year>\d{{4}})(?!\d){_THEN_TIME}",
    _FLAGS,
)
NUMBERS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


def published(source: Source, shown: str, *written: str) -> datetime | None:
    """The first of these dates of an entry of `source` that can be read; `shown` is its title and language."""
    zone = home(source, shown)
    dates = (instant(text, zone, source.country) for text in written if text)
    return next((date for date in dates if date), None)


def home(source: Source, shown: str) -> str:
    """The zone of dates that name none. Where the catalogue is silent, those beside Korean or Japanese are of there."""
    return source.zone or next((z for letters, z in HOMES if letters.search(shown)), "UTC")


def instant(text: str, zone: str, country: str = "") -> datetime | None:
    """The instant that `text` names, in UTC; None when it names none, or might mean more than one.

    `zone` (IANA name) is that of dates without one; a date without a time is midnight there. `country` (ISO 3166)
    tells whether 03/04/2026 is in March or April.
    """
    written = " ".join(unicodedata.normalize("NFKC", text[: 10 * LONGEST]).split())[:LONGEST]
    here = ZoneInfo(zone)
    try:
        found = (
            _number(written, here) or _iso(written, here) or _spelt(written, here) or _numeric(written, here, country)
        )
        return found.astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        return None


def _number(written: str, here: ZoneInfo) -> datetime | None:
    """Seconds or milliseconds since 1970, or a date and time without any separators."""
    if not (written.isascii() and written.isdigit()):
        return None
    if len(written) in {10, 13}:
        return datetime.fromtimestamp(int(written[:10]), UTC)
    form = NUMBERS.get(len(written))
    return datetime.strptime(written, form).replace(tzinfo=here) if form else None


def _iso(written: str, here: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=here)


def _spelt(written: str, here: ZoneInfo) -> datetime | None:
    for form in (YEAR_FIRST, DAY_FIRST, NAME_FIRST, YEAR_LAST):
        for match in form.finditer(written):
            parts = match.groupdict()
            if month := _month(parts):
                return _moment(int(parts["year"] or 0), month, int(parts["day"] or 0), parts, here)
    return None


def _month(parts: Mapping[str, str | None]) -> int:
    """The number of the month; 0 when there is none."""
    return int(parts.get("month") or 0) or MONTHS.get(_bare(parts.get("name") or ""), 0)


def _bare(name: str) -> str:
    """`name` without case and accents, which are often left out."""
    return "".join(c for c in unicodedata.normalize("NFD", name.casefold()) if not unicodedata.combining(c))


def _short_names() -> dict[str, int]:
    found: dict[str, set[int]] = {}
    for number, name in ((n, _bare(name)) for year in YEARS for n, name in enumerate(year.split(), 1)):
        for length in range(SHORTEST, len(name) + 1):
            found.setdefault(name[:length], set()).add(number)
    return {name: min(numbers) for name, numbers in found.items() if len(numbers) == 1}


MONTHS = _short_names()


def _moment(year: int, month: int, day: int, time: Mapping[str, str | None], here: ZoneInfo) -> datetime:
    if year < 100:  # noqa: PLR2004  two digits of a year, RFC 5322 section 4.3
        year += 2000 if year < 50 else 1900  # noqa: PLR2004
    hour, minute, second = (int(time.get(p) or 0) for p in ("hour", "minute", "second"))
    half = (time.get("half") or time.get("half_after") or "").lower()
    if half.startswith(AFTERNOONS):
        hour += 12 if hour < 12 else 0  # noqa: PLR2004
    elif half and hour == 12:  # noqa: PLR2004
        hour = 0
    local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=here)
    return local.replace(tzinfo=_zone(time.get("zone") or "", local))


def _zone(name: str, local: datetime) -> tzinfo | None:
    """The zone called `name`; that of `local` where it goes by that name, or where nobody knows the name."""
    offset = re.search(r"([+-])(\d{1,2}):?(\d\d)?$", name)
    if offset:
        sign, hours, minutes = offset.groups(default="0")
        return timezone((-1 if sign == "-" else 1) * timedelta(hours=int(hours), minutes=int(minutes)))
    if name == local.tzname() or name not in ZONES:
        return local.tzinfo
    return timezone(ZONES[name])


def _numeric(written: str, here: ZoneInfo, country: str) -> datetime | None:
    match = NUMERIC.search(written)
    if match is None:
        return None
    first, second, year = (int(match[part]) for part in ("first", "then", "year"))
    # with dots it is the day everywhere
    order = country or ("DE" if match["mark"] == "." else "")
    if not order and first != second and max(first, second) <= 12:  # noqa: PLR2004
        return None  # it may mean either
    month_first = second > 12 or (order in MONTH_FIRST and first <= 12)  # noqa: PLR2004
    month, day = (first, second) if month_first else (second, first)
    return _moment(year, month, day, match.groupdict(), here)
