"""One round of a part: ``nkwatch poll``, ``read`` and ``publish``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli import corpus
from nkwatch.cli.completing import sources_on
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import WRONG, Json, answer, end, say
from nkwatch.cli.sources import known_sources


def poll(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Source ids; all that are due without any.", autocompletion=sources_on),
    ] = None,
    as_json: Json = False,
) -> None:
    """Poll the sources that are due, once.

    Example: nkwatch poll hrw-en
    """

    async def work(newsroom: Newsroom) -> object:
        collected = await newsroom.collect(only=known_sources(newsroom, ids or []))
        visits = await newsroom.visit()
        for state in await newsroom.statements.states():
            if state.failures:
                say(f"{state.source_id}: {state.reason} It is asked again at {state.due_at:%Y-%m-%d %H:%M} UTC.")
        return asdict(collected) | asdict(visits)

    answer(in_newsroom(context, work), as_json=as_json)


def read(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Statements as JSON lines; - reads standard input.")] = None,
    rules: corpus.Rules = None,
    as_json: Json = False,
) -> None:
    """Read the statements that have no reading yet, once; or those in a file, without settings, as JSON lines.

    Example: nkwatch read --json; nkwatch read statements.jsonl
    """
    if file is None:
        if rules:
            end("--rules goes with a file; the settings name the rules of the service", WRONG)
        answer(in_newsroom(context, _read), as_json=as_json)
    else:
        corpus.read_file(file, rules)


async def _read(newsroom: Newsroom) -> dict[str, int]:
    """Read, then put what was read into the index of the search."""
    read = await newsroom.read()
    return asdict(read) | {"indexed": (await newsroom.index()).statements}


def publish(context: typer.Context, as_json: Json = False) -> None:
    """Release alerts, call editors to those that wait, and close the windows that have closed, once.

    Example: nkwatch publish
    """

    async def work(newsroom: Newsroom) -> dict[str, int]:
        published, edited = await newsroom.publish(), await newsroom.editions()
        return asdict(published) | asdict(edited) | asdict(await newsroom.call())

    answer(in_newsroom(context, work), as_json=as_json)
