"""Opens the newsroom that the settings describe, for one command."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

import typer
from sqlalchemy.exc import DBAPIError

from nkwatch import logs
from nkwatch.assembly import Newsroom, open_newsroom, utc_now
from nkwatch.cli.output import plain_errors
from nkwatch.cli.troubles import end_by
from nkwatch.config import load_config, load_secrets
from nkwatch.net import loop
from nkwatch.workflow.ports import Clock

T = TypeVar("T")
#: What time it is for commands; who runs them inside another program may have a clock of its own.
CLOCK: ContextVar[Clock] = ContextVar("clock", default=utc_now)


@contextmanager
def database_errors() -> Iterator[None]:
    """`plain_errors`, for what asks a database too."""
    with plain_errors():
        try:
            yield
        except DBAPIError as wrong:
            end_by(wrong)


@asynccontextmanager
async def newsroom_of(path: Path) -> AsyncIterator[Newsroom]:
    """The newsroom by what the settings in `path` say now. Raises `ConfigError` for anything that cannot be used."""
    config = load_config(path)
    logs.set_up(json=config.log.json_lines, level=config.log.level)
    async with open_newsroom(config, load_secrets(config.secrets), CLOCK.get()) as newsroom:
        yield newsroom


def in_newsroom(context: typer.Context, work: Callable[[Newsroom], Awaitable[T]]) -> T:
    """Run `work` in the newsroom of ``--config``; what goes wrong becomes a sentence and an exit code."""
    path: Path = context.obj

    async def run() -> T:
        async with newsroom_of(path) as newsroom:
            return await work(newsroom)

    with database_errors():
        return loop.run(run())
