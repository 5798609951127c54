"""Subscribers and alerts: the operators' and editors' commands."""

from typing import Annotated
from zoneinfo import available_timezones

import typer
from email_validator import EmailNotValidError, validate_email

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import Json, in_newsroom
from nkwatch.cli.output import FAILED, answer, errors, rows
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Consent, Format, Rhythm, Schedule, SignUp, Wish

subscribers_app = typer.Typer(help="The readers.", no_args_is_help=True)
alert_app = typer.Typer(help="Alerts that wait for an editor.", no_args_is_help=True)


@subscribers_app.command("add")
def add_subscriber(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mail address.")],
    rhythm: Annotated[Rhythm, typer.Option(help="How often a digest comes.")] = Rhythm.WEEKLY,
    hour: Annotated[int, typer.Option(min=0, max=23, help="At which hour of the zone.")] = 7,
    zone: Annotated[str, typer.Option(help="Time zone, such as Asia/Seoul.")] = "UTC",
    weekday: Annotated[int, typer.Option(min=0, max=6, help="For weekly: 0 is Monday.")] = 0,
    monthday: Annotated[int, typer.Option(min=1, max=31, help="For monthly.")] = 1,
    language: Annotated[str, typer.Option(help="en, ko, ja or fr.")] = "en",
    text_only: Annotated[bool, typer.Option("--text-only", help="No HTML.")] = False,
    alerts: Annotated[bool, typer.Option(help="Alerts at once.")] = True,
    themes: Annotated[str, typer.Option(help="Theme codes, separated by commas; all without any.")] = "",
    consent: Annotated[
        str, typer.Option(help="Where the recorded consent comes from; without it the reader is asked by mail.")
    ] = "",
) -> None:
    """Add a reader. Nobody is mailed without a confirmed, recorded consent.

    Example: nkwatch subscribers add reader@example.org --rhythm daily --zone Asia/Seoul --language ko
    """
    wish = Wish(themes=frozenset(t.strip() for t in themes.split(",") if t.strip()))
    form = Format.TEXT if text_only else Format.HTML

    async def work(newsroom: Newsroom) -> dict[str, str]:
        schedule = Schedule(rhythm, hour, _zone(zone), weekday, monthday)
        known = {t.code for t in newsroom.rules.lexicon.themes}
        if wish.themes - known:
            unknown = ", ".join(sorted(wish.themes - known))
            raise ConfigError(f"--themes: no theme named {unknown}; there are {', '.join(sorted(known))}")
        sign_up = SignUp(_address(address), schedule, alerts, _language(newsroom, language), form, (wish,))
        recorded = Consent(consent, newsroom.clock()) if consent else None
        return {"subscriber": str(await newsroom.subscribe.join(sign_up, recorded))}

    answer(in_newsroom(context, work), as_json=False)


@subscribers_app.command("list")
def list_subscribers(context: typer.Context, as_json: Json = False) -> None:
    """List the readers, with their addresses: mind who looks over your shoulder.

    Example: nkwatch subscribers list
    """

    async def work(newsroom: Newsroom) -> list[dict[str, object]]:
        return [
            {
                "id": subscriber.id,
                "address": address,
                "standing": str(standing),
                "rhythm": str(subscriber.schedule.rhythm),
                "alerts": "on" if subscriber.alerts else "off",
                "language": subscriber.language,
                "covered until": subscriber.covered_until,
            }
            for subscriber, standing, address in await newsroom.subscribers.listing()
        ]

    rows(in_newsroom(context, work), as_json=as_json, empty="no subscribers")


@subscribers_app.command("end")
def end_subscriber(
    context: typer.Context,
    subscriber_id: Annotated[str, typer.Argument(help="The id, from `subscribers list`.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "ended by the operator",
) -> None:
    """End a subscription, in force at once for everything not yet handed over.

    Example: nkwatch subscribers end k3j5... --reason "asked by telephone"
    """
    ended = in_newsroom(context, lambda newsroom: newsroom.subscribe.leave(subscriber_id, reason))
    _done(ended, "ended", f"nobody with the id {subscriber_id!r} is subscribed")


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

    _done(
        in_newsroom(context, work), str(state), f"no alert waits for the story {story_id!r}; see `nkwatch alert list`"
    )


def _done(yes: bool, said: str, otherwise: str) -> None:
    if not yes:
        errors.print(otherwise, style="red", markup=False)
        raise typer.Exit(FAILED)
    typer.echo(said)


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as wrong:
        raise ConfigError(f"{value!r} is no mail address: {wrong}") from wrong


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ConfigError(f"--zone: no time zone named {value!r}; use one such as Asia/Seoul")
    return value


def _language(newsroom: Newsroom, value: str) -> str:
    known = {"en", *newsroom.translations}
    if value not in known:
        raise ConfigError(f"--language: {value!r} is none of {', '.join(sorted(known))}")
    return value
