"""``nkwatch webhooks`` with real settings, secrets, database and receiver; and the settings themselves."""

import json
import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook
from tests.edges.site import Reply, Site
from tests.making import NOW, placement, polled, sifted, statement
from tests.story.commands import SOURCE, answered, done, lines, opened, refused, run
from tests.workflow.fakes import FakeClock

from nkwatch.config import load_config
from nkwatch.domain.problems import ConfigError

HOOK = '\n[[webhook]]\nname = "newsdesk"\nurl = "{url}"\n'
SECOND = timedelta(seconds=1)


@pytest.fixture
async def site():
    async with Site() as running:
        yield running


async def installed(installation, site, *behaviours, more=""):
    """An installation with one webhook that has its secret; answers that."""
    url = site.serve("/in", *(behaviours or (Reply(b"thanks"),)))
    installation.write(port=2, allow=site.place, more=SOURCE + HOOK.format(url=f"{url}?key=7") + more)
    _, out, _ = await run(installation, "webhooks", "secret", "newsdesk")
    return out.strip()


async def told(installation, *ids):
    """Stories that became ready after the hook began, and the round that told of them."""
    clock = FakeClock(NOW)
    async with opened(installation, clock) as newsroom:
        await newsroom.webhooks()
        clock.forward(seconds=1)
        for i in ids:
            one = statement(i)
            await newsroom.statements.record_polls([polled(sifted(one))])
            await newsroom.statements.record_readings([placement(one)], clock())
        clock.forward(seconds=1)
        return await newsroom.webhooks()


async def test_a_webhook_is_listed_with_how_it_goes_and_its_address_without_what_may_be_secret(installation, site):
    await installed(installation, site)
    (before,) = await lines(installation, "webhooks", "list")
    assert before["state"] == "begins with the next round"
    await told(installation, "s1")
    (one,) = await lines(installation, "webhooks", "list")
    assert one == {
        "name": "newsdesk", "host": site.place, "events": "alert, correction, story", "themes": "all", "state": "ok",
        "secrets": 1, "waiting": 0, "done": 1, "dropped": 0, "given up": 0,
    }  # fmt: skip
    for command in (("webhooks", "list"), ("config", "check", "--json")):
        assert "key=7" not in await done(installation, *command)


async def test_a_call_is_shown_with_its_story_and_what_it_says(installation, site):
    secret = await installed(installation, site)
    assert (await told(installation, "s1")).made == 1
    (call,) = await lines(installation, "webhooks", "list", "newsdesk")
    assert (call["type"], call["story"], call["state"], call["answer"]) == ("story.new", "s1", "done", "200: thanks")
    shown = await answered(installation, "webhooks", "show", call["id"])
    assert (shown["hook"], shown["what"]) == ("newsdesk", "story s1")
    body = json.loads(shown["says"])
    assert body["data"]["url"] == "https://watch.example/stories/s1"
    (request,) = site.requests
    headers = request.headers
    assert headers["webhook-id"] == call["id"]
    assert headers["webhook-signature"] == Webhook(secret).sign(call["id"], NOW + 2 * SECOND, shown["says"])
    assert "no call has the id 'nosuch'" in await refused(installation, "webhooks", "show", "nosuch")


async def test_a_test_call_says_whether_it_was_taken(installation, site):
    await installed(installation, site, Reply(b"thanks"), Reply(b"no", 500))
    assert await answered(installation, "webhooks", "test", "newsdesk") == {"taken": True, "answer": "200: thanks"}
    assert await answered(installation, "webhooks", "test", "newsdesk", code=1) == {"taken": False, "answer": "500: no"}
    assert "there are: newsdesk" in await refused(installation, "webhooks", "test", "nosuch", code=2)


async def test_a_webhook_that_is_gone_is_off_until_an_operator_switches_it_on(installation, site):
    await installed(installation, site, Reply(b"", 410), Reply(b""))
    assert (await told(installation, "s1")).failed == 1
    (one,) = await lines(installation, "webhooks", "list")
    assert one["state"].startswith("switched off since 2026-11-22 07:00")
    assert await answered(installation, "webhooks", "retry", "newsdesk") == {"calls": 1}
    (one,) = await lines(installation, "webhooks", "list")
    assert one["state"] == "ok"
    async with opened(installation, FakeClock(datetime.now(UTC) + SECOND)) as newsroom:
        assert (await newsroom.webhooks()).made == 1


async def test_one_that_fails_is_said_to(installation, site):
    await installed(installation, site, Reply(b"", 500))
    await told(installation, "s1")
    (one,) = await lines(installation, "webhooks", "list")
    assert (one["state"], one["waiting"]) == ("failing (1 in a row)", 1)


async def test_a_secret_is_changed_in_two_steps_and_the_file_stays_private(installation, site):
    first = await installed(installation, site)
    secrets = installation.folder / "nkwatch.secrets.toml"
    made = await answered(installation, "webhooks", "secret", "newsdesk")
    assert made["secrets"] == 2
    assert tomllib.loads(secrets.read_text())["webhooks"]["newsdesk"] == [made["secret"], first]
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert (await answered(installation, "webhooks", "secret", "newsdesk", "--end"))["secrets"] == 1
    assert tomllib.loads(secrets.read_text())["webhooks"]["newsdesk"] == [made["secret"]]
    assert tomllib.loads(secrets.read_text())["keys"]
    assert "there are: newsdesk" in await refused(installation, "webhooks", "secret", "nosuch", code=2)


async def test_without_a_secret_nothing_starts_and_the_way_to_one_is_told(installation, site):
    url = site.serve("/in", Reply())
    installation.write(port=2, allow=site.place, more=SOURCE + HOOK.format(url=url) + 'themes = ["nosuch"]\n')
    said = await refused(installation, "webhooks", "list", code=2)
    assert "it has no secret; run: nkwatch webhooks secret newsdesk" in said
    assert "no theme is called 'nosuch'" in said
    said = await refused(installation, "webhooks", "secret", "newsdesk", "--end", code=2)
    assert "has no secret" in said


async def test_without_webhooks_there_is_nothing_to_list(installation):
    assert "no webhook stands in the settings" in await done(installation, "webhooks", "list")
    assert "there are: none" in await refused(installation, "webhooks", "list", "nosuch", code=2)


async def test_a_secret_that_is_none_is_refused_and_not_shown(installation, site):
    await installed(installation, site)
    secrets = installation.folder / "nkwatch.secrets.toml"
    secrets.write_text(secrets.read_text().replace("whsec_", "kestrel_"))
    said = await refused(installation, "webhooks", "list", code=2)
    assert "a secret is whsec_ and 24 to 64 octets in base64" in said
    assert "kestrel" not in said


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('name = "a"\nurl = "http://hooks.example/in"', "only https"),
        ('name = "a"\nurl = "https://user:word@hooks.example/in"', "without user name"),
        ('name = "a"\nurl = "nonsense"', "write it like"),
        ('name = "A b"\nurl = "https://hooks.example/in"', "pattern"),
        ('name = "a"\nurl = "https://hooks.example/in"\nevents = ["nosuch"]', "'story', 'alert' or 'correction'"),
        ('name = "a"\nurl = "https://hooks.example/in"\nevents = []', "at least 1"),
        ('name = "a"\nurl = "https://hooks.example/in"\nper_minute = 0', "greater than or equal to 1"),
        (
            'name = "a"\nurl = "https://hooks.example/in"\n[[webhook]]\nname = "a"\nurl = "https://b.example/"',
            "one name: a",
        ),
    ],
)
def test_a_webhook_that_cannot_be_called_is_a_problem_of_the_settings(installation, table, why):
    installation.write(port=2, more=f"[[webhook]]\n{table}\n")
    with pytest.raises(ConfigError, match=why):
        load_config(installation.settings)
