"""One command by itself, as `nkwatch --config FILE COMMAND` would run it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from typer.testing import CliRunner


def invoke(
    name: str, command: Callable[..., None], settings: Path, *arguments: str, given: str | bytes = ""
) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    app = typer.Typer()

    @app.callback()
    def common(context: typer.Context, config: Annotated[Path, typer.Option("--config")]) -> None:
        context.obj = config

    app.command(name)(command)
    ended = CliRunner().invoke(app, ["--config", str(settings), name, *arguments], input=given, env={"NO_COLOR": "1"})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.stdout, ended.stderr
