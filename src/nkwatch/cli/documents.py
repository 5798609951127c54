"""Commands on files: no settings, no database."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from nkwatch.cli.output import FAILED, errors
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry, Origin, identify, sift
from nkwatch.feeds.documents import Document, Unreadable
from nkwatch.feeds.parse import read


def parse(
    file: Annotated[Path, typer.Argument(help="A feed: RSS, RDF, Atom or JSON Feed.")],
    url: Annotated[str, typer.Option(help="Where it was fetched from; relative links start there.")] = "",
    header: Annotated[
        list[str] | None, typer.Option(help="A header it came with, such as 'Content-Type: ...'.")
    ] = None,
) -> None:
    """Show the entries of a feed file as JSON lines.

    Example: nkwatch parse feed.xml --url https://example.org/feed --header "Content-Type: text/xml; charset=euc-kr"
    """
    try:
        body = file.read_bytes()
    except OSError as wrong:
        _no(f"{file}: {wrong.strerror}")
    headers = dict(_header(h) for h in header or [])
    source = Source(id="file", url=url, publisher="")
    entries = read(Document(body, url, headers.get("content-type", "")), source)
    if isinstance(entries, Unreadable):
        _no(f"{file}: {entries.reason}")
    now = datetime.now(UTC)
    for entry in entries:
        sys.stdout.write(json.dumps(_record(entry, now), ensure_ascii=False) + "\n")


def _record(entry: Entry, now: datetime) -> dict[str, object]:
    """An entry as it would be taken: a missing or impossible date becomes the present, and says so."""
    taken = sift(identify([entry]), {}, Origin("file", "", "", backlog=True), now).new[0].statement
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


def _no(reason: str) -> NoReturn:
    errors.print(reason, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(FAILED)
