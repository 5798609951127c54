"""A query as it stands in an address: read, with all that is mistaken in it, and written in one way."""

import re
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from nkwatch.domain.reading import Urgency
from nkwatch.domain.search import Query
from nkwatch.reading.tokens import phrase

#: Letters of what is asked for, of a value of a filter, words and phrases, and values of a filter.
LONGEST, LONGEST_VALUE, MOST_WORDS, MOST_VALUES = 200, 100, 12, 50
#: Digits of the largest number that the database counts to.
LONGEST_NUMBER = 18
_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”|「([^」]*)」|«([^»]*)»|(\S+)')
_MARKS = dict.fromkeys(map(ord, '"“”「」«»'))
_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_COUNTRY, _LANGUAGE = re.compile("[a-z]{2}", re.IGNORECASE), re.compile("[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE)
_LEVELS = {level.name.lower(): level for level in Urgency}
_YES = frozenset({"1", "yes", "on", "true"})


def _(message: str) -> str:
    """Marks a text that pages translate."""
    return message


class Mistake(NamedTuple):
    """What is wrong with a query: a sentence that pages translate, and what stands in its places."""

    message: str
    values: Mapping[str, str]

    def __str__(self) -> str:
        return self.message % self.values


class Params(Protocol):
    """Parameters of an address, each of which may stand there several times; Starlette's QueryParams."""

    def getlist(self, key: str) -> list[str]:
        """All values of a parameter."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """The codes of the themes and of the sources that there are."""

    themes: Collection[str]
    sources: Collection[str]


@dataclass(slots=True)
class _Reading:
    """Parameters being read."""

    params: Params
    mistakes: list[Mistake]

    def one(self, name: str) -> str:
        """The last value that says something."""
        return next((v for given in reversed(self.params.getlist(name)) if (v := _clean(given))), "")

    def set_of(self, name: str, message: str, fits: Callable[[str], bool]) -> frozenset[str]:
        """All values; those that do not fit are told."""
        given = [v for value in self.params.getlist(name) if (v := _clean(value))]
        if len(given) > MOST_VALUES:
            self.wrong(_("At most %(most)s values of one filter can be given."), most=str(MOST_VALUES))
            given = given[:MOST_VALUES]
        for value in given:
            if not fits(value):
                self.wrong(message, value=value[:LONGEST_VALUE])
        return frozenset(v for v in given if fits(v))

    def wrong(self, message: str, **values: str) -> None:
        self.mistakes.append(Mistake(message, values))


def read_query(params: Params, known: Known | None = None) -> tuple[Query, list[Mistake]]:
    """What is asked for, and what is mistaken in it, which then is left out. Without `known` any code of a theme or of
    a source will do.
    """
    read = _Reading(params, [])
    since, until = _day(read, "since", last=False), _day(read, "until", last=True)
    if since and until and until < since:
        read.wrong(_("The search ends (%(until)s) before it begins (%(since)s)."), since=str(since), until=str(until))
        since = until = None
    query = Query(
        words=_words(read),
        themes=read.set_of("theme", _("No theme is called “%(value)s”."), _among(known.themes if known else None)),
        sources=read.set_of("source", _("No source is called “%(value)s”."), _among(known.sources if known else None)),
        countries=_upper(read, "country"),
        languages=frozenset(
            v.partition("-")[0].lower()
            for v in read.set_of("language", _("“%(value)s” is no code of a language, such as ko."), _fits(_LANGUAGE))
        ),
        asked=_upper(read, "asked"),
        since=since,
        until=until,
        urgency=_urgency(read),
        speaker=_name(read, "speaker"),
        addressee=_name(read, "addressee"),
        rights=read.one("rights").lower() in _YES,
    )
    return query, read.mistakes


def written_query(query: Query) -> list[tuple[str, str]]:
    """The parameters of an address by which this is asked: names and values, always in the same order."""
    several: Iterable[tuple[str, Iterable[str]]] = (
        ("theme", query.themes),
        ("source", query.sources),
        ("country", query.countries),
        ("language", query.languages),
        ("asked", query.asked),
    )
    single = (
        ("since", "" if query.since is None else query.since.isoformat()),
        ("until", "" if query.until is None else query.until.isoformat()),
        ("urgency", "" if query.urgency is None else query.urgency.name.lower()),
        ("speaker", query.speaker),
        ("addressee", query.addressee),
        ("rights", "yes" if query.rights else ""),
    )
    pairs = [("q", " ".join(map(quoted, query.words)))]
    pairs += [(name, value) for name, values in several for value in sorted(values)]
    return [(name, value) for name, value in (*pairs, *single) if value]


def quoted(words: str) -> str:
    """A word as it is, a phrase between quotation marks."""
    bare = _clean(words.translate(_MARKS))
    return f'"{bare}"' if " " in bare else bare


def whole(text: str, digits: int = LONGEST_NUMBER) -> int | None:
    """The number that a text is, in digits and at most so many of them; None for all else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def split(text: str) -> tuple[str, ...]:
    """The words of a line, and its phrases: “…”, 「…」 or between straight quotation marks."""
    found = (next(filter(None, m.groups()), "") for m in _QUOTED.finditer(text))
    return tuple(dict.fromkeys(w for f in found if (w := _clean(f.translate(_MARKS)))))


def _words(read: _Reading) -> tuple[str, ...]:
    asked = " ".join(filter(None, map(_clean, read.params.getlist("q"))))
    if len(asked) > LONGEST:
        read.wrong(_("What is looked for may have %(most)s letters at most."), most=str(LONGEST))
        asked = asked[:LONGEST]
    words = split(asked)
    if len(words) > MOST_WORDS:
        read.wrong(_("At most %(most)s words and phrases can be looked for at once."), most=str(MOST_WORDS))
    return tuple(w for w in words[:MOST_WORDS] if _has_letters(read, w))


def _has_letters(read: _Reading, words: str) -> bool:
    found = bool(phrase(words).tokens)
    if not found:
        read.wrong(_("“%(value)s” holds no letter and no digit that could be looked for."), value=words)
    return found


def _name(read: _Reading, name: str) -> str:
    given = read.one(name)
    if len(given) > LONGEST_VALUE:
        read.wrong(_("A name may have %(most)s letters at most."), most=str(LONGEST_VALUE))
        given = given[:LONGEST_VALUE].strip()
    return given if given and _has_letters(read, given) else ""


def _upper(read: _Reading, name: str) -> frozenset[str]:
    message = _("“%(value)s” is no code of a country, such as KR.")
    return frozenset(v.upper() for v in read.set_of(name, message, _fits(_COUNTRY)))


def _urgency(read: _Reading) -> Urgency | None:
    given = read.one("urgency").lower()
    if given and given not in _LEVELS:
        message = _("Urgency is one of urgent, notable and routine, not “%(value)s”.")
        read.wrong(message, value=given[:LONGEST_VALUE])
    return _LEVELS.get(given)


def _day(read: _Reading, name: str, *, last: bool) -> date | None:
    """The first or last day of what is named: a day, a month or a year."""
    given = read.one(name)
    if not given:
        return None
    found = _DAY.fullmatch(given)
    day = _whole(*(int(p) if p else None for p in found.groups()), last=last) if found else None
    if day is None:
        read.wrong(_("“%(value)s” is no date, such as 2026-01-31, 2026-01 or 2026."), value=given[:LONGEST_VALUE])
    return day


def _whole(year: int | None, month: int | None, day: int | None, *, last: bool) -> date | None:
    try:
        month = month if month is not None else (12 if last else 1)
        return date(year or 0, month, day if day is not None else (monthrange(year or 0, month)[1] if last else 1))
    except ValueError:
        return None


def _among(codes: Collection[str] | None) -> Callable[[str], bool]:
    return lambda value: codes is None or value in codes


def _fits(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


def _clean(text: str) -> str:
    """A text in one line, without what is not seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
