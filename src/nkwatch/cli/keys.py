"""Master keys: see which are in use, add one, move what older ones made to it."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.deferring import Later, deferring
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import WRONG, Json, answer, bar, end, plain_errors, rows, say
from nkwatch.cli.secrets_file import edited, replace_secrets
from nkwatch.cli.settings_file import read_settings
from nkwatch.config import load_config, load_secrets
from nkwatch.domain.problems import ConfigError
from nkwatch.keys import new_master_key
from nkwatch.store.key_use import KeyUse, key_use

#: Rows moved in one transaction, so that mail keeps flowing.
BATCH = 500
LAST_KEY = 255

COMMANDS = {
    "dkim": Later(
        "dkim:dkim",
        "Make an RSA and an Ed25519 key beside the settings, and say what to publish in the DNS. "
        "Settings are not changed.",
    )
}

keys_app = typer.Typer(
    help="The master keys. Back the secrets file up apart from the database: both together show every address.",
    no_args_is_help=True,
    cls=deferring(COMMANDS),
)


@keys_app.command("list")
def list_keys(context: typer.Context, as_json: Json = False) -> None:
    """List the keys by their ids, with how much still needs each. No key is shown.

    A key that is still needed must stay: without it addresses cannot be read, and who was erased could be mailed
    again. Links in old mails need it too, however few rows do: keep it as long as such mails may be opened.

    Example: nkwatch keys list
    """

    async def work(newsroom: Newsroom) -> list[dict[str, object]]:
        used = await key_use(newsroom.database, newsroom.keyring)
        ring = newsroom.keyring
        return [{"key": i, "current": i == ring.current} | _counts(used.get(i, KeyUse())) for i in sorted(ring.masters)]

    found = in_newsroom(context, work)
    if not as_json:
        found = [r | {"current": "yes" if r["current"] else ""} for r in found]
    rows(found, as_json=as_json, empty="no keys")


def _counts(use: KeyUse) -> dict[str, object]:
    return {"readers": use.readers, "erased": use.erased}


@keys_app.command("new")
def new_key(context: typer.Context, as_json: Json = False) -> None:
    """Add a key to the secrets file and make it the current one. Older keys stay, and what they made stays valid.

    Stop the service first and start it again afterwards: a service that runs on knows only the keys it began with. Then
    back the file up, apart from the database, and run `nkwatch keys reseal`.

    Example: nkwatch keys new
    """
    with plain_errors():
        path = load_config(context.obj).secrets
        load_secrets(path).keyring()
        before = read_settings(path)
        number, after = _with_key(before, new_master_key(), path)
        replace_secrets(path, before, after)
    say(f"wrote {path}. Back it up, apart from the database; start the service again; then run `nkwatch keys reseal`")
    answer({"current": number}, as_json=as_json)


@keys_app.command("backup")
def backup_keys(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="A new file, on another disk than the database's backups.")
    ] = None,
    done: Annotated[bool, typer.Option("--done", help="You copied the secrets file yourself: only note that.")] = False,
    as_json: Json = False,
) -> None:
    """Copy the secrets file, and note which keys are backed up: `nkwatch db backup` asks for it.

    Whoever has this file and the database can read every address: keep the two apart.

    Example: nkwatch keys backup /media/key/nkwatch.secrets.toml
    """
    if (file is None) is not done:
        end("say where the copy goes, or --done if you made it yourself", WRONG)
    with plain_errors():
        path = load_config(context.obj).secrets
        if file:
            _copy_secrets(path, file)

    async def work(newsroom: Newsroom) -> dict[str, object]:
        await newsroom.installation.note_keys(newsroom.keyring, newsroom.clock())
        return {"keys": sorted(newsroom.keyring.masters), "file": str(file) if file else None}

    answer(in_newsroom(context, work), as_json=as_json)


def _copy_secrets(path: Path, file: Path) -> None:
    """A copy on the disk that only its owner may read, and that holds the same keys. Raises `ConfigError`."""
    text = read_settings(path)
    try:
        copy = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(copy, "w", encoding="utf-8") as written:
            written.write(text)
            written.flush()
            os.fsync(copy)
    except FileExistsError:
        raise ConfigError(f"{file}: already there, nothing was written") from None
    except OSError as wrong:
        raise ConfigError(f"{file}: cannot be written: {wrong.strerror}") from wrong
    if load_secrets(file).keyring() != load_secrets(path).keyring():
        raise ConfigError(f"{file}: it does not hold what was written; is the disk sound?")


@keys_app.command("reseal")
def reseal(context: typer.Context, as_json: Json = False) -> None:
    """Move what older keys sealed to the current one, while the service runs. It may be stopped and begun again.

    Hashes of erased addresses cannot be moved, and links in old mails carry the id of their key: so keep older keys.

    Example: nkwatch keys reseal
    """

    async def work(newsroom: Newsroom) -> int:
        used = await key_use(newsroom.database, newsroom.keyring)
        total = sum(u.readers for i, u in used.items() if i != newsroom.keyring.current)
        moved = 0
        while step := await newsroom.subscribers.reseal(BATCH):
            moved += step
            progress(moved, max(total, moved))
        return moved

    with bar("resealing") as progress:
        moved = in_newsroom(context, work)
    answer({"moved": moved}, as_json=as_json)


def _with_key(text: str, key: str, path: Path) -> tuple[int, str]:
    """The id of a new key, and the secrets with it as the current one. Raises `ConfigError`."""
    number = max(map(int, tomllib.loads(text)["keys"])) + 1
    if number > LAST_KEY:
        raise ConfigError(f"{path}: key {LAST_KEY} is the last that there can be")

    def change(secrets: Any) -> None:
        secrets["keys"][str(number)] = key
        secrets["current"] = number

    return number, edited(path, text, change, "add the key")
