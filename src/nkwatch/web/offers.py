"""What readers may choose from, as it stands in the form: themes, sources by publisher, zones, languages."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from unicodedata import normalize

from babel.core import get_global

from nkwatch.assembly import Newsroom
from nkwatch.domain.source import Role, Source
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.mail.locales import Locale, countries
from nkwatch.mail.views import Name, plain
from nkwatch.web.forms import zones
from nkwatch.web.values import Known
from nkwatch.web.views import publisher_of

#: Kinds of organisation in the order in which they are shown; what the catalogue does not know comes last.
ORGANISATIONS = ("ngo", "un", "government", "parliament", "academic", "monitor", "press", "")
UTC = "UTC"


@dataclass(frozen=True, slots=True)
class Entry:
    """A box to tick: a publisher with all its sources, or one source (`note` is then its id)."""

    value: str
    name: Name
    ticked: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Publishers of one kind of organisation."""

    organisation: str
    entries: tuple[Entry, ...]

    @property
    def ticked(self) -> int:
        """How many boxes are ticked."""
        return sum(e.ticked for e in self.entries)


@dataclass(frozen=True, slots=True)
class Offer:
    """Everything that can be chosen, with names in one language.

    `regions` are time zones with the names of their places, by continent or ocean; UTC is not among them.
    """

    themes: Mapping[str, str]
    context: Mapping[str, str]
    publishers: tuple[tuple[Source, ...], ...]
    languages: Collection[str]
    regions: Mapping[str, tuple[tuple[str, str], ...]]
    countries: tuple[tuple[str, str], ...] = ()
    roles: tuple[Role, ...] = tuple(Role)

    def groups(self, chosen: Collection[str]) -> list[Group]:
        """The publishers with what is chosen; one of whose sources only some are chosen is shown by source."""
        found: dict[str, list[Entry]] = {organisation: [] for organisation in ORGANISATIONS}
        for sources in self.publishers:
            organisation = sources[0].organisation
            found[organisation if organisation in found else ""].extend(_entries(sources, chosen))
        gone = sorted(set(chosen).difference(s.id for sources in self.publishers for s in sources))
        found[""].extend(Entry(i, Name(plain(i), ""), ticked=True) for i in gone)
        return [Group(organisation, tuple(entries)) for organisation, entries in found.items() if entries]

    @property
    def listed_zones(self) -> frozenset[str]:
        """UTC and every zone of `regions`."""
        return frozenset((UTC, *(zone for places in self.regions.values() for zone, _ in places)))


class Offers:
    """What a newsroom has to offer: all themes, and the sources that are on."""

    def __init__(self, newsroom: Newsroom, languages: Collection[str]) -> None:
        """`languages` are those that mails can be made in."""
        self._themes = newsroom.rules.lexicon.themes
        self._publishers = tuple(_by_publisher(s for s in newsroom.sources.values() if s.enabled))
        self._languages = languages
        # no demand on another government is ever found: to choose it would bring nothing
        self._addressed = countries() & newsroom.rules.speech.addressed

    @property
    def known(self) -> Known:
        """What is no mistake in a form."""
        sources = frozenset(s.id for sources in self._publishers for s in sources)
        return Known(frozenset(t.code for t in self._themes), sources, frozenset(self._languages))

    def offer(self, language: str) -> Offer:
        """The offer for a page in `language`."""
        return Offer(
            _named(self._themes, ThemeKind.RIGHTS, language),
            _named(self._themes, ThemeKind.CONTEXT, language),
            self._publishers,
            self._languages,
            _regions(language),
            _countries(language, self._addressed),
        )


def usual_zone(language: str) -> str:
    """The zone of most who read `language`, where its country has only one; else UTC."""
    likely = get_global("likely_subtags").get(language, "").rpartition("_")[2]
    places = get_global("territory_zones").get(likely, [])
    return places[0] if len(places) == 1 and places[0] in zones() else UTC


def _named(themes: Iterable[Theme], kind: ThemeKind, language: str) -> dict[str, str]:
    return {t.code: t.name(language) for t in themes if t.kind is kind}


@cache
def _countries(language: str, codes: frozenset[str]) -> tuple[tuple[str, str], ...]:
    locale = Locale(language, {})
    return _in_order((code, locale.country(code)) for code in codes)


def _by_publisher(sources: Iterable[Source]) -> list[tuple[Source, ...]]:
    found: dict[str, list[Source]] = {}
    for source in sources:
        found.setdefault(plain(source.publisher), []).append(source)
    return [tuple(found[name]) for name in sorted(found, key=str.casefold)]


def _entries(sources: tuple[Source, ...], chosen: Collection[str]) -> Iterator[Entry]:
    ids = [s.id for s in sources]
    ticked = [i in chosen for i in ids]
    if any(ticked) and not all(ticked):
        yield from (Entry(s.id, publisher_of(s), t, s.id) for s, t in zip(sources, ticked, strict=True))
    else:
        yield Entry(" ".join(ids), publisher_of(sources[0]), all(ticked))


@cache
def _regions(language: str) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Zones of places (IANA), those that Unicode's CLDR does not know by a newer name, in the order of the places."""
    locale, found = Locale(language, {}), defaultdict[str, list[tuple[str, str]]](list)
    for zone in sorted(zones().intersection(get_global("zone_territories"))):
        region, _, place = zone.partition("/")
        if place and region != "Etc":
            found[region].append((zone, locale.place(zone)))
    return {region: _in_order(places) for region, places in found.items()}


def _in_order(named: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Codes and names in the order of the names, accents aside."""
    return tuple(sorted(named, key=lambda pair: normalize("NFKD", pair[1]).casefold()))
