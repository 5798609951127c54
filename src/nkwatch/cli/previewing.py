"""``nkwatch digest preview`` and ``digest test``: a digest as a reader of any kind would get it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.choices import MUTE, SIDES, SINGLE, read_choice
from nkwatch.cli.completing import editors
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, WRONG, Json, answer, end, say
from nkwatch.cli.people import menu
from nkwatch.cli.signing import taken
from nkwatch.domain.bulletin import Window
from nkwatch.domain.delivery import Sent
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Choice, Schedule
from nkwatch.editing.digests import Pick
from nkwatch.editing.windows import last_closing
from nkwatch.workflow.proofs import Previewed, Tried

#: What may be said of a reader: the fields of a choice.
FIELDS = (*SINGLE, *SIDES, *(MUTE + side for side in SIDES))

As = Annotated[
    list[str],
    typer.Option("--as", help="What the reader chose, such as language=ko, themes=refugees,prisons. May be repeated."),
]
From = Annotated[str, typer.Option("--from", help="Where the window begins: 2026-11-01, or with a time in UTC.")]
To = Annotated[str, typer.Option("--to", help="Where it ends; now without.")]


def preview(
    context: typer.Context,
    chosen: As = [],  # noqa: B006  # typer copies it
    start: From = "",
    to: To = "",
    out: Annotated[Path | None, typer.Option(help="Write digest.txt, digest.html and digest.eml there.")] = None,
    as_json: Json = False,
) -> None:
    """Show the digest that a reader of any kind would get, of the open window or any other. Nothing is sent.

    Example: nkwatch digest preview --as language=ko --as themes=refugees --from 2026-11-01 --out preview
    """

    async def work(newsroom: Newsroom) -> tuple[Previewed, bytes]:
        choice = _choice(newsroom, chosen)
        made = await newsroom.proofs.preview(choice, _window(choice.schedule, start, to, newsroom.clock()))
        return made, newsroom.proofs.message(made).content if made.composition else b""

    made, mail = in_newsroom(context, work)
    if not made.composition:
        end("nothing in this window is for such a reader: no mail would be sent", FAILED)
    if out:
        _write(out, mail)
        say(f"wrote digest.eml and its parts to {out}")
    if as_json:
        answer(_told(made), as_json=True)
    elif not out:
        typer.echo(_part(mail, "plain"))


def proof(
    context: typer.Context,
    to_editor: Annotated[
        str, typer.Argument(metavar="EDITOR", help="The name of an editor of the settings.", autocompletion=editors)
    ],
    chosen: As = [],  # noqa: B006  # typer copies it
    start: From = "",
    to: To = "",
    as_json: Json = False,
) -> None:
    """Mail that digest to an editor, and to nobody else; its subject begins with [TEST].

    Example: nkwatch digest test Ann --as language=ko
    """

    async def work(newsroom: Newsroom) -> Tried:
        choice = _choice(newsroom, chosen)
        window = _window(choice.schedule, start, to, newsroom.clock())
        return taken(await newsroom.proofs.test(choice, window, to_editor))

    made = in_newsroom(context, work)
    if not isinstance(made.handover, Sent):
        end(f"the relay did not take it: {made.handover.reply}", FAILED)
    answer({"editor": made.editor.name, "subject": _told(made.previewed)["subject"]}, as_json=as_json)


def _choice(newsroom: Newsroom, chosen: Sequence[str]) -> Choice:
    """Raises `ConfigError` with each field that is wrong."""
    pairs = [given.partition("=") for given in chosen]
    if unknown := [name for name, _, _ in pairs if name not in FIELDS]:
        raise ConfigError(*(f"--as {name}: there is no such choice; there are {', '.join(FIELDS)}" for name in unknown))
    return read_choice({name: value for name, _, value in pairs}, menu(newsroom), Choice())


def _window(schedule: Schedule, start: str, to: str, now: datetime) -> Window:
    """From the last closing instant until now, unless something else is asked for."""
    end_at = _instant("--to", to) if to else now
    begin = _instant("--from", start) if start else last_closing(schedule, end_at)
    if begin is None or begin >= end_at:
        raise ConfigError("the window is empty: give --from, earlier than --to")
    return Window(begin, end_at)


def _instant(name: str, given: str) -> datetime:
    try:
        found = datetime.fromisoformat(given) if len(given) > len("2026-11-01") else date.fromisoformat(given)
    except ValueError:
        raise ConfigError(f"{name} {given!r}: write a day such as 2026-11-01, or 2026-11-01T07:00") from None
    moment = found if isinstance(found, datetime) else datetime(found.year, found.month, found.day, tzinfo=UTC)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _write(folder: Path, mail: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "digest.eml").write_bytes(mail)
        (folder / "digest.txt").write_text(_part(mail, "plain"), "utf-8")
        (folder / "digest.html").write_text(_part(mail, "html"), "utf-8")
    except OSError as wrong:
        end(f"{folder}: cannot be written: {wrong.strerror}", WRONG)


def _part(mail: bytes, kind: str) -> str:
    body = message_from_bytes(mail, policy=policy.default).get_body((kind,))
    return str(body.get_content()) if body else ""


def _told(made: Previewed) -> dict[str, Any]:
    plan, composition = made.plan, made.composition
    return {
        "window": {"start": made.window.start, "end": made.window.end},
        "subject": composition.subject if composition else "",
        "fingerprint": composition.fingerprint if composition else "",
        "leads": [_pick(p) for p in plan.leads],
        "sections": [{"theme": s.theme, "stories": [_pick(p) for p in s.picks]} for s in plan.sections],
        "more": [_pick(p) for p in plan.more],
    }


def _pick(pick: Pick) -> dict[str, Any]:
    lead = pick.story.lead.statement
    why = [{"kind": r.kind, "values": list(r.values)} for r in pick.reasons]
    return {"story": pick.story.id, "title": lead.title, "publisher": lead.publisher, "url": lead.url, "why": why}
