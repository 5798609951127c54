"""``nkwatch sources add``: finds out how a site can be polled, shows it, and writes it into the settings."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError

from nkwatch.assembly import Newsroom
from nkwatch.cli.finding import Scout, Way, as_table, fresh_id
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, WRONG, Json, answer, end, errors, plain_errors, printable, rows, say
from nkwatch.cli.settings_file import read_settings, source_text, with_sources, write_settings
from nkwatch.config import SourceSettings
from nkwatch.domain.identity import normalised_address
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Role, Scope, Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.dates import home

SHOWN = 10
SELECTORS = ("item", "title", "link", "date", "teaser")
A_SELECTOR = "CSS selector for a page without a feed, looked for in each item."


def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="A feed, a sitemap, a listing page, or the home page of a site.")],
    source_id: Annotated[str, typer.Option("--id", help="Its id; else it is made from the host.")] = "",
    publisher: Annotated[str, typer.Option(help="Who publishes it, as readers shall see it.")] = "",
    owner: Annotated[str, typer.Option(help="Who is behind the publisher, where several belong together.")] = "",
    kind: Annotated[str, typer.Option(help="feed, page, sitemap or another kind; else it is found out.")] = "",
    item: Annotated[str, typer.Option(help="CSS selector for a page without a feed: one item of the list.")] = "",
    title: Annotated[str, typer.Option(help=A_SELECTOR)] = "",
    link: Annotated[str, typer.Option(help=A_SELECTOR)] = "",
    date: Annotated[str, typer.Option(help=A_SELECTOR)] = "",
    teaser: Annotated[str, typer.Option(help=A_SELECTOR)] = "",
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE: what else this kind needs. May be repeated.")
    ] = None,
    role: Annotated[Role, typer.Option(help="What its texts are.")] = Role.PRESS,
    scope: Annotated[Scope, typer.Option(help="Whether it writes on North Korea only.")] = Scope.ALL_TOPIC,
    languages: Annotated[str, typer.Option(help="Language codes, separated by commas.")] = "",
    country: Annotated[str, typer.Option(help="Two capital letters.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone of dates that name none, such as Asia/Seoul.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Add it without switching it on.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the first of several, and what was guessed.")] = False,
    as_json: Json = False,
) -> None:
    """Add a source of your own. Its feed is looked for; where there is none, selectors for the page are proposed.

    Example: nkwatch sources add https://families.example.org/ --publisher "Families' association" --scope nk-only
    """
    options = _options(option or [], dict(zip(SELECTORS, (item, title, link, date, teaser), strict=True)))
    draft = Source(
        id=source_id,
        url=url,
        publisher=publisher,
        owner=owner,
        kind=kind or ("page" if "item" in options else "feed"),
        role=role,
        scope=scope,
        languages=tuple(code.strip() for code in languages.split(",") if code.strip()),
        country=country,
        zone=zone,
        enabled=not off,
        options=options,
    )
    ways, refusals = in_newsroom(context, lambda newsroom: _found(newsroom, draft, told=bool(kind or options)))
    chosen = _chosen(ways, yes=yes or dry_run, as_json=as_json)
    if not ways:
        for reason in refusals:
            errors.print(reason, style="red", markup=False, soft_wrap=True)
    with plain_errors():
        written = _written(context, chosen, dry_run=dry_run) if chosen else ""
    if as_json:
        told = {"choices": [_record(c) for c in ways], "refused": refusals, "settings": written}
        answer(told | {"added": chosen.source.id if chosen and not dry_run else None}, as_json=True)
    elif chosen:
        sys.stdout.write(written)
    if not chosen:
        raise typer.Exit(FAILED)


def _options(pairs: Sequence[str], selectors: Mapping[str, str]) -> dict[str, str]:
    wrong = [p for p in pairs if not p.partition("=")[1]]
    if wrong:
        end(f"--option: write NAME=VALUE, not {wrong[0]!r}", WRONG)
    given = {name: value for name, value in selectors.items() if value}
    if given:
        given = {"title": "a", "link": "a"} | given
    return given | {name.strip(): value for name, _, value in (p.partition("=") for p in pairs)}


async def _found(newsroom: Newsroom, draft: Source, *, told: bool) -> tuple[list[Way], list[str]]:
    """The ways to poll it, and what was refused. Raises `ConfigError` for a draft that cannot stand in the settings."""
    known = {normalised_address(s.url): s.id for s in newsroom.sources.values()}
    if draft.id in newsroom.sources:
        raise ConfigError(f"--id: there is a source {draft.id!r} already; choose another id")
    _refuse_known(known, draft.url)
    drawn = replace(draft, id=draft.id or fresh_id(draft.url, newsroom.sources))
    scout = Scout(newsroom, _valid(drawn))
    guess = draft.kind == "page" and not draft.options
    if told and not guess:
        if problems := newsroom.poller.problems(drawn):
            raise ConfigError(*problems)
        return await scout.as_told(), scout.refusals
    ways = await scout.ways(only_page=guess)
    fresh = [c for c in ways if normalised_address(c.source.url) not in known]
    if ways and not fresh:
        _refuse_known(known, ways[0].source.url)
    return fresh, scout.refusals


def _refuse_known(known: Mapping[str, str], url: str) -> None:
    if of := known.get(normalised_address(url)):
        raise ConfigError(f"{url} is the address of the source {of!r} already; see `nkwatch sources show {of}`")


def _valid(draft: Source) -> Source:
    """The draft, if it can stand in the settings. Raises `ConfigError`."""
    try:
        SourceSettings.model_validate(as_table(replace(draft, publisher=draft.publisher or "-")))
    except ValidationError as wrong:
        said = (f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in wrong.errors())
        raise ConfigError(*said) from wrong
    return draft


def _chosen(ways: Sequence[Way], *, yes: bool, as_json: bool) -> Way | None:
    """The way to take: the only one, the first by `--yes`, or the one that somebody at a terminal names."""
    if not as_json:
        _show(ways)
    certain = len(ways) == 1 and not ways[0].proposed
    if not ways or yes or certain:
        return next(iter(ways), None)
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        say("nothing was added: look at what is above, then take the first with --yes, or give the address you want")
        return None
    number = typer.prompt("Which one (0: none)", type=int, default=1, err=True)
    return ways[number - 1] if 1 <= number <= len(ways) else None


def _show(ways: Sequence[Way]) -> None:
    for number, way in enumerate(ways, 1):
        source = way.source
        newest = max((f"{local(e.published, source, e):%Y-%m-%d}" for e in way.entries if e.published), default="")
        lines = [
            f"{number}. {source.kind} {source.url} ({way.found})",
            f"   {len(way.entries)} entries, newest: {newest or 'no dates'}, {way.about} name North Korea",
            *(f"   {name} = {selector}" for name, selector in source.options.items()),
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        rows([_seen(e, source) for e in way.entries[:SHOWN]], as_json=False, empty="   it shows nothing")
        sys.stdout.write("\n")


def _seen(entry: Entry, source: Source) -> dict[str, object]:
    """An entry in short, for people to look at."""
    return {
        "title": printable(entry.title)[:80],
        "link": printable(entry.url),
        "date": local(entry.published, source, entry) if entry.published else None,
        "teaser": printable(entry.text)[:60],
    }


def local(instant: datetime, source: Source, entry: Entry) -> datetime:
    """The instant of an entry in the zone of its source, where the day is the one that the page shows."""
    return instant.astimezone(ZoneInfo(home(source, f"{entry.title} {entry.language}")))


def _record(way: Way) -> dict[str, object]:
    return {
        "source": as_table(way.source),
        "found": way.found,
        "proposed": way.proposed,
        "entries": len(way.entries),
        "newest": way.newest,
        "about_nk": way.about,
        "samples": [
            {"title": e.title, "url": e.url, "published": e.published, "text": e.text[:200]}
            for e in way.entries[:SHOWN]
        ],
    }


def _written(context: typer.Context, way: Way, *, dry_run: bool) -> str:
    """Write the source into the settings; answers its table."""
    table = as_table(way.source)
    before = read_settings(context.obj)
    after = with_sources(before, [table])
    if dry_run:
        say(f"{context.obj} would get this at its end; nothing was written")
    else:
        write_settings(context.obj, before, after)
        say(f"added {way.source.id} to {context.obj}; a running daemon takes it up at SIGHUP")
    return source_text(table)
