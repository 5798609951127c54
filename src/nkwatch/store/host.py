"""From where mail leaves: what of it is the same as long as a database stays where it is."""

import hashlib
import socket
from pathlib import Path

from sqlalchemy import Connection, text

#: systemd, and D-Bus without it.
MACHINE = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
LETTERS = 16


def host_of(connection: Connection, name: str) -> str:
    """The name in the settings, if there is one. Else for SQLite machine and path, for PostgreSQL cluster and database.

    Many machines share a database of PostgreSQL, and a standby that takes over is the same cluster.
    """
    if name:
        return f"name:{name}"
    if connection.dialect.name == "postgresql":
        return _hash("postgresql", *map(str, connection.execute(_CLUSTER).one()))
    path = Path(connection.engine.url.database or "").resolve()
    return _hash("sqlite", _machine(), str(path))


_CLUSTER = text("SELECT system_identifier, current_database() FROM pg_control_system()")


def _machine() -> str:
    for file in MACHINE:
        if file.exists() and (found := file.read_text("ascii").strip()):
            return found
    return socket.gethostname()


def _hash(*parts: str) -> str:
    """Nobody needs to know where it is."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:LETTERS]
