"""``nkwatch report``: what the next mail to the operator will say, and what the last week came to."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Json, plain
from nkwatch.domain.week import Week
from nkwatch.editing.notices import Matter, matters
from nkwatch.editing.weekly import sections, states


def report(
    context: typer.Context,
    week: Annotated[bool, typer.Option("--week", help="With what the last whole week (UTC) came to.")] = False,
    as_json: Json = False,
) -> None:
    """Show what happened since the last mail to the operator, with what to do. Nothing is sent, nothing changes.

    Example: nkwatch report --week
    """

    async def work(newsroom: Newsroom) -> tuple[Sequence[Matter], Week | None, datetime]:
        now = newsroom.clock()
        return matters(await newsroom.told.untold()), await newsroom.weeks.last(now) if week else None, now

    told, known, now = in_newsroom(context, work)
    lines = [_json(told, known)] if as_json else _lines(told, known, now)
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _lines(told: Sequence[Matter], week: Week | None, now: datetime) -> Iterator[str]:
    for one in told:
        times = f" ({one.times} times)" if one.times > 1 else ""
        yield f"{one.event}{times}, last {one.last:%Y-%m-%d %H:%M} UTC"
        if one.do:
            yield f"    {one.do}"
        for example in one.examples:
            yield f"    {example.last_at:%H:%M}  " + "; ".join(f"{name}: {said}" for name, said in example.facts)
        if one.further:
            yield f"    and {one.further} more of this kind"
    if not told:
        yield "Nothing happened since the last mail."
    if week:
        yield from _week(week, now)


def _week(week: Week, now: datetime) -> Iterator[str]:
    yield f"\nThe week {week.start:%Y-%m-%d} to {week.end:%Y-%m-%d}, beside it the week before"
    for section in sections(week):
        yield f"\n{section.title}"
        yield from (f"    {row.label:<42}{row.this:>14}{row.before:>14}" for row in section.rows)
    yield "\nNow"
    yield from (f"    {label}: {said}" for label, said in states(week, now))


def _json(told: Sequence[Matter], week: Week | None) -> str:
    found = {"matters": [asdict(one) for one in told]} | ({"week": asdict(week)} if week else {})
    return json.dumps(found, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    """What JSON has no form for: instants as ISO 8601, spans in seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else plain(value)
