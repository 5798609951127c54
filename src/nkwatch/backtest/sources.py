"""The feeds of an archive as sources: those that the catalogue knows, and those made from what their entries say."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from nkwatch.backtest.archive import Archive, Feed
from nkwatch.catalogue.sources import load_sources
from nkwatch.config import Config
from nkwatch.domain.identity import normalised_address
from nkwatch.domain.source import Role, Scope, Source, host_of
from nkwatch.domain.statement import Entry, Origin
from nkwatch.reading import may_concern
from nkwatch.reading.lexicon import Lexicon

#: Addresses of what was not on the web when it was archived; no host is ever asked.
NOWHERE = "https://archive.invalid/"
#: What an id is made of.
OTHER = re.compile(r"[^a-z0-9]+")
LONGEST_ID = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """A feed, and the source that shows it."""

    feed: Feed
    source: Source


def known_sources(config: Config | None) -> tuple[Source, ...]:
    """The sources that ship with nkwatch, and the operator's own, which win."""
    own = [s.source() for s in config.source] if config else []
    return tuple(load_sources(own).values())


def shown_by(archive: Archive, known: Iterable[Source], lexicon: Lexicon) -> tuple[Shown, ...]:
    """Each feed of the archive with its source; no two have one id."""
    catalogue = _Catalogue(tuple(known), lexicon)
    found: dict[str, Shown] = {}
    for feed in archive.feeds:
        source = catalogue.source(feed)
        same = sum(other == source.id or other.startswith(f"{source.id}-again-") for other in found)
        source = replace(source, id=f"{source.id}-again-{same + 1}") if source.id in found else source
        found[source.id] = Shown(feed, source)
    return tuple(found.values())


class _Catalogue:
    """What is known of feeds and publishers."""

    def __init__(self, known: Sequence[Source], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._by_address = {normalised_address(s.url): s for s in known}
        self._by_name: dict[str, list[Source]] = defaultdict(list)
        self._by_host: dict[str, dict[str, list[Source]]] = defaultdict(lambda: defaultdict(list))
        for source in known:
            self._by_name[source.publisher.casefold()].append(source)
            for host in dict.fromkeys((*source.domains, host_of(source.homepage), host_of(source.url))):
                self._by_host[host.removeprefix("www.")][source.publisher].append(source)

    def source(self, feed: Feed) -> Source:
        """The source of a feed: as its address says, else its publisher, else its host, else its entries alone.

        There are no pages in an archive: without domains no statement waits for its own.
        """
        at = self._by_address.get(normalised_address(feed.address))
        source = at or self._made(feed)
        languages = source.languages or feed.languages
        return replace(
            source,
            kind="feed",
            role=feed.role or source.role,
            scope=feed.scope or source.scope,
            languages=languages,
            domains=(),
            options={},
            enabled=True,
            minutes=0,
        )

    def _made(self, feed: Feed) -> Source:
        address = feed.address if feed.address.startswith(("https://", "http://")) else NOWHERE + quote(feed.address)
        made = Source(_id(feed.address), address, feed.publisher)
        if not (publisher := self._publisher(feed)):
            return replace(made, scope=self._scope(feed, Role.PRESS), languages=feed.languages)
        one = publisher[0]
        # of publishers whose sources differ nothing more is taken than that they report
        role = one.role if all(s.role is one.role for s in publisher) else Role.PRESS
        return replace(
            made,
            role=role,
            scope=self._scope(feed, role),
            owner=one.owner,
            organisation=one.organisation,
            country=one.country,
            zone=one.zone,
            languages=feed.languages,
            homepage=one.homepage,
            strip=one.strip,
        )

    def _publisher(self, feed: Feed) -> Sequence[Source]:
        """The sources of the publisher of this feed; none where nobody or several have its host."""
        if named := self._by_name.get(feed.publisher.casefold()):
            return named
        labels = feed.host.removeprefix("www.").split(".")
        hosts = (".".join(labels[n:]) for n in range(len(labels) - 1))
        there = next((self._by_host[h] for h in hosts if h in self._by_host), {})
        return next(iter(there.values())) if len(there) == 1 else ()

    def _scope(self, feed: Feed, role: Role) -> Scope:
        """State media write on nothing else; nor does a feed that has North Korea in its name."""
        titled = Entry(feed.publisher, language=feed.languages[0] if feed.languages else "")
        statement = Origin("", "", "", backlog=False).statement(titled, "", datetime(2000, 1, 1, tzinfo=UTC))
        named = may_concern(statement, self._lexicon)
        return Scope.NK_ONLY if role is Role.STATE_MEDIA or named else Scope.ALL_TOPIC


def _id(address: str) -> str:
    bare = address.partition("://")[2] or address
    return OTHER.sub("-", bare.lower().removeprefix("www.")).strip("-")[:LONGEST_ID].strip("-") or "feed"
