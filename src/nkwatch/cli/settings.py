"""``nkwatch config``: what the settings are, and whether they are right."""

import json
from collections.abc import Callable, Iterable

import typer

from nkwatch.assembly.standing import dkim_keys
from nkwatch.cli.checks import loads
from nkwatch.cli.output import Json, answer, plain_errors, say
from nkwatch.config import Config, load_config, load_secrets
from nkwatch.config.schema import Schema
from nkwatch.domain.problems import ConfigError

config_app = typer.Typer(help="The settings.", no_args_is_help=True)


@config_app.command("check")
def check(context: typer.Context, as_json: Json = False) -> None:
    """Show the effective settings without secrets; report every problem with its line.

    Example: nkwatch --config nkwatch.toml config check
    """
    with plain_errors():
        config = load_config(context.obj)
        secrets = load_secrets(config.secrets)
        ring = secrets.keyring()
        _loaded([*loads(config, secrets).values(), lambda: dkim_keys(config)])
    shown = config.model_dump(mode="json", by_alias=True) | {"secrets": f"{config.secrets} (key {ring.current})"}
    if as_json:
        answer(shown, as_json=True)
        return
    for name, value in shown.items():
        lines = value.items() if isinstance(value, dict) else [("", value)]
        for part, setting in lines:
            said = "(not set)" if setting is None else json.dumps(setting, ensure_ascii=False)
            typer.echo(f"{name}{'.' if part else ''}{part} = {said}")
    say(f"{context.obj}: no problem was found")


def _loaded(all_of_it: Iterable[Callable[[], object]]) -> None:
    """Raises `ConfigError` with every problem of what the settings name."""
    problems: list[str] = []
    for load in all_of_it:
        try:
            load()
        except ConfigError as wrong:
            problems += wrong.problems
    if problems:
        raise ConfigError(*problems)


@config_app.command("schema")
def schema() -> None:
    """Print what may stand in nkwatch.toml as JSON Schema, for editors that complete and check TOML.

    They look for it where the first line of the file says so: #:schema ./nkwatch.schema.json

    Example: nkwatch config schema > nkwatch.schema.json
    """
    typer.echo(json.dumps(Schema.of(Config).whole, ensure_ascii=False, indent=1))
