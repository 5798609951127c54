"""``nkwatch run``: the service itself."""

from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import WRONG, end
from nkwatch.daemon import PARTS, Daemon


def run(
    context: typer.Context,
    only: Annotated[str, typer.Option("--only", help=f"Parts, separated by commas: {', '.join(PARTS)}.")] = "",
) -> None:
    """Run the service until it is told to stop (SIGTERM or Ctrl-C).

    Example: nkwatch --config nkwatch.toml run --only collect,read
    """
    parts = tuple(p.strip() for p in only.split(",") if p.strip()) or PARTS
    unknown = [p for p in parts if p not in PARTS]
    if unknown:
        end(f"--only: no part named {', '.join(unknown)}; there are {', '.join(PARTS)}", WRONG)

    async def work(newsroom: Newsroom) -> None:
        await Daemon(newsroom, only=parts).run()

    in_newsroom(context, work)
