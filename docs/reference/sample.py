"""A newsroom with some of the sample texts in it, to be asked as programs ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from tests.web.samples import NOW, SITE, empty_newsroom, samples, tell

from nkwatch.assembly import Newsroom
from nkwatch.domain.statement import Entry
from nkwatch.web.app import create_app

#: What is heard of whom; the second and the third are one story. So many are enough for examples.
HEARD = {
    "sample-border-watch": ("tumen-seven", "women-sold-across-river"),
    "sample-release-wire": ("wire-women-sold-across-river",),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site says."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Sample:
    """The site over a newsroom; it knows no reader."""

    newsroom: Newsroom
    site: FastAPI

    async def ask(self, address: str) -> Answer:
        """GET, without a network: as ASGI 3.0 has it."""
        path, _, query = address.partition("?")
        host = SITE.rpartition("/")[2]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", host.encode())],
            "client": ("192.0.2.1", 443),
            "server": (host, 443),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.site(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent).decode())


@asynccontextmanager
async def opened() -> AsyncIterator[Sample]:
    """The newsroom a day after the texts came, when the first edition is made."""
    with TemporaryDirectory() as folder:
        async with empty_newsroom(Path(folder)) as newsroom:
            for source, names in HEARD.items():
                await tell(newsroom, source, *(_entry(s) for s in samples()["statement"] if s["id"] in names))
            await newsroom.index()
            await newsroom.editions()
            newsroom.clock.now += timedelta(days=2)
            await newsroom.editions()
            yield Sample(newsroom, create_app(newsroom))


def _entry(sample: dict[str, Any]) -> Entry:
    published = NOW - timedelta(hours=int(sample["age"].removesuffix("h")))
    url = f"https://www.{sample['source']}.example/{sample['id']}"
    return Entry(sample["title"], url, sample["text"].strip(), sample["id"], published, "", sample["language"])
