"""``nkwatch init``: the first files of an installation."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.catalogue.shipped import shipped
from nkwatch.cli.output import end, say
from nkwatch.config import SECRETS
from nkwatch.keys import new_master_key

SETTINGS = "nkwatch.toml"
_SECRETS_TEXT = """\
# Secrets of nkwatch: whoever has this file and the database can read every address. Keep it at mode 600, and keep a
# copy of it apart from the database's backups: without it no address can ever be read again.

current = 1                     # the key that seals what is new; older ones stay below
mail_password = ""
bounces_password = ""
replies_password = ""
canary_password = ""

[keys]
1 = "{key}"

# Passwords of mailboxes that are sources, by source id.
[mailboxes]

# Passwords of further relays, by host.
[relays]

# Keys by which providers sign what they report of mails that came back: mailgun, sendgrid.
[webhook_keys]

# What calls of webhooks are signed with: `nkwatch webhooks secret NAME` writes here.
[webhooks]
"""


def init(folder: Annotated[Path, typer.Argument(help="Where the files go.")] = Path()) -> None:
    """Write nkwatch.toml and a secrets file with a fresh key. Existing files are never overwritten.

    Example: nkwatch init /etc/nkwatch
    """
    targets = {folder / SETTINGS, folder / SECRETS}
    present = sorted(str(t) for t in targets if t.exists())
    if present:
        end(f"{', '.join(present)}: already there, nothing was written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SETTINGS).write_text(shipped(SETTINGS), "utf-8")
        secrets = os.open(folder / SECRETS, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(secrets, "w", encoding="utf-8") as file:
            file.write(_SECRETS_TEXT.format(key=new_master_key()))
    except OSError as wrong:
        end(f"{wrong.filename or folder}: cannot be written: {wrong.strerror}")
    say(f"wrote {folder / SETTINGS} and {folder / SECRETS} (mode 600)")
    say("next: edit the settings, then run `nkwatch config check`")
