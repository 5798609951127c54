"""How answers look: to people at any width, to programs, and to who asks before something cannot be undone."""

import itertools
import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from rich.console import Console
from tests.story.commands import answered, done, invoke, refused
from typer.main import get_command

import nkwatch
from nkwatch.cli import app, doctor
from nkwatch.cli.output import answer, rows, tables
from nkwatch.domain.posture import Finding, Severity

SOURCE = Path(nkwatch.__file__).parent
AT = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)


def told(capsys, *arguments, **options):
    rows(*arguments, **{"as_json": False, "empty": "none"} | options)
    return capsys.readouterr().out


def test_times_in_a_table_name_their_zone(capsys):
    said = told(capsys, [{"id": "a", "last_success": AT}, {"id": "b", "last_success": None}])
    assert said.splitlines()[0].split("  ") == ["id", "last success (UTC)"]
    assert "2026-11-23 08:05" in said


def test_people_are_told_yes_no_and_what_there_is(capsys):
    answer(
        {"source": "a", "on": True, "off": False, "keys": [1, 2], "note": "", "none": None, "zero": 0, "at": AT},
        as_json=False,
    )
    assert capsys.readouterr().out == "source: a, on: yes, off: no, keys: 1, 2, zero: 0, at: 2026-11-23 08:05 UTC\n"
    assert "yes" in told(capsys, [{"id": "a", "on": True}])


def test_programs_are_told_values(capsys):
    answer({"on": True, "note": "", "at": AT}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"on": True, "note": "", "at": "2026-11-23T08:05:00Z"}


@pytest.mark.parametrize("width", [80, 200])
def test_a_table_that_would_break_words_is_told_line_by_line(capsys, width):
    row = {"id": "mfrggzdfmztwq2lk"} | dict.fromkeys(("a", "b", "c", "d", "e"), "indivisible-word") | {"f": ""}
    with capsys.disabled():
        console = Console(width=width, force_terminal=False)
        with console.capture() as captured:
            tables([row], console)
    said = captured.get()
    assert said.count("indivisible-word") == 5
    assert len(said.splitlines()) == (2 if width == 200 else 6)


def test_the_doctor_ends_with_what_is_wrong_and_with_the_sum_of_it(capsys):
    found = [
        Finding("relay", Severity.WRONG, "it does not answer", "Check it."),
        Finding("disk", Severity.FINE, "1 MB free"),
        Finding("watch", Severity.ADVICE, "no bell", "Set one."),
    ]
    doctor.show(found, as_json=False)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "fine    disk: 1 MB free",
        "advice  watch: no bell",
        "        Set one.",
        "wrong   relay: it does not answer",
        "        Check it.",
        "",
        "wrong: 1, advice: 1, fine: 1",
    ]


def test_help_is_plain_text_that_is_told_whole():
    _, told_of_all, _ = invoke("--help")
    assert "Existing files are never overwritten." in " ".join(told_of_all.split())
    _, told_of_some, _ = invoke("statements", "--help")
    assert "hidden from readers until you decide" in " ".join(told_of_some.split())
    _, told_of_one, _ = invoke("sources", "check", "--help")
    assert "[ID]..." in told_of_one.splitlines()[0]
    assert not set("╭│") & set(told_of_all)
    assert "<bool>" not in told_of_all


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("alerts", "list"), "Did you mean 'alert'"),
        (("alert", "relase", "x"), "Did you mean 'release'"),
        (("doctor", "--jsn"), "--json"),
        (("doctor", "-c", "other.toml"), "nkwatch --config FILE doctor"),
        (("parse",), "Missing argument 'FILE'"),
    ],
)
def test_what_is_mistyped_is_answered_with_what_may_be_meant(arguments, said):
    code, answered, complained = invoke(*arguments)
    assert (code, answered) == (2, "")
    assert said in complained


def named(text):
    """The commands that are named in backticks, as words."""
    for said in re.findall(r"`nkwatch ([^`]+)`", text):
        words = said.replace("--config nkwatch.toml ", "").split()
        yield tuple(itertools.takewhile(lambda w: re.fullmatch("[a-z]+", w), words))


def there_is(words):
    command = get_command(app)
    for word in words:
        if not hasattr(command, "commands"):
            return True  # what it is called with
        if word not in command.commands:
            return False
        command = command.resolve_command(typer.Context(command), [word])[1]
    return True


def test_every_command_that_we_tell_people_to_run_exists():
    files = [*SOURCE.rglob("*.py"), *(SOURCE / "templates").rglob("*.txt"), *(SOURCE / "templates").rglob("*.html")]
    told_of = {(f.name, words) for f in files for words in named(f.read_text("utf-8"))}
    assert len(told_of) > 50
    assert [said for said in told_of if not there_is(said[1])] == []


@pytest.mark.parametrize("command", [("sources", "export"), ("subscribers", "export"), ("config", "schema")])
def test_who_has_read_enough_hears_no_complaint(installation, command):
    installation.write(port=9)
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "nkwatch", "--config", str(installation.settings), *command]
    ended = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writing)
    assert "Broken pipe" not in ended.stderr
    assert ended.returncode in {0, 1}


def test_at_a_terminal_somebody_is_asked_before_what_cannot_be_undone(installation):
    installation.write(port=9)
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "nkwatch", "--config", str(installation.settings), "digest", "send"]
    os.write(ours, b"n\n")
    ended = subprocess.run(words, stdin=theirs, capture_output=True, text=True, check=False, timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "now (--dry-run says what that is)? [y/N]" in ended.stderr
    assert "nothing was changed" in ended.stderr


async def test_where_nobody_can_be_asked_it_needs_a_yes(installation):
    await done(installation, "subscribers", "add", "reader@readers.example", "--consent", "paper")
    said = await refused(installation, "subscribers", "erase", "reader@readers.example", code=2)
    assert "--yes" in said
    assert "erased" in await answered(installation, "subscribers", "erase", "reader@readers.example", "--yes")
