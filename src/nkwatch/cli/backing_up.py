"""``nkwatch db backup`` and ``db key``: a copy of SQLite's database."""

import asyncio
import secrets
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.engine import make_url

from nkwatch import __version__
from nkwatch.cli.newsroom import CLOCK, database_errors
from nkwatch.cli.output import Json, answer, bar, end, say
from nkwatch.config import Config, load_config, load_secrets
from nkwatch.keys import Keyring
from nkwatch.store import backup as backups
from nkwatch.store.backup import BadBackup, Manifest
from nkwatch.store.database import Database
from nkwatch.store.departed import DepartedFile, on_disk
from nkwatch.store.engines import file_of
from nkwatch.store.installation import InstallationStore
from nkwatch.store.key_use import key_use

#: How backups are named in a folder, by the second (UTC).
NAMED = "nkwatch-%Y%m%dT%H%M%SZ.db.zst"
ALL = "nkwatch-*Z.db.zst*"
POSTGRESQL = (
    "the database is PostgreSQL, which has tools of its own: `pg_dump -Fc {url} > nkwatch.dump` for one copy, or"
    " pgBackRest (base backup and WAL) for every instant; docs/backup.md says how, and how sending is locked after"
)


def backup(
    context: typer.Context,
    to: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A file, or a folder in which it is named by the time.")
    ] = Path("backups"),
    encrypt: Annotated[
        list[str] | None,
        typer.Option(
            "--encrypt",
            metavar="age1...",
            help="A public key (`nkwatch db key`), besides those in the settings. May be repeated.",
        ),
    ] = None,
    keep: Annotated[
        int, typer.Option("--keep", metavar="N", min=0, help="Delete older ones in the folder; 0: none.")
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    without_keys_check: Annotated[
        bool, typer.Option("--without-keys-check", help="Though no backup of the master keys is known.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written and deleted.")] = False,
    as_json: Json = False,
) -> None:
    """Write a consistent copy of the database while the service runs: checked, packed, and encrypted for public keys.

    The master keys are not in it. They are backed up apart, with `nkwatch keys backup`; without them it cannot be read.

    Example: nkwatch db backup /mnt/backups --keep 14
    """
    with sentences():
        config = load_config(context.obj)
        source, ring = sqlite_file(config), load_secrets(config.secrets).keyring()
        now = CLOCK.get()()
        keys = [backups.recipient(k) for k in dict.fromkeys([*config.installation.backup_for, *(encrypt or ())])]
        file = _named(to, now, encrypted=bool(keys))
        old = _older(file, keep, dry=dry_run) if keep else []
        if file.exists() and not force:
            end(f"{file}: already there, nothing was written (--force overwrites it)")
        manifest = None
        if not dry_run:
            needed = asyncio.run(_needed(config, ring, check=not without_keys_check))
            manifest = _write(source, file, needed, keys, now)
            asyncio.run(_mark(config, ring, now))
            for one in old:
                one.unlink()
    said = {"file": str(file), "encrypted": bool(keys), "deleted": [str(one) for one in old], "dry_run": dry_run}
    told(said, manifest, file, as_json=as_json)
    if not dry_run and not keys:
        say("it is not encrypted: its addresses are sealed, and what readers chose to read is not all")


def key(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where the key goes (mode 600); take it away from this machine then.")],
) -> None:
    """Make a key for encrypted backups, to be kept elsewhere; answers its public part. It is one of age.

    Example: nkwatch db key backup.key
    """
    if file.exists():
        end(f"{file}: already there, nothing was written")
    text, public = backups.new_identity(CLOCK.get()())
    with sentences():
        backups.private(file)
        file.write_text(text, "utf-8")
    sys.stdout.write(public + "\n")
    say(f"wrote {file}: keep it apart from the backups, and not on this machine. In the settings:")
    say(f'[installation]\nbackup_for = ["{public}"]')


@contextmanager
def sentences() -> Iterator[None]:
    """What is wrong with files and databases ends the command with a sentence."""
    with database_errors():
        try:
            yield
        except BadBackup as wrong:
            end(str(wrong))
        except sqlite3.Error as wrong:
            end(f"database: {wrong}; nothing was half-written")
        except OSError as wrong:
            end(f"{wrong.filename or 'disk'}: {wrong.strerror or wrong}; nothing was half-written")


def sqlite_file(config: Config, *, there: bool = True) -> Path:
    """The file of the database."""
    file = file_of(config.database)
    if file is None:
        end(POSTGRESQL.format(url=make_url(config.database).set(password=None).render_as_string()))
    if there and not file.is_file():
        end(f"{file}: there is no database")
    return file


def _named(to: Path, now: datetime, *, encrypted: bool) -> Path:
    """The file; in a folder one that is named by the time. A folder that is not there is made."""
    if to.is_dir() or not to.suffix:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        return to / (now.strftime(NAMED) + (".age" if encrypted else ""))
    return to


def _older(file: Path, keep: int, *, dry: bool) -> list[Path]:
    """What goes, so that `keep` are left with the new one. Names begin with the time."""
    there = sorted((p for p in file.parent.glob(ALL) if p != file), reverse=True)
    if dry and not there:
        return []
    return there[max(keep - 1, 0) :]


async def _needed(config: Config, ring: Keyring, *, check: bool) -> dict[str, str]:
    """The fingerprints of the keys that the database needs. Ends the command where one was never backed up."""
    store = Database(config.database)
    try:
        if not await asyncio.to_thread(store.is_prepared):
            say("this nkwatch cannot read the database (`nkwatch doctor`): whether its keys are backed up is not known")
            return {str(i): ring.fingerprint(i) for i in ring.masters}
        needed = sorted({*await key_use(store, ring), ring.current})
        if lost := [i for i in needed if i not in ring.masters]:
            end(f"the database needs keys that the secrets file does not have: {listed(lost)}; restore that file first")
        saved = await InstallationStore(store, ring, None).keys()
        unsaved = [i for i in needed if saved.get(i) != ring.fingerprint(i)]
        if unsaved and check:
            end(
                f"no backup is known of the master keys {listed(unsaved)}, and without them this one could not be read:"
                " run `nkwatch keys backup FILE` first (or give --without-keys-check)"
            )
        return {str(i): ring.fingerprint(i) for i in needed}
    finally:
        await asyncio.to_thread(store.close)


def _write(source: Path, file: Path, keys: dict[str, str], recipients: Sequence[Any], now: datetime) -> Manifest:
    """The backup under its name, once it is whole and on the disk."""
    name = secrets.token_hex(4)
    # the copy is as private as the database itself: it lies beside it, whatever the other folder is
    copied, packed = source.with_name(f"{source.name}.copy-{name}"), file.with_name(f".{file.name}.{name}")
    try:
        with bar("copying") as progress:
            backups.copy(source, copied, progress)
        manifest = Manifest(
            made=now.isoformat(),
            schema=backups.schema_of(copied),
            nkwatch=__version__,
            installation=backups.installation_of(copied),
            bytes=copied.stat().st_size,
            sha256=backups.sha256(copied),
            keys=keys,
            rows=backups.counts(copied),
        )
        with bar("packing") as progress:
            backups.pack(copied, manifest, packed, recipients, progress)
        packed.replace(file)
        on_disk(file.parent)
    finally:
        for temporary in (copied, packed, copied.with_name(f"{copied.name}-journal")):
            temporary.unlink(missing_ok=True)
    return manifest


async def _mark(config: Config, ring: Keyring, now: datetime) -> None:
    """Note that there is one."""
    departed = config.installation.departed
    file = DepartedFile(departed, ring) if departed else None
    store = Database(config.database)
    try:
        if await asyncio.to_thread(store.is_prepared):
            await InstallationStore(store, ring, file, config.installation.host).backed_up(now)
    finally:
        await asyncio.to_thread(store.close)


def told(said: dict[str, Any], manifest: Manifest | None, file: Path | None = None, *, as_json: bool) -> None:
    if as_json:
        answer(said | ({"manifest": asdict(manifest)} if manifest else {}), as_json=True)
        return
    size = {"MB": round(file.stat().st_size / 1_000_000, 1)} if file and file.exists() else {}
    rows = dict(manifest.rows) if manifest else {}
    shown = {name: value for name, value in said.items() if value not in (None, [], False)}
    answer(shown | size | rows | ({"keys": ", ".join(manifest.keys)} if manifest else {}), as_json=False)


def listed(things: Sequence[object]) -> str:
    """In one line."""
    return ", ".join(map(str, things))
