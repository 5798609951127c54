"""What a reader chose, between a form and a `Choice`. No script is needed: wishes are numbered fields.

A form is read into `Values`, which can be shown again as they are; only values without a problem become a choice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError
from starlette.datastructures import FormData

from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Choice, Edition, Format, QuietHours, Rhythm, Schedule
from nkwatch.domain.wish import LONGEST, MOST_FOLLOWED, Follows, Mutes, Wish
from nkwatch.mail.locales import countries
from nkwatch.mail.views import plain
from nkwatch.web.values import ALL, LONGEST_TEXT, MOST_WISHES, Known, Ticked, Values

#: Names that the database of zones holds besides places.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})
SAID = "said"
_SEPARATORS = re.compile("[\n,;、，；،]+")

#: What is said of a field, or of what stands in it: English messages.
SENTENCES = {
    "rhythm": "Please choose how often you want a digest.",
    "hour": "Please choose an hour from the list.",
    "zone": "Please choose a time zone from the list.",
    "weekday": "Please choose a weekday from the list.",
    "monthday": "Please choose a day from 1 to 31.",
    "language": "Please choose a language from the list.",
    "format": "Please choose a format from the list.",
    "scope": "Please choose whether you want everything, or only what you tick.",
    "themes": "Please choose themes from the list.",
    "sources": "Please choose sources from the list.",
    "roles": "Please choose kinds of source from the list.",
    "evening": "Please choose when the quiet hours begin.",
    "morning": "Please choose when the quiet hours end, at another hour than they begin.",
    "country": "Please choose a country from the list.",
    "phrase": "Please keep your phrase to 100 letters.",
    "too many": "Please give at most 50 here.",
    "too long": "One of these is longer than 100 letters. Please write one on each line.",
    "no letters": "One of these has no letters. Please write words or names.",
    "nothing": "You would get nothing at all. Please choose digests, alerts, or both.",
    "five": "Please keep to five wishes: one can hold many themes, sources and words.",
    "unticked": "Nothing is ticked. Please tick something, write words to follow, or choose everything.",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was read. `problems` are English messages by the name of the field, in the order of the form;
    `choice` is None when there are any.
    """

    choice: Choice | None
    problems: Mapping[str, str]
    values: Values


def read_choice(form: FormData, known: Known) -> Filled:
    """The choice in a form, or what is wrong with each field. Nothing in a form raises."""
    values = Values.read(form)
    given = {name: getattr(values, name) for name in _Answers.model_fields if name not in {"wishes", "mutes"}}
    given["wishes"] = [_raw(wish) for wish in values.wishes]
    given["mutes"] = _raw(values.mutes)
    try:
        answers = _Answers.model_validate(given, context=known)
    except ValidationError as wrong:
        return Filled(None, _problems(wrong), values.within(known))
    return Filled(answers.choice(), {}, values)


@cache
def zones() -> frozenset[str]:
    """Every time zone (IANA name) that a reader may choose."""
    return frozenset(available_timezones()) - _NO_ZONES


def _offered(kind: str) -> BeforeValidator:
    def check(value: frozenset[str], info: ValidationInfo[Known]) -> frozenset[str]:
        if not value <= getattr(info.context, kind):
            raise _wrong(kind)
        return value

    return BeforeValidator(check)


def _language(value: str, info: ValidationInfo[Known]) -> str:
    if value not in info.context.languages:
        raise _wrong("language")
    return value


def _zone(value: str) -> str:
    if value not in zones():
        raise _wrong("zone")
    return value


def _country(value: str) -> str:
    if value and value not in countries():
        raise _wrong("country")
    return value


def _phrase(value: str) -> str:
    if len(value) > LONGEST:
        raise _wrong("phrase")
    return value


def _followed(text: str) -> frozenset[str]:
    """What stands between line ends and commas, each once."""
    if len(text) > LONGEST_TEXT:
        raise _wrong("too many")
    said = frozenset(line for part in _SEPARATORS.split(text) if (line := plain(part)))
    if len(said) > MOST_FOLLOWED:
        raise _wrong("too many")
    if any(len(line) > LONGEST for line in said):
        raise _wrong("too long")
    if not all(any(map(str.isalnum, line)) for line in said):
        raise _wrong("no letters")
    return said


#: An hour, or none.
MaybeHour = Annotated[Annotated[int, Field(ge=0, le=23)] | None, BeforeValidator(lambda given: given or None)]
Followed = Annotated[frozenset[str], BeforeValidator(_followed)]


class _Ticks(BaseModel):
    """One wish, or the mutes, checked."""

    scope: Literal["all", "some"]
    themes: Annotated[frozenset[str], _offered("themes")]
    sources: Annotated[frozenset[str], _offered("sources")]
    roles: frozenset[Role]
    words: Followed
    cases: Followed

    @property
    def follows(self) -> Follows:
        return Follows(self.words, self.cases)

    def wishes(self) -> Iterator[Wish]:
        """Everything, and what is followed besides; or what was ticked; nothing where nothing was."""
        if self.scope == ALL:
            yield Wish()
            wish = Wish(follows=self.follows)
        else:
            wish = Wish(self.themes, self.sources, self.roles, self.follows)
        if wish != Wish():
            yield wish


class _Answers(BaseModel):
    """The whole form, checked."""

    rhythm: Rhythm
    hour: Annotated[int, Field(ge=0, le=23)]
    zone: Annotated[str, BeforeValidator(_zone)]
    weekday: Annotated[int, Field(ge=0, le=6)]
    monthday: Annotated[int, Field(ge=1, le=31)]
    alerts: bool
    language: Annotated[str, BeforeValidator(_language)]
    format: Format
    neutral: bool
    phrase: Annotated[str, BeforeValidator(_phrase)]
    country: Annotated[str, BeforeValidator(_country)]
    lull: bool
    evening: MaybeHour
    morning: MaybeHour
    wishes: list[_Ticks]
    mutes: _Ticks

    @model_validator(mode="after")
    def _something(self) -> "_Answers":
        if self.rhythm is Rhythm.NONE and not self.alerts:
            raise _wrong("nothing", "rhythm")
        if len(self.wishes) > MOST_WISHES:
            raise _wrong("five", "wish0-scope")
        if not any(True for ticks in self.wishes for _ in ticks.wishes()):
            raise _wrong("unticked", "wish0-scope")
        if self.evening is None and self.morning is not None:
            raise _wrong("evening", "evening")
        if self.evening is not None and self.morning in {None, self.evening}:
            raise _wrong("morning", "morning")
        return self

    def _quiet(self) -> QuietHours | None:
        if self.evening is None or self.morning is None:
            return None
        return QuietHours(self.evening, self.morning)

    def choice(self) -> Choice:
        """What was chosen."""
        mutes = self.mutes
        return Choice(
            Schedule(self.rhythm, self.hour, self.zone, self.weekday, self.monthday),
            self.alerts,
            Edition(self.language, self.format, self.neutral),
            tuple(wish for ticks in self.wishes for wish in ticks.wishes()),
            Mutes(mutes.themes, mutes.sources, mutes.roles, mutes.follows),
            self.phrase,
            self.country,
            self.lull,
            self._quiet(),
        )


def _wrong(why: str, name: str = "") -> PydanticCustomError:
    """What is wrong, by its key in `SENTENCES`; `name` is the field, where that is not the one at hand."""
    return PydanticCustomError(SAID, "{why}", {"why": why, "name": name})


def _problems(wrong: ValidationError) -> dict[str, str]:
    """One sentence for each wrong field, in the order in which they were found."""
    problems: dict[str, str] = {}
    for error in wrong.errors(include_url=False, include_input=False):
        said = error["ctx"] if error["type"] == SAID else {}
        name = said.get("name") or _name(error["loc"])
        problems.setdefault(name, SENTENCES[said.get("why") or name.rpartition("-")[2]])
    return problems


def _name(loc: Sequence[int | str]) -> str:
    """The name of the field where an error is: ("wishes", 0, "words") is wish0-words."""
    match loc:
        case ("wishes", number, kind, *_):
            return f"wish{number}-{kind}"
        case ("mutes", kind, *_):
            return f"mute-{kind}"
        case _:
            return str(loc[0])


def _raw(ticked: Ticked) -> dict[str, Any]:
    return {name: getattr(ticked, name) for name in _Ticks.model_fields}
