"""Opens the newsroom that the settings describe, for one command."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from nkwatch import logs
from nkwatch.assembly import Newsroom, open_newsroom
from nkwatch.cli.output import plain_errors
from nkwatch.config import load_config, load_secrets

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def in_newsroom(context: typer.Context, work: Callable[[Newsroom], Awaitable[T]]) -> T:
    """Run `work` in the newsroom of ``--config``; what goes wrong becomes a sentence and an exit code."""
    path: Path = context.obj
    with plain_errors():
        config = load_config(path)
        logs.set_up(json=config.log.json_lines, level=config.log.level)
        secrets = load_secrets(config.secrets)

        async def run() -> T:
            async with open_newsroom(config, secrets) as newsroom:
                return await work(newsroom)

        return asyncio.run(run())
