"""The digests of one window. Where every reader's digest differs, making one costs look-ups and no rendering."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from nkwatch.domain.bulletin import BulletinKind, Composition
from nkwatch.domain.subscriber import Choice, Edition, Format, Schedule
from nkwatch.editing.digests import Plan
from nkwatch.mail.fitting import ROOM, fitting
from nkwatch.mail.parts import Part
from nkwatch.mail.shelf import Shelf, Told

#: How many compositions are kept, for readers whose digests are the same.
KEPT = 2048
#: How many demands on one government are told, and how many stories that went out as alerts get a line.
ASKS, ALERTED = 5, 20


class Issue:
    """Composes the digests of one window from the parts on its shelves, one for each language."""

    def __init__(self, shelf: Callable[[str], Shelf], known: Callable[[Edition], Edition]) -> None:
        """`known` gives the edition in a language that there is a shelf for."""
        self._shelf = lru_cache(shelf)
        self._known = lru_cache(known)
        self._composed = lru_cache(KEPT)(self._compose)

    def composed(self, plan: Plan, choice: Choice) -> Composition:
        """The content for readers with this plan; schedule, edition and country of the choice count."""
        return self._composed(plan, choice.schedule, self._known(choice.edition), choice.country)

    def _compose(self, plan: Plan, schedule: Schedule, edition: Edition, country: str) -> Composition:
        shelf = self._shelf(edition.language)
        told = [shelf.story(pick.story) for pick in (*plan.picks, *plan.more)]
        alerted = [shelf.story(story) for story in plan.alerted]
        sheet, why = shelf.sheet(told[0], schedule, edition), (shelf.why(schedule),)
        top = [shelf.counts(len(told), schedule, edition), *_beyond(shelf, plan.beyond)]
        first, last = _asked(shelf, told, country), _alerted(shelf, alerted)
        weight = sum(p.weight for p in (sheet.part, *why, *top, *first, *last, shelf.around))
        news, names = _news(shelf, plan, told, ROOM - weight)
        content = (*first, *news[0], *last, *news[1], shelf.around)
        whole = sheet.part.around({"counts": top, "content": content, "why": why})
        html = whole.html if edition.format is Format.HTML else ()
        stories = (*names, *(t.story.id for t in alerted[:ALERTED]))
        kind, language = BulletinKind.DIGEST, edition.language
        return Composition(kind, language, sheet.subject, whole.text, html, edition.neutral, stories)


def _news(
    shelf: Shelf, plan: Plan, told: Sequence[Told], room: int
) -> tuple[tuple[Sequence[Part], Sequence[Part]], Sequence[str]]:
    """The stories told in full, and those that get a line, as far as there is room; and the ids of both."""
    headings = list(_headings(shelf, plan))
    weights = [t.full.weight + (above[0].weight if above else 0) for t, above in zip(told, headings, strict=False)]
    full, lines = fitting(weights, [t.line.weight for t in told], room - shelf.tail)
    parts = [part for t, above in zip(told[:full], headings, strict=False) for part in (*above, t.full)]
    behind = told[full : full + lines]
    more = _listing(shelf, "more", behind, len(told) - full - lines)
    return (parts, more), [t.story.id for t in told[: full + lines]]


def _headings(shelf: Shelf, plan: Plan) -> Iterator[tuple[Part, ...]]:
    """For each story told in full what stands above it: the heading where a section begins, else nothing."""
    groups = [(None, len(plan.leads)), *((section.theme, len(section.picks)) for section in plan.sections)]
    for theme, count in groups:
        if count:
            yield (shelf.heading(theme),)
            yield from ((),) * (count - 1)


def _beyond(shelf: Shelf, alerts: int) -> Iterator[Part]:
    if alerts:
        yield shelf.beyond(alerts)


def _asked(shelf: Shelf, told: Sequence[Told], country: str) -> Sequence[Part]:
    """What the stories ask of the reader's own government."""
    asking = [t for t in told if country in t.countries] if country else []
    asks = [shelf.ask(t, country) for t in asking[:ASKS]]
    return [shelf.asks(country).around({"asks": asks})] if asks else []


def _alerted(shelf: Shelf, alerted: Sequence[Told]) -> Sequence[Part]:
    return _listing(shelf, "alerted", alerted[:ALERTED], len(alerted[ALERTED:]))


def _listing(shelf: Shelf, kind: str, told: Sequence[Told], further: int) -> Sequence[Part]:
    """A list of lines, and how many further stories there are."""
    if not told and not further:
        return []
    tail = [shelf.further(further)] if further else []
    return [shelf.listing(kind).around({"lines": [t.line for t in told]}), *tail]
