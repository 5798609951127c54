"""What would have gone out: archived entries through the whole service, on a simulated clock."""

import asyncio
import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from nkwatch import backtest as backtesting
from nkwatch.backtest import Backtested, Options, Shown, Span
from nkwatch.catalogue.locales import load_locales
from nkwatch.catalogue.rules import load_rules
from nkwatch.cli.choices import Menu, read_choice
from nkwatch.cli.corpus import Rules
from nkwatch.cli.newsroom import CLOCK
from nkwatch.cli.output import Json, bar, end, plain_errors, say
from nkwatch.config import load_config
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Choice
from nkwatch.reading.rules import Rules as ReadingRules

#: In which our own sentences are written.
ENGLISH = "en"
DAY = ["%Y-%m-%d"]


def backtest(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Archived entries as JSON lines, gzipped or not.")
    ],
    since: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="The first day (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="The last day (UTC).")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write pages and mails into this folder.")] = None,
    choice: Annotated[
        Path | None,
        typer.Option("--choice", help="A reader's choice as JSON, as `subscribers export` writes it; else everything."),
    ] = None,
    release: Annotated[bool, typer.Option("--release", help="Let every held alert go at once.")] = False,
    own: Annotated[
        bool, typer.Option("--settings", help="With the sources, rules, templates and alerts of --config.")
    ] = False,
    rules: Rules = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="An earlier answer as JSON: add what has changed since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show which digests and alerts archived entries would have brought, week by week. Nothing is fetched or sent.

    Fields of a line: feed, publisher, url, title, summary, published; lang, guid, author, role, scope where known.

    Example: nkwatch backtest archive.jsonl.gz --out pages; nkwatch backtest a.jsonl --rules mine --compare before.json
    """
    with plain_errors():
        config = load_config(context.obj) if own else None
        before = _earlier(compare) if compare else None
        loaded = load_rules(rules or (config.rules if config else None))
        known = {s.id: s for s in backtesting.known_sources(config)}
        shown = _shown(files, Span(since and since.date(), until and until.date()), known.values(), loaded)
        chosen = _choice(choice, {*known, *(one.source.id for one in shown)}, loaded) if choice else Choice()
        options = Options(chosen, release=release, config=config, rules=rules)
        with bar("entries") as progress:
            found = asyncio.run(backtesting.replay(shown, options, progress))
        record = backtesting.record(found)
        changed = backtesting.changes(record, before) if before else None
        if out:
            names = {t.code: t.name(ENGLISH) for t in loaded.lexicon.themes}
            backtesting.write_pages(found, out, names)
            say(f"pages and mails are in {out}; begin with index.html")
    answer = record | ({"changes": changed} if changed else {})
    if as_json or not sys.stdout.isatty():
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    else:
        show(found, changed)


def _shown(files: Sequence[Path], span: Span, known: Iterable[Source], rules: ReadingRules) -> tuple[Shown, ...]:
    archive = backtesting.read_archive(files, span, CLOCK.get()(), say)
    if not archive.entries:
        end(f"{', '.join(map(str, files))}: no entry to replay")
    say(f"{archive.entries} entries of {len(archive.feeds)} feeds")
    return backtesting.shown_by(archive, known, rules.lexicon)


def _choice(file: Path, sources: Collection[str], rules: ReadingRules) -> Choice:
    menu = Menu({ENGLISH, *load_locales()}, {t.code for t in rules.lexicon.themes}, sources)
    chosen = read_choice(_object(file), menu, Choice())
    weekly = backtesting.weekly(chosen)
    if chosen.schedule != weekly.schedule:
        say(f"{file}: digests are weekly here, on Monday mornings ({weekly.schedule.zone}), whatever was chosen")
    return chosen


def _earlier(file: Path) -> Mapping[str, Any]:
    before = _object(file)
    # told before the work, and not after it
    backtesting.changes({"weeks": []}, before)
    return before


def _object(file: Path) -> Mapping[str, Any]:
    """The first JSON object of a file. Raises `ConfigError`."""
    try:
        text = file.read_text("utf-8-sig").lstrip()
        found, _ = json.JSONDecoder().raw_decode(text)
    except (OSError, ValueError, RecursionError) as wrong:
        raise ConfigError(f"{file}: no JSON that can be read: {wrong}") from wrong
    if not isinstance(found, dict):
        raise ConfigError(f"{file}: no JSON object")
    return found


def show(found: Backtested, changed: Mapping[str, Any] | None) -> None:
    """The figures of the weeks as a table, and what changed below it."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("week", "entries", "on North Korea", "stories", "released", "held"):
        table.add_column(name, justify="left" if name == "week" else "right")
    for week in found.weeks:
        stories = len(week.digest.stories) if week.digest else 0
        states = [raised.state for raised in week.alerts]
        released, held = states.count(AlertState.RELEASED), states.count(AlertState.HELD)
        table.add_row(week.name, *map(str, (week.entries, week.about_nk, stories, released, held)))
    console = Console(highlight=False, markup=False)
    console.print(table)
    for week in changed["weeks"] if changed else ():
        for name, rows in ((n, r) for n, r in week.items() if n != "week"):
            for row in rows:
                console.print(f"{week['week']}, {name.replace('_', ' ')}: {row['title']} ({row['publisher']})")
