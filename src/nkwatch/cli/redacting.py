"""``nkwatch redact``: takes a person, or a whole statement, out of everything that is held here."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.completing import editors
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import WRONG, Json, Yes, answer, confirmed, end, errors, rows, say
from nkwatch.cli.signing import signed, taken
from nkwatch.cli.switching import DryRun
from nkwatch.domain.passkey import Act
from nkwatch.domain.redaction import Affected, Redaction
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.redact import Redacted

redact_app = typer.Typer(
    help="Take a person, or a whole statement, out of everything that is held here. It cannot be undone.",
    no_args_is_help=True,
)

Editor = Annotated[
    str,
    typer.Option(
        "--by",
        "--editor",
        help="Who says so: an editor of the settings; else the name you log in by.",
        autocompletion=editors,
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record; nobody outside sees it.")]

DAY = timedelta(days=1)
NOT_HERE = (
    "What was mailed is with its readers, and backups made before hold it still. "
    "What readers follow is theirs, and stays. This cannot be undone."
)
UNCLEAN = (
    "the database is being read without a pause: bytes of what was taken out may still lie in its log; "
    "run `nkwatch redact resume` when the service stands still"
)


@redact_app.command("person")
def person(
    context: typer.Context,
    forms: Annotated[
        list[str],
        typer.Argument(metavar="FORM", help="The forms of the name; - reads them from standard input, one a line."),
    ],
    editor: Editor = "",
    reason: Reason = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Black a person out, by the forms of the name: in what is held, and in what arrives from now on.

    Case, accents, hyphens and spaces do not matter; another order of the parts, another script and another
    romanisation are forms of their own. A shell keeps a history: better give the forms by standard input.

    Example: nkwatch redact person "Ri Un-yong" "Un-yong Ri" --by Ann --reason "asked by the family" --dry-run
    """
    given = _forms(forms)

    async def foresee(newsroom: Newsroom) -> Affected | Refused:
        return await newsroom.redact.foresee_person(given, _say_step)

    async def work(newsroom: Newsroom, by: str) -> Redacted | Refused:
        done = newsroom.redact.person(given, by, reason, _say_step)
        return await newsroom.editors.acts.noted(Act.REDACT, "person", by, done)

    _confirmed(taken(in_newsroom(context, foresee)), dry_run=dry_run, yes=yes, as_json=as_json)
    if not dry_run:
        _tell(taken(signed(context, editor, work)), as_json=as_json)


@redact_app.command("statement")
def statement(
    context: typer.Context,
    statement_id: Annotated[str, typer.Argument(metavar="ID", help="The statement's id, from its page's address.")],
    editor: Editor = "",
    reason: Reason = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take a whole statement out: its texts, readings and proofs, and what mails' copies tell of it.

    Its id, source and dates stay, and that it was taken out.

    Example: nkwatch redact statement mfrggzdfmztwq2lk --by Ann --reason "published by mistake"
    """

    async def work(newsroom: Newsroom, by: str) -> Redacted | Refused:
        done = newsroom.redact.statement(statement_id, by, reason)
        return await newsroom.editors.acts.noted(Act.REDACT, f"statement {statement_id}", by, done)

    foreseen = taken(in_newsroom(context, lambda newsroom: newsroom.redact.foresee_statement(statement_id)))
    _confirmed(foreseen, dry_run=dry_run, yes=yes, as_json=as_json)
    if not dry_run:
        _tell(taken(signed(context, editor, work)), as_json=as_json)


@redact_app.command("list")
def list_redactions(
    context: typer.Context,
    show: Annotated[bool, typer.Option("--show", help="Show the forms of names too; on a terminal only.")] = False,
    as_json: Json = False,
) -> None:
    """List the redactions. The forms of names are shown to a person only, never to a file or another program.

    Example: nkwatch redact list
    """
    if show and (as_json or not sys.stdout.isatty()):
        end("--show shows names: it works on a terminal only", WRONG)
    found = in_newsroom(context, lambda newsroom: newsroom.redact.redactions.listed())
    rows([_line(one, show=show) for one in found], as_json=as_json, empty="nothing was redacted")


@redact_app.command("lift")
def lift(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The number, from `nkwatch redact list`.")],
    editor: Editor = "",
    as_json: Json = False,
) -> None:
    """Let a person be named again in what arrives from now on. What was blacked out is gone and stays so.

    Example: nkwatch redact lift 3 --by Ann
    """

    async def work(newsroom: Newsroom, by: str) -> bool:
        return await newsroom.editors.acts.noted(Act.LIFT, f"redaction {number}", by, newsroom.redact.lift(number))

    if not signed(context, editor, work):
        end(f"no redaction of a person with the number {number} is in force; see `nkwatch redact list`")
    answer({"lifted": number}, as_json=as_json)


@redact_app.command("resume")
def resume(context: typer.Context, as_json: Json = False) -> None:
    """Go on with redactions that were broken off, look once more at those of the last day, and clean the database.

    Example: nkwatch redact resume
    """

    async def work(newsroom: Newsroom) -> dict[str, Any]:
        done = await newsroom.redact.resume(_say_step, since=newsroom.clock() - DAY)
        return {"looked at": len(done), "clean": await newsroom.redact.redactions.clean()}

    told = in_newsroom(context, work)
    if not told["clean"]:
        say(UNCLEAN)
    answer(told, as_json=as_json)


def _forms(given: Sequence[str]) -> list[str]:
    if list(given) == ["-"]:
        return [line.strip() for line in sys.stdin if line.strip()]
    return list(given)


def _confirmed(foreseen: Affected, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Show what is concerned, and go on only where somebody says so."""
    if dry_run:
        figures: dict[str, Any] = dict(foreseen.counts)
        if as_json:
            figures |= {"samples": [{"id": i, "title": title} for i, title in foreseen.samples]}
            figures |= {"other spellings": sorted(foreseen.spellings), "written": False}
        answer(figures or {"concerned": 0}, as_json=as_json)
    else:
        say(", ".join(f"{name}: {count}" for name, count in foreseen.counts.items()) or "nothing of it is held")
    if not as_json:
        _samples(foreseen)
    if dry_run or yes:
        return
    say(NOT_HERE)
    confirmed("Shall it be taken out?", yes=yes)


def _samples(foreseen: Affected) -> None:
    for statement_id, title in foreseen.samples:
        say(f"  {statement_id}  {title}")
    if foreseen.spellings:
        say(f"the name is found in other spellings too, which stay: {', '.join(sorted(foreseen.spellings))}")


def _tell(done: Redacted, *, as_json: bool) -> None:
    if pending := done.affected.counts.get("pending deliveries"):
        say(f"{pending} deliveries have not left: they go out as they are now; `nkwatch alert stop` keeps alerts back")
    if not done.clean:
        say(UNCLEAN)
    answer({"redaction": done.redaction} | dict(done.affected.counts) | {"clean": done.clean}, as_json=as_json)


def _say_step(name: str) -> None:
    if errors.is_terminal:
        say(f"looking through {name.replace('_', ' ')}")


def _line(one: Redaction, *, show: bool) -> dict[str, Any]:
    told = {
        "number": one.id,
        "kind": str(one.kind),
        "statement": one.statement_id,
        "at": one.at,
        "editor": one.editor,
        "reason": one.reason,
        "state": "lifted" if one.lifted_at else "done" if one.done_at else "broken off: nkwatch redact resume",
    }
    return told | ({"forms": " / ".join(one.forms)} if show else {})
