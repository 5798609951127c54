"""``nkwatch recover``: one look at what should exist and does not."""

from dataclasses import asdict
from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Json, answer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be put right, and change nothing.")]


def recover(context: typer.Context, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Put right what should exist and does not, say what is overdue, and erase what is kept no longer.

    Example: nkwatch recover --dry-run
    """

    async def work(newsroom: Newsroom) -> dict[str, object]:
        if dry_run:
            return await _found(newsroom, dry=True)
        freed = await newsroom.recover()
        erased = {f"erased_{name}": n for name, n in asdict(await newsroom.tidy()).items()}
        return await _found(newsroom) | {"deliveries": freed.deliveries} | erased

    answer(in_newsroom(context, work), as_json=as_json)


async def _found(newsroom: Newsroom, *, dry: bool = False) -> dict[str, object]:
    """What was put right, or would be, and what is overdue by the words in which the log tells it."""
    found = asdict(await newsroom.recover.survey(dry=dry))
    return found | {str(one): backlog.overdue.count for one, backlog in newsroom.recover.backlogs.items()}
