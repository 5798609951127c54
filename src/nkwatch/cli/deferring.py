"""Commands whose modules are imported when they are called: a list of commands must not wait for a database driver.

The way of Click's documentation, "Lazily Loading Subcommands".
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
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
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for name, later in commands.items():
                self.add_command(TyperCommand(name, help=later.line))

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, command, rest = super().resolve_command(ctx, args)
            return name, loaded(name, commands[name]) if name and name in commands else command, rest

    return Deferring


def loaded(name: str, later: Later) -> Any:
    """The command itself, as Typer would have made it at once."""
    module, _, attribute = later.place.partition(":")
    with nothing_collected():
        found = getattr(importlib.import_module(f"nkwatch.cli.{module}"), attribute)
    around = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    return get_group(around).commands[name]
