"""What `nkwatch doctor` looks at of the installation: whether sending is locked, and the file of who left."""

import stat
from pathlib import Path

from nkwatch.cli.checks import ADVICE, FINE, WRONG, Patient, opened
from nkwatch.domain.installation import Installed
from nkwatch.domain.posture import Finding
from nkwatch.domain.problems import ConfigError
from nkwatch.keys import Keyring
from nkwatch.store.database import Database
from nkwatch.store.departed import DepartedFile
from nkwatch.store.installation import InstallationStore
from nkwatch.store.key_use import key_use, try_keys

ABOUT = "installation"
OTHERS = stat.S_IRWXG | stat.S_IRWXO


async def installation(patient: Patient) -> list[Finding]:
    """Whether sending is locked, who left is written down, and the keys are backed up. Nothing is changed."""
    if patient.secrets is None:
        return []
    keyring, settings = patient.secrets.keyring(), patient.config.installation
    file = DepartedFile(settings.departed, keyring) if settings.departed else None
    found: list[Finding] = []
    async with opened(patient) as store:
        if store is None:
            return []
        row = InstallationStore(store, keyring, file, settings.host)
        found += await _fitting(store, keyring)
        if stood := await row.seen():
            found += [*_lock(stood), *_file(file, stood), *await _keys(row, store, keyring)]
    return found


async def _fitting(store: Database, keyring: Keyring) -> list[Finding]:
    try:
        await try_keys(store, keyring)
    except ConfigError as why:
        found, _, do = str(why).partition("; ")
        return [Finding("secrets", WRONG, found, f"{do[0].upper()}{do[1:]}, and no other key.")]
    return []


def _lock(stood: Installed) -> list[Finding]:
    if stood.locked:
        return [Finding(ABOUT, WRONG, f"sending is locked: {stood.locked}", "Type one of these when you are sure.")]
    return [Finding(ABOUT, FINE, "the database is bound to this host, and sending is not locked")]


def _file(file: DepartedFile | None, stood: Installed) -> list[Finding]:
    if file is None:
        return []
    path = file.path
    if not path.exists():
        if not stood.marks:
            return []
        do = "Put it back if you have it; else a new one is begun, and a backup does not know who left until now."
        return [Finding(ABOUT, WRONG, f"{path}: the file of who left is missing", do)]
    try:
        kept = file.read()
    except OSError as why:
        return [Finding(ABOUT, WRONG, f"{path}: cannot be read: {why.strerror}", f"Make it readable: {_owner(path)}")]
    found = [Finding(ABOUT, FINE, f"{path}: who left is kept beside the database")]
    if kept.damaged:
        do = "Restore the file from its own copy if there is one; keep it where only nkwatch writes."
        found = [Finding(ABOUT, WRONG, f"{path}: {kept.damaged} lines are damaged or missing", do)]
    if path.stat().st_mode & OTHERS:
        found.append(Finding(ABOUT, WRONG, f"{path}: others may read it", f"Run: chmod 600 {path}"))
    if kept.mark > stood.marks and not stood.locked_at:
        said = "the database is behind the file of who left: it is a backup that was restored; sending will be locked"
        found.append(Finding(ABOUT, WRONG, said, "Run: nkwatch deliver --resume-after TIME --dry-run"))
    return found


def _owner(path: Path) -> str:
    return f"it and its folder must belong to the user of nkwatch ({path.parent})"


async def _keys(row: InstallationStore, store: Database, keyring: Keyring) -> list[Finding]:
    """Whether a backup could be read."""
    saved = await row.keys()
    needed = {*await key_use(store, keyring), keyring.current}
    if missing := sorted(i for i in needed & keyring.masters.keys() if saved.get(i) != keyring.fingerprint(i)):
        said = f"no backup is known of the keys {', '.join(map(str, missing))}: without them no backup can be read"
        return [Finding("keys", ADVICE, said, "Run: nkwatch keys backup FILE, to a place apart from the database's.")]
    return [Finding("keys", FINE, "all keys are backed up")]
