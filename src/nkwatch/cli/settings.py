"""``nkwatch config check``."""

import typer

from nkwatch.assembly import check_sources
from nkwatch.cli.output import Json, answer, plain_errors
from nkwatch.config import load_config, load_secrets

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
        check_sources(config, secrets)
    shown = config.model_dump(mode="json", by_alias=True) | {"secrets": f"{config.secrets} (key {ring.current})"}
    if as_json:
        answer(shown, as_json=True)
        return
    for name, value in shown.items():
        lines = value.items() if isinstance(value, dict) else [("", value)]
        for part, setting in lines:
            typer.echo(f"{name}{'.' if part else ''}{part} = {setting}")
