"""What a reader chose, as options, cells of a table or JSON: read with every problem in a sentence, and written."""

import csv
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Choice, Edition, Format, QuietHours, Rhythm, Schedule
from nkwatch.domain.wish import LONGEST, MOST_FOLLOWED, Follows, Mutes, Wish
from nkwatch.mail.locales import countries
from nkwatch.mail.views import plain

#: The sides of a wish, in the words of the command line; with "mute_" before them those of the mutes.
SIDES = ("themes", "sources", "kinds", "words", "cases")
MUTE = "mute_"
SINGLE = (
    "rhythm", "hour", "zone", "weekday", "monthday", "lull", "alerts", "quiet", "language", "format", "neutral",
    "country", "phrase",
)  # fmt: skip
_QUIET = re.compile(r"(\d{1,2})-(\d{1,2})", re.ASCII)
_LAST_HOUR = 23


@dataclass(frozen=True, slots=True)
class Menu:
    """What there is to choose from."""

    languages: Collection[str]
    themes: Collection[str]
    sources: Collection[str]


def _wrong(said: str) -> PydanticCustomError:
    return PydanticCustomError("said", "{said}", {"said": said})


def several(cell: Any) -> list[str]:
    """The values of a cell or option, separated by commas; one with a comma in it stands in quotation marks."""
    if isinstance(cell, list | frozenset):
        return [str(value) for value in cell]
    if not isinstance(cell, str):
        raise _wrong("no list")
    try:
        found = next(csv.reader([" ".join(cell.splitlines())], skipinitialspace=True), [])
    except csv.Error as wrong:
        raise _wrong(f"no list that can be read: {wrong}") from wrong
    return [value.strip() for value in found if value.strip()]


def _known(kind: str, one: str) -> BeforeValidator:
    def check(cell: Any, info: ValidationInfo[Menu]) -> Any:
        values, offered = several(cell), getattr(info.context, kind)
        if unknown := [v for v in values if v not in offered]:
            few = f"; there are {', '.join(sorted(offered))}" if kind == "themes" else "; see `nkwatch sources list`"
            raise _wrong(f"no {one} named {', '.join(sorted(unknown))}{few}")
        return values

    return BeforeValidator(check)


def _followed(cell: Any) -> Any:
    values = [plain(v) for v in several(cell)]
    if len(values) > MOST_FOLLOWED or any(len(v) > LONGEST for v in values):
        raise _wrong(f"at most {MOST_FOLLOWED}, each of at most {LONGEST} letters")
    if not all(any(map(str.isalnum, v)) for v in values):
        raise _wrong("one of these has no letters")
    return values


def _zone(value: str) -> str:
    if value not in zones():
        raise _wrong(f"no time zone named {value!r}; use one such as Asia/Seoul")
    return value


def _language(value: str, info: ValidationInfo[Menu]) -> str:
    if value not in info.context.languages:
        raise _wrong(f"{value!r} is none of {', '.join(sorted(info.context.languages))}")
    return value


def _phrase(value: str) -> str:
    if len(said := plain(value)) > LONGEST:
        raise _wrong(f"at most {LONGEST} letters")
    return said


def _country(value: str) -> str:
    if value and value not in countries():
        raise _wrong(f"no country has the code {value!r}; use one such as GB")
    return value


def _quiet(value: str) -> str:
    found = _QUIET.fullmatch(value)
    hours = list(map(int, found.groups())) if found else []
    if value and (not hours or hours[0] == hours[1] or max(hours) > _LAST_HOUR):
        raise _wrong("two different hours from 0 to 23, such as 22-7")
    return value


Followed = Annotated[frozenset[str], BeforeValidator(_followed)]


class Side(BaseModel):
    """One wish, or the mutes."""

    model_config = ConfigDict(extra="forbid")

    themes: Annotated[frozenset[str], _known("themes", "theme")] = frozenset()
    sources: Annotated[frozenset[str], _known("sources", "source")] = frozenset()
    kinds: Annotated[frozenset[Role], BeforeValidator(several)] = frozenset()
    words: Followed = frozenset()
    cases: Followed = frozenset()

    def wish(self) -> Wish:
        """The wish."""
        return Wish(self.themes, self.sources, self.kinds, Follows(self.words, self.cases))

    def mutes(self) -> Mutes:
        """The mutes."""
        return Mutes(self.themes, self.sources, self.kinds, Follows(self.words, self.cases))


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rhythm: Rhythm
    hour: Annotated[int, Field(ge=0, le=23)]
    zone: Annotated[str, AfterValidator(_zone)]
    weekday: Annotated[int, Field(ge=0, le=6)]
    monthday: Annotated[int, Field(ge=1, le=31)]
    alerts: bool
    language: Annotated[str, AfterValidator(_language)]
    format: Format
    neutral: bool
    phrase: Annotated[str, AfterValidator(_phrase)]
    country: Annotated[str, AfterValidator(_country)]
    lull: bool
    quiet: Annotated[str, AfterValidator(_quiet)]
    wishes: Annotated[list[Side], Field(min_length=1)]
    mutes: Side

    def choice(self) -> Choice:
        return Choice(
            schedule=Schedule(self.rhythm, self.hour, self.zone, self.weekday, self.monthday),
            alerts=self.alerts,
            edition=Edition(self.language, self.format, self.neutral),
            wishes=tuple(w.wish() for w in self.wishes),
            mutes=self.mutes.mutes(),
            phrase=self.phrase,
            country=self.country,
            lull=self.lull,
            quiet=QuietHours(*map(int, self.quiet.split("-"))) if self.quiet else None,
        )


@cache
def zones() -> frozenset[str]:
    """Every time zone that there is (IANA names)."""
    return frozenset(available_timezones())


def read_choice(given: Mapping[str, Any], menu: Menu, otherwise: Choice) -> Choice:
    """A choice from fields by name; what is not given is as in `otherwise`. Raises `ConfigError` with each problem.

    Fields are `SINGLE`, and either `wishes` and `mutes` as in a record, or the `SIDES` of one wish and its mutes.
    """
    fields = record(otherwise) | {name: given[name] for name in (*SINGLE, "wishes", "mutes") if name in given}
    for name, prefix in (("wishes", ""), ("mutes", MUTE)):
        side = {s: given[prefix + s] for s in SIDES if prefix + s in given}
        if side and name not in given:
            fields[name] = [side] if name == "wishes" else side
    try:
        return _Given.model_validate(fields, context=menu).choice()
    except ValidationError as wrong:
        found = wrong.errors(include_url=False, include_input=False)
        raise ConfigError(*dict.fromkeys(f"{_name(e['loc'])}: {e['msg']}" for e in found)) from None


def record(choice: Choice) -> dict[str, Any]:
    """A choice as JSON holds it."""
    schedule, edition, quiet = choice.schedule, choice.edition, choice.quiet
    return {
        "rhythm": str(schedule.rhythm),
        "hour": schedule.hour,
        "zone": schedule.zone,
        "weekday": schedule.weekday,
        "monthday": schedule.monthday,
        "alerts": choice.alerts,
        "language": edition.language,
        "format": str(edition.format),
        "neutral": edition.neutral,
        "phrase": choice.phrase,
        "country": choice.country,
        "lull": choice.lull,
        "quiet": f"{quiet.start}-{quiet.end}" if quiet else "",
        "wishes": [_side(w) for w in choice.wishes],
        "mutes": _side(choice.mutes),
    }


def _side(side: Wish | Mutes) -> dict[str, list[str]]:
    values = (side.themes, side.sources, side.roles, side.follows.words, side.follows.cases)
    return {name: sorted(map(str, found)) for name, found in zip(SIDES, values, strict=True) if found}


def _name(loc: tuple[int | str, ...]) -> str:
    """The field where an error is, by its name on the command line."""
    match loc:
        case ("mutes", str(side), *_):
            return f"{MUTE}{side}"
        case ("wishes", int(), str(side), *_):
            return side
        case _:
            return str(loc[0]) if loc else "choice"
