"""Statements that their sources deleted, and the bytes that prove what was said."""

from pathlib import Path
from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Json, answer, end, rows, say
from nkwatch.cli.signing import By, signed
from nkwatch.domain.passkey import Act
from nkwatch.domain.statement import Presence

statements_app = typer.Typer(help="Deleted statements, and proofs of what was said.", no_args_is_help=True)
StatementId = Annotated[
    str, typer.Argument(metavar="ID", help="The id, from `statements missing` or a page's address.")
]


@statements_app.command("missing")
def missing(context: typer.Context, as_json: Json = False) -> None:
    """List statements that their sources have deleted: hidden from readers until you decide.

    Example: nkwatch statements missing
    """

    async def work(newsroom: Newsroom) -> list[dict[str, object]]:
        gone = await newsroom.statements.missing()
        return [
            {"id": s.id, "publisher": s.publisher, "published": s.published, "title": s.title, "url": s.url}
            for s in gone
        ]

    rows(in_newsroom(context, work), as_json=as_json, empty="no source has deleted anything that is undecided")


@statements_app.command("keep")
def keep(context: typer.Context, statement_id: StatementId, by: By = "", as_json: Json = False) -> None:
    """Show a statement again although its source deleted it.

    Example: nkwatch statements keep mfrggzdfmztwq2lk --by Ann
    """
    _decide(context, statement_id, Presence.KEPT, by, as_json=as_json)


@statements_app.command("hide")
def hide(context: typer.Context, statement_id: StatementId, by: By = "", as_json: Json = False) -> None:
    """Hide a statement for good that its source deleted.

    Example: nkwatch statements hide mfrggzdfmztwq2lk --by Ann
    """
    _decide(context, statement_id, Presence.HIDDEN, by, as_json=as_json)


@statements_app.command("snapshots")
def snapshots(
    context: typer.Context,
    statement_id: StatementId,
    out: Annotated[Path | None, typer.Option("--out", help="Write the bytes there, one file for each.")] = None,
    as_json: Json = False,
) -> None:
    """List the bytes that show a statement: when and where they were fetched, and their SHA-256.

    Example: nkwatch statements snapshots mfrggzdfmztwq2lk --out proof
    """
    kept = in_newsroom(context, lambda newsroom: newsroom.statements.snapshots(statement_id))
    gone = in_newsroom(context, lambda newsroom: newsroom.redact.redactions.destroyed(statement_id))
    if not (kept or gone):
        end(f"no snapshot of a statement {statement_id!r}")
    for sha256, had, destroyed in gone:
        say(f"{sha256}, fetched {had:%Y-%m-%d %H:%M}: its bytes were destroyed {destroyed:%Y-%m-%d} by a redaction")
    if out:
        out.mkdir(parents=True, exist_ok=True)
        for one in kept:
            (out / one.sha256).write_bytes(one.body)
    found = [
        {"sha256": s.sha256, "fetched": s.at, "url": s.url, "bytes": len(s.body), "headers": dict(s.headers)}
        for s in kept
    ]
    shown = found if as_json else [{k: v for k, v in f.items() if k != "headers"} for f in found]
    rows(shown, as_json=as_json, empty="none is left")


def _decide(context: typer.Context, statement_id: str, presence: Presence, by: str, *, as_json: bool) -> None:
    act = Act.KEEP if presence is Presence.KEPT else Act.HIDE

    async def work(newsroom: Newsroom, editor: str) -> bool:
        done = newsroom.statements.record_presence(statement_id, presence)
        return await newsroom.editors.acts.noted(act, statement_id, editor, done)

    if not signed(context, by, work):
        end(f"no deleted statement has the id {statement_id!r}")
    answer({"statement": statement_id, "presence": str(presence)}, as_json=as_json)
