"""``nkwatch sources``: the catalogue, its health, and the operator's own sources."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.adding import add, local
from nkwatch.cli.completing import all_sources, sources_on
from nkwatch.cli.exchange import export_sources, from_file, import_sources, plot_sources
from nkwatch.cli.finding import as_table, newest
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, answer, plain_errors, printable, rows, say, told
from nkwatch.cli.switching import disable, enable, remove, unknown
from nkwatch.domain.outcome import Failed, Fetched
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry

sources_app = typer.Typer(help="The sources that are polled.", no_args_is_help=True)
SAMPLES = 3


def known_sources(newsroom: Newsroom, ids: Sequence[str]) -> Sequence[str]:
    """These ids, when every one of them is a source that is switched on. Raises `ConfigError`."""
    off = [f"source {i!r} is switched off" for i in ids if i in newsroom.sources and not newsroom.sources[i].enabled]
    problems = [*unknown(ids, newsroom.sources), *off]
    if problems:
        raise ConfigError(*problems, "see `nkwatch sources list`")
    return ids


@sources_app.command("list")
def list_sources(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Those that are off, too.")] = False,
    health: Annotated[bool, typer.Option("--health", help="Those in trouble first, and since when.")] = False,
    as_json: Json = False,
) -> None:
    """List the sources that are on, with their state.

    Example: nkwatch sources list --all --json
    """

    async def work(newsroom: Newsroom) -> list[dict[str, object]]:
        states = {s.source_id: s for s in await newsroom.statements.states()}
        shown = [s for s in newsroom.sources.values() if s.enabled or everything]
        if health:
            shown.sort(key=lambda s: _worry(states.get(s.id)))
        return [_row(s, states.get(s.id), since=health) for s in shown]

    rows(in_newsroom(context, work), as_json=as_json, empty="no source is on; see `nkwatch sources list --all`")


def _row(source: Source, state: PollState | None, *, since: bool) -> dict[str, object]:
    polled = state if source.enabled else None
    row: dict[str, object] = {
        "id": source.id,
        "publisher": source.publisher,
        "kind": source.kind,
        "on": "yes" if source.enabled else "no",
        "health": _health(state) if source.enabled else "",
    }
    if since:
        row["since"] = polled and polled.health_since
    return row | {
        "last success": state and state.last_ok_at,
        "last new": state and state.last_new_at,
        "next poll": polled and polled.due_at,
        "trouble": printable(polled.reason) if polled else "",
    }


def _health(state: PollState | None) -> str:
    return "not polled yet" if state is None or _untried(state) else str(state.health)


def _untried(state: PollState) -> bool:
    return state.last_ok_at is None and not state.failures


def _worry(state: PollState | None) -> tuple[bool, int]:
    """Trouble comes first, the longest row of failures before the others."""
    return (state is None or (state.health is Health.OK and not state.failures), -state.failures if state else 0)


@sources_app.command("show")
def show_source(
    context: typer.Context,
    source_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id, from `nkwatch sources list`.", autocompletion=all_sources)
    ],
    as_json: Json = False,
) -> None:
    """Show all that is known of one source.

    Example: nkwatch sources show hrw-en
    """

    async def work(newsroom: Newsroom) -> tuple[Source, PollState | None]:
        if wrong := unknown([source_id], newsroom.sources):
            raise ConfigError(*wrong)
        states = {s.source_id: s for s in await newsroom.statements.states()}
        return newsroom.sources[source_id], states.get(source_id)

    source, state = in_newsroom(context, work)
    facts = as_table(source) | {"enabled": source.enabled, "state": list(_sentences(source, state))}
    if as_json:
        answer(facts, as_json=True)
        return
    for name, value in facts.items():
        parts = [f"{k} = {v}" for k, v in value.items()] if isinstance(value, dict) else value
        for line in parts if isinstance(parts, list) else [parts]:
            typer.echo(f"{name}: {printable(str(line))}")


def _sentences(source: Source, state: PollState | None) -> Iterable[str]:
    """What is remembered of the source, in words."""
    if not source.enabled:
        yield "It is switched off."
    if state is None or _untried(state):
        yield "It has not been polled yet."
        return
    yield f"Its health is: {state.health}" + (f", since {told(state.health_since)}." if state.health_since else ".")
    yield f"The last poll that worked was at {told(state.last_ok_at)}." if state.last_ok_at else "No poll has worked."
    if state.last_new_at:
        yield f"Something new came last at {told(state.last_new_at)}."
    if state.failures:
        yield f"It has failed {state.failures} times in a row: {state.reason}"
    if state.adopted:
        yield f"It has moved for good to {state.adopted}; write that into the settings."
    elif state.moved_to:
        yield f"It has said {state.moved_seen} times that it moved for good to {state.moved_to}."
    if not state.validated:
        yield "It gives no validators, so it is asked at most every six hours."
    if source.enabled:
        yield f"It is asked again at {told(state.due_at)}."


@sources_app.command("check")
def check_sources(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Source ids; all that are on without any.", autocompletion=sources_on),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Check the sources in this settings file, or OPML, instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Poll sources once without storing anything, and show what comes. Exits with 1 when one of them fails.

    Example: nkwatch sources check hrw-en amnesty-ca
    """
    with plain_errors():
        given = from_file(file) if file else None

    async def work(newsroom: Newsroom) -> list[Checked]:
        if wrong := unknown(ids or (), newsroom.sources if given is None else given):
            raise ConfigError(*wrong)
        known = newsroom.sources if given is None else given
        wanted = [known[i] for i in ids] if ids else [s for s in known.values() if s.enabled or given is not None]
        turns = asyncio.Semaphore(newsroom.config.polling.at_once)
        return await asyncio.gather(*(_check(newsroom, s, turns) for s in wanted))

    checked = in_newsroom(context, work)
    if as_json:
        rows([c.record() for c in checked], as_json=True, empty="")
    else:
        for one in checked:
            typer.echo("\n".join(one.lines()))
    failed = sum(bool(c.reason) for c in checked)
    say(f"{len(checked)} checked, {failed} failed")
    if failed:
        raise typer.Exit(FAILED)


@dataclass(frozen=True, slots=True)
class Checked:
    """What one poll of a source brought; `reason` says why it brought nothing."""

    source: Source
    health: str
    entries: tuple[Entry, ...] = ()
    reason: str = ""

    def record(self) -> dict[str, object]:
        """It as a JSON record."""
        shown = self.entries[:SAMPLES]
        samples = [{"title": e.title, "url": e.url, "published": e.published} for e in shown]
        return {
            "id": self.source.id,
            "url": self.source.url,
            "health": self.health,
            "reason": self.reason,
            "entries": len(self.entries),
            "newest": newest(self.entries),
            "caught": self.caught(),
            "samples": samples,
        }

    def caught(self) -> dict[str, int]:
        """How many of the entries have each part: what each selector of a page caught."""
        parts = {"title": "title", "link": "url", "date": "published", "teaser": "text"}
        return {name: sum(bool(getattr(e, part)) for e in self.entries) for name, part in parts.items()}

    def lines(self) -> Iterable[str]:
        """It for people."""
        if self.reason:
            return [f"{self.source.id}: {self.health}: {printable(self.reason)}"]
        days = [f"{local(e.published, self.source, e):%Y-%m-%d}" if e.published else "" for e in self.entries]
        caught = ", ".join(f"{name} {n}" for name, n in self.caught().items())
        latest = max(days, default="") or "without a date"
        head = f"{self.source.id}: {self.health}, {len(self.entries)} entries, newest {latest} (with {caught})"
        shown = zip(days, self.entries[:SAMPLES], strict=False)
        return [head, *(f"  {day:10}  {printable(e.title)[:90]}  {printable(e.url)}" for day, e in shown)]


async def _check(newsroom: Newsroom, source: Source, turns: asyncio.Semaphore) -> Checked:
    """One poll; a source that would be refused at the start of the service is not asked."""
    if problems := newsroom.poller.problems(source):
        return Checked(source, "wrong settings", reason=" ".join(problems))
    async with turns:
        state = PollState(source.id, newsroom.clock(), source.url)
        outcome = await newsroom.poller.poll(source, state)
    after = state.after(outcome, newsroom.clock(), pace=source.pace)
    say(f"{source.id}: {'failed' if isinstance(outcome, Failed) else 'answered'}")
    match outcome:
        case Failed(reason):
            return Checked(source, str(outcome.trouble), reason=reason)
        case Fetched(entries):
            return Checked(source, str(after.judged(newsroom.clock()).health), entries)
        case _:
            return Checked(source, str(after.health))


sources_app.command("add")(add)
sources_app.command("remove")(remove)
sources_app.command("enable")(enable)
sources_app.command("disable")(disable)
sources_app.command("import")(import_sources)
sources_app.command("export")(export_sources)
sources_app.command("plot")(plot_sources)
