"""Promises 1 to 6 with daemons that share a database: a short form of the campaign that campaigns/README.md tells of."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from campaigns.databases import missing

pytestmark = pytest.mark.campaign
ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(240)
async def test_daemons_that_are_killed_stopped_and_cut_off_lose_nothing_and_send_nothing_twice():
    if (why := missing("postgresql")) and not os.environ.get("NKWATCH_REQUIRE_ALL"):
        pytest.skip(why)
    command = "-m campaigns cluster --minutes 0.1 --subscribers 60 --sources 6 --daemons 2 --json"
    campaign = await asyncio.create_subprocess_exec(
        *(sys.executable, *command.split()),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, errors = await campaign.communicate()
    assert campaign.returncode == 0, told.decode()[-3_000:] + errors.decode()[-5_000:]
    found = json.loads(told)
    assert found["wrong"] == []
    assert found["lost"] == 0
    assert found["deliveries"] == found["due"]
    assert found["digests"] > 0
    assert found["states"] == {"sent": found["deliveries"]}
    assert {"killed", "stopped", "cut off"} <= found["misfortunes"].keys()
