"""Subscription lists in and out, and sources from files."""

import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from nkwatch.assembly import Newsroom
from nkwatch.catalogue.opml import LARGEST, Subscriptions, on_the_web, read_opml, write_opml
from nkwatch.catalogue.sources import load_sources
from nkwatch.cli.finding import as_table, fresh_id
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Json, answer, end, plain_errors, say
from nkwatch.cli.settings_file import read_settings, with_sources
from nkwatch.cli.switching import DryRun, save
from nkwatch.config import SourceSettings, load_config
from nkwatch.domain.identity import normalised_address
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source, host_of
from nkwatch.feeds.documents import Unreadable
from nkwatch.net.decoding import decode

OPML = frozenset({".opml", ".xml"})


def import_sources(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="An OPML file, as other feed readers write it.")],
    enable: Annotated[bool, typer.Option("--enable/--no-enable", help="Switch the new sources on at once.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take the feeds of a subscription list into the settings, switched off; what is known is skipped.

    Example: nkwatch sources import feeds.opml --dry-run
    """
    with plain_errors():
        text = decode(_bytes(file))

    async def work(newsroom: Newsroom) -> tuple[Subscriptions, dict[str, Source]]:
        read = await newsroom.workers.run(read_opml, text)
        return Subscriptions(problem=read.reason) if isinstance(read, Unreadable) else read, dict(newsroom.sources)

    read, known = in_newsroom(context, work)
    if read.problem:
        end(f"{file}: {read.problem}")
    fresh = as_sources(read, known, enabled=enable)
    for reason, count in Counter(s.reason for s in read.skipped).items():
        say(f"skipped {count}: {reason} For example: {next(s.url for s in read.skipped if s.reason == reason)!r}")
    with plain_errors():
        before = read_settings(context.obj)
        save(context.obj, before, with_sources(before, [as_table(s) for s in fresh]), dry_run=dry_run)
    figures = {"added": len(fresh), "known": len(read.feeds) - len(fresh), "skipped": len(read.skipped)}
    answer(figures | ({"ids": [s.id for s in fresh]} if as_json else {}), as_json=as_json)


def export_sources(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Those that are off, too.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; else standard output.")] = None,
) -> None:
    """Write the sources as OPML for other feed readers. Pages and sitemaps stand in it as links.

    Example: nkwatch sources export --out nkwatch.opml
    """
    with plain_errors():
        config = load_config(context.obj)
        own, catalogue = [s.source() for s in config.source], config.catalogue
        sources = load_sources(own, catalogue.enable, catalogue.disable).values()
        shown = [s for s in sources if s.enabled or everything]
        written = write_opml(shown, f"Sources of {config.site.name}")
        if out:
            try:
                out.write_bytes(written)
            except OSError as wrong:
                raise ConfigError(f"{out}: cannot be written: {wrong.strerror}") from wrong
        else:
            sys.stdout.write(written.decode())
    feeds = sum(s.kind == "feed" and on_the_web(s.url) for s in shown)
    links = sum(on_the_web(s.url) for s in shown) - feeds
    say(f"{feeds} feeds, {links} as links because no feed reader reads them, {len(shown) - feeds - links} left out")


def plot_sources(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="The SVG file to write.")] = Path("sources.svg"),
    language: Annotated[str, typer.Option(help="en, ko, ja or fr.")] = "en",
) -> None:
    """Draw when each source published in the last 90 days, and how it is, into an SVG file.

    Example: nkwatch sources plot --out sources.svg
    """
    from nkwatch.web.watching import plot  # noqa: PLC0415  no other command needs the pages

    drawn = in_newsroom(context, lambda newsroom: plot(newsroom, language))
    try:
        out.write_text(drawn, "utf-8")
    except OSError as wrong:
        end(f"{out}: {wrong.strerror}")
    say(f"wrote {out}")


def as_sources(read: Subscriptions, known: dict[str, Source], *, enabled: bool) -> list[Source]:
    """The feeds of a list as sources, without those at an address that a known one has."""
    addresses = {normalised_address(s.url) for s in known.values()}
    taken, fresh = set(known), []
    for feed in read.feeds:
        if normalised_address(feed.url) in addresses:
            continue
        source_id = fresh_id(feed.url, taken)
        taken.add(source_id)
        note = f"Imported from the folder {' / '.join(feed.folders)}." if feed.folders else ""
        name = feed.title or host_of(feed.url)
        fresh.append(Source(id=source_id, url=feed.url, publisher=name, enabled=enabled, note=note))
    return fresh


def from_file(path: Path) -> dict[str, Source]:
    """The sources of an OPML file, or of the `[[source]]` tables of a TOML file, by id. Raises `ConfigError`."""
    text = decode(_bytes(path))
    if path.suffix.lower() in OPML:
        read = read_opml(text)
        if read.problem:
            raise ConfigError(f"{path}: {read.problem}")
        return {s.id: s for s in as_sources(read, {}, enabled=True)}
    try:
        tables = tomllib.loads(text).get("source", ())
        return {s.id: s for s in (SourceSettings.model_validate(t).source() for t in tables)}
    except (tomllib.TOMLDecodeError, ValidationError, TypeError, AttributeError) as wrong:
        raise ConfigError(f"{path}: it holds no [[source]] tables that can be read: {wrong}") from wrong


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(4 * LARGEST + 1)
    except OSError as wrong:
        raise ConfigError(f"{path}: cannot be read: {wrong.strerror}") from wrong
    if len(body) > 4 * LARGEST:
        raise ConfigError(f"{path}: it is larger than any list of sources")
    return body
