"""What a shell offers where Tab is pressed."""

import pytest
from tests.story.commands import SOURCE
from typer.testing import CliRunner

from nkwatch.cli import app

MORE = """
[[editor]]
name = "Mina"
address = "mina@newsroom.example"

[[editor]]
name = "Jun Park"
address = "jun@newsroom.example"

[[webhook]]
name = "desk-bot"
url = "https://bot.example/nkwatch"
"""


def offered(*words: str) -> list[str]:
    """What may stand in place of the last word."""
    return told(*words).split()


def told(*words: str, shell: str = "bash") -> str:
    """What the program tells the shell of it."""
    line = ["nkwatch", *words]
    asked = {"_NKWATCH_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": " ".join(line)}
    if shell == "bash":
        asked |= {"COMP_WORDS": "\n".join(line), "COMP_CWORD": str(len(line) - 1)}
    else:
        asked |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    ended = CliRunner().invoke(app, [], env=asked, prog_name="nkwatch")
    assert (ended.exit_code, ended.stderr) == (0, "")
    return ended.stdout


@pytest.fixture
def settings(installation):
    installation.write(port=2, more=SOURCE + MORE)
    return ("--config", str(installation.settings))


def test_commands_and_those_of_a_group_are_offered():
    assert offered("sou") == ["sources"]
    assert {"enable", "export"} <= set(offered("sources", "e"))


def test_ids_of_sources_are_offered_where_they_are_of_use(settings):
    assert offered(*settings, "sources", "remove", "") == ["a"]
    assert "a" in offered(*settings, "sources", "show", "")
    assert "a" in offered(*settings, "poll", "")
    assert "a" in offered(*settings, "search", "--source", "")
    assert "a" not in offered(*settings, "sources", "enable", "")
    assert "a" not in offered(*settings, "sources", "disable", "hrw")


def test_a_shell_that_shows_more_is_told_whose_source_it_is(settings):
    assert "a\tPublisher a" in told(*settings, "sources", "show", "a", shell="fish")


def test_names_of_editors_and_webhooks_are_offered(settings):
    assert offered(*settings, "editors", "invite", "Mi") == ["Mina"]
    assert offered(*settings, "alert", "release", "--by", "Mi") == ["Mina"]
    assert offered(*settings, "webhooks", "test", "") == ["desk-bot"]


def test_a_name_that_a_shell_would_tear_apart_is_not_offered(settings):
    assert offered(*settings, "editors", "invite", "") == ["Mina"]


def test_without_settings_the_catalogue_is_offered_and_nothing_is_said(tmp_path):
    missing = ("--config", str(tmp_path / "missing.toml"))
    assert "hrw-en" in offered(*missing, "sources", "show", "hrw")
    assert offered(*missing, "sources", "remove", "") == []
    assert offered(*missing, "editors", "invite", "") == []
    assert list(tmp_path.iterdir()) == []


def test_nobody_s_address_is_offered(settings):
    assert offered(*settings, "subscribers", "pause", "") == []
