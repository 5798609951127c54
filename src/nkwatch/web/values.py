"""What stands in the form by which a reader chooses, right or wrong. Wishes are numbered fields.

No script is needed: values can be shown again as they are, or carried hidden from page to page.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from starlette.datastructures import FormData

from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Choice, Format, Rhythm
from nkwatch.domain.wish import LONGEST, MOST_FOLLOWED, Mutes, Wish
from nkwatch.mail.views import plain
from nkwatch.web.posted import written

MOST_WISHES = 5
#: More numbered wishes than this are not even looked at.
MOST_READ = 2 * MOST_WISHES
#: Letters of a field of one line that are looked at, and of one with lines: twice what can be right.
LONGEST_LINE, LONGEST_TEXT = 2 * LONGEST, 2 * MOST_FOLLOWED * (LONGEST + 1)
#: Bytes of the largest form: each letter takes up to 12 when it is escaped, each line end 6; and all that is ticked.
LARGEST_FORM = 2 * (MOST_WISHES + 1) * MOST_FOLLOWED * (LONGEST * 12 + 6) + 80_000
#: A report of what came back: the largest that a provider is known to send has 768 KB.
LARGEST_REPORT = 1_000_000
#: A mail as a file (ours have a tenth; below a megabyte nothing is written to a temporary file), and its form.
LARGEST_MAIL = 1_000_000
LARGEST_UPLOAD = LARGEST_MAIL + 8192
_NUMBERED = re.compile(r"wish(\d{1,2})-[a-z]+", re.ASCII)
ALL, SOME = "all", "some"
YES = "yes"
#: Fields that hold one line.
_LINES = (
    "rhythm", "hour", "zone", "weekday", "monthday", "evening", "morning", "language", "format", "country",
    "phrase",
)  # fmt: skip
#: Boxes that stand alone.
_BOXES = ("alerts", "lull", "neutral")
#: What a form may leave out, because it does not count for every rhythm.
_UNUSED = {"hour": 7, "zone": "UTC", "weekday": 0, "monthday": 1}


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to choose from: codes, ids and names that are no mistakes."""

    themes: frozenset[str]
    sources: frozenset[str]
    languages: frozenset[str]

    def besides(self, choice: Choice) -> "Known":
        """With everything that somebody chose earlier, though it is not offered any more."""
        sides: tuple[Wish | Mutes, ...] = (*choice.wishes, choice.mutes)
        return Known(
            self.themes.union(*(s.themes for s in sides)),
            self.sources.union(*(s.sources for s in sides)),
            self.languages | {choice.edition.language},
        )


@dataclass(frozen=True, slots=True)
class Ticked:
    """One wish, or the mutes, as it stands in the form. With the scope `all`, what is ticked does not count.

    `listed`: whoever fills the form in asked for the list of sources, which the mutes show only then.
    """

    scope: str = ALL
    themes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    words: str = field(default="", repr=False)
    cases: str = field(default="", repr=False)
    listed: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is ticked or written."""
        return not (self.themes or self.sources or self.roles or self.words.strip() or self.cases.strip())

    def within(self, known: Known) -> "Ticked":
        """Without what is not known."""
        roles = self.roles.intersection(Role)
        return replace(self, themes=self.themes & known.themes, sources=self.sources & known.sources, roles=roles)

    def fields(self, name: str) -> Iterator[tuple[str, str]]:
        """As fields whose names begin with `name`."""
        yield f"{name}-scope", self.scope
        for kind in ("themes", "sources", "roles"):
            yield f"{name}-{kind}", " ".join(sorted(getattr(self, kind)))
        yield f"{name}-words", self.words
        yield f"{name}-cases", self.cases


@dataclass(frozen=True, slots=True)
class Values:
    """Everything that stands in the form, right or wrong."""

    rhythm: str = Rhythm.WEEKLY
    hour: str = "7"
    zone: str = "UTC"
    weekday: str = "0"
    monthday: str = "1"
    alerts: bool = True
    language: str = "en"
    format: str = Format.HTML
    neutral: bool = False
    evening: str = ""
    morning: str = ""
    lull: bool = False
    country: str = field(default="", repr=False)
    phrase: str = field(default="", repr=False)
    wishes: tuple[Ticked, ...] = field(default=(Ticked(),), repr=False)
    mutes: Ticked = field(default=Ticked(), repr=False)

    @classmethod
    def of(cls, choice: Choice) -> "Values":
        """The form filled in with a choice."""
        schedule, edition, quiet = choice.schedule, choice.edition, choice.quiet
        return cls(
            rhythm=schedule.rhythm,
            hour=str(schedule.hour),
            zone=schedule.zone,
            weekday=str(schedule.weekday),
            monthday=str(schedule.monthday),
            alerts=choice.alerts,
            language=edition.language,
            format=edition.format,
            neutral=edition.neutral,
            evening=str(quiet.start) if quiet else "",
            morning=str(quiet.end) if quiet else "",
            lull=choice.lull,
            country=choice.country,
            phrase=choice.phrase,
            wishes=tuple(_shown(choice.wishes)),
            mutes=_ticked(choice.mutes, SOME),
        )

    @classmethod
    def read(cls, form: FormData) -> "Values":
        """What stands in a form that was sent."""
        own = {name: _line(form, name) for name in _LINES}
        own |= {name: str(default) for name, default in _UNUSED.items() if not own[name]}
        numbers = sorted({int(m[1]) for name in form if (m := _NUMBERED.fullmatch(name))})[:MOST_READ]
        return cls(
            **own,
            alerts=YES in form.getlist("alerts"),
            lull=YES in form.getlist("lull"),
            neutral=YES in form.getlist("neutral"),
            wishes=tuple(_read_ticked(form, f"wish{n}") for n in numbers) or (Ticked(),),
            mutes=_read_ticked(form, "mute"),
        )

    def fields(self) -> list[tuple[str, str]]:
        """Names and values that `read` makes the same of, for a page that carries them hidden."""
        own = [(name, str(getattr(self, name))) for name in _LINES]
        own += [(name, YES) for name in _BOXES if getattr(self, name)]
        wishes = [pair for n, wish in enumerate(self.wishes) for pair in wish.fields(f"wish{n}")]
        return [(n, v) for n, v in (*own, *wishes, *self.mutes.fields("mute")) if v]

    def within(self, known: Known) -> "Values":
        """Without what is not known: a page shows only what it has a box for."""
        return replace(self, wishes=tuple(w.within(known) for w in self.wishes), mutes=self.mutes.within(known))

    def reshaped(self, step: str) -> "Values | None":
        """As it is (`edit`), with one wish more (`more`) or less (`drop0`, `drop1` ...), or with the mutes' list of
        sources (`list`); None for another step.
        """
        if step == "edit":
            return self
        if step == "list":
            return replace(self, mutes=replace(self.mutes, listed=True))
        if step == "more":
            room = len(self.wishes) < MOST_WISHES
            return replace(self, wishes=(*self.wishes, Ticked(SOME))) if room else self
        if not re.fullmatch(r"drop\d", step, re.ASCII):
            return None
        number = int(step[-1])
        return replace(self, wishes=(*self.wishes[:number], *self.wishes[number + 1 :]) or (Ticked(),))


def _line(form: FormData, name: str) -> str:
    """The last value of a field without control letters and line ends, cut off where it is far too long."""
    return plain(written(form, name)[:LONGEST_LINE])


def _lines(text: str) -> str:
    """Lines without control letters, and one letter more than can be right of what is far too long.

    Anything that ends a line somewhere ends one here.
    """
    spaced = "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
    return "\n".join(line for part in spaced[: LONGEST_TEXT + 1].split("\n") if (line := plain(part)))


def _read_ticked(form: FormData, name: str) -> Ticked:
    def ticked(kind: str) -> frozenset[str]:
        return frozenset(v for given in form.getlist(f"{name}-{kind}") if isinstance(given, str) for v in given.split())

    return Ticked(
        _line(form, f"{name}-scope") or SOME,
        ticked("themes"),
        ticked("sources"),
        ticked("roles"),
        _lines(written(form, f"{name}-words")),
        _lines(written(form, f"{name}-cases")),
    )


def _ticked(side: Wish | Mutes, scope: str) -> Ticked:
    follows = side.follows
    return Ticked(
        scope,
        side.themes,
        side.sources,
        frozenset(map(str, side.roles)),
        "\n".join(sorted(follows.words)),
        "\n".join(sorted(follows.cases)),
    )


def _shown(wishes: Iterable[Wish]) -> Iterator[Ticked]:
    """Wishes as they stand in the form: what is followed besides everything stands with it."""
    waiting = list(wishes)
    while waiting:
        wish = waiting.pop(0)
        if wish != Wish():
            yield _ticked(wish, SOME)
        elif waiting and waiting[0].only_follows:
            yield _ticked(waiting.pop(0), ALL)
        else:
            yield Ticked()
