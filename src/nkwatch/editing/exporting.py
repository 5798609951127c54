"""The rows of the research export as they are written, and the dictionary that explains their columns."""

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from nkwatch.editing.columns import (
    CODE,
    CODES,
    COUNT,
    COVERAGE,
    DAY,
    INSTANT,
    NUMBER,
    NUMBERS,
    STATEMENTS,
    TEXT,
    YES_NO,
    Column,
    Columns,
    Value,
)

#: A spreadsheet runs what begins so. Such a text gets an apostrophe, so does one that has one: it can be taken off.
FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
#: The tables by their names in the dictionary.
TABLES: Mapping[str, Columns] = {"Statements": STATEMENTS, "Coverage": COVERAGE}
_HEAD = "| column | type | meaning |\n|---|---|---|"
_ABOUT = """# Data dictionary

What `nkwatch export` writes, and the site under `/api/v1/export.csv`, `/export.jsonl`, `/coverage.csv` and
`/coverage.jsonl`. CSV is RFC 4180 in UTF-8 with a first line of names, with a byte order mark where it is asked for;
JSON lines are one object in UTF-8 on each line. The newest statement comes first.

One row is one public statement on North Korea that stands in a story. What is under embargo, held back by editors,
deleted by its publisher or taken out is not in it, and may have been in an earlier export: exports of two days are not
comparable row by row. Texts are not in it, nor are named victims; titles belong to their publishers and are to be shown
with publisher and address.

The sources were chosen by editors; they are no sample of what is published. Counts over time change when sources are
added, fall silent or are imported: see the coverage table before drawing conclusions. It rests on a record of polls
that is kept for good and was begun on some day: what was before is not known, and never made up.

A file from the site has at most 10,000 rows; where there are more, the header `Link` names the address of the rest.
What the command writes is whole.
"""
TYPES = {
    TEXT: "UTF-8 text on one line. In CSV, one that begins with `=`, `+`, `-` or `@` has an apostrophe before it, lest "
    "a spreadsheet run it; so has one that begins with apostrophes and then one of these.",
    CODE: "Letters of a fixed list, or an id.",
    YES_NO: "`true` or `false`.",
    COUNT: "A whole number from 0. Empty in CSV, null in JSON where it is not known.",
    NUMBER: "A decimal number with a point.",
    INSTANT: "ISO 8601 in UTC, to the second: `2026-11-22T07:00:00Z`. Empty in CSV, null in JSON where there is none.",
    DAY: "ISO 8601: `2026-11-22`, in UTC.",
    CODES: "In CSV codes with a space between them, in JSON a list.",
    NUMBERS: "In CSV numbers with a space between them, in JSON a list.",
}


def record(columns: Columns, row: object) -> dict[str, Any]:
    """A row as JSON has it."""
    return {c.name: _json(c.value(row)) for c in columns}


def heading(columns: Columns) -> str:
    """The first line of a CSV file."""
    return _line([c.name for c in columns])


def line(columns: Columns, row: object) -> str:
    """A row as a line of CSV (RFC 4180), with its line end."""
    return _line([_cell(c, c.value(row)) for c in columns])


def dictionary() -> str:
    """The data dictionary: what each column of each table means, as Markdown."""
    types = "\n".join(f"| {name} | {meaning} |" for name, meaning in TYPES.items())
    tables = "\n\n".join(f"## {name}\n\n{_HEAD}\n{_explained(columns)}" for name, columns in TABLES.items())
    return f"{_ABOUT}\n## Types\n\n| type | written |\n|---|---|\n{types}\n\n{tables}\n"


def _explained(columns: Columns) -> str:
    return "\n".join(f"| `{c.name}` | {c.type} | {c.meaning} |" for c in columns)


def _json(value: Value) -> Any:
    return value if isinstance(value, bool | int | float | list) or value is None else _plain(value)


def _cell(column: Column[Any], value: Value) -> str:
    said = _plain(value)
    return f"'{said}" if column.type == TEXT and FORMULA.match(said) else said


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case list():
            return " ".join(map(str, value))
        case _:
            return str(value)


class _Echo:
    """A file that answers what is written to it."""

    def write(self, text: str) -> str:
        """What a writer of CSV gives back for a row."""
        return text


_WRITER = csv.writer(_Echo())


def _line(cells: Iterable[str]) -> str:
    written: Any = _WRITER.writerow(cells)
    return str(written)
