"""Alerts: the editors' commands."""

from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import Json, in_newsroom
from nkwatch.cli.output import end, rows
from nkwatch.domain.story import AlertState

alert_app = typer.Typer(help="Alerts that wait for an editor.", no_args_is_help=True)


@alert_app.command("list")
def list_alerts(context: typer.Context, as_json: Json = False) -> None:
    """List the alerts that wait for an editor, the oldest first.

    Example: nkwatch alert list
    """

    async def work(newsroom: Newsroom) -> list[dict[str, object]]:
        held = await newsroom.statements.held_alerts()
        return [
            {
                "story": s.id,
                "title": s.lead.statement.title,
                "publisher": s.lead.statement.publisher,
                "published": s.lead.statement.published,
                "cues": ", ".join(e.phrase for r in s.reports for e in r.reading.urgency_evidence),
                "held because": s.alert_reason,
            }
            for s in held
        ]

    rows(in_newsroom(context, work), as_json=as_json, empty="no alert waits")


@alert_app.command("release")
def release_alert(context: typer.Context, story: Annotated[str, typer.Argument(help="The story's id.")]) -> None:
    """Let a held alert go; it leaves with the next round of publishing.

    Example: nkwatch alert release mfrggzdfmztwq2lk
    """
    _decide(context, story, AlertState.RELEASED, "released by an editor")


@alert_app.command("withhold")
def withhold_alert(context: typer.Context, story: Annotated[str, typer.Argument(help="The story's id.")]) -> None:
    """Keep a held alert back; the story still stands in the digests.

    Example: nkwatch alert withhold mfrggzdfmztwq2lk
    """
    _decide(context, story, AlertState.WITHHELD, "withheld by an editor")


def _decide(context: typer.Context, story_id: str, state: AlertState, reason: str) -> None:
    async def work(newsroom: Newsroom) -> bool:
        return await newsroom.statements.record_alert(story_id, state, reason, newsroom.clock(), was=AlertState.HELD)

    if not in_newsroom(context, work):
        end(f"no alert waits for the story {story_id!r}; see `nkwatch alert list`")
    typer.echo(str(state))
