"""``nkwatch export``: what the archive shows, as rows for research."""

import sys
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.asking import Several, asked_for
from nkwatch.cli.completing import all_sources
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import Form, counter, say
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.search import Query
from nkwatch.editing.columns import COVERAGE, STATEMENTS, Columns
from nkwatch.editing.exporting import dictionary, heading
from nkwatch.web.api.files import BOM, written
from nkwatch.web.api.rows import Rows

PIPE = Path("-")


class Table(StrEnum):
    """What is exported."""

    STATEMENTS = "statements"
    COVERAGE = "coverage"


def export_archive(
    context: typer.Context,
    table: Annotated[Table, typer.Argument(help="Statements, or the days of sources.")] = Table.STATEMENTS,
    form: Annotated[Form, typer.Option("--format", help="JSON lines, or a table.")] = Form.JSON_LINES,
    since: Annotated[str, typer.Option("--since", help="The first day (UTC): 2026-01-31, 2026-01 or 2026.")] = "",
    until: Annotated[str, typer.Option("--until", help="The last day (UTC).")] = "",
    words: Annotated[str, typer.Option("--words", help='Words and "phrases" that must stand in a statement.')] = "",
    theme: Annotated[Several, typer.Option("--theme", help="The code of a theme. May be repeated.")] = None,
    source: Annotated[
        Several, typer.Option("--source", help="The id of a source. May be repeated.", autocompletion=all_sources)
    ] = None,
    country: Annotated[
        Several, typer.Option("--country", help="A country of publishers, such as KR. May be repeated.")
    ] = None,
    language: Annotated[
        Several, typer.Option("--language", help="A language of texts, such as ko. May be repeated.")
    ] = None,
    asked: Annotated[
        Several, typer.Option("--asked", help="A country of whom something is demanded, such as CN. May be repeated.")
    ] = None,
    urgency: Annotated[str, typer.Option("--urgency", help="The least urgency: urgent, notable or routine.")] = "",
    rights: Annotated[bool, typer.Option("--rights", help="Only what is on human rights.")] = False,
    out: Annotated[
        Path, typer.Option("--out", help="A folder for both tables and the data dictionary; - is standard output.")
    ] = PIPE,
    bom: Annotated[bool, typer.Option("--bom", help="CSV with a byte order mark, for spreadsheets.")] = False,
) -> None:
    """Write what the archive shows as rows for research: statements, or how sources were watched day by day.

    One row for each public statement, the newest first, or one for each day of each
    source. Titles and addresses, never texts. What the columns mean stands in docs/data.md, and in the folder.

    Example: nkwatch export --theme prisons --since 2025 --format csv --out prisons
    """
    single = {"q": words, "since": since, "until": until, "urgency": urgency, "rights": "yes" if rights else ""}
    typed: dict[str, Several] = {name: [value] for name, value in single.items()}
    typed |= {"theme": theme, "source": source, "country": country, "language": language, "asked": asked}

    async def work(newsroom: Newsroom) -> list[str]:
        export = Export(newsroom, asked_for(newsroom, typed), form, bom=bom)
        if out == PIPE:
            return [await export.write(table, sys.stdout)]
        return await export.folder(out)

    for told in in_newsroom(context, work):
        say(told)


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written of this newsroom."""

    newsroom: Newsroom
    query: Query
    form: Form
    bom: bool = False

    async def folder(self, path: Path) -> list[str]:
        """Both tables and the dictionary in a new folder, or an empty one. Raises `ConfigError`."""
        told = []
        try:
            files = {table: _opened(path, f"{table}.{self.form}") for table in _emptied(path)}
            for table, file in files.items():
                with file:
                    told.append(await self.write(table, file))
            with _opened(path, "data.md") as file:
                file.write(dictionary())
        except OSError as wrong:
            raise ConfigError(f"{path}: cannot be written: {wrong.strerror}") from wrong
        return [*told, f"they are in {path}, with what the columns mean in data.md"]

    async def write(self, table: Table, file: TextIO) -> str:
        """One table; answers what was written, in words."""
        columns, rows = self._rows(table)
        line = written(columns, self.form)
        if self.form is Form.CSV:
            file.write((BOM if self.bom else "") + heading(columns))
        count = 0
        with counter(table) if file is not sys.stdout else nullcontext(lambda _: None) as progress:
            async for row in rows:
                file.write(line(row))
                count += 1
                progress(count)
        return f"{count} rows of {table}"

    def _rows(self, table: Table) -> tuple[Columns, AsyncIterator[object]]:
        rows, query = Rows(self.newsroom), self.query
        if table is Table.STATEMENTS:
            return STATEMENTS, _single(rows, query)
        wanted = [s for s in self.newsroom.sources.values() if not query.sources or s.id in query.sources]
        return COVERAGE, rows.coverage(wanted, query.since, query.until)


def _emptied(path: Path) -> tuple[Table, ...]:
    """Make a folder, unless there is an empty one; answers what is to be written into it."""
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise ConfigError(f"{path}: not empty, nothing was written")
    return tuple(Table)


def _opened(path: Path, name: str) -> TextIO:
    return (path / name).open("x", encoding="utf-8", newline="")


async def _single(rows: Rows, query: Query) -> AsyncIterator[object]:
    async for part in rows.statements(query):
        for row in part.rows:
            yield row
