"""``nkwatch deliver``: one round of taking mail out; or what unlocks sending."""

import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import WRONG, Json, Yes, answer, confirmed, counter, end, rows, say
from nkwatch.domain.installation import Resumed
from nkwatch.workflow.deliver import Deliver, Delivered
from nkwatch.workflow.lock import LOCKED, Lock

TIME = "2026-01-31T10:00Z"


def deliver(
    context: typer.Context,
    resume_after: Annotated[
        str,
        typer.Option(
            "--resume-after",
            metavar="TIME",
            help=f"After a restore: what was due by then is taken as sent, what is later goes. UTC, as {TIME}.",
        ),
    ] = "",
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Send from this host from now on, and not from the one before.")
    ] = False,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what --resume-after would hold back.")] = False,
    as_json: Json = False,
) -> None:
    """Hand over the deliveries that are due, once: first what is urgent, then digests.

    With --resume-after or --take-over nothing is handed over: sending is unlocked, and goes on with the next round.

    Example: nkwatch deliver
    """
    until = _instant(resume_after) if resume_after else None
    if dry_run and until is None:
        end("--dry-run shows what --resume-after TIME would hold back: give both", WRONG)
    if until is not None:
        asked = "Take all that was due by then as sent? Look with --dry-run first: it cannot be undone."
        confirmed(asked, yes=yes or dry_run, only_people=True)
    if until is not None or take_over:
        _unlock(context, until, take_over=take_over, dry_run=dry_run, as_json=as_json)
        return

    async def work(newsroom: Newsroom) -> Delivered | str:
        if why := await _told_by_us(newsroom.lock).locked():
            return why
        lanes = newsroom.deliver
        return await _round(lanes.urgent, "alerts and confirmations") + await _round(lanes.bulk, "digests")

    done = in_newsroom(context, work)
    if isinstance(done, str):
        end(f"nothing was sent: {done}")
    answer(done, as_json=as_json)


def _unlock(context: typer.Context, until: datetime | None, *, take_over: bool, dry_run: bool, as_json: bool) -> None:
    async def work(newsroom: Newsroom) -> Resumed | str:
        lock = _told_by_us(newsroom.lock)
        await lock.locked()
        stood = await newsroom.installation.look()
        if until and not stood.locked_at and not stood.elsewhere:
            return "sending is not locked: there is nothing to resume"
        if until and stood.elsewhere and not take_over:
            return stood.locked
        if until and until > newsroom.clock():
            return "--resume-after lies ahead: nothing can have been sent by then"
        if stood.locked_at and until is None:
            return stood.locked
        # what is held back first: between the two nothing may leave
        resumed = await lock.resume(until, dry=dry_run) if until else Resumed()
        if take_over and not dry_run:
            await lock.take_over()
        return resumed

    done = in_newsroom(context, work)
    if isinstance(done, str):
        end(done)
    _tell(done, until, dry_run=dry_run, as_json=as_json)


def _told_by_us(lock: Lock) -> Lock:
    """The lock, that says nothing of being locked: the command itself does."""

    def notice(event: str, **facts: object) -> None:
        if event != LOCKED:
            lock.notice(event, **facts)

    return replace(lock, notice=notice)


def _tell(done: Resumed, until: datetime | None, *, dry_run: bool, as_json: bool) -> None:
    held: list[dict[str, Any]] = [
        {"number": h.number, "kind": h.kind, "written": h.date, "window until": h.window_end, "readers": h.readers}
        for h in done.bulletins
    ]
    figures = {
        "not_sent": sum(h.readers for h in done.bulletins),
        "windows": done.windows,
        "written_anew": done.rewritten,
        "stories": done.stories,
        "alerts_for_editors": done.alerts,
    } | {f"{name}_again": count for name, count in asdict(done.replayed).items()}
    if as_json:
        answer(figures | {"resume_after": until, "dry_run": dry_run, "bulletins": held}, as_json=True)
        return
    if held:
        rows(held, as_json=False, empty="")
        sys.stdout.write("\n")
    answer(figures, as_json=False)
    say("nothing was changed" if dry_run else "sending is unlocked: it goes on with the next round")


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        end(f"--resume-after: {text!r} is no time; write it as {TIME}", WRONG)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


async def _round(lane: Deliver, what: str) -> Delivered:
    """One round, with its progress on a terminal."""
    with counter(what) as shown:
        return await replace(lane, progress=lambda done: shown(sum(asdict(done).values())))()
