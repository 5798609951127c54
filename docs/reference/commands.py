"""The page on the commands, from what the command line knows of them."""

import inspect
import re
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from typer.main import get_command
from writing import MADE, code, fence, page, prose, table

from nkwatch.cli.app import app
from nkwatch.cli.deferring import loaded

BEGIN = f"""\
# Commands

`nkwatch [--config FILE] COMMAND`. Every command has `--help`. Answers go to standard output: a table for people, or
JSON with `--json`; streams of records are JSON lines. Progress and notices go to standard error. Commands that write
say with `--dry-run` what they would do, and those of editors take with `--by` who says so. `nkwatch
--install-completion` lets the shell complete all of it.

These need no settings: `init`, `parse`, `extract`, `read FILE`, `evaluate`, `learn`, `backtest`, `bounces read`,
`verify`, `demo`, `config schema`.

| Exit code | Meaning |
| --- | --- |
| 0 | Done. Single sources or mails that failed do not change that. |
| 1 | It failed, or the answer is no. |
| 2 | Wrong usage or configuration; nothing was begun. |
| 130 | Broken off with Ctrl-C. |

{MADE}"""
HEADS = ("Argument or option", "Meaning", "Default")
EXAMPLE = "Example: "
#: Several examples stand in one line of the help.
_NEXT = re.compile(r"; (?=nkwatch )")
#: What is to be written for a value, where the help names nothing better.
WORDS = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH", datetime: "DATE"}


def written() -> str:
    """The whole page."""
    root = get_command(app)
    commands = list(_all(root, "nkwatch"))
    firsts = ((path, _help(command)[0]) for path, command in commands if path.count(" ") == 1)
    return page(
        BEGIN,
        table(("Command", "Does"), ((f"[{path}](#{path.replace(' ', '-')})", prose(line)) for path, line in firsts)),
        "## Options of all commands",
        "They stand before the command.",
        _table(root),
        *(part for path, command in commands for part in _command(path, command)),
    )


def _all(group: Any, above: str) -> Iterator[tuple[str, Any]]:
    """Every command below a group, by name; those of a group after it."""
    later = getattr(group, "later", {})
    for name, command in sorted(group.commands.items()):
        found = loaded(name, later[name]) if name in later else command
        yield f"{above} {name}", found
        if hasattr(found, "commands"):
            yield from _all(found, f"{above} {name}")


def _command(path: str, command: Any) -> Iterator[str]:
    yield f"{'#' * (path.count(' ') + 1)} {path}"
    said = _help(command)
    yield "\n\n".join(prose(part) if not part.startswith("- ") else part for part in said if EXAMPLE not in part)
    if hasattr(command, "commands"):
        return
    arguments = " ".join(_usage(p, command) for p in command.params if p.param_type_name == "argument")
    examples = [line for part in said if EXAMPLE in part for line in _NEXT.split(part.removeprefix(EXAMPLE))]
    yield fence(f"{path} [OPTIONS] {arguments}".rstrip())
    yield _table(command)
    yield "For example:"
    yield fence("\n".join(examples))


def _help(command: Any) -> list[str]:
    """The paragraphs of a command's help, each on one line."""
    told = command.help if hasattr(command, "commands") else inspect.getdoc(inspect.unwrap(command.callback))
    return [" ".join(part.split()) for part in (told or "").split("\n\n")]


def _usage(argument: Any, command: Any) -> str:
    name = _value(argument, command) + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


def _table(command: Any) -> str:
    """What may be given, by the signature: what the library adds for itself is left out."""
    hints = get_type_hints(inspect.unwrap(command.callback), include_extras=True)
    shown = [p for p in command.params if p.name in hints and not p.hidden]
    rows = [(_name(p, command), _meaning(p, hints[p.name]), _default(p)) for p in shown]
    return table(HEADS, rows) if rows else ""


def _meaning(param: Any, hint: Any) -> str:
    said = prose(param.help)
    bounds = [(b.min, b.max) for b in getattr(hint, "__metadata__", ()) if b.min is not None or b.max is not None]
    for low, high in bounds:
        said += (
            f" {low} to {high}."
            if None not in {low, high}
            else f" {low} or more."
            if high is None
            else f" {high} at most."
        )
    return said


def _name(param: Any, command: Any) -> str:
    if param.param_type_name == "argument":
        return code(_value(param, command) + ("..." if param.nargs != 1 else ""))
    value = "" if param.is_flag else f" {_value(param, command)}"
    return ", ".join(code(f"{option}{value}") for option in (*param.opts, *param.secondary_opts))


def _value(param: Any, command: Any) -> str:
    """What is to be written there."""
    if param.metavar:
        return str(param.metavar)
    if param.param_type_name == "argument":
        return str(param.name).upper()
    kind = _type(get_type_hints(inspect.unwrap(command.callback))[param.name])
    return "|".join(str(one.value) for one in kind) if issubclass(kind, Enum) else WORDS[kind]


def _type(hint: Any) -> Any:
    """The type of one value."""
    if get_origin(hint) is None:
        return hint
    return _type(next(one for one in get_args(hint) if one is not NoneType))


def _default(param: Any) -> str:
    if param.param_type_name == "argument" and param.required:
        return "needed"
    if getattr(param, "secondary_opts", ()):
        return code(param.opts[0] if param.default else param.secondary_opts[0]) if param.default is not None else ""
    value = param.default.value if isinstance(param.default, Enum) else param.default
    empty = value is None or value is False or value in ("", [], ())
    return ("needed" if param.required else "") if empty else code(value)
