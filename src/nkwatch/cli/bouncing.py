"""``nkwatch bounces take`` and ``nkwatch bounces webhooks``: acting on what came back."""

from collections import Counter
from contextlib import aclosing
from dataclasses import asdict

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.bounces import Mails, refuse_missing, told
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Json, answer, rows
from nkwatch.mail.bounces.hooks import path_of
from nkwatch.workflow.bounces import CameBack


def take(
    context: typer.Context,
    path: Mails,
    as_json: Json = False,
) -> None:
    """Act on mails that came back, as if they had come to the mailbox of bounces; the files stay as they are.

    Only a mail that holds a token of ours ends a subscription.

    Example: nkwatch bounces take - < mail.eml
    """
    refuse_missing(path)

    async def work(newsroom: Newsroom) -> dict[str, int]:
        done = Counter(asdict(CameBack()))
        async with aclosing(told(path, newsroom.workers)) as mails:
            async for _, bounce in mails:
                done.update(asdict(await newsroom.bounces.take(bounce)))
        return dict(done)

    answer(in_newsroom(context, work), as_json=as_json)


def webhooks(context: typer.Context, as_json: Json = False) -> None:
    """Print the addresses that mail providers may report to; whoever knows one can report in the provider's name.

    Example: nkwatch bounces webhooks
    """

    async def work(newsroom: Newsroom) -> list[dict[str, str]]:
        site = newsroom.config.site.url.rstrip("/")
        return [
            {"provider": name, "address": f"{site}{path_of(newsroom.keyring, name)}", "signature": hook.checked}
            for name, hook in newsroom.hooks.items()
        ]

    none = 'no provider may report here: name them in [bounces], webhooks = ["ses"]'
    rows(in_newsroom(context, work), as_json=as_json, empty=none)
