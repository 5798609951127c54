"""The command line's root: what all commands share, and where each is written."""

from pathlib import Path
from typing import Annotated

import typer

from nkwatch import __version__, logs
from nkwatch.cli.deferring import Later, deferring

COMMANDS = {
    "init": Later(
        "beginning:init",
        "Write nkwatch.toml and a secrets file with a fresh key. Existing files are never overwritten.",
    ),
    "parse": Later("documents:parse", "Show the entries of a feed file as JSON lines."),
    "extract": Later(
        "documents:extract",
        "Show the title, text, date, author and language of an article page as one JSON object.",
    ),
    "evaluate": Later(
        "corpus:evaluate",
        "Measure the reading against labels: precision, recall, F1, each with its 95 % interval.",
    ),
    "learn": Later(
        "corpus:learn",
        "Learn the weights of themes and urgency from the labelled statements that ship with nkwatch, and from yours.",
    ),
    "backtest": Later(
        "backtesting:backtest",
        "Show which digests and alerts archived entries would have brought, week by week. Nothing is fetched or sent.",
    ),
    "correct": Later("readings:correct", "Correct what was read in a statement. What you leave out stays as it is."),
    "reread": Later(
        "readings:reread",
        "Read by the current rules what older rules have read. Old readings are kept; nothing mailed changes.",
    ),
    "explain": Later(
        "readings:explain",
        "Say everything known on a statement, story, bulletin or delivery, with the reasons.",
    ),
    "deliver": Later(
        "delivering:deliver",
        "Hand over the deliveries that are due, once: first what is urgent, then digests.",
    ),
    "recover": Later(
        "recovering:recover",
        "Put right what should exist and does not, say what is overdue, and erase what is kept no longer.",
    ),
    "verify": Later(
        "verifying:verify",
        "Say whether a mail is ours: by its signature first, then beside the bulletin that it says it is.",
    ),
    "doctor": Later(
        "doctor:doctor",
        "Look at settings, database, disk, clock, relays and DNS, and say what to do. "
        "Sends nothing without --roundtrip.",
    ),
    "report": Later(
        "reporting:report",
        "Show what happened since the last mail to the operator, with what to do. Nothing is sent, nothing changes.",
    ),
    "demo": Later("showing:demo", "Run the whole service on bundled samples, on this machine alone."),
    "run": Later(
        "running:run",
        "Run the service until it is told to stop (SIGTERM or Ctrl-C). SIGHUP lets it take up changed settings.",
    ),
    "poll": Later("rounds:poll", "Poll the sources that are due, once."),
    "read": Later(
        "rounds:read",
        "Read the statements that have no reading yet, once; or those in a file, without settings, as JSON lines.",
    ),
    "publish": Later(
        "rounds:publish",
        "Release alerts, call editors to those that wait, and close the windows that have closed, once.",
    ),
    "config": Later("settings:config_app", "The settings."),
    "db": Later("database:db_app", "The database: upgrade, check, measure, move, back up, restore."),
    "bounces": Later("bounces:bounces_app", "Mails that come back: bounces, complaints, automatic replies."),
    "sources": Later("sources:sources_app", "The sources that are polled."),
    "subscribers": Later("subscribers:subscribers_app", "The readers."),
    "keys": Later(
        "keys:keys_app",
        "The master keys. Back the secrets file up apart from the database: both together show every address.",
    ),
    "alert": Later("alerts:alert_app", "Alerts: release, withhold, stop, and say what was wrong."),
    "digest": Later("digests:digest_app", "Digests: preview, send, and say what of a story goes into them."),
    "story": Later("stories:story_app", "Stories: show one, merge several into one, split statements off."),
    "editors": Later("editors:editors_app", "The editors: their passkeys, and how they get one."),
    "audit": Later("editors:audit", "Show what editors did, or whether every row of it is as it was written."),
    "case": Later("casebook:case_app", "Pages of cases: open and close them, and see who is named most."),
    "webhooks": Later("webhooks:webhooks_app", "Programs that are told of stories, alerts and corrections."),
    "search": Later(
        "searching:search", "Find statements on North Korea that may be shown, the newest first, as the site does."
    ),
    "export": Later(
        "exporting_archive:export_archive",
        "Write what the archive shows as rows for research: statements, or how sources were watched day by day.",
    ),
    "import": Later(
        "importing_archive:import_archive",
        "File archived entries as old news: they are read and put in stories, and never mailed or told.",
    ),
    "redact": Later(
        "redacting:redact_app",
        "Take a person, or a whole statement, out of everything that is held here. It cannot be undone.",
    ),
    "statements": Later("statements:statements_app", "Deleted statements, and proofs of what was said."),
}

app = typer.Typer(
    name="nkwatch",
    cls=deferring(COMMANDS),
    help="Watches statements on human rights in North Korea and mails digests and alerts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    # as plain text: brackets are no marks, and nothing is boxed that goes into a log or is read aloud
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nkwatch {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", "-c", help="The settings file.")] = Path("nkwatch.toml"),
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Take what all commands share."""
    context.obj = config
    logs.set_up()
