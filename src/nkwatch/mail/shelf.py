"""The parts of the digests of one window in one language: each is rendered when it is first asked for, and kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Edition, Schedule
from nkwatch.domain.surroundings import Surroundings
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.parts import Part
from nkwatch.mail.press import Press
from nkwatch.mail.stories import asks, countries
from nkwatch.mail.surroundings import around_view
from nkwatch.mail.views import address


@dataclass(frozen=True, slots=True)
class Sheet:
    """A digest without what it holds: its subject, and the body with slots for `counts`, `content` and `why`."""

    subject: str
    part: Part


@dataclass(frozen=True, eq=False, slots=True)
class Told:
    """A story as a digest tells it: in `full`, or in one `line`. `countries` are those of which it asks something."""

    story: Story
    full: Part
    line: Part
    countries: frozenset[str] = field(default_factory=frozenset)


class Shelf:
    """Looks parts up, or has them rendered."""

    def __init__(
        self,
        blocks: Blocks,
        press: Press,
        surroundings: Surroundings,
        number: int,
        language: str,
        *,
        per_day: int,
        contacts: Mapping[str, str],
    ) -> None:
        """`contacts` are addresses by country; `per_day` is how many alerts a reader gets a day at most."""
        self._blocks = blocks
        self._press = press
        self._surroundings = surroundings
        self._number = number
        self._language = language
        self._per_day = per_day
        self._contacts = contacts
        self._told: dict[str, list[Told]] = {}
        self._sheets: dict[object, Sheet] = {}
        self._parts: dict[object, Part] = {}

    def story(self, story: Story) -> Told:
        """The parts of a story. Its id alone does not tell: for who muted a source, it has fewer reports."""
        variants = self._told.setdefault(story.id, [])
        for told in variants:
            if told.story is story or told.story == story:
                return told
        full, line = self._blocks.story(story, self._language)
        variants.append(Told(story, full, line, countries(story)))
        return variants[-1]

    def sheet(self, lead: Told, schedule: Schedule, edition: Edition) -> Sheet:
        """What is around a digest that opens with `lead`; a neutral one opens with a date only."""
        if edition.neutral:
            zone = ZoneInfo(schedule.zone)
            key: object = (schedule.rhythm, self._surroundings.window.end.astimezone(zone).date())
        else:
            key = (schedule.rhythm, lead)
        if (sheet := self._sheets.get(key)) is None:
            view = self._blocks.view(lead.story, self._language)
            values = {**self._common(), "story": view, "schedule": schedule}
            whole = Edition(self._language, neutral=edition.neutral)
            sheet = self._sheets[key] = Sheet(*self._press.sheet("digest", whole, values))
        return sheet

    def counts(self, stories: int, schedule: Schedule, edition: Edition) -> Part:
        """The line below the title: which digest this is, of which days, and how many stories it has."""

        def values() -> Mapping[str, Any]:
            return self._press.named(edition, {**self._common(), "schedule": schedule, "count": stories})

        key = ("counts", stories, schedule.rhythm, schedule.zone, edition.neutral)
        return self._kept(key, "digest/counts", values)

    def beyond(self, alerts: int) -> Part:
        """How many of the stories were alerts over the cap."""
        return self._kept(("beyond", alerts), "digest/beyond", lambda: {"alerts": alerts, "per_day": self._per_day})

    def heading(self, theme: str | None) -> Part:
        """What stands above the stories of a theme; above the leading ones for None."""

        def values() -> Mapping[str, Any]:
            return {"leads": theme is None, "theme": self._blocks.names.theme(theme or "", self._language)}

        return self._kept(("heading", theme), "digest/section", values)

    def listing(self, kind: str) -> Part:
        """The frame of a list of lines, with a slot `lines`; `kind` is "more" or "alerted"."""
        return self._kept(("listing", kind), "digest/lines", lambda: {"kind": kind})

    def further(self, stories: int) -> Part:
        """How many stories have no room."""
        return self._kept(("further", stories), "digest/further", lambda: {"count": stories})

    def asks(self, country: str) -> Part:
        """The frame of what is asked of a government, with a slot `asks`."""

        def values() -> Mapping[str, Any]:
            return {"contact_page": address(self._contacts.get(country, ""))}

        return self._kept(("asks", country), "digest/asks", values)

    def ask(self, told: Told, country: str) -> Part:
        """What one story asks of a government."""

        def values() -> Mapping[str, Any]:
            story = told.story
            lead = story.lead_in(self._language)
            return {"story": self._blocks.view(story, self._language), "ask": next(asks(story, lead, country))}

        return self._kept(("ask", told, country), "digest/ask", values)

    @property
    def tail(self) -> int:
        """What the frame of a list takes that may become necessary, with the line on stories without room."""
        return self.listing("more").weight + self.further(2).weight

    def why(self, schedule: Schedule) -> Part:
        """Why and when this digest comes."""
        return self._kept(("why", schedule), "digest/why", lambda: {"schedule": schedule})

    @property
    def around(self) -> Part:
        """Figures, what is coming, how complete it is."""

        def values() -> Mapping[str, Any]:
            names = self._blocks.names
            return {"around": around_view(self._surroundings, names, self._language, names.sources)}

        return self._kept("around", "digest/around", values)

    def _kept(self, key: object, template: str, values: Callable[[], Mapping[str, Any]]) -> Part:
        if (part := self._parts.get(key)) is None:
            part = self._parts[key] = self._blocks.part(template, self._language, values())
        return part

    def _common(self) -> Mapping[str, Any]:
        return {"window": self._surroundings.window, "number": self._number}
