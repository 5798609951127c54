"""The research export on the web: files of at most `ROWS` rows, which say when there are more."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.search import Query
from nkwatch.editing.columns import COVERAGE, STATEMENTS
from nkwatch.web.api.answers import link, problem
from nkwatch.web.api.description import TAKES
from nkwatch.web.api.files import ROWS, File
from nkwatch.web.api.paging import Asked, following
from nkwatch.web.api.rows import Rows

#: Files that are written at a time: each asks the database a hundred times.
AT_ONCE = 2
#: Days of coverage where nobody says since when, and at most.
USUAL_DAYS, MOST_DAYS = 90, 366
Read = Callable[[Request, tuple[str, ...]], Asked | Response]


class Exports:
    """Statements and coverage, each as CSV and as JSON lines; `read` reads what an address asks for."""

    def __init__(self, newsroom: Newsroom, read: Read, address: str, most: int = ROWS) -> None:
        """`most` rows stand in a file."""
        self._newsroom = newsroom
        self._read = read
        self._address = address
        self._most = most
        self._rows = Rows(newsroom)
        self._turns = asyncio.Semaphore(AT_ONCE)

    def operations(self) -> tuple[tuple[str, Callable[..., Any]], ...]:
        """What answers at which address."""
        return (
            ("/export.csv", self.statements_csv),
            ("/export.jsonl", self.statements_jsonl),
            ("/coverage.csv", self.coverage_csv),
            ("/coverage.jsonl", self.coverage_jsonl),
        )

    async def statements_csv(self, request: Request) -> Response:
        """The research export as a table (RFC 4180, UTF-8; `bom=yes` for spreadsheets), the newest statement first."""
        return await self._statements(request, "csv")

    async def statements_jsonl(self, request: Request) -> Response:
        """The research export as JSON lines, the newest statement first."""
        return await self._statements(request, "jsonl")

    async def coverage_csv(self, request: Request) -> Response:
        """How sources were watched, day by day, as a table: of the last 90 days, or of 366 at most."""
        return await self._coverage(request, "csv")

    async def coverage_jsonl(self, request: Request) -> Response:
        """How sources were watched, day by day, as JSON lines."""
        return await self._coverage(request, "jsonl")

    async def _statements(self, request: Request, ending: str) -> Response:
        asked = self._read(request, TAKES[f"/export.{ending}"])
        if isinstance(asked, Response):
            return asked
        file, before = File(STATEMENTS, ending, bom=asked.bom), asked.before
        async with self._turns:
            async for part in self._rows.statements(asked.query, asked.before):
                for row in part.rows:
                    file.add(row)
                before = part.next
                if file.rows >= self._most:
                    break
        return self._answer(request, file, f"export.{ending}", "statements", before)

    async def _coverage(self, request: Request, ending: str) -> Response:
        asked = self._read(request, TAKES[f"/coverage.{ending}"])
        if isinstance(asked, Response):
            return asked
        since, until = _days(asked.query, self._newsroom.clock().date())
        if until - since >= timedelta(days=MOST_DAYS):
            return problem(400, f"At most {MOST_DAYS} days can be asked for at once: name a later `since`.")
        wanted = [s for s in self._newsroom.sources.values() if not asked.query.sources or s.id in asked.query.sources]
        first = asked.before or 0
        # whole sources: no day is cut off from the others
        most = max(1, self._most // max(1, (until - since).days + 1))
        file = File(COVERAGE, ending, bom=asked.bom)
        async with self._turns:
            async for row in self._rows.coverage(wanted[first : first + most], since, until):
                file.add(row)
        after = first + most if len(wanted) > first + most else None
        return self._answer(request, file, f"coverage.{ending}", "coverage", after)

    def _answer(self, request: Request, file: File, path: str, name: str, after: int | None) -> Response:
        more = following(f"{self._address}/{path}", request.query_params, after)
        return file.answer(
            request, f"nkwatch-{name}-{self._newsroom.clock():%Y-%m-%d}", {"Link": link(more)} if more else {}
        )


def _days(query: Query, today: date) -> tuple[date, date]:
    until = min(query.until or today, today)
    usual = date.fromordinal(max(1, until.toordinal() - USUAL_DAYS + 1))
    return query.since or usual, until
