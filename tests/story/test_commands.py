"""The command line as an operator types it: exit codes, streams, and sentences instead of tracebacks."""

import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest
from rich.markup import render
from tests.story.commands import invoke, run
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from nkwatch.cli import app, bounces, deferring, digests, keys
from nkwatch.cli.app import COMMANDS as ROOT

FEED = """<?xml version="1.0" encoding="EUC-KR"?><rss version="2.0"><channel><title>t</title><link>https://a.example/</link>
<item><title>북한 정치범수용소</title><link>https://a.example/1?utm_source=x</link><guid>g1</guid>
<pubDate>2026. 11. 20. 오후 3:00</pubDate><description>&lt;p&gt;본문&lt;/p&gt;</description></item>
<item><title>날짜 없음</title><link>https://a.example/2</link></item>
</channel></rss>"""


async def test_init_writes_settings_and_secrets_once(installation):
    folder = installation.folder / "new"
    code, _, said = await installation.run("init", str(folder))
    assert code == 0
    assert "config check" in said
    assert stat.S_IMODE((folder / "nkwatch.secrets.toml").stat().st_mode) == 0o600
    key = (folder / "nkwatch.secrets.toml").read_text()
    code, _, said = await installation.run("init", str(folder))
    assert code == 1
    assert "nothing was written" in said
    assert (folder / "nkwatch.secrets.toml").read_text() == key


def test_init_says_where_it_cannot_write(installation):
    place = installation.folder / "taken"
    place.write_text("no folder")
    code, told, said = invoke("init", str(place))
    assert (code, told) == (1, "")
    assert "".join(said.split()) == f"{place}:cannotbewritten:Fileexists"


async def test_config_check_shows_the_settings_without_secrets_and_answers_2_to_wrong_ones(installation):
    installation.write(port=2525)
    code, told, _ = await run(installation, "config", "check", "--json")
    assert code == 0
    assert json.loads(told)["mail"]["port"] == 2525
    assert "keys" not in told
    code, told, said = await run(installation, "config", "check")
    assert {'site.url = "https://watch.example"', "mail.port = 2525", "dkim = (not set)"} <= set(told.splitlines())
    assert "no problem was found" in said
    installation.settings.write_text(installation.settings.read_text().replace("port = 2525", 'port = "smtp"'))
    code, told, said = await run(installation, "config", "check")
    assert (code, told) == (2, "")
    assert "mail.port" in said
    assert "Traceback" not in said


async def test_parse_shows_a_feed_as_json_lines_with_its_encoding_and_dates_right(installation):
    feed = installation.folder / "feed.xml"
    feed.write_bytes(FEED.encode("euc-kr"))
    code, told, _ = await run(installation, "parse", str(feed), "--url", "https://a.example/feed")
    first, second = map(json.loads, told.splitlines())
    assert code == 0
    assert first["title"] == "북한 정치범수용소"
    assert (first["published"], first["published_estimated"]) == ("2026-11-20T06:00:00Z", False)
    assert (first["id"], first["summary"]) == ("g1", "본문")
    assert second["published_estimated"] is True


async def test_what_is_no_feed_is_said_in_one_line(installation):
    rubbish = installation.folder / "rubbish.xml"
    rubbish.write_text("<html><title>Log in</title>")
    code, told, said = await run(installation, "parse", str(rubbish))
    assert (code, told, len(said.strip().splitlines())) == (1, "", 1)


async def test_nobody_is_confirmed_without_consent_and_an_address_without_at_is_refused(installation):
    installation.write(port=2)
    code, _, said = await run(installation, "subscribers", "add", "nobody")
    assert code == 2
    assert "'nobody' is no mail address" in said
    for arguments in (["one@readers.example"], ["two@readers.example", "--consent", "letter of 1 November"]):
        code, *_ = await run(installation, "subscribers", "add", *arguments)
        assert code == 0
    _, told, _ = await run(installation, "subscribers", "list", "--addresses", "--json")
    standings = {r["address"]: r["standing"] for r in map(json.loads, told.splitlines())}
    assert standings == {"one@readers.example": "pending", "two@readers.example": "confirmed"}
    _, told, _ = await run(installation, "publish", "--json")
    assert json.loads(told)["deliveries"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--only", "collect,sleep"], "no part named sleep"),
        (["poll", "nosuch"], "no source has the id 'nosuch'"),
        (["subscribers", "add", "a@b.example", "--zone", "Mars/One"], "no time zone named 'Mars/One'"),
        (["subscribers", "add", "a@b.example", "--themes", "sports"], "no theme named sports"),
        (["subscribers", "add", "a@b.example", "--language", "tlh"], "'tlh' is none of"),
    ],
)
async def test_wrong_usage_exits_with_2_and_says_what_there_is(installation, arguments, said):
    installation.write(port=2)
    code, told, errors = await run(installation, *arguments)
    assert (code, told) == (2, "")
    assert said in " ".join(errors.split())
    assert "Traceback" not in errors


async def test_no_as_an_answer_exits_with_1(installation):
    installation.write(port=2)
    for arguments in (["alert", "release", "nosuch"], ["subscribers", "end", "nosuch"]):
        code, _, said = await run(installation, *arguments)
        assert code == 1
        assert "'nosuch'" in said


COMMANDS = (
    "init", "demo", "run", "poll", "read", "publish", "deliver", "recover", "parse", "config check", "sources list",
    "subscribers add", "subscribers list", "subscribers end", "alert list", "alert release", "alert withhold",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    code, told, _ = invoke(*command.split(), "--help")
    assert code == 0
    assert f"Example: nkwatch {command}" in re.sub(r"(-c|--config) \S+ ", "", " ".join(told.split()))


def every(command: TyperCommand | TyperGroup) -> Iterator[TyperCommand | TyperGroup]:
    """A command and all below it."""
    yield command
    if isinstance(command, TyperGroup):
        context = command.make_context(command.name, [], resilient_parsing=True)
        for name in command.list_commands(context):
            yield from every(command.get_command(context, name))


def test_no_help_has_words_in_brackets_that_would_be_taken_for_mark_up_and_not_be_shown():
    for command in every(get_command(app)):
        texts = [command.help or "", *(getattr(p, "help", None) or "" for p in command.params)]
        assert [t for t in texts if render(t).plain != t] == [], command.name


DEFERRED = ROOT | bounces.COMMANDS | digests.COMMANDS | keys.COMMANDS


@pytest.mark.parametrize("name", DEFERRED)
def test_a_list_of_commands_says_of_each_what_its_own_help_begins_with(name):
    command = deferring.loaded(name, DEFERRED[name])
    assert command.name == name
    assert DEFERRED[name].line == command.help.partition("\n\n")[0]


#: Asks for help, and tells which modules that took.
ASKING = """
import sys
from nkwatch.cli import app
try:
    app(["--help"])
finally:
    sys.stderr.write(" ".join(sys.modules))
"""


def test_a_list_of_commands_waits_for_no_database_driver():
    ended = subprocess.run([sys.executable, "-c", ASKING], capture_output=True, text=True, check=True)
    assert all(name in ended.stdout for name in ROOT)
    assert not {"sqlalchemy", "alembic", "aiohttp", "pydantic", "nkwatch.assembly"} & set(ended.stderr.split())
