"""``nkwatch demo``: everything at once, on samples."""

from pathlib import Path
from typing import Annotated

import typer

from nkwatch.cli.newsroom import database_errors
from nkwatch.cli.output import Json, answer, say
from nkwatch.demo import run_demo
from nkwatch.net import loop


def demo(
    once: Annotated[bool, typer.Option("--once", help="End with a summary instead of going on.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Leave .eml files and index.html there.")] = None,
    port: Annotated[int, typer.Option("--port", help="Where the pages are shown.")] = 8080,
    as_json: Json = False,
) -> None:
    """Run the whole service on bundled samples, on this machine alone.

    Example: nkwatch demo --once --out demo-out
    """
    with database_errors():
        loop.run(run_demo(say, lambda summary: answer(summary, as_json=as_json), once=once, out=out, port=port))
