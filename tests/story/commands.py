"""Commands run in this process, as an operator or another program types them, and what they answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from typer.testing import CliRunner

from nkwatch.assembly import Newsroom
from nkwatch.cli import app
from nkwatch.cli.newsroom import CLOCK
from nkwatch.domain.bounce import Bounce, BounceKind

SOURCE = '\n[[source]]\nid = "a"\nurl = "https://a.example/feed"\npublisher = "Publisher a"\nrole = "statement"\nalerts = true\n'


def invoke(*arguments: str, given: str | bytes = "") -> tuple[int, str, str]:
    """Exit code, standard output, standard error of a command; `given` is its standard input."""
    ended = CliRunner().invoke(app, list(arguments), input=given, env={"NO_COLOR": "1"})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.stdout, ended.stderr


async def run(installation, *arguments: str, given: str | bytes = "") -> tuple[int, str, str]:
    """`invoke` with the settings and the clock of this installation, in a thread: a site of the test answers from this one."""
    _settle(installation)
    CLOCK.set(installation.clock)
    return await asyncio.to_thread(invoke, "--config", str(installation.settings), *arguments, given=given)


async def done(installation, *arguments: str, code: int = 0) -> str:
    """What a command answers that ends with this exit code."""
    was, told, said = await run(installation, *arguments)
    assert was == code, said
    return told


async def answered(installation, *arguments: str, code: int = 0):
    """The JSON object that a command answers with."""
    return json.loads(await done(installation, *arguments, "--json", code=code))


async def lines(installation, *arguments: str) -> list[dict]:
    """The JSON lines that a command answers with."""
    return [json.loads(line) for line in (await done(installation, *arguments, "--json")).splitlines()]


async def refused(installation, *arguments: str, code: int = 1) -> str:
    """What a command says, in one line, that does not do what it is asked for and answers nothing."""
    was, told, said = await run(installation, *arguments)
    assert (was, told) == (code, ""), (was, told, said)
    assert "Traceback" not in said
    return " ".join(said.split())


def came_back(newsroom: Newsroom, delivery_id: int, kind: BounceKind) -> Bounce:
    """A mail that proves by its token that it is about this delivery."""
    return Bounce(kind, sent_to=(f"bounces+{newsroom.keyring.envelope(delivery_id)}@watch.example",))


@asynccontextmanager
async def opened(installation, clock=None) -> AsyncIterator[Newsroom]:
    """The newsroom of this installation; from now on its time is that of this clock."""
    _settle(installation)
    installation.clock = clock or installation.clock
    async with installation.open(installation.clock) as newsroom:
        yield newsroom


def _settle(installation) -> None:
    """Settings with one primary source, unless the test has written its own."""
    if not installation.settings.exists():
        installation.write(port=2, more=SOURCE)
