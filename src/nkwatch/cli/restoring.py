"""``nkwatch db restore``: the way back from a backup."""

import os
import secrets
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from nkwatch.cli.backing_up import listed, sentences, sqlite_file, told
from nkwatch.cli.newsroom import CLOCK
from nkwatch.cli.output import Json, bar, end, say
from nkwatch.config import Config, load_config, load_secrets
from nkwatch.keys import BrokenSeal, Keyring
from nkwatch.store import backup as backups
from nkwatch.store.backup import Manifest
from nkwatch.store.departed import on_disk


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `nkwatch db backup` wrote.")],
    to: Annotated[Path | None, typer.Option("--to", help="Write the database there instead, and lock nothing.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The secret key of an encrypted one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say whether it can be used.")] = False,
    as_json: Json = False,
) -> None:
    """Put a backup in the place of the database. Sending is locked until you say from when.

    The service must be stopped. The database that is there is kept beside it.

    Example: nkwatch db restore /mnt/backups/nkwatch-20261123T020000Z.db.zst
    """
    with sentences():
        config = load_config(context.obj)
        ring, now = load_secrets(config.secrets).keyring(), CLOCK.get()()
        target = to or sqlite_file(config, there=False)
        identities = backups.identities(key) if key else []
        if not file.is_file():
            end(f"{file}: no such file")
        if to and to.exists():
            end(f"{to}: already there, nothing was written")
        fresh = target.with_name(f"{target.name}.restoring-{secrets.token_hex(4)}")
        try:
            with bar("unpacking") as progress:
                manifest = backups.unpack(file, fresh, identities, progress)
            _fits(fresh, manifest, ring)
            kept = None if dry_run else _put(fresh, target, now, lock=to is None)
        finally:
            fresh.unlink(missing_ok=True)
    told({"file": str(target), "kept": str(kept) if kept else None, "dry_run": dry_run}, manifest, as_json=as_json)
    if not (dry_run or to):
        _what_next(config)


def _fits(database: Path, manifest: Manifest, ring: Keyring) -> None:
    """Ends the command where the keys are not those that it needs."""
    wrong = [
        i for i, print_ in manifest.keys.items() if int(i) not in ring.masters or ring.fingerprint(int(i)) != print_
    ]
    if wrong:
        end(f"the secrets file does not have the keys that it needs: {listed(wrong)}; restore that file first")
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT address, id FROM subscriber GROUP BY substr(address, 1, 1)"
        for address, name in connection.execute(query):
            try:
                ring.unseal(address, f"address:{name}")
            except BrokenSeal as broken:
                end(str(broken))


def _put(fresh: Path, target: Path, now: datetime, *, lock: bool) -> Path | None:
    """Put the new database in the place of the old one, which is kept; answers where."""
    if lock:
        with closing(sqlite3.connect(fresh)) as connection, suppress(sqlite3.OperationalError), connection:
            microseconds = int(now.timestamp() * 1_000_000)
            connection.execute("UPDATE installation SET locked_at = ?, gap_from = marked_at", [microseconds])
    kept = None
    if target.exists():
        _nobody_has(target)
        kept = target.with_name(now.strftime(f"{target.name}.before-%Y%m%dT%H%M%SZ"))
        os.link(target, kept)
    fresh.replace(target)
    on_disk(target.parent)
    return kept


def _nobody_has(database: Path) -> None:
    """Ends the command while the service runs. What lies in the write-ahead log goes into the file."""
    try:
        with closing(sqlite3.connect(database, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as busy:
        end(f"{database} is in use ({busy}): stop nkwatch first; nothing was changed")
    except sqlite3.DatabaseError:
        # it is damaged: that may be why
        for log in (f"{database.name}-wal", f"{database.name}-shm"):
            with suppress(FileNotFoundError):
                database.with_name(log).rename(database.with_name(f"{log}.damaged"))


def _what_next(config: Config) -> None:
    departed = config.installation.departed
    if departed and not departed.exists():
        say(f"{departed} is not there: who left since the backup is known by it alone. Put it back if you have it.")
    say("sending is locked. Next: start nkwatch, and let it poll and read what is new; then")
    say("  nkwatch deliver --resume-after TIME --dry-run     TIME: until when the old database may have sent (UTC)")
    say("  nkwatch deliver --resume-after TIME")
