"""Switches sources on and off, and takes the operator's own out again: edits of the settings file."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.catalogue.sources import load_sources, suggested_ids
from nkwatch.cli.completing import own_sources, sources_off, sources_on
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import WRONG, Json, answer, end, plain_errors, say
from nkwatch.cli.settings_file import (
    differences,
    read_settings,
    with_catalogue,
    with_source_switched,
    without_source,
    write_settings,
)
from nkwatch.config import Config, load_config
from nkwatch.domain.problems import ConfigError

Ids = Annotated[
    list[str],
    typer.Argument(metavar="ID", help="Source ids, from `nkwatch sources list --all`.", autocompletion=sources_on),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, write nothing.")]


def unknown(ids: Iterable[str], known: Collection[str]) -> list[str]:
    """A sentence for each id that no source has, with those that look like it."""
    return [
        f"no source has the id {i!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")
        for i in ids
        if i not in known
        for near in [get_close_matches(i, known)]
    ]


def enable(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Source ids, from `nkwatch sources list --all`.", autocompletion=sources_off),
    ] = None,
    suggested: Annotated[
        bool, typer.Option("--suggested", help="All that the catalogue suggests beside those on by default.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Switch sources on. Doing it twice changes nothing more.

    Example: nkwatch sources enable hrnk-org nknews --dry-run
    """
    wanted = list(dict.fromkeys([*(ids or ()), *(suggested_ids() if suggested else ())]))
    if not wanted:
        end("name the sources to switch on, or give --suggested", WRONG)

    async def usable(newsroom: Newsroom) -> Config:
        """A source with a problem would keep the whole service from starting."""
        sources = newsroom.sources
        wrong = [f"source {i}: {p}" for i in wanted if i in sources for p in newsroom.poller.problems(sources[i])]
        if problems := [*unknown(wanted, sources), *wrong]:
            raise ConfigError(*problems)
        return newsroom.config

    _switch(context.obj, in_newsroom(context, usable), wanted, on=True, dry_run=dry_run, as_json=as_json)


def disable(context: typer.Context, ids: Ids, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Switch sources off. Doing it twice changes nothing more.

    Example: nkwatch sources disable voa-editorials
    """
    with plain_errors():
        config = load_config(context.obj)
        if problems := unknown(ids, load_sources([s.source() for s in config.source])):
            raise ConfigError(*problems)
    _switch(context.obj, config, list(dict.fromkeys(ids)), on=False, dry_run=dry_run, as_json=as_json)


def remove(
    context: typer.Context,
    source_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a source of your own.", autocompletion=own_sources)
    ],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take a source of your own out of the settings. Its statements stay.

    Example: nkwatch sources remove families-example-org
    """
    with plain_errors():
        config = load_config(context.obj)
        own, shipped = {s.id for s in config.source}, load_sources()
        if source_id not in own and source_id in shipped:
            raise ConfigError(
                f"the source {source_id!r} ships with nkwatch and cannot be removed; "
                f"switch it off: nkwatch sources disable {source_id}"
            )
        if problems := unknown([source_id], own):
            raise ConfigError(*problems)
        before = read_settings(context.obj)
        after = without_source(before, source_id)
        if source_id not in shipped:  # an id that nobody has any more would be a problem in the lists
            lists = config.catalogue
            after = with_catalogue(after, _without(lists.enable, {source_id}), _without(lists.disable, {source_id}))
        save(context.obj, before, after, dry_run=dry_run)
    answer({"removed": source_id, "written": not dry_run}, as_json=as_json)


def save(path: Path, before: str, after: str, *, dry_run: bool) -> None:
    """Write the settings, or show what would change. Raises `ConfigError`."""
    if before == after:
        say(f"{path}: nothing to change")
    elif dry_run:
        say(f"{differences(before, after, path)}\n{path}: nothing was written")
    else:
        write_settings(path, before, after)
        say(f"wrote {path}, the former one is {path.name}.bak; a running daemon takes it up at SIGHUP")


def _switch(path: Path, config: Config, ids: Sequence[str], *, on: bool, dry_run: bool, as_json: bool) -> None:
    with plain_errors():
        own = [s.source() for s in config.source]
        was = load_sources(own, config.catalogue.enable, config.catalogue.disable)
        before = read_settings(path)
        save(path, before, _switched(before, config, ids, on=on), dry_run=dry_run)
    changed = [i for i in ids if was[i].enabled != on]
    figures: dict[str, object] = {"switched on" if on else "switched off": changed}
    if not as_json:
        figures = {name: ", ".join(changed) or "none" for name in figures}
    answer(figures | {"as before": len(ids) - len(changed)}, as_json=as_json)


def _switched(text: str, config: Config, ids: Sequence[str], *, on: bool) -> str:
    """The settings with these sources on or off: own ones in their table, shipped ones in the lists."""
    own, shipped = {s.id for s in config.source}, load_sources()
    for i in ids:
        text = with_source_switched(text, i, on=on) if i in own else text
    mine, other = (config.catalogue.enable, config.catalogue.disable)[:: 1 if on else -1]
    fresh = [i for i in ids if i not in own and i not in mine and shipped[i].enabled != on]
    lists = [*mine, *fresh], _without(other, ids)
    return with_catalogue(text, *(lists if on else lists[::-1]))


def _without(names: Iterable[str], gone: Collection[str]) -> list[str]:
    return [n for n in names if n not in gone]
