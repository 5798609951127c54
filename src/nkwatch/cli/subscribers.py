"""The readers: the operators' commands."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.choices import read_choice
from nkwatch.cli.exporting import export_readers
from nkwatch.cli.importing import import_readers
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import WRONG, Json, Yes, answer, confirmed, end, rows, say
from nkwatch.cli.people import Someone, address_of, instant, menu, nobody, someone
from nkwatch.cli.switching import DryRun
from nkwatch.cli.whether import why
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Choice, Consent, Format, Own, Rhythm, SignUp, Standing
from nkwatch.workflow.subscribe import Joined

subscribers_app = typer.Typer(help="The readers.", no_args_is_help=True)
subscribers_app.command("import")(import_readers)
subscribers_app.command("export")(export_readers)
subscribers_app.command("why")(why)

Several = Annotated[str, typer.Option(help="Separated by commas.")]


@subscribers_app.command("add")
def add(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mail address.")],
    rhythm: Annotated[Rhythm, typer.Option(help="How often a digest comes.")] = Rhythm.WEEKLY,
    hour: Annotated[int, typer.Option(min=0, max=23, help="At which hour of the zone.")] = 7,
    zone: Annotated[str, typer.Option(help="Time zone, such as Asia/Seoul.")] = "UTC",
    weekday: Annotated[int, typer.Option(min=0, max=6, help="For weekly: 0 is Monday.")] = 0,
    monthday: Annotated[int, typer.Option(min=1, max=31, help="For monthly.")] = 1,
    language: Annotated[str, typer.Option(help="en, ko, ja or fr.")] = "en",
    text_only: Annotated[bool, typer.Option("--text-only", help="No HTML.")] = False,
    neutral: Annotated[
        bool, typer.Option("--neutral", help="The envelope does not show what the mails are on.")
    ] = False,
    alerts: Annotated[bool, typer.Option(help="Alerts at once.")] = True,
    themes: Annotated[str, typer.Option(help="Theme codes, separated by commas; all without any.")] = "",
    sources: Annotated[str, typer.Option(help="Source ids, separated by commas; all without any.")] = "",
    kinds: Annotated[str, typer.Option(help="Of: statement, reprint, press, state-media.")] = "",
    words: Annotated[str, typer.Option(help="Words to follow, in any script.")] = "",
    cases: Annotated[str, typer.Option(help="Names of persons to follow, in any spelling.")] = "",
    mute_themes: Several = "",
    mute_sources: Several = "",
    mute_kinds: Several = "",
    mute_words: Several = "",
    mute_cases: Several = "",
    phrase: Annotated[str, typer.Option(help="Words of the reader's own that every digest and alert carries.")] = "",
    country: Annotated[str, typer.Option(help="The reader's own government, such as GB; kept sealed.")] = "",
    lull: Annotated[bool, typer.Option("--lull", help="A short note when three weeks brought nothing.")] = False,
    quiet: Annotated[str, typer.Option(help="Hours of the zone without alerts, such as 22-7.")] = "",
    consent: Annotated[
        str, typer.Option(help="Where the recorded consent comes from; without it the reader is asked by mail.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Add a reader. Nobody is mailed without a confirmed, recorded consent.

    Example: nkwatch subscribers add reader@example.org --rhythm daily --zone Asia/Seoul --language ko
    """
    named = {"themes": themes, "sources": sources, "kinds": kinds, "words": words, "cases": cases}
    muted = {"themes": mute_themes, "sources": mute_sources, "kinds": mute_kinds}
    muted |= {"words": mute_words, "cases": mute_cases}
    given = {
        "rhythm": rhythm,
        "hour": hour,
        "zone": zone,
        "weekday": weekday,
        "monthday": monthday,
        "language": language,
        "format": Format.TEXT if text_only else Format.HTML,
        "neutral": neutral,
        "alerts": alerts,
        "phrase": phrase,
        "country": country,
        "lull": lull,
        "quiet": quiet,
        "wishes": [named],
        "mutes": muted,
    }

    if rhythm is Rhythm.NONE and not alerts:
        raise typer.BadParameter("nothing would ever be sent: choose a rhythm, alerts, or both")

    async def work(newsroom: Newsroom) -> Joined:
        sign_up = SignUp(address_of(address), _chosen(newsroom, given))
        # the roll takes such an address in like any other, so that nobody can tell on the site; an operator may know
        suppressed = await newsroom.subscribers.suppression(sign_up.address)
        if suppressed and suppressed[0].final:
            return Joined.SUPPRESSED
        return await newsroom.subscribe.join(sign_up, Consent(consent, newsroom.clock()) if consent else None)

    joined = in_newsroom(context, work)
    if joined is Joined.SUPPRESSED:
        end("this address is not to be mailed; `nkwatch subscribers why ADDRESS` says since when")
    if joined is Joined.KNOWN:
        say("this address was subscribed already: its choice stays as it was, and only its reader changes it")
    answer({"subscriber": str(joined)}, as_json=as_json)


def _chosen(newsroom: Newsroom, given: Mapping[str, Any]) -> Choice:
    try:
        return read_choice(given, menu(newsroom), Choice())
    except ConfigError as wrong:
        named = (p.partition(":") for p in wrong.problems)
        raise ConfigError(*(f"--{field.replace('_', '-')}:{said}" for field, _, said in named)) from None


@subscribers_app.command("list")
def list_readers(
    context: typer.Context,
    standing: Annotated[Standing | None, typer.Option(help="Only those with this standing.")] = None,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="Show the addresses, too: mind who looks over your shoulder.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the readers by their ids, which all commands but `allow` take. Addresses are shown only when asked for.

    A terminal is seen by others, kept in scrollback and pasted into tickets; an id says nothing to anybody else.

    Example: nkwatch subscribers list --standing confirmed
    """

    async def work(newsroom: Newsroom) -> list[dict[str, object]]:
        everybody = await newsroom.subscribers.everybody()
        now = newsroom.clock()
        return [_listed(own, addresses) | {"paused": own.subscriber.paused(now)} for own in everybody
                if standing in {None, own.standing}]  # fmt: skip

    found = in_newsroom(context, work)
    if not as_json:
        found = [r | {"paused": "" if not r["paused"] else r["paused until"]} for r in found]
        found = [{n: v for n, v in r.items() if n != "paused until"} for r in found]
    rows(found, as_json=as_json, empty="no subscribers")


def _listed(own: Own, addresses: bool) -> dict[str, object]:
    choice = own.subscriber.choice
    return {
        "id": own.subscriber.id,
        **({"address": own.address} if addresses else {}),
        "standing": str(own.standing),
        "rhythm": str(choice.schedule.rhythm),
        "alerts": "on" if choice.alerts else "off",
        "language": choice.edition.language,
        "joined": own.joined_at,
        "covered until": own.subscriber.covered_until,
        "paused until": own.subscriber.paused_until,
    }


@subscribers_app.command("pause")
def pause(
    context: typer.Context,
    who: Someone,
    until: Annotated[str, typer.Option(help="The first day with mails again, such as 2026-09-01.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on at once.")] = False,
    as_json: Json = False,
) -> None:
    """Send somebody nothing until a day of their own zone, or go on. What the pause held is in the archive.

    Example: nkwatch subscribers pause k3j5mzqxd4wyv2ah --until 2026-09-01
    """
    if bool(until) == resume:
        end("say either --until DAY or --resume", WRONG)

    async def work(newsroom: Newsroom) -> dict[str, object]:
        own = await someone(newsroom, who)
        if own is None:
            end(nobody(who))
        again = None if resume else instant(until, own.subscriber.choice.schedule.zone)
        if again and again <= newsroom.clock():
            raise ConfigError(f"--until {until}: that day is over")
        if not await newsroom.subscribe.pause(own.subscriber.id, again):
            end(f"{own.subscriber.id} is {own.standing}: only who is confirmed can pause")
        return {"subscriber": own.subscriber.id, "paused_until": until or None}

    answer(in_newsroom(context, work), as_json=as_json)


@subscribers_app.command("end")
def end_subscription(
    context: typer.Context,
    who: Someone,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "ended by the operator",
    as_json: Json = False,
) -> None:
    """End a subscription, in force at once for everything not yet handed over.

    Example: nkwatch subscribers end k3j5mzqxd4wyv2ah --reason "asked by telephone"
    """

    async def work(newsroom: Newsroom) -> dict[str, object]:
        own = await someone(newsroom, who)
        if own is None or not await newsroom.subscribe.leave(own.subscriber.id, reason):
            end(f"nobody with the id or address {who!r} is subscribed")
        return {"ended": own.subscriber.id}

    answer(in_newsroom(context, work), as_json=as_json)


@subscribers_app.command("erase")
def erase(
    context: typer.Context,
    who: Someone,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Delete all that is known of somebody. Only a keyed hash stays, so that no import mails the address again.

    Backups made before hold the row until they are gone, too.

    Example: nkwatch subscribers erase k3j5mzqxd4wyv2ah --dry-run
    """
    own = in_newsroom(context, lambda newsroom: someone(newsroom, who))
    if own is None:
        end(nobody(who))
    say(f"{own.subscriber.id}, {own.standing}, joined on {own.joined_at:%Y-%m-%d}: row, choice, consent, deliveries")
    if dry_run:
        say("nothing was erased")
        answer({"would_be_erased": own.subscriber.id}, as_json=as_json)
        return
    confirmed("Erase all of it?", yes=yes)
    if not in_newsroom(context, lambda newsroom: newsroom.subscribe.erase(own.subscriber.id)):
        end(nobody(who))
    answer({"erased": own.subscriber.id}, as_json=as_json)
    say("the keyed hash of the address stays")


@subscribers_app.command("allow")
def allow(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mail address.")],
    as_json: Json = False,
) -> None:
    """Let an address be mailed again that left, complained, was erased, or where nothing arrived. Nobody is subscribed.

    Example: nkwatch subscribers allow reader@example.org
    """

    async def work(newsroom: Newsroom) -> dict[str, object]:
        meant = address_of(address)
        stood = await newsroom.subscribers.suppression(meant)
        if stood is None or not await newsroom.subscribers.allow(meant, newsroom.clock()):
            return {}
        return {"allowed": True, "was": str(stood[0]), "since": stood[1]}

    said = in_newsroom(context, work)
    if said:
        answer(said, as_json=as_json)
    else:
        end(f"nothing stood against {address!r}")
