"""Backups of SQLite: one file, a manifest first and then the database, packed (zstd) and, if wished, encrypted (age).

Both are formats of their own tools: ``age -d -i KEY FILE | zstd -d`` gives the database without nkwatch. The manifest
is a skippable frame (RFC 8878, 3.1.2), which zstd passes over. Others may write while it is copied.
"""

import hashlib
import json
import os
import sqlite3
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyrage
import zstandard
from pyrage.x25519 import Identity, Recipient

Progress = Callable[[int, int], None]
#: What age's files begin with, and zstd's skippable frames.
AGE, SKIPPABLE = b"age-encryption.org/", 0x184D2A50
_HEAD = struct.Struct("<II")
LONGEST_MANIFEST = 1_000_000
LEVEL = 9
PIECE = 1 << 20
#: Pages copied at a time.
PAGES = 2_000
#: What is counted, so that people see what they have.
COUNTED = ("subscriber", "suppression", "statement", "story", "bulletin", "delivery")


class BadBackup(Exception):  # noqa: N818
    """It cannot be used; says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `keys` are fingerprints of the master keys that it needs, by their ids."""

    made: str
    schema: str
    nkwatch: str
    installation: str
    bytes: int
    sha256: str
    keys: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)


def copy(source: Path, to: Path, progress: Progress) -> None:
    """A copy as of one instant, in one file. Raises `BadBackup` where it is not whole, and what SQLite raises."""
    private(to)
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as here:
        # of one snapshot: else the copy would begin anew with every transaction of somebody else
        here.isolation_level = None
        here.execute("BEGIN")
        here.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(to)) as there:
            here.backup(there, pages=PAGES, progress=lambda _, left, all_: progress(all_ - left, all_), sleep=0)
            there.execute("PRAGMA journal_mode=DELETE")
            whole(there)


def whole(connection: sqlite3.Connection) -> None:
    """Raises `BadBackup` where anything in the database is damaged."""
    found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    if found != ["ok"]:
        raise BadBackup(f"the database is damaged: {'; '.join(found)}")


def counts(file: Path) -> dict[str, int]:
    """How many rows the tables have that people ask for."""
    with closing(sqlite3.connect(file)) as connection:
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        query = "SELECT count(*) FROM {}"
        return {t: connection.execute(query.format(t)).fetchone()[0] for t in COUNTED if t in there}


def schema_of(file: Path) -> str:
    """The schema number; "" where it is no database of nkwatch."""
    return _told(file, "SELECT version_num FROM alembic_version")


def installation_of(file: Path) -> str:
    """The id of the installation that a database belongs to; "" where it tells of none."""
    return _told(file, "SELECT id FROM installation")


def _told(file: Path, query: str) -> str:
    with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.Error):
        row = connection.execute(query).fetchone()
        return str(row[0]) if row else ""
    return ""


def sha256(file: Path) -> str:
    """In hexadecimal."""
    with file.open("rb") as octets:
        return hashlib.file_digest(octets, "sha256").hexdigest()


def pack(database: Path, manifest: Manifest, to: Path, recipients: Sequence[Recipient], progress: Progress) -> None:
    """Write the backup; it is on the disk when this returns."""
    private(to)
    with database.open("rb") as octets, to.open("wb") as file:
        packed = _Packed(manifest, _Counting(octets, manifest.bytes, progress))
        if recipients:
            pyrage.encrypt_io(packed, file, list(recipients))
        else:
            while piece := packed.read(PIECE):
                file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def unpack(backup: Path, to: Path, identities: Sequence[Identity], progress: Progress) -> Manifest:
    """Write the database that a backup holds, and answer what it says of itself. Raises `BadBackup`.

    What was cut off, changed or put together from two is noticed: by age, and by the hash in the manifest.
    """
    private(to)
    clear = backup
    try:
        if encrypted(backup):
            clear = to.with_name(f"{to.name}.packed")
            _decrypt(backup, clear, identities)
        with clear.open("rb") as octets, to.open("wb") as file:
            manifest = _manifest(octets)
            _unpack(_Counting(octets, clear.stat().st_size, progress), file, manifest)
            file.flush()
            os.fsync(file.fileno())
    finally:
        if clear != backup:
            clear.unlink(missing_ok=True)
    if sha256(to) != manifest.sha256:
        raise BadBackup("it is not as it was written: the hash of the database differs")
    with closing(sqlite3.connect(to)) as connection:
        whole(connection)
    return manifest


def encrypted(backup: Path) -> bool:
    """Whether a key is needed to read it."""
    with backup.open("rb") as octets:
        return octets.read(len(AGE)) == AGE


def private(file: Path) -> None:
    """A new empty file that only its owner may read."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)


def recipient(text: str) -> Recipient:
    """A public key of age. Raises `BadBackup`."""
    try:
        return Recipient.from_str(text)
    except pyrage.RecipientError as wrong:
        raise BadBackup(f"{text!r} is no public key of age (age1...)") from wrong


def identities(file: Path) -> list[Identity]:
    """The secret keys of age in a file, as age-keygen writes it. Raises `BadBackup`."""
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
        found = [Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (pyrage.IdentityError, UnicodeDecodeError) as wrong:
        raise BadBackup(
            f"{file}: there is something in it that is no secret key of age (AGE-SECRET-KEY-1...)"
        ) from wrong
    if not found:
        raise BadBackup(f"{file}: there is no key in it")
    return found


def new_identity(made: datetime) -> tuple[str, str]:
    """A new key: the text of its file, and its public part."""
    identity = Identity.generate()
    public = str(identity.to_public())
    return f"# created: {made.isoformat()}\n# public key: {public}\n{identity}\n", public


def _decrypt(backup: Path, to: Path, keys: Sequence[Identity]) -> None:
    if not keys:
        raise BadBackup("it is encrypted: say where its key is, with --key FILE")
    private(to)
    try:
        with backup.open("rb") as octets, to.open("wb") as file:
            pyrage.decrypt_io(octets, file, list(keys))
    except pyrage.DecryptError as wrong:
        raise BadBackup(f"it cannot be decrypted with this key: {wrong}") from wrong
    except OSError as wrong:
        if wrong.errno:
            raise
        raise BadBackup("it cannot be decrypted: it was cut off or changed") from wrong


def _manifest(octets: BinaryIO) -> Manifest:
    head = octets.read(_HEAD.size)
    magic, size = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
    if magic != SKIPPABLE or size > LONGEST_MANIFEST:
        raise BadBackup("it is no backup of nkwatch")
    try:
        told: dict[str, Any] = json.loads(octets.read(size))
        return Manifest(**told)
    except (ValueError, TypeError) as wrong:
        raise BadBackup("what it says of itself cannot be read: it is damaged, or of a newer nkwatch") from wrong


def _unpack(octets: "_Counting", file: BinaryIO, manifest: Manifest) -> None:
    written = 0
    try:
        with zstandard.ZstdDecompressor().stream_reader(octets) as plain:  # type: ignore[arg-type]
            while piece := plain.read(PIECE):
                written += file.write(piece)
                # no more than it says: what is hostile must not fill the disk
                if written > manifest.bytes:
                    break
    except zstandard.ZstdError as wrong:
        raise BadBackup(f"it is damaged: {wrong}") from wrong
    if written != manifest.bytes:
        raise BadBackup(f"it is not whole: it should hold {manifest.bytes} bytes and has {written}")


class _Packed:
    """The octets of a backup, before they are encrypted."""

    def __init__(self, manifest: Manifest, octets: "_Counting") -> None:
        body = json.dumps(asdict(manifest), sort_keys=True).encode()
        self._first = _HEAD.pack(SKIPPABLE, len(body)) + body
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self._rest = packer.stream_reader(octets)  # type: ignore[arg-type]

    def read(self, size: int) -> bytes:
        if self._first:
            piece, self._first = self._first[:size], self._first[size:]
            return piece
        return self._rest.read(size)


class _Counting:
    """Tells how much of a file is read."""

    def __init__(self, octets: BinaryIO, of: int, progress: Progress) -> None:
        self._octets, self._of, self._progress, self._done = octets, of, progress, 0

    def read(self, size: int) -> bytes:
        piece = self._octets.read(size)
        self._done += len(piece)
        self._progress(self._done, self._of)
        return piece
