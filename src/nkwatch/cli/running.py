"""``nkwatch run``: the service itself."""

from functools import partial
from typing import Annotated

import typer

from nkwatch.cli.newsroom import database_errors, newsroom_of
from nkwatch.cli.output import WRONG, end
from nkwatch.daemon import PARTS, Daemon
from nkwatch.net import loop


def run(
    context: typer.Context,
    only: Annotated[str, typer.Option("--only", help=f"Parts, separated by commas: {', '.join(PARTS)}.")] = "",
    vitals: Annotated[
        int | None,
        typer.Option("--vitals-port", min=0, max=65535, help="In place of vitals.port, for several processes."),
    ] = None,
) -> None:
    """Run the service until it is told to stop (SIGTERM or Ctrl-C). SIGHUP lets it take up changed settings.

    Example: nkwatch --config nkwatch.toml run --only collect,read
    """
    parts = tuple(p.strip() for p in only.split(",") if p.strip()) or PARTS
    unknown = [p for p in parts if p not in PARTS]
    if unknown:
        end(f"--only: no part named {', '.join(unknown)}; there are {', '.join(PARTS)}", WRONG)

    with database_errors():
        loop.run(Daemon(partial(newsroom_of, context.obj), only=parts, vitals=vitals).run())
