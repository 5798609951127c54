"""The database: bring it up to date, look at it, take it over into another one. Backups: `backing_up`, `restoring`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from nkwatch.cli.deferring import Later, deferring
from nkwatch.cli.newsroom import CLOCK, database_errors
from nkwatch.cli.output import FAILED, Json, answer, bar, end, errors, rows, say
from nkwatch.config import Config, load_config, load_secrets
from nkwatch.domain.posture import Severity
from nkwatch.domain.problems import ConfigError
from nkwatch.store import checking, moving, sizes
from nkwatch.store.database import Database
from nkwatch.store.engines import file_of
from nkwatch.store.migrations import Mark, mark, marked, pending
from nkwatch.store.promises import Asked

COMMANDS = {
    "backup": Later("backing_up:backup", "Write a consistent copy of the database while the service runs."),
    "restore": Later(
        "restoring:restore", "Put a backup in the place of the database. Sending is locked until you say from when."
    ),
    "key": Later("backing_up:key", "Make a key for encrypted backups, to be kept elsewhere; answers its public part."),
}
#: Bytes of a megabyte, as disks are sold.
MEGABYTE = 1_000_000

db_app = typer.Typer(
    help="The database: upgrade, check, measure, move, back up, restore.",
    no_args_is_help=True,
    cls=deferring(COMMANDS),
)


@db_app.command("upgrade")
def upgrade(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Use this database again, though it was moved to another one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the tables up to what this version of nkwatch knows, all of it or nothing. Starting nkwatch does it too.

    Back the database up before. There is no way back but that backup.

    Example: nkwatch db upgrade --dry-run
    """
    with database_errors(), _database(load_config(context.obj), made=not dry_run) as database:
        if take_back:
            _take_back(database)
        with database.engine.connect() as connection:
            before, steps = pending(connection)
        if not dry_run:
            database.prepare()
    told = {
        "from": before,
        "to": steps[-1].schema if steps else before,
        "steps": [asdict(step) for step in steps],
        "done": not dry_run,
    }
    if as_json:
        answer(told, as_json=True)
        return
    rows([asdict(step) for step in steps], as_json=False, empty=f"the database has schema {before}, the newest")
    if steps:
        sys.stdout.write(f"{'would go' if dry_run else 'went'} from schema {before or 'none'} to {told['to']}\n")


@db_app.command("check")
def check(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="SQLite: do not compare indexes with their tables.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show also what is as it should be.")] = False,
    as_json: Json = False,
) -> None:
    """Look whether the database is whole, and whether its rows keep what they promise. Nothing is changed.

    It may run beside the service. Exits with 1 when anything is wrong.

    Example: nkwatch db check
    """
    with database_errors():
        config = load_config(context.obj)
        keys = frozenset(load_secrets(config.secrets).keyring().masters)
        with _current(config) as (database, _), bar("checking") as progress:
            asked = Asked(CLOCK.get()(), keys)
            found = checking.look(database.engine, asked, lambda _, n, of: progress(n, of), quick=quick)
    wrong = [f for f in found if f.severity is Severity.WRONG]
    if as_json:
        facts = [{"about": f.about, "severity": f.severity, "found": f.found, "do": f.do} for f in found]
        answer({"ok": not wrong, "findings": facts}, as_json=True)
    else:
        shown = found if every else wrong
        told = [{"about": f.about, "": str(f.severity), "found": f.found, "to do": f.do} for f in shown]
        rows(told, as_json=False, empty=f"{len(found)} questions asked, and all is well")
    if wrong:
        raise typer.Exit(FAILED)


@db_app.command("stats")
def stats(context: typer.Context, as_json: Json = False) -> None:
    """Show how large tables and indexes are, how they grow, what will be erased when, and the size in a year.

    Example: nkwatch db stats
    """
    with (
        database_errors(),
        _current(load_config(context.obj)) as (database, number),
        database.engine.connect() as connection,
        connection.begin(),
    ):
        found = sizes.measure(connection, number, CLOCK.get()())
    if as_json:
        answer(found, as_json=True)
        return
    parts = sorted(found.parts, key=lambda p: (-(p.bytes or 0), p.name))
    table = [{"name": p.name, "index of": p.of, "rows": p.rows, "MB": _megabytes(p.bytes)} for p in parts]
    rows([r for r in table if r["rows"] or r["MB"] != "0.0"], as_json=False, empty="no tables")
    months = sorted({month for by_month in found.growth.values() for month in by_month})
    grown = [{"new rows in": m} | {name: by.get(m, 0) for name, by in found.growth.items()} for m in months]
    rows(grown, as_json=False, empty="nothing new in the last year")
    rows([asdict(e) for e in found.erasures], as_json=False, empty="")
    answer(
        {
            "schema": found.schema,
            "MB": _megabytes(found.bytes),
            "of these free": _megabytes(found.free_bytes),
            "log of writes": _megabytes(found.log_bytes),
            "in a year": _megabytes(found.bytes_in_a_year),
        },
        as_json=False,
    )


@db_app.command("move")
def move(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM", help="The database that there is: sqlite:///FILE or postgresql://USER@HOST/NAME."
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="An empty database, of the same kind or another.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look whether it would go well.")] = False,
    as_json: Json = False,
) -> None:
    """Move everything into another database, and compare every row. Stop nkwatch before, on all machines.

    Nothing is lost when it is broken off: run it again. The old database is kept, and marked as one that was moved.

    Example: nkwatch db move sqlite:////var/lib/nkwatch/nkwatch.db postgresql://nkwatch@db.example/nkwatch
    """
    with database_errors():
        _check_address(source)
        _check_address(target)
        with paced() as told:
            done = (moving.rehearse if dry_run else moving.move)(source, target, told)
    if isinstance(done, moving.Stopped):
        end(f"{done.where}: {done.why}. Nothing was moved, and {_hidden(source)} can be used as before")
    answer(done, as_json=as_json)
    if dry_run:
        say("nothing was changed")
        return
    say("every row was compared. Write into the settings, and start nkwatch:")
    say(f'database = "{_hidden(target)}"')
    file = file_of(source)
    departed = Path(f"{file}.departed").resolve()
    if file and departed.exists():
        say(f'[installation]\ndeparted = "{departed}"')
    else:
        say("and let [installation] name the same file of who left (departed) as before")


@contextmanager
def paced() -> Iterator[moving.Told]:
    """Shows how far each step is, and how many rows a second it does: a bar on a terminal, else a line at its end."""
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(TextColumn("{task.fields[pace]} rows/s"), TimeRemainingColumn()),
    )
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as shown:
        steps = _Steps(shown)
        yield steps
        steps.close()


class _Steps:
    """The step under way, and when it began."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._task: TaskID | None = None
        self._what, self._done, self._began = "", 0, 0.0

    def __call__(self, what: str, done: int, of: int) -> None:
        if what != self._what:
            self.close()
            self._what, self._began = what, time.monotonic()
            self._task = self._shown.add_task(what, total=of, pace="")
        self._done = done
        if self._task is not None:
            self._shown.update(self._task, completed=done, total=of, pace=self._pace)

    @property
    def _pace(self) -> str:
        return f"{self._done / max(time.monotonic() - self._began, 0.001):,.0f}"

    def close(self) -> None:
        """Say how fast it went, where there is no bar that shows it."""
        if self._what and not errors.is_terminal:
            say(f"{self._what}: {self._done:,} rows, {self._pace} rows/s")


@contextmanager
def _database(config: Config, *, made: bool) -> Iterator[Database]:
    """The database of the settings; where there is none, one is made only if it may be."""
    file = file_of(config.database)
    if file and not made and not file.is_file():
        raise ConfigError(f"{file}: there is no database yet; it is made when nkwatch starts")
    database = Database(config.database)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _current(config: Config) -> Iterator[tuple[Database, str]]:
    """The database of the settings with its schema, which must be that of this version."""
    with _database(config, made=False) as database:
        with database.engine.connect() as connection:
            before, steps = pending(connection)
        if steps:
            raise ConfigError(
                f"the database has schema {before or 'none'}, and this nkwatch wants {steps[-1].schema}: run"
                " `nkwatch db upgrade`"
            )
        yield database, before or ""


def _take_back(database: Database) -> None:
    def work(connection: Connection) -> None:
        if marked(connection) is not Mark.MOVED:
            raise ConfigError("the database was not moved to another one: there is nothing to take back")
        mark(connection, None)

    database.prepare(work)


def _check_address(address: str) -> None:
    try:
        kind = make_url(address).get_backend_name()
    except ArgumentError:
        kind = ""
    if kind not in {"sqlite", "postgresql"}:
        raise ConfigError("a database is given as sqlite:///FILE or postgresql://USER@HOST/NAME")


def _hidden(address: str) -> str:
    return make_url(address).render_as_string(hide_password=True)


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / MEGABYTE:,.1f}"
