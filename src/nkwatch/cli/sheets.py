"""Tables and records in files and archives, as lines with named cells; one that cannot be read is told by its place."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nkwatch.domain.problems import ConfigError
from nkwatch.net.decoding import decode

#: A roll of a million readers is well below (bytes).
LARGEST = 512 * 1024 * 1024
#: What the column of addresses may be called, in small letters and with _ for spaces.
ADDRESSES = ("email", "email_address", "e-mail", "address", "mail")
#: A spreadsheet runs what begins so. What we wrote for one has an apostrophe before it.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Unused:
    """A row that gives no reader: `wrong` where something is wrong with it."""

    place: str
    why: str
    wrong: bool = True


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a row by the names of their columns; `file` is the name of its file."""

    place: str
    named: Mapping[str, Any]
    file: str = ""

    def first(self, *names: str) -> str:
        """The first of these columns that is filled in."""
        return next((str(self.named[n]) for n in names if self.named.get(n)), "")


def read_cells(path: Path) -> Iterator[Cells | Unused]:
    """Every row of a file, or of the tables in a zip archive. Raises `ConfigError` when it cannot be read at all."""
    for name, text in _texts(path):
        yield from _records(text, name) if text.lstrip()[:1] == "{" else _sheet(text, name)


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """The names and texts of a file, or of the tables in an archive; one file has no name."""
    try:
        if not zipfile.is_zipfile(path):
            yield path.name, decode(_bounded(path.stat().st_size, path.read_bytes, path))
            return
        with zipfile.ZipFile(path) as archive:
            tables = [i for i in archive.infolist() if i.filename.lower().endswith(".csv")]
            if not tables:
                raise ConfigError(f"{path}: no .csv file in this archive")
            _bounded(sum(i.file_size for i in tables), bytes, path)
            for table in tables:
                yield Path(table.filename).name, decode(archive.read(table))
    except (OSError, zipfile.BadZipFile, RuntimeError) as wrong:
        raise ConfigError(f"{path}: cannot be read: {wrong}") from wrong


def _bounded(size: int, read: Callable[[], bytes], path: Path) -> bytes:
    if size > LARGEST:
        raise ConfigError(f"{path}: larger than any roll of readers ({LARGEST >> 20} MB at most)")
    return read()


def _sheet(text: str, name: str) -> Iterator[Cells | Unused]:
    """The rows of a table whose first line names the columns."""
    head, _, _ = text.partition("\n")
    separator = max(",;\t", key=head.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns = [re.sub(r"\s+", "_", c.strip().casefold()) for c in next(table, [])]
    if not set(columns) & set(ADDRESSES):
        raise ConfigError(f"{name}: the first line must name the columns, and one of them must be `email`")
    while True:
        place = f"{name}, line {table.line_num + 1}"
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as wrong:
            yield Unused(place, str(wrong))
            continue
        if any(cells[len(columns) :]):
            yield Unused(place, "more cells than columns: is a comma missing its quotation marks?")
        elif any(cells):
            yield Cells(place, {c: _cell(v) for c, v in zip(columns, cells, strict=False) if v.strip()}, name)


def several_in(values: Iterable[str]) -> str:
    """Several values as one cell holds them: separated by commas, one with a comma in it in quotation marks."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(values)
    return written.getvalue()


def _cell(text: str) -> str:
    said = text.strip()
    return said[1:] if said.startswith("'") and FORMULA.match(said) else said


def _records(text: str, name: str) -> Iterator[Cells | Unused]:
    """The records of our own export, one on each line; values that are no text stay as they are."""
    for n, record in enumerate(text.splitlines(), 1):
        place = f"{name}, line {n}"
        try:
            found = json.loads(record) if record.strip() else None
        except ValueError as wrong:
            yield Unused(place, f"no JSON: {wrong}")
            continue
        if isinstance(found, dict):
            yield Cells(place, _flat(found), name)
        elif found is not None:
            yield Unused(place, "no record of a reader")


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the fields of its parts side by side, as a table has them; wishes and mutes stay as they are."""
    parts = [p for p in (record.get("choice"), record.get("consent"), record) if isinstance(p, dict)]
    found = {name: value for part in parts for name, value in part.items() if value is not None}
    return {n: v if n in {"wishes", "mutes"} else str(v) for n, v in found.items() if n not in {"choice", "consent"}}
