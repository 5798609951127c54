"""The commands of every day: demo, run, and one round of each part."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nkwatch import __version__, logs
from nkwatch.assembly import Newsroom
from nkwatch.cli import (
    alerts,
    backtesting,
    bounces,
    bouncing,
    corpus,
    delivering,
    digests,
    dkim,
    doctor,
    documents,
    keys,
    previewing,
    readings,
    settings,
    sources,
    statements,
    subscribers,
    verifying,
)
from nkwatch.cli.newsroom import Json, in_newsroom
from nkwatch.cli.output import WRONG, answer, end, plain_errors, say
from nkwatch.daemon import PARTS, Daemon

app = typer.Typer(
    name="nkwatch",
    help="Watches statements on human rights in North Korea and mails digests and alerts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(settings.init)
app.command("parse")(documents.parse)
app.command("extract")(documents.extract)
app.command("evaluate")(corpus.evaluate)
app.command("learn")(corpus.learn)
app.command("backtest")(backtesting.backtest)
app.command("correct")(readings.correct)
app.command("reread")(readings.reread)
app.command("explain")(readings.explain)
app.add_typer(settings.config_app, name="config")
app.command("deliver")(delivering.deliver)
app.command("recover")(delivering.recover)
app.command("verify")(verifying.verify)
app.command("doctor")(doctor.doctor)
bounces.bounces_app.command("take")(bouncing.take)
bounces.bounces_app.command("webhooks")(bouncing.webhooks)
app.add_typer(bounces.bounces_app, name="bounces")
app.add_typer(sources.sources_app, name="sources")
app.add_typer(subscribers.subscribers_app, name="subscribers")
keys.keys_app.command("dkim")(dkim.dkim)
app.add_typer(keys.keys_app, name="keys")
app.add_typer(alerts.alert_app, name="alert")
digests.digest_app.command("preview")(previewing.preview)
digests.digest_app.command("test")(previewing.proof)
app.add_typer(digests.digest_app, name="digest")
app.add_typer(statements.statements_app, name="statements")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nkwatch {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", "-c", help="The settings file.")] = Path("nkwatch.toml"),
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Take what all commands share."""
    context.obj = config
    logs.set_up()


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End with a summary instead of going on.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Leave .eml files and index.html there.")] = None,
    port: Annotated[int, typer.Option("--port", help="Where the pages are shown.")] = 8080,
    as_json: Json = False,
) -> None:
    """Run the whole service on bundled samples, on this machine alone.

    Example: nkwatch demo --once --out demo-out
    """
    from nkwatch.demo import run_demo  # noqa: PLC0415  no other command needs its servers

    with plain_errors():
        asyncio.run(run_demo(say, lambda summary: answer(summary, as_json=as_json), once=once, out=out, port=port))


@app.command()
def run(
    context: typer.Context,
    only: Annotated[str, typer.Option("--only", help=f"Parts, separated by commas: {', '.join(PARTS)}.")] = "",
) -> None:
    """Run the service until it is told to stop (SIGTERM or Ctrl-C).

    Example: nkwatch --config nkwatch.toml run --only collect,read
    """
    parts = tuple(p.strip() for p in only.split(",") if p.strip()) or PARTS
    unknown = [p for p in parts if p not in PARTS]
    if unknown:
        end(f"--only: no part named {', '.join(unknown)}; there are {', '.join(PARTS)}", WRONG)

    async def work(newsroom: Newsroom) -> None:
        await Daemon(newsroom, only=parts).run()

    in_newsroom(context, work)


@app.command()
def poll(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(help="Source ids; all that are due without any.")] = None,
    as_json: Json = False,
) -> None:
    """Poll the sources that are due, once.

    Example: nkwatch poll hrw-en
    """

    async def work(newsroom: Newsroom) -> object:
        collected = await newsroom.collect(only=sources.known_sources(newsroom, ids or []))
        visits = await newsroom.visit()
        for state in await newsroom.statements.states():
            if state.failures:
                say(f"{state.source_id}: {state.reason} It is asked again at {state.due_at:%Y-%m-%d %H:%M} UTC.")
        return asdict(collected) | asdict(visits)

    answer(in_newsroom(context, work), as_json=as_json)


@app.command()
def read(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Statements as JSON lines; - reads standard input.")] = None,
    rules: corpus.Rules = None,
    as_json: Json = False,
) -> None:
    """Read the statements that have no reading yet, once; or those in a file, without settings, as JSON lines.

    Example: nkwatch read --json; nkwatch read statements.jsonl
    """
    if file is None:
        if rules:
            end("--rules goes with a file; the settings name the rules of the service", WRONG)
        answer(in_newsroom(context, lambda newsroom: newsroom.read()), as_json=as_json)
    else:
        corpus.read_file(file, rules)


@app.command()
def publish(context: typer.Context, as_json: Json = False) -> None:
    """Release alerts, call editors to those that wait, and close the windows that have closed, once.

    Example: nkwatch publish
    """

    async def work(newsroom: Newsroom) -> dict[str, int]:
        return asdict(await newsroom.publish()) | asdict(await newsroom.call())

    answer(in_newsroom(context, work), as_json=as_json)
