"""Reads a line that asks not to publish before some instant. What is under embargo never alerts (promise 5).

Only lines at the head or the tail of a text count, and only when the whole line is about that: news of an embargo
on arms or coal is none.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.source import Source
from nkwatch.feeds.dates import AFTERNOONS, home, instant

#: Lines looked at from the beginning and from the end; code points of one.
HEAD, TAIL, LONGEST = 8, 4, 250
#: Other words that a line may hold besides its label, date, time and place.
OTHER_WORDS = 8

_RELEASE = r"(?:publication|release|broadcast|distribution|circulation|transmission|use)"
LABEL = re.compile(
    # English
    r"^(?:(?:media|press|news|strict(?:ly)?|under|full|global)\s+)*embargo(?:ed)?\b"
    r"(?=\s*(?:[:–—-]|until|till|for\b|to\b|by\b|not\b|\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day))"
    rf"|^(?:strictly\s+)?not\s+for\s+{_RELEASE}\b.{{0,60}}?\b(?:before|until|prior to)\b"
    rf"|^hold\s+(?:for\s+{_RELEASE}\s+)?until\b|^for\s+{_RELEASE}\s+(?:at|on|after|from)\b"
    r"|^posted\s+at\s+(?=\d)"
    # French, Spanish
    r"|^(?:strictement\s+)?(?:(?:sous|information sous)\s+)?embargo\b(?=\s*(?:[:–—-]|jusqu))"
    r"|^ne pas (?:publier|diffuser) avant\b"
    r"|^embargad[oa]s?\s+hasta\b|^(?:bajo\s+)?embargo\b(?=\s*(?:[:–—-]|hasta))|^no (?:publicar|difundir) antes d"
    # Korean, Japanese
    r"|^(?:보도\s*(?:시점|일시|시기|유예)|엠바고|공개\s*시점)"
    r"|^(?:報道|情報|記事|公開)?\s*解禁\s*(?:日時|日|時間|時刻|時)?(?=\s*(?:[:：】\]]|\d))|^エンバーゴ"
    r"|^(?=\d.{0,40}(?:まで報道|以降解禁|解禁\s*$))",
    re.IGNORECASE,
)
#: What states hold back from each other, or what becomes of such a measure.
GOODS = re.compile(
    r"\b(?:arms|weapons?|trade|oil|coal|goods|exports?|imports?|sanctions?|shipments?|luxury|lifted|extended|imposed"
    r"|armes|pétrole|armas|comercial|petróleo|on (?!mon|tue|wed|thu|fri|sat|sun|\d))\b"
    r"|무기|금수|수출|수입|輸入|輸出|武器",
    re.IGNORECASE,
)
AT_ONCE = re.compile(r"^\W*(?:배포\s*)?(?:즉시|immediate|now)")
#: From here on a Korean release tells when it was handed out.
HANDED_OUT = re.compile(r"배포")

_YEAR = r"(?:19|20)\d\d"
DATES = (
    re.compile(rf"{_YEAR}\s*[-./년年]\s*\d{{1,2}}\s*[-./월月]\s*\d{{1,2}}(?!\d)[.일日]?"),
    re.compile(
        rf"(?<!\d)\d{{1,2}}(?:er)?\s+(?:de\s+|of\s+)?[^\W\d_]{{3,12}}\.?,?\s+(?:de\s+|del\s+)?{_YEAR}", re.IGNORECASE
    ),
    re.compile(rf"\b[^\W\d_]{{3,12}}\.?\s+\d{{1,2}},?\s+{_YEAR}"),
    re.compile(rf"(?<!\d)\d{{1,2}}[/.-]\d{{1,2}}[/.-]{_YEAR}(?!\d)"),
)
#: A date without a year: the one nearest to when it was seen.
YEARLESS = (
    re.compile(r"(?<!\d)\d{1,2}\s+(?:de\s+)?[^\W\d_]{3,12}(?!\s*\d)", re.IGNORECASE),
    re.compile(r"\b[^\W\d_]{3,12}\s+\d{1,2}(?![\d:.])"),
)
_NAMED_ZONE = r"(?:\s*\(?(?P<zone>(?:GMT|UTC)[+-]\d{1,2}|(?-i:[A-Z]{2,4}\b|Z\b)))?"
TIMES = (
    re.compile(
        rf"(?<![\d.,])(?P<h>[0-2]?\d)[:.](?P<m>[0-5]\d)\s*(?:hrs?|hours|h|uhr)?\s*(?P<half>[ap]\.?m\b\.?)?{_NAMED_ZONE}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![\d.,])(?P<h>[0-2]?\d)\s*(?P<half>[ap]\.?m\b\.?){_NAMED_ZONE}", re.IGNORECASE),
    re.compile(
        rf"(?<![\d.,])(?P<h>[0-2]?\d)\s*h(?:eures?|oras)?\s*(?P<m>[0-5]\d)?(?![\w]){_NAMED_ZONE}", re.IGNORECASE
    ),
    re.compile(
        rf"(?<![\d.,])(?P<h>[0-2]\d)(?P<m>[0-5]\d)\s*(?:hrs?|hours|h)?\b(?!\s*\w*\d{{4}}){_NAMED_ZONE}", re.IGNORECASE
    ),
    re.compile(r"(?P<half>오전|오후|午前|午後)?\s*(?P<h>[0-2]?\d)\s*[시時](?!間)\s*(?:(?P<m>[0-5]?\d)\s*[분分])?"),
    re.compile(
        rf"\b(?:12\s+)?(?P<word>noon|midday|midnight|midi|minuit|mediodía|medianoche|정오|자정|正午){_NAMED_ZONE}",
        re.IGNORECASE,
    ),
)
MIDNIGHTS = frozenset({"midnight", "minuit", "medianoche", "자정"})
#: Places and names whose time a line may mean, where `dates` does not know the name.
PLACES = (
    (re.compile(r"\bET\b|\b(?i:Eastern(?: Time)?|New York|Washington)\b"), "America/New_York"),
    (re.compile(r"\b(?:London|UK) time\b", re.IGNORECASE), "Europe/London"),
    (
        re.compile(r"\b(?:Geneva|Brussels|Paris|Central European)\b|heure de (?:Paris|Genève)", re.IGNORECASE),
        "Europe/Paris",
    ),
    (
        re.compile(r"\b(?:Seoul|Korean?(?: standard)?) time\b|한국\s*시[간각]|서울\s*시[간각]", re.IGNORECASE),
        "Asia/Seoul",
    ),
    (re.compile(r"\b(?:Tokyo|Japan(?: standard)?) time\b|日本時間", re.IGNORECASE), "Asia/Tokyo"),
)


@dataclass(frozen=True, slots=True)
class Embargo:
    """Not to be published before `until` (UTC), as `line` says; None when it tells no readable instant."""

    until: datetime | None
    line: str


def held_until(source: Source, shown: str, title: str, text: str, published: datetime | None) -> datetime | None:
    """Until when an entry of `source` is under embargo; None where it states none. `shown`: its title and language."""
    held = embargo(f"{title}\n{text}", home(source, shown), published)
    return held.until if held else None


def embargo(text: str, zone: str, now: datetime | None = None) -> Embargo | None:
    """The embargo that a line of `text` states, or None when none does.

    `zone` (IANA name) is that of times that name none. A date without a year is the one nearest to `now`.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    ends = lines if len(lines) <= HEAD + TAIL else lines[:HEAD] + lines[-TAIL:]
    stated = (_stated(line, zone, now) for line in ends if len(line) <= LONGEST)
    return next((found for found in stated if found), None)


def _stated(line: str, zone: str, now: datetime | None) -> Embargo | None:
    written = unicodedata.normalize("NFKC", line).lstrip(" *_[(【<■□▪○●-").rstrip(" *_])】>")
    label = LABEL.search(written)
    if label is None:
        return None
    said = written[label.end() :]
    if AT_ONCE.search(said) or GOODS.search(said):
        return None
    date = _date(said, now)
    if date is None:
        return Embargo(None, line) if _is_bare(said) and "embargo" in written.casefold() else None
    day, rest = date
    clock, other = _clock(rest)
    if len(re.findall(r"[^\W\d_]{2,}", other)) > OTHER_WORDS + len(re.findall(_RELEASE, other)):
        return None
    here = next((name for form, name in PLACES if form.search(said)), zone)
    return Embargo(instant(f"{day} {clock}".strip(), here), line)


def _date(said: str, now: datetime | None) -> tuple[str, str] | None:
    """The first date of a line, and the line without it; what a Korean release says of its handing out left aside."""
    said = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", said)
    for form in DATES:
        if match := form.search(said):
            after = HANDED_OUT.split(said[match.end() :])[0]
            return re.sub(r"(?<=\d)er\b|\bof\b", "", match.group()), f"{said[: match.start()]} {after}"
    return _nearest(said, now) if now else None


def _nearest(said: str, now: datetime) -> tuple[str, str] | None:
    for match in (m for form in YEARLESS for m in form.finditer(said)):
        years = (f"{match.group()} {now.year + more}" for more in (-1, 0, 1))
        dated = [(abs(moment - now), day) for day in years if (moment := instant(day, "UTC"))]
        if dated:
            return min(dated)[1], f"{said[: match.start()]} {said[match.end() :]}"
    return None


def _clock(said: str) -> tuple[str, str]:
    """The time of a line as dates are written with (``00:01 GMT``), empty when there is none, and the rest."""
    for form in TIMES:
        if match := form.search(said):
            rest = f"{said[: match.start()]} {said[match.end() :]}"
            return _written(match.groupdict()), rest
    return "", said


def _written(time: dict[str, str | None]) -> str:
    zone = time.get("zone") or ""
    if word := (time.get("word") or "").lower():
        return f"{'00:00' if word in MIDNIGHTS else '12:00'} {zone}".strip()
    hour, minute = int(time.get("h") or 0), int(time.get("m") or 0)
    half = (time.get("half") or "").lower()
    if half and hour <= 12:  # noqa: PLR2004  hours of half a day
        hour = hour % 12 + (12 if half.startswith(AFTERNOONS) else 0)
    return f"{hour:02}:{minute:02} {zone}".strip()


def _is_bare(said: str) -> bool:
    return len(said.split()) <= OTHER_WORDS
