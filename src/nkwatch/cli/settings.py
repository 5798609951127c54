"""``nkwatch init`` and ``nkwatch config check``."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.assembly import check_sources
from nkwatch.cli.newsroom import Json
from nkwatch.cli.output import FAILED, answer, errors, plain_errors, say
from nkwatch.config import SECRETS, load_config, load_secrets
from nkwatch.keys import new_master_key

SETTINGS = "nkwatch.toml"
_SECRETS_TEXT = """\
# Secrets of nkwatch: whoever has this file and the database can read every address. Keep it at mode 600, and keep a
# copy of it apart from the database's backups: without it no address can ever be read again.

current = 1                     # the key that seals what is new; older ones stay below
mail_password = ""
bounces_password = ""
replies_password = ""

[keys]
1 = "{key}"

# Passwords of mailboxes that are sources, by source id.
[mailboxes]

# Passwords of further relays, by host.
[relays]

# Keys by which providers sign what they report of mails that came back: mailgun, sendgrid.
[webhook_keys]
"""

config_app = typer.Typer(help="The settings.", no_args_is_help=True)


def init(folder: Annotated[Path, typer.Argument(help="Where the files go.")] = Path()) -> None:
    """Write nkwatch.toml and a secrets file with a fresh key. Existing files are never overwritten.

    Example: nkwatch init /etc/nkwatch
    """
    targets = {folder / SETTINGS, folder / SECRETS}
    present = sorted(str(t) for t in targets if t.exists())
    if present:
        errors.print(f"{', '.join(present)}: already there, nothing was written", style="red", markup=False)
        raise typer.Exit(FAILED)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS).write_text((files("nkwatch.catalogue") / SETTINGS).read_text("utf-8"), "utf-8")
    secrets = os.open(folder / SECRETS, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(secrets, "w", encoding="utf-8") as file:
        file.write(_SECRETS_TEXT.format(key=new_master_key()))
    say(f"wrote {folder / SETTINGS} and {folder / SECRETS} (mode 600)")
    say("next: edit the settings, then run `nkwatch config check`")


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
