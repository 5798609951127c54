"""How answers and errors look."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from nkwatch.domain.problems import ConfigError
from nkwatch.keys import BrokenSeal

FAILED, WRONG = 1, 2
#: Columns of a table that goes into a file or pipe.
WIDE = 160
#: Progress and notices; a pipe on standard output stays clean.
errors = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what is expected to go wrong into sentences and exit codes; never a traceback."""
    try:
        yield
    except ConfigError as wrong:
        for problem in wrong.problems:
            errors.print(problem, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(WRONG) from None
    except BrokenSeal as wrong:
        errors.print(str(wrong), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def say(line: str) -> None:
    """One line of progress."""
    errors.print(line, markup=False, soft_wrap=True)


def end(sentence: str, code: int = FAILED) -> NoReturn:
    """Say why it cannot be done, and end the command."""
    errors.print(sentence, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how far it is, on a terminal only. To be called with how many are done, and of how many."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)


@contextmanager
def counter(what: str) -> Iterator[Callable[[int], None]]:
    """Shows how many are done of what nobody knows the number of, on a terminal only."""
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed}"))
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda done: shown.update(task, completed=done)


def answer(result: Any, *, as_json: bool) -> None:
    """One result: a JSON object, or its figures for people."""
    figures = asdict(result) if is_dataclass(result) and not isinstance(result, type) else dict(result)
    if as_json:
        sys.stdout.write(json.dumps(figures, ensure_ascii=False, default=_plain) + "\n")
        return
    sys.stdout.write(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in figures.items()) + "\n")


def rows(records: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """Several records: JSON lines, or a table for people."""
    if as_json:
        for record in records:
            sys.stdout.write(json.dumps(record, ensure_ascii=False, default=_plain) + "\n")
        return
    if not records:
        sys.stdout.write(empty + "\n")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, name in enumerate(records[0]):
        # the first column is what other commands ask for: it must be whole
        table.add_column(name, no_wrap=place == 0, overflow="fold")
    for record in records:
        table.add_row(*(_shown(value) for value in record.values()))
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDE).print(table)


def _plain(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
