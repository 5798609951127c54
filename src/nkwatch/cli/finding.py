"""Finds out how the news at an address can be polled: asks the site, politely, and tries what it finds."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urljoin

import idna

from nkwatch.assembly import Newsroom
from nkwatch.cli.output import say
from nkwatch.domain.outcome import Failed, Fetched
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source, host_of
from nkwatch.domain.statement import Entry, Origin
from nkwatch.feeds.discovery import SITEMAP, Candidate, Seen, from_robots, look, usual_places
from nkwatch.feeds.documents import Document, Parsed, Unreadable
from nkwatch.feeds.fetch import document, refused
from nkwatch.feeds.listings import Proposal, propose
from nkwatch.feeds.pages import read_page
from nkwatch.feeds.parse import read_feed
from nkwatch.net import Unreached
from nkwatch.reading import may_concern

#: Requests to one site for one `sources add`, robots.txt for pages apart.
MOST_REQUESTS = 8
#: As many of the feeds that a page names are tried.
MOST_NAMED = 4
DATED_OUT = timedelta(days=365)
SITEMAP_ROOT = re.compile(rb"<(?:urlset|sitemapindex)\b")
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
ACCEPT = {"Accept": "text/html, application/xhtml+xml, application/rss+xml, application/atom+xml, */*;q=0.5"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to poll the site, tried once. `proposed` says that its selectors are a guess to be looked at.

    `about` is how many of its entries name North Korea.
    """

    source: Source
    found: str
    entries: tuple[Entry, ...] = ()
    about: int = 0
    proposed: bool = False

    @property
    def newest(self) -> datetime | None:
        """The date of the newest entry that has one."""
        return newest(self.entries)

    def rank(self, now: datetime) -> tuple[object, ...]:
        """Better ways have smaller ranks: alive, on North Korea (in quarters), fresh, with many entries."""
        newest = self.newest or LONG_AGO
        share = round(4 * self.about / max(len(self.entries), 1))
        comments = Candidate(self.source.url).comments
        return (comments, self.proposed, now - newest > DATED_OUT, -share, now - newest, -len(self.entries))


@dataclass(slots=True)
class Scout:
    """Looks at one site. `draft` holds what the operator has said; `refusals` are told when nothing is found."""

    newsroom: Newsroom
    draft: Source
    refusals: list[str] = field(default_factory=list)
    requests: int = 0

    async def as_told(self) -> list[Way]:
        """The draft itself, polled once."""
        return [c for c in [await self._tried(self.draft, "as you said")] if c]

    async def ways(self, *, only_page: bool = False) -> list[Way]:
        """Ways to poll what is at the address, the best first; `only_page` looks for no feed."""
        document = await self._asked(self.draft.url)
        if document is None:
            return []
        found = [] if only_page else await self._at_once(document)
        if not found:
            seen = await self.newsroom.workers.run(look, document)
            page = seen if isinstance(seen, Seen) else Seen()
            self.draft = self._informed(page, document.url)
            found = [] if only_page else await self._feeds(page.candidates, document.url)
            found = found or await self._page(document)
        now = self.newsroom.clock()
        return sorted(found, key=lambda c: c.rank(now))

    async def _asked(self, url: str) -> Document | None:
        """What is at `url`, or nothing with the reason told."""
        self.requests += 1
        answer = await self.newsroom.web.get(url, ACCEPT)
        if isinstance(answer, Unreached):
            self.refusals.append(answer.reason)
            return None
        if answer.status != HTTPStatus.OK:
            self.refusals.append(f"{url}: {refused(answer, self.newsroom.clock()).reason}")
            return None
        return document(answer)

    async def _at_once(self, document: Document) -> list[Way]:
        """The address itself, where it is a feed or a sitemap."""
        if SITEMAP_ROOT.search(document.body[:2_000]):
            way = await self._tried(replace(self.draft, kind=SITEMAP), "the address itself")
            return [way] if way else []
        read = await self.newsroom.workers.run(read_feed, document, self.draft)
        if not isinstance(read, Parsed):
            return []
        return [self._way(replace(self.draft, kind="feed", url=document.url), "the address itself", read.entries)]

    def _informed(self, seen: Seen, url: str) -> Source:
        """The draft with what the page says of itself, where the operator said nothing."""
        languages = self.draft.languages or tuple(filter(None, [seen.language.partition("-")[0]]))
        publisher = self.draft.publisher or seen.name
        return replace(self.draft, publisher=publisher, languages=languages, homepage=self.draft.homepage or url)

    async def _feeds(self, named: Sequence[Candidate], url: str) -> list[Way]:
        """What the page names; failing that, what robots.txt names; failing that, the first usual place that works."""
        found = [c for n in named[:MOST_NAMED] if (c := await self._candidate(n))]
        if any(not Candidate(c.source.url).comments for c in found):
            return found
        robots = await self._asked(urljoin(url, "/robots.txt"))
        news = from_robots(robots.body.decode("utf-8", "replace"), url) if robots else ()
        for candidate in (*news[:1], *usual_places(url, *self.draft.languages[:1])):
            if self.requests >= MOST_REQUESTS - 1:  # one is left for the page itself
                break
            if way := await self._candidate(candidate):
                return [way, *found]
        return found

    async def _candidate(self, candidate: Candidate) -> Way | None:
        return await self._tried(replace(self.draft, url=candidate.url, kind=candidate.kind), candidate.found)

    async def _page(self, document: Document) -> list[Way]:
        """The page itself by proposed selectors, polled as it will be: robots.txt may forbid it."""
        proposals = await self.newsroom.workers.run(propose, document)
        if isinstance(proposals, Unreadable) or not proposals:
            self.refusals.append("No feed was found, and nothing on the page repeats: name the selectors (--item ...).")
            return []
        pages = [self._drawn(p, document.url) for p in proposals]
        first = await self._tried(pages[0], "proposed, look at them", proposed=True)
        if first is None:
            return []
        others = [(page, await self.newsroom.workers.run(read_page, document, page)) for page in pages[1:]]
        read = [
            self._way(p, "proposed, look at them", r.entries, proposed=True) for p, r in others if isinstance(r, Parsed)
        ]
        return [first, *read]

    def _drawn(self, proposal: Proposal, url: str) -> Source:
        return replace(self.draft, url=url, kind="page", options=dict(proposal.options))

    async def _tried(self, source: Source, found: str, *, proposed: bool = False) -> Way | None:
        """`source` polled once, without storing anything."""
        self.requests += 1
        say(f"trying {source.url} ({found})")
        outcome = await self.newsroom.poller.poll(source, PollState(source.id, self.newsroom.clock(), source.url))
        if isinstance(outcome, Fetched) and outcome.entries:
            return self._way(source, found, outcome.entries, proposed=proposed)
        reason = outcome.reason if isinstance(outcome, Failed) else "It shows nothing."
        self.refusals.append(f"{source.url}: {reason}")
        return None

    def _way(self, source: Source, found: str, entries: tuple[Entry, ...], *, proposed: bool = False) -> Way:
        languages = source.languages or usual_language(entries)
        drawn = replace(source, languages=languages, domains=source.domains or usual_domains(source.url, entries))
        drawn = replace(drawn, publisher=source.publisher or host_of(source.url))
        about = sum(self._concerns(drawn, entry) for entry in entries)
        return Way(drawn, found, entries, about, proposed)

    def _concerns(self, source: Source, entry: Entry) -> bool:
        origin = Origin(source.id, source.publisher, "", backlog=True)
        return may_concern(origin.statement(entry, entry.url, self.newsroom.clock()), self.newsroom.rules.lexicon)


def newest(entries: Iterable[Entry]) -> datetime | None:
    """The date of the newest of these entries that has one."""
    return max((e.published for e in entries if e.published), default=None)


def usual_language(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The language that most entries say they are in."""
    told = Counter(e.language.partition("-")[0] for e in entries if e.language)
    return tuple(language for language, _ in told.most_common(1))


def usual_domains(url: str, entries: Sequence[Entry]) -> tuple[str, ...]:
    """The host of the source, and those to which at least a fifth of its links lead; ``www.`` left out."""
    hosts = Counter(host_of(e.url).removeprefix("www.") for e in entries if host_of(e.url))
    usual = [h for h, n in hosts.most_common(5) if n >= sum(hosts.values()) / 5]
    return tuple(dict.fromkeys(filter(None, [host_of(url).removeprefix("www."), *usual])))


def fresh_id(url: str, taken: Collection[str]) -> str:
    """An id that no source has, after the host: www.hrnk.org becomes hrnk-org, and the next one hrnk-org-2."""
    host = host_of(url).removeprefix("www.")
    try:
        name = idna.encode(host).decode()
    except idna.IDNAError:
        name = host
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "source"
    return next(i for n in range(1, len(taken) + 2) if (i := name if n == 1 else f"{name}-{n}") not in taken)


def as_table(source: Source) -> dict[str, object]:
    """A source as a `[[source]]` table: what is not at its default, in the order of the fields, options last."""
    usual = Source(id="", url="", publisher="")
    told = {f.name: getattr(source, f.name) for f in fields(source)}
    table = {
        name: list(value) if isinstance(value, tuple) else str(value) if isinstance(value, str) else value
        for name, value in told.items()
        if name != "options" and (name in {"id", "url", "publisher"} or value != getattr(usual, name))
    }
    return table | ({"options": dict(source.options)} if source.options else {})
