"""``nkwatch correct``, ``reread`` and ``explain``: readings as editors keep them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.completing import editors
from nkwatch.cli.explaining import Facts, correction, explained, summary
from nkwatch.cli.layout import show
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, WRONG, Json, answer, bar, end, plain_errors, rows, say
from nkwatch.cli.signing import login
from nkwatch.cli.switching import DryRun
from nkwatch.domain.correction import Filed, Tally, tally
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.reading import Urgency
from nkwatch.workflow.correct import Refused, Revised, Said

Level = Annotated[str | None, typer.Option(help="urgent, notable or routine.")]


def correct(
    context: typer.Context,
    statement_id: Annotated[str | None, typer.Argument(metavar="ID", help="The statement's id.")] = None,
    themes: Annotated[str | None, typer.Option(help="All themes, by code, the most important first: a,b.")] = None,
    urgency: Level = None,
    about_nk: Annotated[bool | None, typer.Option("--about-nk/--not-about-nk", help="Is it on North Korea?")] = None,
    note: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    editor: Annotated[
        str, typer.Option("--by", "--editor", help="Who says so; else the name you log in by.", autocompletion=editors)
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take back all that was corrected in this statement.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List all corrections with what had been read.")] = False,
    count: Annotated[bool, typer.Option("--count", help="Count what was corrected, by version of the rules.")] = False,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the corrected statements as labelled ones there.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Correct what was read in a statement. What you leave out stays as it is.

    Example: nkwatch correct mfrggzdfmztwq2lk --themes refugees,women --urgency urgent --note "named, at the border"
    """
    wanted = [statement_id is not None, listed, count, export is not None]
    if wanted.count(True) != 1:
        end("give the id of one statement, or one of --list, --count and --export", WRONG)
    if statement_id is None:
        _review(context, export, counted=count, as_json=as_json)
        return
    with plain_errors():
        said = Said(editor or login(), note, about_nk, _codes(themes), _level(urgency), undo)

    async def work(newsroom: Newsroom) -> Facts:
        if dry_run:
            made = await newsroom.correct(statement_id, said, dry_run=True)
        else:
            made = await newsroom.editors.acts.read(statement_id, said)
        if isinstance(made, Refused):
            return {"refused": await _refusal(newsroom, statement_id, made), "usage": made.usage}
        return _revised(made, said, written=not dry_run)

    told = in_newsroom(context, work)
    if "refused" in told:
        end(told["refused"], WRONG if told["usage"] else FAILED)
    if as_json:
        answer(told, as_json=True)
    else:
        show(told)


async def _refusal(newsroom: Newsroom, statement_id: str, made: Refused) -> str:
    """The reason, with ids that exist where the one given does not."""
    if made.usage or await newsroom.readings.filed(statement_id):
        return made.reason
    if await newsroom.traces.statement(statement_id):
        return f"the statement {statement_id!r} was not read yet; run `nkwatch read` first"
    alike = await newsroom.traces.alike(statement_id)
    return f"{made.reason}; there are: {', '.join(alike)}" if alike else f"{made.reason}: there are no statements yet"


def _revised(made: Revised, said: Said, *, written: bool) -> Facts:
    was = made.filed
    return {
        "kind": "correction",
        "id": was.statement.id,
        "title": was.statement.title,
        "editor": said.editor,
        "note": said.note,
        "undo": said.undo,
        "written": written,
        "before": summary(made.before) | {"story": was.story_id or None},
        "after": summary(made.after) | {"story": made.story_id or None},
        "alert": str(made.alert) if made.alert else None,
        "alert_reason": made.alert_reason,
    }


def _review(context: typer.Context, export: Path | None, *, counted: bool, as_json: bool) -> None:
    """All corrections: listed, counted, or exported as labelled statements."""

    async def work(newsroom: Newsroom) -> tuple[list[Filed], list[Filed]]:
        return await newsroom.readings.corrections(), await newsroom.readings.in_force()

    every, in_force = in_newsroom(context, work)
    if export:
        with plain_errors():
            _export(export, in_force)
        answer({"statements": len(in_force), "file": str(export)}, as_json=as_json)
        return
    if counted:
        records = [_tallied(t, flat=not as_json) for t in tally(in_force)]
    else:
        records = [_listed(f, in_force, flat=not as_json) for f in every]
    rows(records, as_json=as_json, empty="nothing was corrected")


def _tallied(found: Tally, *, flat: bool) -> Facts:
    names = {"statements": found.changes.statements}
    names |= {n: getattr(found.changes, n) for n in _RELEVANCE_AND_URGENCY}
    themes: Mapping[str, Mapping[str, int]] = {
        "themes_added": found.themes_added,
        "themes_removed": found.themes_removed,
    }
    shown = {n: ", ".join(f"{c} {k}" for c, k in v.items()) if flat else v for n, v in themes.items()}
    return {"rules": found.rules} | names | shown


_RELEVANCE_AND_URGENCY = ("about_nk_gained", "about_nk_lost", "urgency_raised", "urgency_lowered")


def _listed(filed: Filed, in_force: list[Filed], *, flat: bool) -> Facts:
    told = correction(filed, in_force=any(f.correction == filed.correction for f in in_force))
    if not flat:
        return told
    state = "taken back" if told["undo"] else "in force" if told["in_force"] else "replaced"
    short = {n: told[n] for n in ("id", "at", "editor", "note")}
    return short | {"": state, "read": _in_words(told["read"]), "corrected": _in_words(told["corrected"])}


def _in_words(read: Facts) -> str:
    return f"{', '.join(read['themes']) or 'no theme'}; {read['urgency']}" if read["about_nk"] else "not on North Korea"


def _export(path: Path, found: list[Filed]) -> None:
    lines = [json.dumps(_labelled(one), ensure_ascii=False) + "\n" for one in found]
    try:
        path.write_text("".join(lines), "utf-8")
    except OSError as wrong:
        raise ConfigError(f"{path}: cannot be written: {wrong.strerror}") from wrong


def _labelled(filed: Filed) -> Facts:
    one, read = filed.statement, filed.in_force
    return {
        "id": one.id,
        "title": one.title,
        "text": one.text,
        "lang": read.language,
        "about_nk": read.about_nk,
        "themes": [f.code for f in read.themes],
        "optional_themes": [],
        "urgency": read.urgency.name.lower(),
        "date": f"{one.published:%Y-%m-%d}",
        "publisher": one.publisher,
        "url": one.url,
    }


def reread(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="Only what was published since: 2026-01-31.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Read by the current rules what older rules have read. Old readings are kept; nothing mailed changes.

    It may be stopped at any time: the next run goes on where it ended.

    Example: nkwatch reread --since 2026-01-01 --dry-run
    """
    with plain_errors():
        begin = _day(since) if since else None
    with bar("reading") as progress:
        told = in_newsroom(context, lambda newsroom: newsroom.reread(begin, dry_run=dry_run, progress=progress))
    answer(told, as_json=as_json)
    if dry_run:
        say("nothing was written")


def explain(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A statement, a story, a bulletin's number, or delivery:N.")
    ],
    as_json: Json = False,
) -> None:
    """Say everything known on a statement, story, bulletin or delivery, with the reasons.

    Example: nkwatch explain mfrggzdfmztwq2lk
    """
    told = in_newsroom(context, lambda newsroom: explained(newsroom, name))
    if told is None:
        end(f"nothing is known under {name!r}: no statement, story, bulletin or delivery has this id", FAILED)
    if as_json:
        answer(told, as_json=True)
    else:
        show(told)


def _codes(themes: str | None) -> tuple[str, ...] | None:
    return None if themes is None else tuple(c.strip() for c in themes.split(",") if c.strip())


def _level(urgency: str | None) -> Urgency | None:
    levels = {level.name.lower(): level for level in Urgency}
    if urgency is not None and urgency not in levels:
        raise ConfigError(f"--urgency: {urgency!r} is none of {', '.join(reversed(levels))}")
    return None if urgency is None else levels[urgency]


def _day(text: str) -> datetime:
    try:
        day = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise ConfigError(f"--since: {text!r} is no date such as 2026-01-31") from wrong
    return day if day.tzinfo else day.replace(tzinfo=UTC)
