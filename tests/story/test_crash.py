"""Promise 2: no delivery is lost in any crash, and few readers get a second copy.

A short form of the campaign that docs/delivery.md tells of; and once with the daemon itself.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from campaigns.databases import KINDS, missing
from tests.making import sign_up
from tests.story.sink import open_sink

from nkwatch.domain.identity import identify, sift
from nkwatch.domain.outcome import Fetched, Found
from nkwatch.domain.polling import Polled, PollState
from nkwatch.domain.statement import Entry, Origin
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule
from nkwatch.workflow.deliver import GROUP

pytestmark = pytest.mark.campaign
ROOT = Path(__file__).parents[2]
KILLS = 5
#: So few that it takes no time to make them, and a mail server so slow (seconds a reply) that they are not done at once.
SUBSCRIBERS, DELAY = 500, 0.01
CONNECTIONS = 5
NEWS = Entry(
    title="Twelve North Korean escapees were sentenced to a prison camp",
    url="https://watch.example/twelve",
    text="Twelve North Korean women were sent to a political prison camp, our office in Seoul has learned.",
)


@pytest.mark.parametrize("database", KINDS)
async def test_workers_killed_anywhere_lose_nothing_and_every_second_copy_is_explained(database):
    if (why := missing(database)) and not os.environ.get("NKWATCH_REQUIRE_ALL"):
        pytest.skip(why)
    campaign = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "campaigns", "crash", "--kills", str(KILLS), "--database", database),
        *("--only-kills", "--json"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, errors = await campaign.communicate()
    assert campaign.returncode == 0, told.decode() + errors.decode()
    found = json.loads(told)
    assert found["wrong"] == []
    assert found["lost"] == 0
    assert found["kills"] == KILLS
    assert found["states"] == {"sent": found["deliveries"]}
    assert found["extra_copies_of_a_crash_most"] <= found["allowed_at_a_crash"] == 10 + GROUP - 1
    assert found["on_the_line_at_a_crash_most"] <= found["allowed_at_a_crash"]


async def fill(newsroom, now: datetime) -> None:
    """One story, and a window that has just closed for everybody."""
    outcome = Fetched((NEWS,))
    origin = Origin("sample", "Sample", "en", backlog=False)
    state = PollState("sample", now).after(outcome, now, Found(new=1))
    sifted = sift(identify(outcome.entries), {}, origin, now)
    await newsroom.statements.record_polls([Polled(state, "Sample", sifted)])
    await newsroom.read()
    schedule = Schedule(Rhythm.DAILY, hour=(now + timedelta(hours=1)).hour)
    for number in range(SUBSCRIBERS):
        form = sign_up(f"reader{number}@readers.example", schedule)
        await newsroom.subscribe.join(form, Consent("test", now))


@pytest.mark.timeout(180)
async def test_a_daemon_killed_while_it_delivers_leaves_everybody_with_the_mail_and_hardly_anybody_with_two(
    installation,
):
    now = datetime.now(UTC) - timedelta(hours=1)
    async with open_sink(DELAY) as sink:
        installation.write(port=sink.port, connections=CONNECTIONS, lease=4)
        async with installation.open(lambda: now) as newsroom:
            await fill(newsroom, now)

        first = await installation.start("run", "--only", "publish,deliver,recover")
        await sink.until(lambda: sink.messages > SUBSCRIBERS // 3)
        first.kill()
        await first.wait()
        assert sink.messages < SUBSCRIBERS, "it was killed in the midst"

        second = await installation.start("run", "--only", "publish,deliver,recover")
        await sink.until(lambda: len(sink.copies) == SUBSCRIBERS, 120)
        async with installation.open() as newsroom:
            while (await newsroom.outbox.counts()).get("sent", 0) < SUBSCRIBERS:
                await asyncio.sleep(0.2)
        second.terminate()
        assert await second.wait() == 0

    assert len(sink.copies) == SUBSCRIBERS
    assert sink.messages - SUBSCRIBERS <= CONNECTIONS + GROUP - 1
    assert all(len(set(ids)) == 1 for ids in sink.copies.values()), "a second copy has the same Message-ID"
    assert len({ids[0] for ids in sink.copies.values()}) == SUBSCRIBERS
