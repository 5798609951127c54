"""Commands whose modules are imported when they are called: a list of commands must not wait for a database driver.

The way of Click's documentation, "Lazily Loading Subcommands".
"""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_group

from nkwatch.garbage import nothing_collected


@dataclass(frozen=True, slots=True)
class Later:
    """Where a command or a group of commands is written, as ``module:name`` of this package, and its line in lists."""

    place: str
    line: str


def deferring(commands: Mapping[str, Later]) -> type[TyperGroup]:
    """A group that has these commands behind its own. What is listed is their lines, what runs is the command."""

    class Deferring(TyperGroup):
        later = commands

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for name, later in commands.items():
                self.add_command(TyperCommand(name, help=later.line, short_help=later.line))

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, command, rest = super().resolve_command(ctx, args)
            return name, loaded(name, commands[name]) if name and name in commands else command, rest

        def invoke(self, ctx: Any) -> Any:
            try:
                done = super().invoke(ctx)
                sys.stdout.flush()  # while somebody can be told that nobody reads it
            except TyperException as wrong:
                if getattr(wrong, "option_name", "") in {"-c", "--config"}:
                    wrong.message += ": it stands before the command, as in `nkwatch --config FILE doctor`"
                raise
            except (typer.Exit, typer.Abort, BrokenPipeError, EOFError):
                raise  # Typer knows what to do
            except Exception as wrong:  # noqa: BLE001  whatever it is, it is told in one sentence
                from nkwatch.cli import troubles  # noqa: PLC0415  brings a database driver

                troubles.end_by(wrong)
            return done

    return Deferring


def loaded(name: str, later: Later) -> Any:
    """The command itself, as Typer would have made it at once."""
    module, _, attribute = later.place.partition(":")
    with nothing_collected():
        found = getattr(importlib.import_module(f"nkwatch.cli.{module}"), attribute)
    around = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    command = get_group(around).commands[name]
    for one in (command, *getattr(command, "commands", {}).values()):
        _settle(one)
    return command


def _settle(command: Any) -> None:
    """Lists tell of a command what its help begins with, whole; arguments are called as in the manuals."""
    command.short_help = " ".join((command.help or "").partition("\n\n")[0].split())
    for param in command.params:
        if param.param_type_name == "argument":
            param.metavar = param.metavar or param.name.upper()
