"""How much room the database takes, as it can be told in a moment."""

import shutil
from pathlib import Path

from sqlalchemy import Connection, Engine


def database_bytes(connection: Connection) -> int:
    """Bytes of all tables and indexes."""
    if connection.dialect.name == "postgresql":
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def log_bytes(engine: Engine) -> int | None:
    """Bytes of SQLite's write-ahead log; None where there is no such file, as with PostgreSQL."""
    file = _file(engine)
    if file is None:
        return None
    log = file.with_name(f"{file.name}-wal")
    return log.stat().st_size if log.exists() else 0


def room_beside(engine: Engine) -> int | None:
    """Bytes free on the disk of an SQLite database; None where nobody here can tell."""
    file = _file(engine)
    return shutil.disk_usage(file.parent).free if file else None


def _file(engine: Engine) -> Path | None:
    name = engine.url.database
    return Path(name).resolve() if engine.dialect.name == "sqlite" and name and name != ":memory:" else None
