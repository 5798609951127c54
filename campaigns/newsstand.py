"""The sample site of a campaign: feeds on many hosts of loopback that show more and more, and notes who asked when."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from itertools import islice, pairwise, zip_longest
from typing import Self

from aiohttp import web
from bench.texts import labelled

from nkwatch.catalogue.rules import load_rules
from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Statement
from nkwatch.reading import read

_FEED = (
    '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{title}</title><link>{home}/</link>'
    "<description>Sample</description>{items}</channel></rss>"
)
_ITEM = (
    "<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{guid}</guid><pubDate>{date}</pubDate>"
    "<description>{text}</description></item>"
)
#: A feed shows its newest so many.
SHOWN = 20
#: What `nkwatch.toml` has for each source.
_SOURCE = """
[[source]]
id = "{id}"
url = "http://{host}/{id}"
publisher = "Publisher {id}"
role = "statement"
scope = "nk-only"
languages = ["en"]
domains = ["{domain}"]
alerts = true
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One statement as a source showed it first at `at`."""

    source_id: str
    number: int
    title: str
    text: str
    at: datetime

    @property
    def guid(self) -> str:
        """What tells it from others of its source."""
        return f"{self.source_id}-{self.number}"


def texts(count: int) -> list[Statement]:
    """Different statements on human rights in North Korea, of the labelled ones.

    The first third is not urgent: what a source shows at first never is. Then come urgent ones between the others.
    """
    rules = load_rules(None)
    found = ((s, read(s, rules, nk_only=True)) for s in labelled() if s.language == "en")
    some = list(islice(((s, r.urgency is Urgency.URGENT) for s, r in found if r.on_rights), count))
    calm, urgent = [s for s, alarms in some if not alarms], [s for s, alarms in some if alarms]
    first = calm[: count // 3]
    rest = [s for pair in zip_longest(urgent, calm[len(first) :]) for s in pair if s is not None]
    return [*first, *rest]


@dataclass(slots=True)
class Newsstand:
    """`sources` feeds, a few of them at each host of `hosts`. `asked` has the instants of requests by host."""

    sources: int
    hosts: int
    texts: Sequence[Statement]
    port: int = 0
    #: where a domain is given its hosts are below that, on port 80, and lead here by somebody else's doing
    domain: str = ""
    shown: list[Shown] = field(default_factory=list)
    asked: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    pages: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{name:.+}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def settings(self) -> str:
        """The sources, as the settings file names them."""
        return "".join(
            _SOURCE.format(id=self.id(n), host=self.host(n), domain=self.host(n).partition(":")[0])
            for n in range(self.sources)
        )

    def allowed(self) -> list[str]:
        """The hosts that may be asked although they are on loopback."""
        return [] if self.domain else [self.host(n) for n in range(min(self.hosts, self.sources))]

    def id(self, number: int) -> str:
        """The id of a source."""
        return f"sample-{number}"

    def host(self, number: int) -> str:
        """Its host, with the port."""
        return f"h{number % self.hosts}.{self.domain or f'localhost:{self.port}'}"

    def show(self, now: datetime | None = None) -> Shown:
        """Show one more statement, at the next source in turn. Texts come again with another name in them."""
        number = len(self.shown)
        base, again = self.texts[number % len(self.texts)], number // len(self.texts)
        title = f"{base.title or base.text[:60]}" + (f" ({again + 1})" if again else "")
        one = Shown(self.id(number % self.sources), number, title, base.text, now or datetime.now(UTC))
        self.shown.append(one)
        return one

    def by_address(self) -> dict[str, Shown]:
        """All that was shown, by the addresses of its pages."""
        return {f"http://{self.host(n % self.sources)}/page/{one.guid}": one for n, one in enumerate(self.shown)}

    def too_soon(self, pause: float, slack: float = 0.1) -> list[str]:
        """A sentence for each host that was asked twice within the pause; `slack` is what measuring may cost."""
        return [
            f"{host}: {len(near)} requests within {pause} s of the one before, the soonest after {min(near):.2f} s"
            for host, times in self.asked.items()
            if (near := [b - a for a, b in pairwise(sorted(times)) if b - a < pause - slack])
        ]

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked[request.host].append(time.monotonic())
        name = request.match_info["name"]
        if name == "robots.txt":
            raise web.HTTPNotFound
        if name.startswith("page/"):
            return self._page(name.removeprefix("page/"))
        items = [one for one in self.shown if one.source_id == name]
        tag = f'"{len(items)}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        home = f"http://{request.host}"
        body = _FEED.format(title=name, home=home, items="".join(_item(one, home) for one in items[-SHOWN:]))
        return web.Response(text=body, content_type="application/rss+xml", headers={"ETag": tag})

    def _page(self, guid: str) -> web.Response:
        self.pages += 1
        one = next((o for o in self.shown if o.guid == guid), None)
        if one is None:
            raise web.HTTPNotFound
        body = "".join(f"<p>{escape(p)}</p>" for p in one.text.split("\n\n"))
        title = escape(one.title)
        article = f"<article><h1>{title}</h1>{body}</article>"
        text = f"<html><head><title>{title}</title></head><body>{article}</body></html>"
        return web.Response(text=text, content_type="text/html")


def _item(one: Shown, home: str) -> str:
    link, date = f"{home}/page/{one.guid}", format_datetime(one.at)
    return _ITEM.format(title=escape(one.title), link=link, guid=one.guid, date=date, text=escape(one.text))
