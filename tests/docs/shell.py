"""Types the lines of a page, as its reader would, into an installation in use."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import timedelta
from functools import cache
from io import StringIO
from itertools import chain
from pathlib import Path, PurePath

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from nkwatch.cli import app
from tests.docs.declared import ACTS, ANSWERS, ELSEWHERE, EMPTY, LASTING, OURS, PARSED, PIECES, SHELL, STANDINS, Standin
from tests.docs.pages import Line, Step, blocks, lines_of
from tests.docs.sample import PRESENT, Sample
from tests.docs.settings import put
from tests.story.commands import invoke

#: `python3` of a page is the one with nkwatch.
WITH_PATH = os.environ | {"PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
#: How long it takes to type a line.
A_LINE = timedelta(minutes=1)


class Shell:
    """A reader at the keyboard, in the folder of the settings."""

    def __init__(self, sample: Sample, page: str) -> None:
        self.page = page
        self.sample = sample
        sample.clock.instant = PRESENT
        #: quoted: some hold a space
        self.things = {name: shlex.quote(thing) for name, thing in sample.things.items()}

    def work_through(self) -> None:
        """Type all lines of the page in their order; where it begins with nothing, write its settings, too.

        Raises `AssertionError`, with the line as its note, for one that does not end as the page has it.
        """
        self._act(self.page)
        for block in blocks(self.page):
            if block.language == "sh":
                for line in lines_of(block):
                    self.type(line)
            elif block.language == "toml" and self.page in EMPTY:
                put(Path("nkwatch.toml"), self._whole(block.text))

    def _act(self, place: str) -> None:
        for act in ACTS:
            if act.where in place:
                act.does(self.sample)

    def type(self, line: Line) -> None:
        """Type one line, and do what is then done by hand. Raises as `work_through` does."""
        try:
            self._run(line)
        except Exception as wrong:
            wrong.add_note(str(line))
            raise
        self._act(line.text)

    def _run(self, line: Line) -> None:
        if {kind(step) for step in line.steps} == {"shell"}:
            ended = subprocess.run(["sh", "-ec", line.text], capture_output=True, text=True, check=False, env=WITH_PATH)
            assert ended.returncode == 0, ended.stderr
            return
        answered = ""
        for step in line.steps:
            match kind(step):
                case "ours":
                    answered = self._answered(line, step, answered if step.joint == "|" else "")
                case "parsed":
                    helped(step.words)
                case "folder":
                    os.chdir(step.words[1])
                case "elsewhere":
                    continue
                case _:
                    raise AssertionError(f"neither run nor declared in tests/docs/declared.py: {step.words[0]}")

    def _answered(self, line: Line, step: Step, given: str) -> str:
        told = self._stood_in(step)
        if parsed(told) in LASTING:
            return ""
        given = Path(step.source).read_text("utf-8") if step.source else given or "y\n" * 3
        self.sample.clock.instant += A_LINE
        code, answered, said = invoke(*told, given=given)
        expected = next((answer.code for answer in ANSWERS if answer.where in line.text), 0)
        assert code == expected, f"run as: nkwatch {shlex.join(told)}\n{answered}{said}"
        if step.target:
            Path(step.target).write_text(answered, "utf-8")
        return answered

    def _stood_in(self, step: Step) -> list[str]:
        """The words behind the program's name, with what this installation has for those of the page."""
        found, rest = list[str](), list(step.words[1:])
        while rest:
            one = standin(self.page, step, rest)
            instead = shlex.split(one.instead.format_map(self.things)) if one else [self._whole(rest[0])]
            found += chain.from_iterable(files(word) if one else [word] for word in instead)
            del rest[: len(one.said.split()) if one else 1]
        return found

    def _whole(self, text: str) -> str:
        for said, instead in PIECES.items():
            text = text.replace(said, instead.format_map(self.things))
        return text


def files(pattern: str) -> list[str]:
    """The files that fit, as a shell finds them; the words themselves where none does."""
    return (sorted(map(str, Path().glob(pattern))) if "*" in pattern else []) or [pattern]


def standin(page: str, step: Step, words: Sequence[str]) -> Standin | None:
    """What stands for the first of these words of a command, or some of them."""
    whole = f"{page}: {' '.join(step.words)} "
    for one in STANDINS:
        said = one.said.split()
        if list(words[: len(said)]) == said and one.where in whole:
            return one
    return None


def program(step: Step) -> str:
    """What is run, without its folder."""
    return PurePath(step.words[0]).name


def begins(step: Step, words: str) -> bool:
    """Whether a command begins with these words."""
    return f"{program(step)} {' '.join(step.words[1:])}".startswith(words)


def kind(step: Step) -> str:
    """Who answers for a step: it is run, its arguments are looked at, or it is declared not to be run here."""
    if program(step) in OURS:
        return "ours"
    if any(begins(step, known) for known in PARSED):
        return "parsed"
    if any(begins(step, known) for known in ELSEWHERE):
        return "elsewhere"
    if program(step) in SHELL:
        return "shell"
    return "folder" if program(step) == "cd" else ""


def parsed(told: Sequence[str]) -> str:
    """The command that takes these arguments, without running it. Raises Click's `UsageError`."""
    return _parsed(tuple(told))


@cache
def _parsed(told: tuple[str, ...]) -> str:
    command, context, name, rest = get_command(app), None, "nkwatch", list(told)
    while True:
        context = command.make_context(name, rest, parent=context)
        if not isinstance(command, TyperGroup):
            return str(context.command_path)
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])


def unknown(told: Sequence[str]) -> list[str]:
    """The commands and options among these words of a sentence that `nkwatch` does not have."""
    command, missing = get_command(app), list[str]()
    for word in told:
        if word.startswith("--"):
            options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            missing += [word] * (word.partition("=")[0] not in options)
        elif isinstance(command, TyperGroup) and word.isascii() and word.islower():
            context = command.make_context(word, [], resilient_parsing=True)
            if word not in command.list_commands(context):
                return [word]
            _, command, _ = command.resolve_command(context, [word])
    return missing


def helped(told: Sequence[str]) -> None:
    """See that a bench or campaign takes these arguments: it looks at them before it comes to the question for help."""
    _, _, name, *rest = told
    if name == "campaigns":
        name, *rest = (f"campaigns.{rest[0]}", *rest[1:])
    main = importlib.import_module("bench.__main__" if name == "bench" else name).main
    with redirect_stdout(StringIO()) as said, pytest.raises(SystemExit) as ended:
        main([*rest, "--help"])
    assert not ended.value.code
    assert {word for word in rest if word.startswith("--")} <= set(re.findall(r"--[\w-]+", said.getvalue()))
