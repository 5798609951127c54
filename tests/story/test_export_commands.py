"""``nkwatch export``: rows for research, on standard output or in a folder."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

from tests.making import prose
from tests.story.commands import done, opened, refused, run
from tests.web.samples import tell
from tests.workflow.fakes import FakeClock

from nkwatch.domain.statement import Entry
from nkwatch.editing.columns import COVERAGE, STATEMENTS
from nkwatch.editing.exporting import dictionary

#: The command looks at the clock of the machine.
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
CAMP = "Guards tortured prisoners at the camp. North Korea must close it."


async def filled(installation, count: int = 3) -> None:
    """An archive with some statements; the first has a title that a spreadsheet would run."""
    async with opened(installation, FakeClock(NOW)) as newsroom:
        entries = [
            Entry(f"{'=' * (not n)}Camp {n} in North Korea", f"https://a.example/{n}", f"{CAMP} {prose(f'p{n}')}", str(n), NOW - n * DAY)
            for n in range(count)
        ]  # fmt: skip
        await tell(newsroom, "a", *entries)
        await newsroom.index()


async def test_statements_are_written_as_json_lines(installation):
    await filled(installation)
    told = [json.loads(line) for line in (await done(installation, "export")).splitlines()]
    assert [t["title"] for t in told] == ["=Camp 0 in North Korea", "Camp 1 in North Korea", "Camp 2 in North Korea"]
    assert all(t.keys() == {c.name for c in STATEMENTS} for t in told)
    assert not any(CAMP in json.dumps(t) for t in told)


async def test_a_table_is_csv_that_no_spreadsheet_runs(installation):
    await filled(installation)
    told = await done(installation, "export", "--format", "csv", "--bom")
    assert told.startswith("\ufeffid,story,")
    assert [r["title"][:2] for r in csv.DictReader(io.StringIO(told[1:]))] == ["'=", "Ca", "Ca"]


async def test_what_is_wanted_can_be_named(installation):
    await filled(installation)
    day = f"{NOW - DAY:%Y-%m-%d}"
    told = await done(installation, "export", "--since", day, "--until", day, "--theme", "prisons", "--words", "camp")
    assert [json.loads(line)["title"] for line in told.splitlines()] == ["Camp 1 in North Korea"]
    assert await done(installation, "export", "--theme", "abductions", "--source", "a", "--rights") == ""
    said = await refused(installation, "export", "--theme", "camps", "--since", "soon", code=2)
    assert "No theme is called “camps”" in said
    assert "“soon” is no date" in said


async def test_a_folder_gets_both_tables_and_what_the_columns_mean(installation):
    await filled(installation, 120)
    out = installation.folder / "out"
    code, told, said = await run(installation, "export", "--format", "csv", "--out", str(out))
    assert (code, told) == (0, "")
    assert "120 rows of statements" in said
    assert {p.name for p in out.iterdir()} == {"statements.csv", "coverage.csv", "data.md"}
    assert (out / "data.md").read_text("utf-8") == dictionary()
    with (out / "statements.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({r["id"] for r in rows}) == 120
    assert [r["published"] for r in rows] == sorted((r["published"] for r in rows), reverse=True)
    with (out / "coverage.csv").open(encoding="utf-8", newline="") as file:
        days = list(csv.DictReader(file))
    assert days[0].keys() == {c.name for c in COVERAGE}
    assert sum(int(d["published"]) for d in days if d["source"] == "a") == 120
    code, _, said = await run(installation, "export", "--out", str(out))
    assert (code, "not empty, nothing was written" in said) == (2, True)


async def test_coverage_goes_to_standard_output_too(installation):
    await filled(installation)
    since = f"{NOW - 2 * DAY:%Y-%m-%d}"
    told = await done(installation, "export", "coverage", "--since", since, "--source", "a")
    first, *_ = [json.loads(line) for line in told.splitlines()]
    assert (first["source"], first["day"], first["published"], first["state"]) == ("a", since, 1, "unknown")


async def test_a_folder_that_cannot_be_made_is_told(installation):
    await filled(installation)
    (installation.folder / "file").write_text("")
    said = await refused(installation, "export", "--out", str(installation.folder / "file" / "out"), code=2)
    assert "cannot be written" in said
