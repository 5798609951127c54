"""Brings a database to the schema of this version: Alembic, forward only.

A revision's id is its schema number; a released revision never changes.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from nkwatch.domain.problems import ConfigError


def upgrade(connection: Connection) -> None:
    """Run the revisions that `connection`'s database lacks. Refuses a database newer than this program."""
    current, known = _current(connection), _known()
    if current and current not in known:
        raise ConfigError(
            f"the database has schema {current}, this nkwatch knows up to {known[0]}: install the newer nkwatch again"
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_current(connection: Connection) -> bool:
    """Whether the database has exactly this version's schema."""
    return _current(connection) == _known()[0]


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known() -> list[str]:
    """All revisions, the newest first."""
    return [r.revision for r in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
