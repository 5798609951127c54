"""Commands on files: no settings, no database."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.cli.output import answer, end, say
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Article, Entry, Origin
from nkwatch.feeds.documents import Document, Unreadable
from nkwatch.feeds.parse import read_feed
from nkwatch.feeds.visit import read_article
from nkwatch.feeds.workers import Workers


def parse(
    file: Annotated[Path, typer.Argument(help="A feed: RSS, RDF, Atom or JSON Feed.")],
    url: Annotated[str, typer.Option(help="Where it was fetched from; relative links start there.")] = "",
    header: Annotated[
        list[str] | None, typer.Option(help="A header it came with, such as 'Content-Type: ...'. May be repeated.")
    ] = None,
) -> None:
    """Show the entries of a feed file as JSON lines.

    Example: nkwatch parse feed.xml --url https://example.org/feed --header "Content-Type: text/xml; charset=euc-kr"
    """
    try:
        body = file.read_bytes()
    except OSError as wrong:
        end(f"{file}: {wrong.strerror}")
    headers = dict(_header(h) for h in header or [])
    source = Source(id="file", url=url, publisher="")
    parsed = read_feed(Document(body, url, headers.get("content-type", "")), source)
    if isinstance(parsed, Unreadable):
        end(f"{file}: {parsed.reason}")
    if parsed.partial:
        say(f"{file}: it is cut off; these entries came whole.")
    now = datetime.now(UTC)
    for entry in parsed.entries:
        sys.stdout.write(json.dumps(_record(entry, now), ensure_ascii=False) + "\n")


def extract(
    file: Annotated[Path, typer.Argument(help="An article page; - reads standard input.", allow_dash=True)],
    url: Annotated[str, typer.Option(help="Where it was fetched from.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The answer is JSON with and without it.")] = True,
) -> None:
    """Show the title, text, date, author and language of an article page as one JSON object.

    Example: nkwatch extract page.html --url https://example.org/news/1
    """
    name = "standard input" if str(file) == "-" else str(file)
    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as wrong:
        end(f"{file}: {wrong.strerror}")
    article = asyncio.run(_extracted(Document(body, url), Source(id="file", url=url, publisher="")))
    if isinstance(article, Unreadable):
        end(f"{name}: {article.reason}")
    record = {
        "title": article.title,
        "text": article.text,
        "published": _iso(article.published) if article.published else None,
        "author": article.author,
        "language": article.language,
    }
    answer(record, as_json=True)


async def _extracted(page: Document, source: Source) -> Article | Unreadable:
    """In a worker: a page that hangs or grows is stopped."""
    async with Workers() as workers:
        return await workers.run(read_article, page, source)


def _record(entry: Entry, now: datetime) -> dict[str, object]:
    """An entry as it would be taken: a missing or impossible date becomes the present, and says so."""
    taken = Origin("file", "", "", backlog=True).statement(entry, f"{entry.guid} {entry.url} {entry.title}", now)
    return {
        "id": entry.guid or entry.url or taken.id,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.text,
        "published": _iso(taken.published),
        "published_estimated": taken.published_estimated,
        "updated": _iso(entry.updated) if entry.updated else None,
        "author": entry.author,
        "language": entry.language,
    }


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
