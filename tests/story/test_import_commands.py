"""``nkwatch import``: an archive is filed, nobody hears of it, and what cannot be filed is said."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.making import prose, sign_up, source
from tests.story.commands import SOURCE, answered, opened, refused, run
from tests.web.samples import poll, tell
from tests.workflow.fakes import FakeClock

from nkwatch.backtest.archive import Feed
from nkwatch.cli.importing_archive import Homes
from nkwatch.domain.outcome import Fetched
from nkwatch.domain.search import Query
from nkwatch.domain.statement import Entry
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule

#: The command looks at the clock of the machine.
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
TEXT = "Guards tortured prisoners at the camp. North Korea must close it at once. They may be executed within days."
FIGURES = {"entries", "new", "known", "about_nk", "stories", "under_embargo", "left_out", "without_source"}


def archived(name: str, days: float = 40, **fields) -> dict:
    """A line of an archive, in the words of the one that `backtest` reads."""
    published = (NOW - days * DAY).isoformat()
    given = {
        "feed": "https://a.example/feed", "publisher": "Publisher a", "url": f"https://a.example/{name}",
        "title": f"Prison camp in North Korea {name}", "summary": f"<p>{TEXT} {prose(name)}</p>", "guid": name,
    }  # fmt: skip
    return given | {"published": published} | fields


def write(installation, *lines: dict, name: str = "archive.jsonl") -> str:
    path = installation.folder / name
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return str(path)


async def test_an_archive_is_filed_once_and_found_by_search(installation):
    lines = [archived(f"x{n}", 40 + n) for n in range(130)]
    plain, packed = write(installation, *lines[:65]), write(installation, *lines[60:], name="more.jsonl.gz")
    dry = await answered(installation, "import", plain, packed, "--dry-run")
    assert dry.keys() == FIGURES
    made = await answered(installation, "import", plain, packed)
    assert (made["entries"], made["new"], made["known"], made["about_nk"]) == (135, 130, 5, 130)
    assert {n: dry[n] for n in ("entries", "new", "known")} == {n: made[n] for n in ("entries", "new", "known")}
    again = await answered(installation, "import", plain, packed)
    assert (again["new"], again["known"]) == (0, 135)
    async with opened(installation) as newsroom:
        assert (await newsroom.statements.counts())["statements"] == 130
        await newsroom.index()
        found = await newsroom.search.find(Query(words=("tortured",)), newsroom.clock(), limit=100)
        assert len(found.hits) == 100


async def test_nobody_hears_of_what_was_imported(installation):
    installation.write(port=2, more=SOURCE)
    async with opened(installation) as newsroom:
        for rhythm in (Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY):
            person = sign_up(f"{rhythm}@example.org", Schedule(rhythm, 7, "UTC"))
            await newsroom.subscribe.join(person, Consent("test", NOW - 90 * DAY))
    # of this hour, of this week and of this month: a poll would tell all of them
    file = write(installation, *(archived(f"x{n}", days) for n, days in enumerate((0.01, 1, 5, 20, 30))))
    clock = FakeClock(NOW)
    async with opened(installation, clock) as newsroom:
        published = (await newsroom.publish()).alerts
    assert published == 0
    assert (await answered(installation, "import", file))["new"] == 5
    async with opened(installation, clock) as newsroom:
        for _ in range(40):
            told = await newsroom.publish()
            assert (told.alerts, told.held, told.digests, told.deliveries) == (0, 0, 0, 0)
            assert (await newsroom.call()).calls == 0
            await newsroom.editions()
            clock.forward(days=1)
        assert await newsroom.statements.held_alerts() == []
        # what is shown is told
        await tell(newsroom, "a", Entry("New camp in North Korea", "https://a.example/n", prose("n"), "n", clock()))
        clock.forward(days=1)
        assert (await newsroom.publish()).digests > 0


async def test_a_poll_brings_nothing_new_of_what_was_imported(installation):
    await answered(installation, "import", write(installation, archived("x", 3)))
    shown = Entry("Prison camp in North Korea x", "https://a.example/x", TEXT, "x", NOW - 3 * DAY)
    async with opened(installation, FakeClock(NOW)) as newsroom:
        await poll(newsroom, "a", Fetched((), etag='"0"'))
        await poll(newsroom, "a", Fetched((shown,), etag='"1"'))
        assert (await newsroom.statements.counts())["statements"] == 1


async def test_feeds_that_nobody_knows_go_where_the_operator_says(installation):
    strange = archived("x", feed="https://old.example/rss", publisher="Somebody")
    file = write(installation, strange, archived("y"))
    code, told, said = await run(installation, "import", file, "--json")
    assert code == 0
    assert (json.loads(told)["new"], json.loads(told)["without_source"]) == (1, 1)
    assert "https://old.example/rss: no source is known of it, 1 entries are left out" in said
    assert (await answered(installation, "import", file, "--source", "a"))["new"] == 1
    other = write(installation, archived("z", feed="elsewhere", publisher="Somebody"))
    assert (await answered(installation, "import", other, "--publisher", "publisher A"))["new"] == 1
    async with opened(installation) as newsroom:
        assert {s.source_id for s, _ in await newsroom.statements.recent(9)} == {"a"}


async def test_days_can_be_named(installation):
    file = write(installation, *(archived(f"x{n}", n) for n in range(1, 11)))
    since, until = (f"{NOW - n * DAY:%Y-%m-%d}" for n in (6, 3))
    assert (await answered(installation, "import", file, "--since", since, "--until", until))["new"] == 4


async def test_lines_that_are_no_entries_are_told(installation):
    file = write(installation, archived("x"), archived("y", published=""), {"title": "No date"})
    code, told, said = await run(installation, "import", file, "--json")
    assert (code, json.loads(told)["left_out"]) == (0, 2)
    assert "line 2: left out: it has no date" in said


async def test_what_cannot_be_imported_is_refused_in_a_sentence(installation):
    file = write(installation, archived("x"))
    twice = await refused(installation, "import", file, "--source", "a", "--publisher", "b", code=2)
    assert "name one of them" in twice
    assert "there is no source nowhere" in await refused(installation, "import", file, "--source", "nowhere", code=2)
    assert "no source is of Nobody" in await refused(installation, "import", file, "--publisher", "Nobody", code=2)
    missing = str(installation.folder / "missing.jsonl")
    assert "cannot be read" in await refused(installation, "import", missing, code=2)
    empty = write(installation, name="empty.jsonl")
    code, told, _ = await run(installation, "import", empty, "--json")
    assert (code, json.loads(told)["entries"]) == (1, 0)


async def test_a_dry_run_writes_nothing(installation):
    file = write(installation, archived("x"))
    code, _, said = await run(installation, "import", file, "--dry-run")
    assert (code, "nothing was written" in said) == (0, True)
    async with opened(installation) as newsroom:
        assert (await newsroom.statements.counts())["statements"] == 0


@pytest.mark.parametrize(
    ("feed", "publisher", "host", "found"),
    [
        ("https://www.a.example/feed/", "Nobody", "", "a"),
        ("https://elsewhere.example/", "NEWS", "", "b"),
        ("https://elsewhere.example/", "News", "ko.c.example", "c"),
        ("https://elsewhere.example/", "Nobody", "a.example", "other"),
    ],
)
def test_a_feed_belongs_to_the_source_with_its_address_or_publisher(feed, publisher, host, found):
    own = [
        source("a"),
        source("off", publisher="News", enabled=False),
        source("b", publisher="News"),
        source("c", publisher="News", domains=("c.example",)),
    ]
    homes = Homes(own, source("other"))
    assert homes.of(Feed(feed, publisher, host, (), ())).id == found
    if found == "other":
        assert Homes(own).of(Feed(feed, publisher, host, (), ())) is None
