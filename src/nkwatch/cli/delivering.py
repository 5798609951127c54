"""``nkwatch deliver`` and ``nkwatch recover``: one round of taking mail out, or of setting free what is stuck."""

from dataclasses import asdict, replace

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Json, answer, counter
from nkwatch.workflow.deliver import Deliver, Delivered


def deliver(context: typer.Context, as_json: Json = False) -> None:
    """Hand over the deliveries that are due, once: first what is urgent, then digests.

    Example: nkwatch deliver
    """

    async def work(newsroom: Newsroom) -> Delivered:
        lanes = newsroom.deliver
        return await _round(lanes.urgent, "alerts and confirmations") + await _round(lanes.bulk, "digests")

    answer(in_newsroom(context, work), as_json=as_json)


async def _round(lane: Deliver, what: str) -> Delivered:
    """One round, with its progress on a terminal."""
    with counter(what) as shown:
        return await replace(lane, progress=lambda done: shown(sum(asdict(done).values())))()


def recover(context: typer.Context, as_json: Json = False) -> None:
    """Free what was claimed by a process that is gone, and erase what is kept no longer.

    Example: nkwatch recover
    """

    async def work(newsroom: Newsroom) -> dict[str, int]:
        recovered = await newsroom.recover()
        return asdict(recovered) | {f"erased_{name}": n for name, n in asdict(await newsroom.tidy()).items()}

    answer(in_newsroom(context, work), as_json=as_json)
