"""``nkwatch editors`` and ``nkwatch audit``: who may sit at the desk, and what was done there."""

from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.completing import editors
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, answer, end, rows, say
from nkwatch.domain.audit import Verdict
from nkwatch.domain.desk import Editor
from nkwatch.domain.passkey import LINK_LASTS, Act, same_name
from nkwatch.domain.problems import ConfigError

editors_app = typer.Typer(help="The editors: their passkeys, and how they get one.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="An editor's name, as in the settings.", autocompletion=editors)
]
#: Who acts where the operator does, in the audit.
OPERATOR = "command line"


@editors_app.command("list")
def list_editors(context: typer.Context, as_json: Json = False) -> None:
    """List the editors of the settings, and how many passkeys each has; keys of who is no editor any more too.

    Example: nkwatch editors list
    """
    rows(in_newsroom(context, _editors), as_json=as_json, empty="the settings name no editors: add [[editor]] tables")


async def _editors(newsroom: Newsroom) -> list[dict[str, Any]]:
    keys = await newsroom.editors.passkeys.all()
    named = {same_name(e.name): e for e in newsroom.editors.enrol.editors}
    lost = sorted({k.editor for k in keys} - named.keys())
    found = []
    for name in (*named, *lost):
        own, editor = [k for k in keys if k.editor == name], named.get(name)
        found.append(
            {
                "name": editor.name if editor else name,
                "address": editor.address if editor else "",
                "language": editor.language if editor else "",
                "second": bool(editor and editor.second),
                "passkeys": len(own),
                "used last": max((k.used_at for k in own if k.used_at), default=None),
                "may sign in": bool(editor and own),
            }
        )
    return found


@editors_app.command("invite")
def invite(
    context: typer.Context,
    name: Name,
    mail: Annotated[bool, typer.Option("--mail", help="Mail where to ask for a link instead.")] = False,
    as_json: Json = False,
) -> None:
    """Print a link by which an editor makes a passkey: good for ten minutes, once, in the first browser that uses it.

    Hand it over yourself, not by mail. With --mail the editor is told to ask for a link at the desk; that one works
    only in the browser that asked.

    Example: nkwatch editors invite Ann
    """

    async def work(newsroom: Newsroom) -> dict[str, Any]:
        enrol, editor = newsroom.editors.enrol, _editor(newsroom, name)
        if not mail:
            link = await enrol.link(editor)
            await newsroom.editors.acts.did(Act.INVITE, editor.name, OPERATOR)
            return {"editor": editor.name, "link": link, "minutes": LINK_LASTS.seconds // 60}
        why = await enrol.invite(editor)
        if not why:
            await newsroom.editors.acts.did(Act.INVITE, editor.name, OPERATOR)
        return {"editor": editor.name, "mailed": not why, "why": why}

    done = in_newsroom(context, work)
    if done.get("why"):
        end(f"no mail to {done['editor']}: {done['why']}", FAILED)
    answer({key: value for key, value in done.items() if key != "why"}, as_json=as_json)


@editors_app.command("passkeys")
def passkeys(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """List an editor's passkeys.

    Example: nkwatch editors passkeys Ann
    """

    async def work(newsroom: Newsroom) -> list[dict[str, Any]]:
        return [
            {
                "passkey": key.id,
                "label": key.label,
                "made": key.added_at,
                "used last": key.used_at,
                "signatures": key.sign_count,
                "on other devices": key.synced,
            }
            for key in await newsroom.editors.passkeys.of(name)
        ]

    rows(in_newsroom(context, work), as_json=as_json, empty=f"{name} has no passkey; see `nkwatch editors invite`")


@editors_app.command("revoke")
def revoke(
    context: typer.Context,
    name: Name,
    passkey: Annotated[int | None, typer.Option("--passkey", help="This one only, by its number in the list.")] = None,
    as_json: Json = False,
) -> None:
    """Take all passkeys of an editor away, or one of them, and end the sessions that they began.

    Example: nkwatch editors revoke Ann --passkey 3
    """

    async def work(newsroom: Newsroom) -> dict[str, Any]:
        editors = newsroom.editors
        removed = await editors.passkeys.remove(name, passkey)
        sessions = await editors.sessions.end_all(name) if passkey is None else 0
        if removed or sessions:
            thing = f"all of {same_name(name)}" if passkey is None else f"passkey {passkey}"
            await editors.acts.did(Act.REMOVE_KEY, thing, OPERATOR)
        return {"editor": name, "passkeys": removed}

    done = in_newsroom(context, work)
    if not done["passkeys"]:
        end(f"{name} has no such passkey; see `nkwatch editors list`", FAILED)
    answer(done, as_json=as_json)


def audit(
    context: typer.Context,
    whole: Annotated[bool, typer.Option("--verify", help="Look whether every row is there and as written.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many of the last rows.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what editors did, or whether every row of it is as it was written.

    Example: nkwatch audit --verify
    """
    if whole:
        _verify(in_newsroom(context, lambda newsroom: newsroom.editors.audit.verify()), as_json=as_json)
        return

    async def work(newsroom: Newsroom) -> list[dict[str, Any]]:
        names = ("number", "at", "editor", "act", "thing", "before", "after", "hash")
        found = [{name: getattr(row, name) for name in names} for row in await newsroom.editors.audit.newest(limit)]
        return found if as_json else [row | {"hash": row["hash"][:12]} for row in found]

    rows(in_newsroom(context, work), as_json=as_json, empty="nothing was done at the desk yet")


def _verify(verdict: Verdict, *, as_json: bool) -> None:
    said = {"rows": verdict.rows, "end": verdict.end.number, "hash": verdict.end.hash, "whole": not verdict.problems}
    answer(said | ({"problems": list(verdict.problems)} if as_json else {}), as_json=as_json)
    for problem in verdict.problems:
        say(problem)
    if verdict.problems:
        raise typer.Exit(FAILED)


def _editor(newsroom: Newsroom, name: str) -> Editor:
    editor = newsroom.editors.enrol.editor(name)
    if editor is None:
        names = ", ".join(e.name for e in newsroom.editors.enrol.editors) or "none"
        raise ConfigError(f"no editor is called {name!r}; the settings name {names}")
    return editor
