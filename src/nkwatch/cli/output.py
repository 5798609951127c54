"""How answers and errors look."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NoReturn

import typer
from rich.cells import cell_len
from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nkwatch.domain.problems import ConfigError
from nkwatch.keys import BrokenSeal

FAILED, WRONG = 1, 2
#: Columns of a table that goes into a file or pipe.
WIDE = 160
#: Between columns, and how wide a text is at least that is broken into lines.
GAP, READABLE = 2, 20
#: Progress and notices; a pipe on standard output stays clean.
errors = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


class Form(StrEnum):
    """What an export is written as."""

    JSON_LINES = "jsonl"
    CSV = "csv"


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what is expected to go wrong into sentences and exit codes; never a traceback."""
    try:
        yield
    except ConfigError as wrong:
        for problem in wrong.problems:
            _complain(problem)
        raise typer.Exit(WRONG) from None
    except BrokenSeal as wrong:
        _complain(str(wrong))
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def say(line: str) -> None:
    """One line of progress."""
    errors.print(_lines(line), markup=False, soft_wrap=True)


def end(sentence: str, code: int = FAILED) -> NoReturn:
    """Say why it cannot be done, and end the command."""
    _complain(sentence)
    raise typer.Exit(code)


def printable(text: str) -> str:
    """`text` in one line, without what would make a terminal do things: it may be a publisher's."""
    return "".join(c if c.isprintable() else " " for c in text)


def confirmed(question: str, *, yes: bool, only_people: bool = False) -> None:
    """Go on where somebody says so, or `yes`; else end the command. Nothing was changed until then.

    Where nobody answers, `yes` is needed; with `only_people` nobody is asked but at a terminal.
    """
    seen = sys.stdin.isatty()
    if yes or (only_people and not seen):
        return
    # not by Typer, which writes to standard output, too
    errors.print(f"{question} [y/N] ", end="", markup=False, soft_wrap=True)
    said = sys.stdin.readline()
    if not (said or seen):
        end("\nnobody can be asked here: give --yes, after a look with --dry-run; nothing was changed", WRONG)
    if said.strip().casefold() not in {"y", "yes"}:
        end("nothing was changed")


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


def page() -> Console:
    """Standard output, for what is laid out in columns."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDE)


def answer(result: Any, *, as_json: bool) -> None:
    """One result: a JSON object, or its figures for people."""
    figures = asdict(result) if is_dataclass(result) and not isinstance(result, type) else dict(result)
    if as_json:
        sys.stdout.write(json.dumps(figures, ensure_ascii=False, default=plain) + "\n")
        return
    there = {name: value for name, value in figures.items() if value not in (None, "", [], (), {})}
    sys.stdout.write(", ".join(f"{name.replace('_', ' ')}: {told(value)}" for name, value in there.items()) + "\n")


def rows(records: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """Several records: JSON lines, or a table for people."""
    if as_json:
        for record in records:
            sys.stdout.write(json.dumps(record, ensure_ascii=False, default=plain) + "\n")
        return
    if not records:
        sys.stdout.write(empty + "\n")
        return
    seen = sys.stdout.isatty()
    # a program that reads it wants every record on lines of its own
    width = None if seen else max(WIDE, sum(_columns(records).values()))
    tables(records, Console(highlight=False, markup=False, width=width))


def tables(records: Sequence[Mapping[str, Any]], console: Console) -> None:
    """A table of records that have the same names; one below the other where it would be too narrow to read."""
    columns = _columns(records)
    if sum(columns.values()) > console.width:
        for record in records:
            console.print(_below(record))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, (name, least) in enumerate(columns.items()):
        # the first column is what other commands ask for: it must be whole
        table.add_column(name, no_wrap=place == 0, overflow="fold", min_width=least - GAP)
    for record in records:
        table.add_row(*map(_cell, record.values()))
    console.print(table)


def _columns(records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Names of columns, and how wide each must be with the gap behind it: no word is broken, no text very narrow."""
    found: dict[str, int] = {}
    for name in records[0]:
        zone = " (UTC)" if any(isinstance(record[name], datetime) for record in records) else ""
        header = f"{name.replace('_', ' ')}{zone}"
        texts = [header, *(_cell(record[name]) for record in records)]
        words = [w for t in texts for w in t.split()]
        longest, whole = max(map(cell_len, words), default=0), max(map(cell_len, texts))
        found[header] = GAP + max(longest, min(whole, READABLE))
    return found


def _below(record: Mapping[str, Any]) -> Group:
    """One record by itself: what it is called by, and below it what there is to say."""
    (_, first), *others = record.items()
    facts = Table.grid(padding=(0, 2))
    for name, value in others:
        if (said := told(value)) != "":
            facts.add_row(Text(f"  {name.replace('_', ' ')}", style="dim"), Text(said))
    return Group(Text(told(first), style="bold"), facts)


def told(value: Any) -> str:
    """A value, for people."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(told, value))
        case _:
            return printable(str(value))


def plain(value: Any) -> str:
    """A value that JSON has no form for; an instant as ISO 8601."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _cell(value: Any) -> str:
    """The zone stands above the column."""
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else told(value)


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def _complain(sentence: str) -> None:
    errors.print(_lines(sentence), style="red", markup=False, soft_wrap=True)
