"""Eight weeks of ordinary feeds, served by a local HTTP server, from poll to inbox."""

import csv
import email
import email.policy
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from tests.making import sign_up
from tests.story.sink import open_sink

from nkwatch.domain.subscriber import Consent, Rhythm, Schedule

SHARED = os.environ.get("NKWATCH_SHARED")
pytestmark = pytest.mark.skipif(not SHARED, reason="NKWATCH_SHARED does not name the folder of third-party data")

SOURCE = """
[[source]]
id = "{slug}"
url = "http://{host}/{slug}"
publisher = "{slug}"
role = "press"
scope = "all-topic"
"""


class Archive:
    """Serves each feed as its file of the current week."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.week = ""

    async def feed(self, request: web.Request) -> web.Response:
        path = self.folder / request.match_info["slug"] / f"{self.week}.xml"
        if not path.exists():
            raise web.HTTPNotFound
        return web.Response(body=path.read_bytes(), content_type="application/rss+xml")


@pytest.fixture
async def archive():
    found = Archive(Path(SHARED or "") / "replay" / "dev_feeds")
    app = web.Application()
    app.router.add_get("/{slug}", found.feed)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.host = f"127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


def end_of(week: str) -> datetime:
    return datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=UTC) + timedelta(days=7)


@pytest.mark.timeout(240)
async def test_weeks_of_real_feeds_become_digests_without_a_story_twice_and_without_alerts_on_old_news(
    installation, archive, tmp_path
):
    index = archive.folder.parent / "dev_feeds_index.tsv"
    slugs = [row["slug"] for row in csv.DictReader(index.read_text().splitlines(), delimiter="\t")]
    weeks = sorted({path.stem for path in archive.folder.glob("*/*.xml")})
    clock = {"now": end_of(weeks[0])}
    async with open_sink() as sink:
        more = "".join(SOURCE.format(slug=slug, host=archive.host) for slug in slugs)
        installation.write(port=sink.port, allow=archive.host, more=more)
        async with installation.open(lambda: clock["now"]) as newsroom:
            weekly = Schedule(Rhythm.WEEKLY, hour=0, weekday=0)
            await newsroom.subscribe.join(sign_up("reader@readers.example", weekly), Consent("test", clock["now"]))
            mails, failed = [], Counter()
            for week in weeks:
                # the file of a week is polled an hour before it ends, the digest closes at its end
                archive.week, clock["now"] = week, end_of(week) - timedelta(hours=1)
                collected = await newsroom.collect()
                failed[week] = collected.failed
                await newsroom.read()
                clock["now"] = end_of(week)
                published = await newsroom.publish()
                await newsroom.deliver()
                assert published.alerts == 0, "press may not raise alerts without an editor"
                if "reader@readers.example" in sink.contents:
                    mails.append((week, sink.contents.pop("reader@readers.example")))
            counts = await newsroom.statements.counts()
    assert counts["statements"] > 20_000
    assert 200 < counts["about_nk"] < 600
    titles = Counter()
    for week, content in mails:
        message = email.message_from_bytes(content, policy=email.policy.default)
        html = message.get_body(("html",)).get_content()
        assert len(html.encode()) < 80_000
        titles.update({line for line in html.splitlines() if "/stories/" in line and "href" in line})
        if folder := os.environ.get("NKWATCH_MAILS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{week}.eml").write_bytes(content)
    assert len(mails) >= 8
    assert max(titles.values()) == 1, "no story twice"
