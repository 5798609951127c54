"""``nkwatch subscribers import``."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.choices import Menu, read_choice
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, answer, bar, rows, say
from nkwatch.cli.people import menu
from nkwatch.cli.rolls import From, Subscriptions, Terms, read_roll
from nkwatch.cli.sheets import Unused
from nkwatch.cli.switching import DryRun
from nkwatch.cli.tags import Tags, load_tags
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Choice, Rhythm
from nkwatch.workflow.import_roll import Action, Add, Ask, ImportRoll, Known, Row, Skip, Suppress, key, plan

#: More wrong rows than these are only counted.
SHOWN = 20


def import_readers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file, or a zip archive of such files as Mailchimp makes.")],
    kind: Annotated[From, typer.Option("--from", help="What wrote it; nkwatch is our own export.")],
    origin: Annotated[
        str, typer.Option(help="Where these people gave their consent (form, wording); kept with each of them.")
    ] = "",
    subscriptions: Annotated[
        Subscriptions | None,
        typer.Option(help="listmonk: how the subscriptions in this file stand, since the file does not say."),
    ] = None,
    tags: Annotated[Path | None, typer.Option(help="A TOML file that says which wishes which tag means.")] = None,
    language: Annotated[str, typer.Option(help="For those whose language is not known.")] = "en",
    zone: Annotated[str, typer.Option(help="For those whose time zone is not known.")] = "UTC",
    rhythm: Annotated[Rhythm, typer.Option(help="How often a digest comes.")] = Rhythm.WEEKLY,
    alerts: Annotated[bool, typer.Option(help="Alerts at once, for those of whom it is not known.")] = True,
    per_day: Annotated[
        int,
        typer.Option(min=0, help="First mails on the first day, twice as many on each further one; 0: all at once."),
    ] = 200,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take over readers from elsewhere. Doing it twice does nothing more, until who did not
    confirm has been erased: then they are asked once more.

    Whose consent is on record is subscribed; everybody else is asked by one mail. On record means:

    - Mailchimp: sign-up and a later confirmation have a time (double opt-in).

    - listmonk: the file holds confirmed subscriptions of lists with double opt-in.

    - A table: `confirmed_at` is filled in.

    Who unsubscribed, complained or was not reached is never mailed, and who left here is not brought back.

    First mails are spread over days: who consented last comes first. Until their day readers are paused.

    A table needs the column `email`. Others are `confirmed_at`, `origin`, `left_at`, `tags`, `status` (confirmed,
    pending, unsubscribed, bounced, complained), and those that `subscribers export --format csv` writes. Names and
    network addresses are never kept.

    What tags mean stands in a file with tables named like tag."forced return", each with themes = ["refugees"] or
    other sides of a wish.

    Example: nkwatch subscribers import export.zip --from mailchimp --origin "form on our site" --dry-run
    """
    otherwise = {"language": language, "zone": zone, "rhythm": rhythm, "alerts": alerts}

    async def work(newsroom: Newsroom) -> tuple[list[Action], list[Unused], dict[str, Any]]:
        terms = _terms(menu(newsroom), kind, origin, subscriptions, tags, otherwise)
        read = list(read_roll(file, kind, terms))
        people = [r for r in read if isinstance(r, Row)]
        actions = plan(people, await _known(newsroom, people), newsroom.clock(), per_day)
        doing = ImportRoll(newsroom.subscribers, newsroom.subscribe, newsroom.clock)
        done = {} if dry_run else _figures(await doing(actions, progress))
        return actions, [r for r in read if isinstance(r, Unused)], done

    with bar("importing") as progress:
        actions, unused, done = in_newsroom(context, work)
    wrong = [r for r in unused if r.wrong]
    _tell(wrong)
    if dry_run:
        planned = [_told(a) for a in actions] + [{"do": "leave out", "place": r.place, "why": r.why} for r in unused]
        rows(planned if as_json else _counted(planned), as_json=as_json, empty="no readers in it")
        say("nothing was written")
    else:
        answer(done | {"left_out": len(unused) - len(wrong), "wrong": len(wrong)}, as_json=as_json)
    if wrong and not actions:
        raise typer.Exit(FAILED)


def _terms(
    there: Menu,
    kind: From,
    origin: str,
    subscriptions: Subscriptions | None,
    tags: Path | None,
    otherwise: Mapping[str, Any],
) -> Terms:
    """What holds for all rows; `otherwise` is what is chosen for those of whom it is not known."""
    if kind in {From.MAILCHIMP, From.LISTMONK} and not origin.strip():
        raise ConfigError('--origin: say where these people gave their consent, such as "form on our site, 2019-2025"')
    if kind is From.LISTMONK and subscriptions is None:
        raise ConfigError(
            "--subscriptions: listmonk's file does not say who unsubscribed. Export each list by status (confirmed, "
            "unconfirmed, unsubscribed) and import each file with its own, the unsubscribed ones first"
        )
    try:
        choice = read_choice(otherwise, there, Choice())
    except ConfigError as wrong:
        raise ConfigError(*(f"--{p}" for p in wrong.problems)) from None
    from_where = f"{origin.strip()} (imported from {kind})" if origin.strip() else ""
    return Terms(there, choice, from_where, load_tags(tags, there) if tags else Tags(), subscriptions)


async def _known(newsroom: Newsroom, people: Iterable[Row]) -> dict[str, Known]:
    """What is known of these addresses; others are not looked up."""
    roll = {key(own.address): own for own in await newsroom.subscribers.everybody()}
    found = {}
    for row in people:
        own, suppressed = roll.get(key(row.address)), await newsroom.subscribers.suppression(row.address)
        consented_at = own.consent.given_at if own and own.consent else None
        found[key(row.address)] = Known(
            own.standing if own else None, suppressed[0] if suppressed else None, consented_at
        )
    return found


def _figures(done: Any) -> dict[str, int]:
    return {"subscribed": done.added, "asked": done.asked, "suppressed": done.suppressed, "skipped": done.skipped} | (
        {"overtaken": done.overtaken} if done.overtaken else {}
    )


def _tell(wrong: Sequence[Unused]) -> None:
    for row in wrong[:SHOWN]:
        say(f"{row.place}: {row.why}")
    if len(wrong) > SHOWN:
        say(f"and {len(wrong) - SHOWN} more rows that cannot be read")


def _told(action: Action) -> dict[str, Any]:
    match action:
        case Add():
            return {
                "do": "subscribe",
                "place": action.place,
                "why": "a consent is on record",
                "from": action.paused_until,
            }
        case Ask():
            return {"do": "ask", "place": action.place, "why": "no consent is on record", "from": action.not_before}
        case Suppress():
            return {"do": "never mail", "place": action.place, "why": str(action.why)}
        case Skip():
            return {"do": "leave out", "place": action.place, "why": _without_place(action.why)}


def _without_place(why: str) -> str:
    """Reasons that differ only by a place are one reason."""
    return why.partition(" stands at ")[0] + (" stands in it twice" if " stands at " in why else "")


def _counted(planned: Sequence[dict[str, Any]]) -> list[dict[str, object]]:
    """How often what is done, and why; with the days on which first mails go."""
    times = Counter((p["do"], p["why"]) for p in planned)
    days: dict[tuple[str, str], list[datetime | None]] = {}
    for p in planned:
        days.setdefault((p["do"], p["why"]), []).append(p.get("from"))
    return [
        {"do": do, "readers": n, "why": why, "first mails": _span(days[do, why]) if do in {"subscribe", "ask"} else ""}
        for (do, why), n in times.items()
    ]


def _span(days: Iterable[datetime | None]) -> str:
    counts = Counter(f"{d:%m-%d}" if d else "today" for d in days)
    return ", ".join(f"{day}: {n}" for day, n in sorted(counts.items(), key=lambda pair: (pair[0] != "today", pair[0])))
